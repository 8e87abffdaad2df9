/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the recipe would do to one file, and why: the packager's answer to "why is this not split".
 */
#ifndef SPLITTER_EXPLAIN_H
#define SPLITTER_EXPLAIN_H

#include "tools/splitter/split.h"

/* Adds to OUT, line by line, what the stages would make of the file at PATH, which is only read. */
int split_explain(const struct split_options *options, const char *path, struct text *out,
		  struct note_error *err);

#endif
