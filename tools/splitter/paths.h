/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The map from where sources were compiled to where they are installed: what lies below the build
 * directory moves to /usr/src/debug/N-V-R.A. A relative compilation directory (as
 * -ffile-prefix-map=DIR=. leaves it) is taken as relative to the build directory.
 */
#ifndef SPLITTER_PATHS_H
#define SPLITTER_PATHS_H

#include <stdbool.h>

struct path_map; /* immutable after it was made: threads may share it */

/* BUILD_DIR is absolute; its real path (symbolic links resolved) counts as well. */
struct path_map *path_map_new(const char *build_dir, const char *installed_dir);
void path_map_free(struct path_map *map);

/* The new name of PATH, which may be relative to COMP_DIR (may be NULL), or NULL where it stays
 * as it is. The caller frees it. */
char *path_map_apply(const struct path_map *map, const char *path);

/* DIRECTORY/PATH made absolute and normalised ("." and ".." and "//" resolved as text); an
 * absolute PATH counts alone. A relative DIRECTORY is below the build directory. Freed by the
 * caller. */
char *path_absolute(const struct path_map *map, const char *directory, const char *path);

/* False for names that a compiler made up: "<built-in>", "<artificial>", "<stdin>", "". */
bool path_is_source(const char *path);

#endif
