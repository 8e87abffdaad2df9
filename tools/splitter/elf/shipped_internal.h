/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by shipped_half.c and shipped_sections.c alone. */
#ifndef SPLITTER_ELF_SHIPPED_INTERNAL_H
#define SPLITTER_ELF_SHIPPED_INTERNAL_H

#include "tools/base/ranges.h"
#include "tools/splitter/elf/halves_internal.h"
#include "tools/splitter/elf/renumber.h"

/* What the shipped file is made from, filled step by step by strip_shipped_file alone. */
struct shipped {
	GElf_Shdr *shdrs;      /* the new table */
	const uint8_t **added; /* the contents of the new ones */
	uint64_t *from;        /* the old index of each, 0 for the new ones */
	uint64_t *to;          /* the new index of each old section, 0 where it left */
	uint64_t count;
	uint64_t empty[2];  /* the old indexes of a symbol table of none, and of its names; 0 */
	uint64_t limit;     /* the end of what keeps its offset */
	struct ranges kept; /* pieces below LIMIT that keep their bytes */
	struct range hole;  /* what of it is left out */
	struct text names;  /* the new .shstrtab */
	struct renumbered renumbered;
};

/* Chooses those that stay, in their order, with their names and contents; LEAN as strip_additions
 * has it. */
int shipped_choose_sections(struct shipped *shipped, struct image *image, const struct plan *plan,
			    bool lean, struct note_error *err);
void shipped_forget_sections(struct shipped *shipped);

/* Adds a name to the new .shstrtab and returns its offset there. */
uint32_t shipped_add_name(struct shipped *shipped, const char *name);

#endif
