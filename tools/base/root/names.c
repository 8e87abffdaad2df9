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
	struct place place;
	int code = place_open(root, path, true, &place, err);
	if (code != NOTE_OK)
		return code;
	const int there = place.at;
	root_temporary_name(place.name, other);
	if (!temporary_clear(there, other))
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
				 "link: %s: another run writes a file of that name", path);
	else if (linkat(at, temporary, there, other, 0) != 0)
		code = error_system(err, "link");
	else if (renameat(there, other, there, place.name) != 0)
		code = error_system(err, "rename");
	if (code != NOTE_OK)
		temporary_drop(there, other, err);
	place_dirty(root, &place);
	place_close(root, &place);
	return code;
}

/* Gives the file that is written all its names, the first one last, so that it is complete under
 * each of the others. */
int put_in_place(struct root *root, const char *const *paths, size_t count, int fd, mode_t mode,
		 struct note_error *err)
{
	char temporary[32];
	struct place place;
	size_t i = 1;
	int code = place_open(root, paths[0], false, &place, err);
	if (code != NOTE_OK)
		return code;
	const int at = place.at;
	root_temporary_name(place.name, temporary);
	if ((mode & S_IRUSR) == 0 && fchmod(fd, mode) != 0)
		code = error_system(err, "set mode");
	while (code == NOTE_OK && i < count) {
		code = link_name(root, at, temporary, paths[i], err);
		i += code == NOTE_OK;
	}
	if (code == NOTE_OK && renameat(at, temporary, at, place.name) != 0)
		code = error_system(err, "rename");
	if (code != NOTE_OK && i == 1)
		temporary_drop(at, temporary, err);
	place_dirty(root, &place);
	place_close(root, &place);
	return code;
}
