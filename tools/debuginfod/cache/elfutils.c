/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * elfutils' own cache: DIR/BUILDID/debuginfo and /executable. Its other names differ between
 * versions. An empty file there is a negative entry, and a file may hold bytes of a
 * transfer that failed before the good one, so each is proven, and a debug file must end where its
 * last section or header does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/debuginfod/cache/internal.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/proof/proof.h"

static bool ends_as_said(int fd)
{
	struct image *image;
	if (image_open_fd(&image, fd, NULL) != NOTE_OK)
		return false;
	const bool good =
		image_read_elf(image, NULL) == NOTE_OK && proof_extent(image) == image->size;
	image_close(image);
	return good;
}

char *elfutils_cache_find(const char *dir, enum artifact artifact, const char *hex)
{
	const char *name = artifact == ARTIFACT_DEBUGINFO ? "debuginfo" : "executable";
	char text[ANSWER_TEXT];
	char *path = NULL;
	int fd = -1;
	if (artifact != ARTIFACT_DEBUGINFO && artifact != ARTIFACT_EXECUTABLE)
		return NULL;
	int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int at = top >= 0 ? openat(top, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (at >= 0 && is_ours(at))
		fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && is_ours(fd) && proof_check(fd, artifact, hex, NULL, text) == OUTCOME_FOUND &&
	    (artifact == ARTIFACT_EXECUTABLE || ends_as_said(fd)))
		path = format_string("%s/%s/%s", dir, hex, name);
	if (fd >= 0)
		close(fd);
	if (at >= 0)
		close(at);
	if (top >= 0)
		close(top);
	return path;
}

/* --- what others find there --- */

/* DIR and what it lies in, as elfutils makes them. */
static int open_or_make(const char *dir)
{
	char *path = strdup(dir);
	for (char *p = path; p != NULL && *p != '\0'; p++)
		if (*p == '/' && p != path) {
			*p = '\0';
			mkdir(path, 0700);
			*p = '/';
		}
	if (path != NULL)
		mkdir(path, 0700);
	free(path);
	return open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool copy_bytes(int from, int to)
{
	char piece[1 << 15];
	ssize_t got;
	while ((got = read(from, piece, sizeof(piece))) > 0 || (got < 0 && errno == EINTR))
		for (ssize_t at = 0; at < got;) {
			const ssize_t put = write(to, piece + at, (size_t)(got - at));
			if (put < 0 && errno != EINTR)
				return false;
			at += put > 0 ? put : 0;
		}
	return got == 0;
}

/* A link to FROM, or a copy; never more than the owner may read it. */
static bool enter(int at, const char *from, int source, const struct stat *st,
		  const char *temporary)
{
	if (st->st_uid == geteuid() && (st->st_mode & 07777) == 0400 &&
	    linkat(AT_FDCWD, from, at, temporary, 0) == 0)
		return true;
	const int fd =
		openat(at, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	if (fd < 0)
		return false;
	const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, st->st_mtim};
	const bool good = copy_bytes(source, fd);
	futimens(fd, times);
	if (close(fd) == 0 && good)
		return true;
	unlinkat(at, temporary, 0);
	return false;
}

static bool is_there_already(int at, const char *name, const struct stat *st)
{
	struct stat there;
	return fstatat(at, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == st->st_ino &&
	       there.st_dev == st->st_dev;
}

char *elfutils_cache_put(const char *dir, enum artifact artifact, const char *hex, const char *from)
{
	const char *name = artifact == ARTIFACT_DEBUGINFO ? "debuginfo" : "executable";
	char *proven = elfutils_cache_find(dir, artifact, hex);
	char temporary[CACHE_NAME];
	struct stat st;
	bool good = false;
	if (proven != NULL)
		return proven;
	const int source = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const int top = source >= 0 && fstat(source, &st) == 0 ? open_or_make(dir) : -1;
	if (top >= 0 && is_ours(top))
		mkdirat(top, hex, 0700);
	const int at =
		top >= 0 ? openat(top, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (at >= 0 && is_ours(at)) {
		unused_name(temporary, name);
		good = is_there_already(at, name, &st);
		if (!good && enter(at, from, source, &st, temporary)) {
			good = renameat(at, temporary, at, name) == 0;
			if (!good)
				unlinkat(at, temporary, 0);
		}
	}
	if (at >= 0)
		close(at);
	if (top >= 0)
		close(top);
	if (source >= 0)
		close(source);
	return good ? format_string("%s/%s/%s", dir, hex, name) : NULL;
}
