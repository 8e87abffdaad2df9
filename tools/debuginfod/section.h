/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One section out of a whole ELF file. */
#ifndef DEBUGINFOD_SECTION_H
#define DEBUGINFOD_SECTION_H

#include "tools/debuginfod/cache/cache.h"

/* Puts the raw bytes of the section that KEY names, out of the ELF file FD, into the cache: *PATH
 * is for free(). NOTE_ABSENT where the file has no such section with contents. */
int section_cut(int fd, struct cache *cache, const struct cache_key *key, char **path,
		struct note_error *err);

#endif
