/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Alternate files, which debug files share (section .gnu_debugaltlink: a name, absolute or relative
 * to the debug file, a NUL, the alternate file's build-id). Where they lie, below the debug tree:
 *
 *   rpm   .dwz/N-V-R.A                as find-debuginfo has it
 *   deb   .build-id/xx/yyyy.debug     as any debug file, by its build-id
 */
#ifndef SPLITTER_TOGETHER_ALTERNATE_H
#define SPLITTER_TOGETHER_ALTERNATE_H

#include "libnote/image.h"
#include "tools/splitter/split.h"

/* The path below ROOT of the alternate file that DEBUG, at DEBUG_PATH, names; NULL for none. The
 * caller frees it. */
char *alternate_of(struct image *debug, const char *debug_path);

/* Where layout deb has the alternate file with a build-id, and how its debug files name it. */
struct link_target {
	char *path; /* below ROOT */
	char *name;
};

void link_target_make(struct link_target *target, const struct layout *layout, const uint8_t *id,
		      uint64_t id_size);
void link_target_free(struct link_target *target);

/* Whether a debug file below ROOT, or one of OTHERS, names the alternate file at PATH. */
bool alternate_is_used(const struct layout *layout, struct root *root, const char *path,
		       const struct strings *others);

/* What makes the build-id of one this package's own, and, below ROOT, the name in layout rpm, to
 * which ".1" or the like may be added; the caller frees both. */
char *alternate_seed(const struct split_options *options);
char *alternate_stem(const struct layout *layout, const struct split_options *options);

/* Where a new one goes (in layout deb: for dwz alone, which does not know its build-id yet): a name
 * that no debug file below ROOT uses, but for those at OUTPUTS (sorted), which are made anew. The
 * caller frees it; NULL with ERR where the tree cannot be read. */
char *alternate_name(const struct layout *layout, const struct split_options *options,
		     const struct strings *outputs, struct note_error *err);

#endif
