/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A debug file on its way: a plan of its own, whose sections can get other contents than the
 * shipped file's plan says. What the shipped file is made from stays as it is.
 */
#ifndef SPLITTER_ELF_DRAFT_H
#define SPLITTER_ELF_DRAFT_H

#include "tools/splitter/elf/plan.h"

struct draft {
	struct plan plan;
	uint8_t **owned; /* contents that are the draft's */
	size_t owned_count;
};

/* Begins with the sections of PLAN, which must outlive the draft. Free with draft_free. */
void draft_begin(struct draft *draft, const struct plan *plan);
void draft_free(struct draft *draft);

/* Gives section INDEX other contents; BYTES is malloc'ed and becomes the draft's. */
void draft_replace(struct draft *draft, uint64_t index, uint8_t *bytes, uint64_t size);

/* Adds a section that is not loaded; its BYTES become the draft's. NOTE_UNSUPPORTED where the
 * image has no table for names. */
int draft_add(struct draft *draft, const struct image *image, const char *name, uint8_t *bytes,
	      uint64_t size, struct note_error *err);

/* Makes the SHF_COMPRESSED sections that go to the debug file plain. */
int draft_inflate(struct draft *draft, const struct image *image, struct note_error *err);

#endif
