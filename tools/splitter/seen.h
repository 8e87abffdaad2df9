/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the file system was asked once about a path, for all threads of a run. */
#ifndef SPLITTER_SEEN_H
#define SPLITTER_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/base/digest.h"

struct seen_path {
	bool there;
	bool was_read; /* GOOD and DIGEST are known */
	bool good;
	uint8_t digest[MD5_SIZE];
	size_t leads_in; /* path_map_leads_in() */
};

struct seen_paths;

struct seen_paths *seen_new(void);
void seen_free(struct seen_paths *paths);

/* False where nobody has asked yet. Thread-safe, as is the next one. */
bool seen_find(struct seen_paths *paths, const char *path, struct seen_path *out);
void seen_remember(struct seen_paths *paths, const char *path, const struct seen_path *seen);

#endif
