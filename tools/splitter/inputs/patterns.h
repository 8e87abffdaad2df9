/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many fnmatch(3) patterns at once: those without special characters are looked up, not tried. */
#ifndef SPLITTER_INPUTS_PATTERNS_H
#define SPLITTER_INPUTS_PATTERNS_H

#include "tools/base/text.h"

struct patterns {
	struct strings names; /* without special characters; sorted */
	struct strings globs;
};

/* WORDS may be NULL. Free with patterns_free. */
void patterns_init(struct patterns *patterns, const struct strings *words);
void patterns_free(struct patterns *patterns);

bool patterns_none(const struct patterns *patterns);
bool patterns_match(const struct patterns *patterns, const char *text);

#endif
