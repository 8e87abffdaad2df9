/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of this room alone. */
#ifndef BASE_ROOT_INTERNAL_H
#define BASE_ROOT_INTERNAL_H

#include "tools/base/root/root.h"

struct root {
	int fd;
	char *path;
	mode_t directories; /* the mode of those that are made */
};

/* openat(2) below START that follows no link and no ".."; -1 with errno. */
int open_beneath(int start, const char *path, int flags);

/* The directory PATH lies in (made where MAKE says so) and its last component in *NAME; a
 * descriptor, or a negative note code. */
int open_parent(struct root *root, const char *path, bool make, const char **name,
		struct note_error *err);

/* --- writable.c --- */

struct opened_directory {
	int fd;
	mode_t mode; /* to be given back */
};

/* Directories that are writable for the moment. */
struct writable {
	struct opened_directory *items;
	size_t count;
	bool is_locked;
};

/* Makes the directories of PATHS that we own and may not write to writable, until writable_end.
 * Between the two, the caller must not begin another. */
int writable_begin(struct writable *out, struct root *root, const char *const *paths, size_t count,
		   struct note_error *err);
void writable_end(struct writable *writable);

/* errno of a call on PATH as a note code. */
int path_error(const char *path, const char *what, struct note_error *err);

#endif
