/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was not linked for Linux: firmware, code of coprocessors, programs of other systems. Their
 * readers may want every byte where it is, the symbol table too, so they are left alone.
 */
#ifndef BASE_ELF_FOREIGN_H
#define BASE_ELF_FOREIGN_H

#include <stdbool.h>

#include "libnote/image.h"

#define REASON_SIZE 120

/* True, with the reason, where the executable or shared library IMAGE is none of Linux. */
bool elf_is_foreign(struct image *image, char reason[REASON_SIZE]);

/* True for the kernel itself (vmlinux) and its vDSO: linked for Linux, whatever the headers are.
 * What boots is another file that was made of them before (vmlinuz), and has their build-ids. */
bool elf_is_kernel(struct image *image);

#endif
