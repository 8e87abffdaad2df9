/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Small ELF files by libelf's own writer, so that what reads them here is not what wrote them. */
#ifndef TESTS_ELF_MAKER_H
#define TESTS_ELF_MAKER_H

#include <stddef.h>
#include <stdint.h>

struct made_section {
	const char *name;
	unsigned type;
	unsigned long flags;
	uint64_t address;
	const void *bytes; /* NULL for SHT_NOBITS */
	size_t size;
	unsigned link; /* 1: the first of the list */
	size_t entry;
};

/* An ET_DYN file of CLASS (ELFCLASS32, 64) and DATA (ELFDATA2LSB, MSB) with these sections, one
 * PT_LOAD over the allocated ones (which must come first), and .shstrtab last. For free(). */
uint8_t *make_elf(int class, int data, const struct made_section *sections, size_t count,
		  size_t *size);

#endif
