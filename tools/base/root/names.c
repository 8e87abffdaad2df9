/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that is written gets its names. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/internal.h"

/* Links the new file to one more of its names. */
static int link_name(struct root *root, int at, const char *temporary, const char *path,
		     struct note_error *err)
{
	char other[32];
	const char *name;
	int code = NOTE_OK;
	int there = open_parent(root, path, true, &name, err);
	if (there < 0)
		return there;
	root_temporary_name(name, other);
	if (!temporary_clear(there, other))
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
				 "link: %s: another run writes a file of that name", path);
	else if (linkat(at, temporary, there, other, 0) != 0)
		code = error_system(err, "link");
	else if (renameat(there, other, there, name) != 0)
		code = error_system(err, "rename");
	if (code != NOTE_OK)
		unlinkat(there, other, 0);
	root_dirty(root, there);
	close(there);
	return code;
}

/* Gives the file that is written all its names, the first one last, so that it is complete under
 * each of the others. */
int put_in_place(struct root *root, const char *const *paths, size_t count, int fd, mode_t mode,
		 struct note_error *err)
{
	char temporary[32];
	const char *name;
	size_t i = 1;
	int at = open_parent(root, paths[0], false, &name, err);
	if (at < 0)
		return at;
	root_temporary_name(name, temporary);
	int code = NOTE_OK;
	if ((mode & S_IRUSR) == 0 && fchmod(fd, mode) != 0)
		code = error_system(err, "set mode");
	while (code == NOTE_OK && i < count) {
		code = link_name(root, at, temporary, paths[i], err);
		i += code == NOTE_OK;
	}
	if (code == NOTE_OK && renameat(at, temporary, at, name) != 0)
		code = error_system(err, "rename");
	if (code != NOTE_OK && i == 1)
		unlinkat(at, temporary, 0);
	root_dirty(root, at);
	close(at);
	return code;
}
