/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Debug files that are folded together: see together.c. For the recipe and tree.c alone. */
#ifndef SPLITTER_TOGETHER_TOGETHER_H
#define SPLITTER_TOGETHER_TOGETHER_H

#include "tools/splitter/split_internal.h"
#include "tools/splitter/together/alternate.h"

/* Leaves both halves of input INDEX, whose debuglink has no CRC yet, in the work directory. */
int together_stage(const struct split_run *run, size_t index, const struct strip_output *debug,
		   const struct strip_output *shipped, struct outcome *outcome,
		   struct note_error *err);

/* The alternate files of inputs that are folded already; for alternate_* alone. */
struct alternates *alternates_new(void);
void alternates_free(struct alternates *alternates);

/* Where input INDEX is folded already: notes it in OUTCOME, and gives its alternate file, as it
 * was, in *OUT; NULL where there is none, or it is not there, which is noted too. */
int alternate_open(const struct split_run *run, size_t index, struct image *image,
		   struct image **out, struct outcome *outcome, struct note_error *err);

/* Has EDITS name the alternate file as the debug file must. */
void alternate_relink(const struct split_run *run, size_t index, struct image *image,
		      struct section_edits *edits, const struct outcome *outcome);

/* Removes alternate files that went elsewhere and that nobody needs any more. */
void alternate_finish(const struct split_run *run);

/* Takes all staged inputs to their end, and notes in their outcomes how that was. */
void together_finish(const struct split_run *run);

/* Enters the alternate files of all inputs that were split, now or before, into MANIFEST, and makes
 * their .build-id links. */
void together_enter(const struct split_run *run, struct manifest *manifest);

#endif
