/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which dynamic tags hold an address. A value that is none (a size, a flag) may look like an
 * address of the first page, and must not pin what lies there.
 *
 * Specification: System V gABI, chapter 5, "Dynamic Section": from DT_ENCODING on an even tag is an
 * address and an odd one is none, but for the tags between DT_HIOS and DT_LOPROC, where ranges say
 * it, and for those of the table below, which break the rule or are older than it.
 */
#include "error.h"
#include "place/internal.h"

#define ANY_MACHINE 0

static const struct {
	uint16_t machine;
	bool address;
	int64_t tag;
} exceptions[] = {
	/* Sun's Linker and Libraries Guide: offsets into the string table. */
	{ANY_MACHINE, false, 0x7ffffffd}, /* DT_AUXILIARY */
	{ANY_MACHINE, false, 0x7ffffffe}, /* DT_USED */
	{ANY_MACHINE, false, 0x7fffffff}, /* DT_FILTER */
	/* Android's bionic, <linker_relocs> and <elf.h>. */
	{ANY_MACHINE, true, 0x6000000f},  /* DT_ANDROID_REL */
	{ANY_MACHINE, false, 0x60000010}, /* DT_ANDROID_RELSZ */
	{ANY_MACHINE, true, 0x60000011},  /* DT_ANDROID_RELA */
	{ANY_MACHINE, false, 0x60000012}, /* DT_ANDROID_RELASZ */
	/* x86-64 psABI 1.0, "Dynamic Section" (ld -z mark-plt). */
	{EM_X86_64, true, 0x70000000},  /* DT_X86_64_PLT */
	{EM_X86_64, false, 0x70000001}, /* DT_X86_64_PLTSZ */
	{EM_X86_64, false, 0x70000003}, /* DT_X86_64_PLTENT */
	/* ELF for the Arm 64-bit Architecture, "Dynamic Section"; its Memtag and PAuth extensions.
	 */
	{EM_AARCH64, false, 0x70000001}, /* DT_AARCH64_BTI_PLT */
	{EM_AARCH64, false, 0x70000003}, /* DT_AARCH64_PAC_PLT */
	{EM_AARCH64, false, 0x70000005}, /* DT_AARCH64_VARIANT_PCS */
	{EM_AARCH64, false, 0x70000009}, /* DT_AARCH64_MEMTAG_MODE */
	{EM_AARCH64, false, 0x7000000b}, /* DT_AARCH64_MEMTAG_HEAP */
	{EM_AARCH64, false, 0x7000000c}, /* DT_AARCH64_MEMTAG_STACK */
	{EM_AARCH64, true, 0x7000000d},  /* DT_AARCH64_MEMTAG_GLOBALS */
	{EM_AARCH64, false, 0x7000000f}, /* DT_AARCH64_MEMTAG_GLOBALSSZ */
	{EM_AARCH64, false, 0x70000011}, /* DT_AARCH64_AUTH_RELRSZ */
	{EM_AARCH64, true, 0x70000012},  /* DT_AARCH64_AUTH_RELR */
	{EM_AARCH64, false, 0x70000013}, /* DT_AARCH64_AUTH_RELRENT */
	/* ELF for the Arm Architecture, "Dynamic Section". */
	{EM_ARM, false, 0x70000001}, /* DT_ARM_SYMTABSZ */
	{EM_ARM, true, 0x70000002},  /* DT_ARM_PREEMPTMAP */
	/* Power Architecture 32-bit ABI supplement; 64-bit ELF V2 ABI, "Dynamic Section". */
	{EM_PPC, true, 0x70000000},    /* DT_PPC_GOT */
	{EM_PPC, false, 0x70000001},   /* DT_PPC_OPT */
	{EM_PPC64, true, 0x70000000},  /* DT_PPC64_GLINK */
	{EM_PPC64, true, 0x70000001},  /* DT_PPC64_OPD */
	{EM_PPC64, false, 0x70000002}, /* DT_PPC64_OPDSZ */
	{EM_PPC64, false, 0x70000003}, /* DT_PPC64_OPT */
	/* RISC-V ELF psABI, "Dynamic Section". */
	{EM_RISCV, false, 0x70000001}, /* DT_RISCV_VARIANT_CC */
	/* Alpha and SPARC: binutils' elf/alpha.h; SPARC V9 psABI. */
	{EM_ALPHA, false, 0x70000000},   /* DT_ALPHA_PLTRO */
	{EM_SPARC, false, 0x70000001},   /* DT_SPARC_REGISTER */
	{EM_SPARCV9, false, 0x70000001}, /* DT_SPARC_REGISTER */
	/* MIPS psABI and SGI's 64-bit ELF specification: neither goes by even and odd. */
	{EM_MIPS, true, DT_MIPS_BASE_ADDRESS},
	{EM_MIPS, true, DT_MIPS_MSYM},
	{EM_MIPS, true, DT_MIPS_CONFLICT},
	{EM_MIPS, true, DT_MIPS_LIBLIST},
	{EM_MIPS, true, DT_MIPS_RLD_MAP},
	{EM_MIPS, true, DT_MIPS_OPTIONS},
	{EM_MIPS, true, DT_MIPS_INTERFACE},
	{EM_MIPS, true, 0x70000030}, /* DT_MIPS_GP_VALUE */
	{EM_MIPS, true, 0x70000031}, /* DT_MIPS_AUX_DYNAMIC */
	{EM_MIPS, true, 0x70000032}, /* DT_MIPS_PLTGOT */
	{EM_MIPS, true, 0x70000034}, /* DT_MIPS_RWPLT */
	{EM_MIPS, true, DT_MIPS_XHASH},
};

/* Below DT_ENCODING and in the ranges of Sun and GNU. */
static bool is_old_address(int64_t tag)
{
	switch (tag) {
	case DT_PLTGOT:
	case DT_HASH:
	case DT_STRTAB:
	case DT_SYMTAB:
	case DT_RELA:
	case DT_INIT:
	case DT_FINI:
	case DT_REL:
	case DT_JMPREL:
	case DT_INIT_ARRAY:
	case DT_FINI_ARRAY:
	case DT_VERSYM:
	case DT_VERDEF:
	case DT_VERNEED:
		return true;
	default:
		return tag >= DT_ADDRRNGLO && tag <= DT_ADDRRNGHI;
	}
}

bool place_tag_is_address(uint16_t machine, int64_t tag)
{
	for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (exceptions[i].tag == tag &&
		    (exceptions[i].machine == ANY_MACHINE || exceptions[i].machine == machine))
			return exceptions[i].address;
	if (tag < DT_ENCODING || (tag > DT_HIOS && tag < DT_LOPROC))
		return is_old_address(tag);
	if (machine == EM_MIPS && tag >= DT_LOPROC)
		return false;
	return tag % 2 == 0;
}
