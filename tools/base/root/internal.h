/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by root.c and walk.c alone. */
#ifndef BASE_ROOT_INTERNAL_H
#define BASE_ROOT_INTERNAL_H

#include "tools/base/root/root.h"

struct root {
	int fd;
	char *path;
};

/* openat(2) below START that follows no link and no ".."; -1 with errno. */
int open_beneath(int start, const char *path, int flags);

/* The directory PATH lies in (made where MAKE says so) and its last component in *NAME; a
 * descriptor, or a negative note code. */
int open_parent(struct root *root, const char *path, bool make, const char **name,
		struct note_error *err);

/* errno of a call on PATH as a note code. */
int path_error(const char *path, const char *what, struct note_error *err);

#endif
