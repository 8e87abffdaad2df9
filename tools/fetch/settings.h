/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Defaults from the environment, and headers from a file. Strings returned are for free(). */
#ifndef FETCH_SETTINGS_H
#define FETCH_SETTINGS_H

#include "libnote.h"
#include "tools/base/text.h"

/* Adds the headers in the file at PATH, one a line; what elfutils' client takes, too. */
int read_headers_file(struct strings *headers, const char *path, struct note_error *err);

/* *OUT becomes the number in an environment variable of elfutils' client, where it is one. */
void number_from_environment(const char *name, uint64_t *out);

/* Where our cache is by default: $XDG_CACHE_HOME/pkgnote, ~/.cache/pkgnote; NULL without both. */
char *default_cache_path(void);

/* Where elfutils keeps its cache (debuginfod_find_debuginfo(3)); NULL where that cannot be told. */
char *elfutils_cache_path(void);

#endif
