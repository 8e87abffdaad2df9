/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Alternate files, which debug files share (section .gnu_debugaltlink: a name, absolute or relative
 * to the debug file, a NUL, the alternate file's build-id). Where they lie, below the debug tree:
 *
 *   rpm   .dwz/N-V-R.A                as find-debuginfo has it
 *   deb   .dwz/TRIPLET/N.debug        as dh_dwz has it
 */
#ifndef SPLITTER_TOGETHER_ALTERNATE_H
#define SPLITTER_TOGETHER_ALTERNATE_H

#include "libnote/image.h"
#include "tools/splitter/split.h"

/* The path below ROOT of the alternate file that DEBUG, at DEBUG_PATH, names; NULL for none. The
 * caller frees it. */
char *alternate_of(struct image *debug, const char *debug_path);

/* NOTE_USAGE where a new one would have no place: layout deb knows the architectures of Debian's
 * alone. */
int alternate_check(const struct split_options *options, struct note_error *err);

/* Where a new one goes: a name that no debug file below ROOT uses, but for those at OUTPUTS
 * (sorted), which are made anew. The caller frees it; NULL with ERR where the tree cannot be
 * read, or as alternate_check. */
char *alternate_name(const struct layout *layout, const struct split_options *options,
		     const struct strings *outputs, struct note_error *err);

#endif
