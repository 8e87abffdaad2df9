/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who fetches, and what nobody has. A lock is held with flock(2), which a kill releases; its holder
 * removes the file at the end. So a process that gets a lock looks whether the name still leads to
 * what it has locked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/debuginfod/cache_internal.h"

/* So often a lock file may vanish between our steps. */
#define LOCK_TRIES 100

struct cache_lock {
	struct cache *cache;
	char hex[130];
	char name[CACHE_NAME];
	int at;
	int fd;
};

static bool is_still(int at, const char *name, int fd)
{
	struct stat held, named;
	return fstat(fd, &held) == 0 && fstatat(at, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

enum lock_state cache_lock(struct cache *cache, const struct cache_key *key,
			   struct cache_lock **out)
{
	char name[CACHE_NAME];
	*out = NULL;
	snprintf(name, sizeof(name), ".%s.lock", key->name);
	for (int i = 0; i < LOCK_TRIES; i++) {
		int at = cache_directory(cache, key->hex, true);
		if (at < 0)
			return LOCK_IMPOSSIBLE;
		int fd = openat(at, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != ENOENT) {
			close(at);
			return LOCK_IMPOSSIBLE;
		}
		const bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
		if (locked && is_still(at, name, fd)) {
			*out = xcalloc(1, sizeof(**out));
			**out = (struct cache_lock){.cache = cache, .at = at, .fd = fd};
			snprintf((*out)->name, sizeof((*out)->name), "%s", name);
			snprintf((*out)->hex, sizeof((*out)->hex), "%s", key->hex);
			return LOCK_HELD;
		}
		const bool busy = fd >= 0 && !locked && errno == EWOULDBLOCK;
		if (fd >= 0)
			close(fd);
		close(at);
		if (busy)
			return LOCK_BUSY;
	}
	return LOCK_IMPOSSIBLE;
}

void cache_unlock(struct cache_lock *lock)
{
	if (lock == NULL)
		return;
	unlinkat(lock->at, lock->name, 0);
	close(lock->fd);
	close(lock->at);
	/* Where nothing came of it, nothing stays. */
	unlinkat(lock->cache->fd, lock->hex, AT_REMOVEDIR);
	free(lock);
}

bool cache_is_absent(struct cache *cache, const struct cache_key *key, const char *servers,
		     uint64_t seconds)
{
	char name[CACHE_NAME], text[128];
	struct stat st;
	int at = seconds != 0 ? cache_directory(cache, key->hex, false) : -1;
	if (at < 0)
		return false;
	key_file(name, key, "absent");
	const time_t now = time(NULL);
	const bool absent = fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			    st.st_mtime <= now && (uint64_t)(now - st.st_mtime) < seconds &&
			    small_file_read(at, name, text, sizeof(text)) &&
			    strcmp(text, servers) == 0;
	close(at);
	return absent;
}

void cache_note_absent(struct cache *cache, const struct cache_key *key, const char *servers)
{
	char name[CACHE_NAME];
	int at = cache_directory(cache, key->hex, true);
	if (at < 0)
		return;
	key_file(name, key, "absent");
	small_file_write(at, name, servers);
	close(at);
}
