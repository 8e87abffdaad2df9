/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The map from where sources were compiled to where they are installed: what lies below the build
 * directory moves to /usr/src/debug/N-V-R.A. A relative compilation directory (as
 * -ffile-prefix-map=DIR=. leaves it) is taken as relative to the build directory.
 */
#ifndef SPLITTER_PATHS_H
#define SPLITTER_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/base/digest.h"
#include "tools/base/text.h"

struct path_map; /* once it is made, threads may share it */

/* BUILD_DIR is absolute; its real path (symbolic links resolved) counts as well. */
struct path_map *path_map_new(const char *build_dir, const char *installed_dir);
struct path_map *path_map_copy(const struct path_map *map);

/* One more build directory. */
void path_map_add(struct path_map *map, const char *build_dir);

/* NAME is what the compiler was told to write for PLACE, which is a build directory or below one;
 * false where it is not. */
bool path_map_name(struct path_map *map, const char *name, const char *place);

/* DIRECTORY, absolute, is how a compiler came to it: where it is, by symbolic links, a build
 * directory or below one, its name counts as well. False where it is not, or not there. */
bool path_map_learn(struct path_map *map, const char *directory);

/* How much of PATH, absolute, is the name of a directory that by symbolic links is a build
 * directory or below one; 0: nothing. Each is looked at once, for all who share the map or a copy.
 */
size_t path_map_leads_in(const struct path_map *map, const char *path);

/* The new name of the absolute PATH as that of a file with the rest of a skeleton unit: below the
 * debug tree, as gdb looks for names that are relative, ".dwo/N-V-R.A/..."; NULL where PATH is not
 * below a build directory. The caller frees it. */
char *path_map_split_name(const struct path_map *map, const char *path);

/* The build directory that relative names are below. */
const char *path_map_build_dir(const struct path_map *map);

/* Whether names relative to the absolute DIRECTORY can be expected to lead to a build directory:
 * both begin with the same component. */
bool path_map_may_reach(const struct path_map *map, const char *directory);

/* Where the file called PATH, absolute and normalised, lies, if that is another place (see
 * path_map_name); else NULL. The caller frees it. */
char *path_map_place(const struct path_map *map, const char *path);

/* Which of the build directories, in the order that they were given in, PATH is or lies below: a
 * smaller number comes first. SIZE_MAX where it lies below none. */
size_t path_map_rank(const struct path_map *map, const char *path);

/* Whether a regular file that can be read is at the absolute PATH; then DIGEST (unless NULL) gets
 * its digest. Each is looked at once, and read once, for all who share the map or a copy of it. */
bool path_map_has_source(const struct path_map *map, const char *path, uint8_t digest[MD5_SIZE]);

/* A copy is freed before what it is one of. */
void path_map_free(struct path_map *map);

/* The new name of the absolute PATH, or NULL where it stays as it is: not below the build
 * directory, or relative. What follows the build directory is kept as it is written. The caller
 * frees it. */
char *path_map_apply(const struct path_map *map, const char *path);

/* The same for a compilation directory: a relative one becomes the installed name of that
 * directory below the build directory, unless it leads out of it. */
char *path_map_apply_comp_dir(const struct path_map *map, const char *directory);

/* DIRECTORY/PATH made absolute and normalised ("." and ".." and "//" resolved as text); an
 * absolute PATH counts alone. A relative DIRECTORY is below the build directory; without MAP
 * (NULL) it stays relative, and so does the result. DIRECTORY may be NULL. Freed by the caller. */
char *path_absolute(const struct path_map *map, const char *directory, const char *path);

/* The same into OUT, which it replaces: for callers with many paths. */
void path_absolute_into(const struct path_map *map, const char *directory, const char *path,
			struct text *out);

/* -ffile-prefix-map=DIR=. turns the absolute DIR/src/a.c into ./src/a.c, which then reads as if it
 * were relative to the compilation directory, itself turned into ./obj. True where PATH, below the
 * relative DIRECTORY, is such a name: there is a file of that name below the build directory
 * itself, and none below DIRECTORY. */
bool path_map_is_misplaced(const struct path_map *map, const char *directory, const char *path);

#endif
