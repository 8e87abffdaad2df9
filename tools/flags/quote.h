/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words as those that are to read them want them. */
#ifndef FLAGS_QUOTE_H
#define FLAGS_QUOTE_H

#include <stdbool.h>

#include "tools/base/text.h"

/* Puts a backslash before each of CHARACTERS. */
void quote_escaped(struct text *text, const char *word, const char *characters);

void quote_shell(struct text *text, const char *word);

/* A value in a makefile: what a shell has to see, with $ doubled and # kept from being a comment.
 */
void quote_make(struct text *text, const char *word);

/* A word of a GCC spec: % stands doubled, a backslash takes the next character as it is. */
void quote_spec(struct text *text, const char *word);

/* GCC takes # in a specs file for a comment, whatever stands before it, and counts braces. */
bool quote_fits_specs(const char *word);

#endif
