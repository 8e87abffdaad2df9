/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values that not every C library's elf.h names yet: older glibc lacks some, musl lacks others.
 * From the gABI's registry of machines and the psABI of each. */
#ifndef NOTE_ELF_VALUES_H
#define NOTE_ELF_VALUES_H

#include <elf.h>

#ifndef EM_IAMCU
#define EM_IAMCU 6
#endif
#ifndef EM_ARCV2
#define EM_ARCV2 195
#endif
#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif
#ifndef EF_RISCV_RVC
#define EF_RISCV_RVC 0x0001
#endif
#ifndef EF_RISCV_FLOAT_ABI_DOUBLE
#define EF_RISCV_FLOAT_ABI_DOUBLE 0x0004
#endif
#ifndef NT_FILE
#define NT_FILE 0x46494c45
#endif
#ifndef DT_RELRSZ
#define DT_RELRSZ  35
#define DT_RELR    36
#define DT_RELRENT 37
#endif
#ifndef DT_MIPS_XHASH
#define DT_MIPS_XHASH 0x70000036
#endif
#ifndef SHT_MIPS_XHASH
#define SHT_MIPS_XHASH 0x7000002b
#endif
#ifndef GNU_PROPERTY_AARCH64_FEATURE_1_AND
#define GNU_PROPERTY_AARCH64_FEATURE_1_AND 0xc0000000
#endif
#ifndef GNU_PROPERTY_X86_FEATURE_1_AND
#define GNU_PROPERTY_X86_FEATURE_1_AND 0xc0000002
#endif

#ifndef ELFOSABI_ARM_AEABI
#define ELFOSABI_ARM_AEABI 64
#endif

#endif
