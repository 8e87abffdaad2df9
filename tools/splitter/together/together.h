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

/* Takes all staged inputs to their end, and notes in their outcomes how that was. */
void together_finish(const struct split_run *run);

/* Enters the alternate files of all inputs that were split, now or before, into MANIFEST, and makes
 * their .build-id links. */
void together_enter(const struct split_run *run, struct manifest *manifest);

#endif
