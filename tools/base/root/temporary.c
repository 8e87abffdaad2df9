/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Temporary files, and whether who writes one is alive. Their names follow from the final names,
 * so two runs on one file want the same one. The writer holds a lock (flock(2)) on it from the
 * moment that it is there until it has its final name; the kernel drops the lock with the process.
 *
 * Between making and locking it another run may find it unlocked, and remove it for a leftover; so
 * the name is looked at again under the lock, and if it is another file, or none, all begins anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/internal.h"

void root_temporary_name(const char *name, char out[32])
{
	uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a: a short name for a long one, no secret */
	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
	snprintf(out, 32, ".pkgnote-%016llx", (unsigned long long)hash);
}

bool root_is_temporary(const char *path)
{
	static const char prefix[] = ".pkgnote-";
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	return strncmp(name, prefix, sizeof(prefix) - 1) == 0 &&
	       strspn(name + sizeof(prefix) - 1, "0123456789abcdef") == 16 &&
	       strlen(name) == sizeof(prefix) - 1 + 16;
}

enum hold { HELD, HELD_BY_ANOTHER, NO_LOCKS };

static enum hold hold(int fd, bool wait)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return HELD;
	if (errno != EWOULDBLOCK)
		return NO_LOCKS; /* the file system has none: as if every writer were alone */
	if (!wait)
		return HELD_BY_ANOTHER;
	while (flock(fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return NO_LOCKS;
	return HELD;
}

/* Another user's, which cannot be looked at: alive or not, it is not ours to take away. */
static bool is_of_another_user(int at, const char *name)
{
	struct stat st;
	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid != geteuid();
}

static bool is_still(int at, const char *name, int fd, struct stat *here)
{
	struct stat there;
	return fstatat(at, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, here) == 0 &&
	       there.st_dev == here->st_dev && there.st_ino == here->st_ino;
}

/* Nobody may read a file that is about to get its final name with such a mode. */
static void wait_a_little(void)
{
	const struct timespec pause = {0, 10000000};
	nanosleep(&pause, NULL);
}

#define TRIES 1000 /* each ends with another run having come further */

int temporary_take(int at, const char *name, mode_t mode, bool wait, struct stat *made,
		   struct note_error *err)
{
	unsigned unreadable = 0;
	for (unsigned i = 0; i < TRIES; i++) {
		int fd = openat(at, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		const bool mine = fd >= 0;
		if (!mine && errno != EEXIST)
			return error_system(err, "create");
		if (!mine)
			fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 && errno == EACCES && is_of_another_user(at, name))
			return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
					 "create: a run of another user writes it, or was killed "
					 "and left %s: remove that",
					 name);
		if (fd < 0 && errno == EACCES && ++unreadable < 100) {
			wait_a_little();
			continue;
		}
		if (fd < 0 && errno != ENOENT && unlinkat(at, name, 0) != 0 && errno != ENOENT)
			return error_system(err, "remove what a killed run left (%s)", name);
		if (fd < 0)
			continue;
		const enum hold held = hold(fd, wait);
		if (held == HELD_BY_ANOTHER) {
			close(fd);
			return error_set(err, ROOT_AGAIN, NOTE_NO_OFFSET,
					 "another run is writing it");
		}
		const bool still = is_still(at, name, fd, made);
		if (mine && still)
			return fd;
		int code = NOTE_OK;
		if (still && unlinkat(at, name, 0) != 0 && errno != ENOENT)
			code = error_system(err, "remove what a killed run left (%s)", name);
		close(fd);
		if (code != NOTE_OK)
			return code;
	}
	return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "create: other runs took %s away", name);
}

void temporary_drop(int at, const char *name, struct note_error *err)
{
	struct note_error left;
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT || err == NULL || err->code == NOTE_OK)
		return;
	error_system(&left, "%s stays beside it", name);
	const size_t used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, "; %s", left.text);
}

bool temporary_clear(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		if (errno == EACCES && is_of_another_user(at, name))
			return false;
		if (errno != ENOENT)
			unlinkat(at, name, 0); /* a link of that name, or unreadable */
		return true;
	}
	struct stat st;
	const bool alive = hold(fd, false) == HELD_BY_ANOTHER;
	if (!alive && is_still(at, name, fd, &st))
		unlinkat(at, name, 0);
	close(fd);
	return !alive;
}

bool root_remove_leftover(struct root *root, const char *path)
{
	struct place place;
	if (place_open(root, path, false, &place, NULL) != NOTE_OK)
		return true;
	const bool dead = temporary_clear(place.at, place.name);
	place_dirty(root, &place);
	place_close(root, &place);
	return dead;
}

bool root_finish_leftover(struct root *root, const char *temporary, const char *path)
{
	struct place from, to = {.at = -1};
	struct stat st;
	bool finished = false;
	if (place_open(root, temporary, false, &from, NULL) != NOTE_OK)
		return false;
	int fd = openat(from.at, from.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && place_open(root, path, false, &to, NULL) == NOTE_OK && fstat(fd, &st) == 0 &&
	    S_ISREG(st.st_mode) && hold(fd, false) != HELD_BY_ANOTHER &&
	    is_still(from.at, from.name, fd, &st)) {
		/* Links are made of what is written to its end. */
		finished = st.st_nlink > 1 && renameat(from.at, from.name, to.at, to.name) == 0;
		if (!finished)
			unlinkat(from.at, from.name, 0);
		place_dirty(root, &to);
	}
	place_close(root, &to);
	if (fd >= 0)
		close(fd);
	place_close(root, &from);
	return finished;
}
