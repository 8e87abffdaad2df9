/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Directories that we own and that their mode keeps even us from writing to (module caches and some
 * install targets leave 0555): a file in one is replaced, as by a peer that writes in place, and
 * the directory has its mode again afterwards. Meanwhile no other thread replaces anything, so that
 * none takes the mode of that moment for the real one.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/internal.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
/* How this thread has it. */
enum holding { FREE, SHARED, ALONE };
static _Thread_local enum holding held;

static void take(enum holding how)
{
	if (held != FREE && how != held)
		pthread_rwlock_unlock(&lock);
	if (how == SHARED && how != held)
		pthread_rwlock_rdlock(&lock);
	if (how == ALONE && how != held)
		pthread_rwlock_wrlock(&lock);
	held = how;
}

/* Only for a directory of ours; the superuser needs no bits. */
static bool is_closed(const struct stat *st, uid_t user)
{
	const mode_t wanted = S_IWUSR | S_IXUSR;
	return user != 0 && st->st_uid == user && (st->st_mode & wanted) != wanted;
}

/* The directory of PATH, if it is closed; else -1. */
static int find_closed(struct root *root, const char *path, struct stat *st)
{
	struct place place;
	int fd = -1;
	if (place_open(root, path, false, &place, NULL) != NOTE_OK)
		return -1;
	if (fstat(place.at, st) == 0 && is_closed(st, geteuid()))
		fd = fcntl(place.at, F_DUPFD_CLOEXEC, 0);
	place_close(root, &place);
	return fd;
}

/* FD is O_PATH, which fchmod(2) does not take. */
static int change_mode(int fd, mode_t mode)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode);
}

int writable_begin(struct writable *out, struct root *root, const char *const *paths, size_t count,
		   struct note_error *err)
{
	struct stat st;
	int fd = -1;
	*out = (struct writable){0};
	if (geteuid() == 0)
		return NOTE_OK;
	take(SHARED);
	out->is_locked = true;
	for (size_t i = 0; fd < 0 && i < count; i++)
		fd = find_closed(root, paths[i], &st);
	if (fd < 0)
		return NOTE_OK;
	close(fd);
	take(ALONE);
	out->items = xcalloc(count, sizeof(*out->items));
	for (size_t i = 0; i < count; i++) {
		fd = find_closed(root, paths[i], &st);
		if (fd < 0)
			continue;
		if (change_mode(fd, (st.st_mode & 07777) | S_IWUSR | S_IXUSR) != 0) {
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
		change_mode(writable->items[i].fd, writable->items[i].mode);
		close(writable->items[i].fd);
	}
	free(writable->items);
	if (writable->is_locked)
		take(FREE);
	*writable = (struct writable){0};
}

/* Who holds the lock together with others has opened none yet, and can do without it meanwhile. */
int writable_mkdir(int at, const char *name, mode_t mode)
{
	struct stat st;
	int result = mkdirat(at, name, mode);
	if (result == 0 || errno != EACCES || geteuid() == 0)
		return result;
	const enum holding before = held;
	take(ALONE);
	result = mkdirat(at, name, mode); /* another thread's opening of it is over */
	if (result != 0 && errno == EACCES && fstat(at, &st) == 0 && is_closed(&st, geteuid()) &&
	    change_mode(at, (st.st_mode & 07777) | S_IWUSR | S_IXUSR) == 0) {
		result = mkdirat(at, name, mode);
		const int failed = errno;
		change_mode(at, st.st_mode & 07777);
		errno = failed;
	}
	const int failed = errno;
	take(before);
	errno = failed;
	return result;
}
