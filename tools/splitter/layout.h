/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a split puts things. All paths are below ROOT, without a leading slash.
 *
 *   rpm   usr/lib/debug/PATH-V-R.A.debug       the debug file
 *         usr/lib/debug/.build-id/xx/yyyy.debug -> it
 *         usr/lib/.build-id/xx/yyyy            -> the shipped file
 *   deb   usr/lib/debug/.build-id/xx/yyyy.debug  the debug file
 *   both  usr/src/debug/N-V-R.A/               sources (N-V.A without a release)
 */
#ifndef SPLITTER_LAYOUT_H
#define SPLITTER_LAYOUT_H

#include "libnote.h"
#include "tools/base/root/root.h"

enum layout_kind { LAYOUT_RPM, LAYOUT_DEB };

/* Immutable after layout_init: threads may share it. */
struct layout {
	enum layout_kind kind;
	char *debug_root; /* "usr/lib/debug" */
	char *suffix;     /* "-V-R.A" */
	char *sources;    /* "usr/src/debug/N-V-R.A" */
};

/* RELEASE may be NULL. NOTE_USAGE where a name cannot be part of a file name, or DEBUG_ROOT is not
 * an absolute path without "..". Free with layout_free. */
int layout_init(struct layout *layout, enum layout_kind kind, const char *debug_root,
		const char *name, const char *version, const char *release, const char *arch,
		struct note_error *err);

/* Other names than N, V, R and A would give: SUFFIX for "-V-R.A", SOURCE_BASE for "N-V-R.A" (""
 * for none), each NULL to leave it. NOTE_USAGE where they cannot be part of a file name. */
int layout_rename(struct layout *layout, const char *suffix, const char *source_base,
		  struct note_error *err);

void layout_free(struct layout *layout);

/* The debug file of PATH, or NULL where the layout needs a build-id and BUILD_ID (hexadecimal) is
 * NULL or too short. The caller frees it. */
char *layout_debug_path(const struct layout *layout, const char *path, const char *build_id);

/* DEBUG_ROOT/PATH with SUFFIX and ".debug". A name that gets too long for a file's is cut short and
 * a number of the whole put in. The caller frees it. */
char *layout_debug_file(const char *debug_root, const char *path, const char *suffix);

/* What .gnu_debuglink says: the last component, inside DEBUG_PATH. */
const char *layout_debuglink(const char *debug_path);

/* Makes the .build-id links of a file (layout rpm only; DEBUG_PATH as above). A name that another
 * file's link holds is passed over: .1, .2, ... follow. NUMBER is how many files with this id came
 * before, whose names need not be looked at: calls for one id must come in the order of paths. */
int layout_links(const struct layout *layout, struct root *root, const char *path,
		 const char *debug_path, const char *build_id, unsigned number,
		 struct note_error *err);

/* Makes the .build-id link of an alternate file, which the debug files at several names share
 * (layout rpm only). */
int layout_alternate_link(const struct layout *layout, struct root *root, const char *path,
			  const char *build_id, struct note_error *err);

/* The text of a symbolic link at FROM that leads to TO. The caller frees it. */
char *layout_relative(const char *from, const char *to);

/* PATH (absolute or not) without leading, doubled and trailing slashes and "."; NULL where it
 * has ".." or nothing is left. The caller frees it. */
char *layout_below_root(const char *path);

#endif
