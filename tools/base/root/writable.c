/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories that we own and that their mode keeps even us from writing to (module caches and some
 * install targets leave 0555): a file in one is replaced, as by a peer that writes in place, and
 * the directory has its mode again afterwards. Meanwhile no other thread replaces anything, so that
 * none takes the mode of that moment for the real one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/internal.h"

/* The directory of PATH, if it is closed; else -1. */
static int find_closed(struct root *root, const char *path, struct stat *st)
{
	struct place place;
	int fd = -1;
	if (place_open(root, path, false, &place, NULL) != NOTE_OK)
		return -1;
	if (fstat(place.at, st) == 0 && closed_is(st, geteuid()))
		fd = fcntl(place.at, F_DUPFD_CLOEXEC, 0);
	place_close(root, &place);
	return fd;
}

int writable_begin(struct writable *out, struct root *root, const char *const *paths, size_t count,
		   struct note_error *err)
{
	struct stat st;
	int fd = -1;
	*out = (struct writable){0};
	if (geteuid() == 0)
		return NOTE_OK;
	closed_hold(CLOSED_SHARED);
	out->is_locked = true;
	for (size_t i = 0; fd < 0 && i < count; i++)
		fd = find_closed(root, paths[i], &st);
	if (fd < 0)
		return NOTE_OK;
	close(fd);
	closed_hold(CLOSED_ALONE);
	out->items = xcalloc(count, sizeof(*out->items));
	for (size_t i = 0; i < count; i++) {
		fd = find_closed(root, paths[i], &st);
		if (fd < 0)
			continue;
		if (closed_set_mode(fd, (st.st_mode & 07777) | S_IWUSR | S_IXUSR) != 0) {
			int code = error_system(err, "make its directory writable");
			close(fd);
			writable_end(out);
			return code;
		}
		out->items[out->count++] = (struct opened_directory){fd, st.st_mode & 07777};
	}
	return NOTE_OK;
}

void writable_end(struct writable *writable)
{
	for (size_t i = 0; i < writable->count; i++) {
		closed_set_mode(writable->items[i].fd, writable->items[i].mode);
		close(writable->items[i].fd);
	}
	free(writable->items);
	if (writable->is_locked)
		closed_hold(CLOSED_FREE);
	*writable = (struct writable){0};
}
