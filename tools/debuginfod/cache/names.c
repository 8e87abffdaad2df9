/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names in the cache, and the small files in it. What belongs to another user than us or root is
 * not believed and not written: in a directory that several write to, it could be anybody's.
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

bool is_ours(int fd)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return false;
	if (st.st_uid == geteuid() || st.st_uid == 0)
		return true;
	errno = EACCES;
	return false;
}

int cache_directory_of_anyone(struct cache *cache, const char *hex)
{
	return openat(cache->fd, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int cache_directory(struct cache *cache, const char *hex, bool make)
{
	if (make && mkdirat(cache->fd, hex, 0700) != 0 && errno != EEXIST)
		return -1;
	int at = cache_directory_of_anyone(cache, hex);
	/* "." is the cache itself, whoever made it. */
	if (at < 0 || strcmp(hex, ".") == 0 || is_ours(at))
		return at;
	close(at);
	errno = EACCES;
	return -1;
}

void key_file(char out[CACHE_NAME], const struct cache_key *key, const char *suffix)
{
	snprintf(out, CACHE_NAME, "%s.%s", key->name, suffix);
}

void unused_name(char out[CACHE_NAME], const char *name)
{
	static _Atomic unsigned serial;
	snprintf(out, CACHE_NAME, ".tmp-%d-%u-%s", (int)getpid(), serial++, name);
}

char *cache_path(const struct cache *cache, const struct cache_key *key)
{
	return format_string("%s/%s/%s", cache->dir, key->hex, key->name);
}

bool small_file_write(int at, const char *name, const char *text)
{
	char temporary[CACHE_NAME];
	const ssize_t length = (ssize_t)strlen(text);
	unused_name(temporary, name);
	int fd = openat(at, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	bool good = write(fd, text, (size_t)length) == length;
	good = close(fd) == 0 && good;
	good = good && renameat(at, temporary, at, name) == 0;
	if (!good)
		unlinkat(at, temporary, 0);
	return good;
}

bool small_file_read(int at, const char *name, char *text, size_t room, time_t *modified)
{
	struct stat st;
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && !is_ours(fd)) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, room - 1);
	if (modified != NULL)
		*modified = fstat(fd, &st) == 0 ? st.st_mtime : 0;
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}
