/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings of an engine that may run inside another program: where memory is short, the caller is
 * told, and nothing ends. */
#ifndef DEBUGINFOD_MEMORY_H
#define DEBUGINFOD_MEMORY_H

#include "tools/base/text.h"

/* A formatted string, for free(); NULL where memory is short. */
char *format_string(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* False where memory is short; LIST is as before then. */
bool list_add(struct strings *list, const char *string);

bool list_has(const struct strings *list, const char *string);

/* Adds OWNED, and takes it over in any case; NULL is memory that was short. */
bool list_take(struct strings *list, char *owned);

#endif
