/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must change inside a kept section when other sections leave: the section numbers in symbol
 * tables and groups; where symbols of removed sections go, the symbol numbers in relocations.
 * A part of strip: shipped_half.c calls it, nobody else.
 */
#ifndef SPLITTER_ELF_RENUMBER_H
#define SPLITTER_ELF_RENUMBER_H

#include "tools/splitter/elf/plan.h"

/* New contents of kept sections, by their old index; NULL where the old contents stand. */
struct renumbered {
	uint8_t **bytes; /* each malloc'ed */
	uint64_t *sizes;
	uint32_t *infos; /* the new sh_info, where BYTES is set */
	uint64_t count;
	uint64_t extended; /* the table of large section numbers, 0 where there is none */
};

/* TO has the new number of each section, 0 for one that leaves. NOTE_UNSUPPORTED where a kept
 * relocation needs a symbol of a removed section. LEAN: what strip(1) leaves out of symbol tables,
 * and names that nobody has, go too. Free with renumbered_free, also after a failure. */
int renumber_contents(struct renumbered *out, struct image *image, const struct plan *plan,
		      const uint64_t *to, bool lean, struct note_error *err);
void renumbered_free(struct renumbered *renumbered);

/* Where in a symbol the number of its section stands. */
size_t symbol_section_offset(const struct image *image);

#endif
