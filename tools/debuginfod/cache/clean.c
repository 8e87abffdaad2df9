/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Eviction, by when a file's proof says that it was last used. What is being fetched (locked) is
 * left alone.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/debuginfod/cache/internal.h"

#define STAMP ".cleaned"
/* No process needs longer between two steps of a commit. */
#define LEFTOVER_AGE 3600
#define DAY          86400

struct entry {
	char hex[130];
	char name[CACHE_NAME];
	int64_t used;
	uint64_t size;
};

struct entries {
	struct entry *items;
	size_t count, room;
};

static int by_use(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;
	if (one->used != other->used)
		return one->used < other->used ? -1 : 1;
	int order = strcmp(one->hex, other->hex);
	return order != 0 ? order : strcmp(one->name, other->name);
}

static bool has_suffix(const char *name, const char *suffix)
{
	const size_t length = strlen(name), end = strlen(suffix);
	return length > end && strcmp(name + length - end, suffix) == 0;
}

/* Of a FOREIGN directory, another user's, the proofs are not known here: its files' own times tell.
 */
static void look_at(struct cache *cache, struct entries *entries, int at, bool foreign,
		    const char *hex, const char *name, time_t now, uint64_t max_age)
{
	struct stat st, proof;
	char other[CACHE_NAME + 32];
	if (strlen(name) >= CACHE_NAME - 8 || fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	const bool old = st.st_mtime + LEFTOVER_AGE < now;
	if (has_suffix(name, ".proof")) {
		snprintf(other, sizeof(other), "%.*s", (int)(strlen(name) - 6), name);
		if (old && fstatat(at, other, &proof, AT_SYMLINK_NOFOLLOW) != 0)
			unlinkat(at, name, 0);
	} else if (has_suffix(name, ".absent")) {
		if (st.st_mtime > now || (uint64_t)(now - st.st_mtime) >= max_age)
			unlinkat(at, name, 0);
	} else if (name[0] == '.') {
		if (old && strncmp(name, ".tmp-", 5) == 0)
			unlinkat(at, name, 0);
	} else {
		struct cache_key key;
		int64_t used;
		snprintf(key.hex, sizeof(key.hex), "%.*s", (int)sizeof(key.hex) - 1, hex);
		snprintf(key.name, sizeof(key.name), "%.*s", (int)sizeof(key.name) - 1, name);
		const bool known = proof_used(cache, at, &key, &used);
		if (!known && foreign) {
			used = st.st_atime > st.st_ctime ? st.st_atime : st.st_ctime;
		} else if (!known) {
			/* Its other times are the server's. */
			if (S_ISREG(st.st_mode) && st.st_ctime + LEFTOVER_AGE < now)
				unlinkat(at, name, 0);
			return;
		}
		if (entries->count == entries->room) {
			const size_t room = entries->room != 0 ? 2 * entries->room : 256;
			struct entry *items =
				realloc(entries->items, room * sizeof(*entries->items));
			/* What is not seen now will be another time. */
			if (items == NULL)
				return;
			entries->items = items;
			entries->room = room;
		}
		struct entry *entry = &entries->items[entries->count++];
		*entry = (struct entry){.used = used, .size = (uint64_t)st.st_size};
		snprintf(entry->hex, sizeof(entry->hex), "%s", key.hex);
		snprintf(entry->name, sizeof(entry->name), "%.*s", (int)sizeof(entry->name) - 1,
			 name);
	}
}

static void look_through(struct cache *cache, struct entries *entries, uint64_t max_age)
{
	const time_t now = cache_now();
	struct dirent *item;
	int top_fd = openat(cache->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *top = top_fd >= 0 ? fdopendir(top_fd) : NULL;
	while (top != NULL && (item = readdir(top)) != NULL) {
		const size_t length = strlen(item->d_name);
		struct dirent *file;
		struct stat st;
		if (strncmp(item->d_name, ".silent-", 8) == 0 &&
		    fstatat(cache->fd, item->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (st.st_mtime > now || now - st.st_mtime >= DAY ||
		     (uint64_t)(now - st.st_mtime) >= max_age))
			unlinkat(cache->fd, item->d_name, 0);
		/* What is no build-id was not put there by us. */
		if (length > 128 || strspn(item->d_name, "0123456789abcdef") != length)
			continue;
		int at = cache_directory_of_anyone(cache, item->d_name);
		int copy = at >= 0 ? fcntl(at, F_DUPFD_CLOEXEC, 0) : -1;
		const bool foreign = at >= 0 && fstat(at, &st) == 0 && st.st_uid != geteuid();
		DIR *directory = copy >= 0 ? fdopendir(copy) : NULL;
		while (directory != NULL && (file = readdir(directory)) != NULL)
			if (strcmp(file->d_name, ".") != 0 && strcmp(file->d_name, "..") != 0)
				look_at(cache, entries, at, foreign, item->d_name, file->d_name,
					now, max_age);
		if (directory != NULL)
			closedir(directory);
		if (at >= 0)
			close(at);
		unlinkat(cache->fd, item->d_name, AT_REMOVEDIR); /* where it is empty */
	}
	if (top != NULL)
		closedir(top);
}

static bool evict(struct cache *cache, const struct entry *entry)
{
	struct cache_key key = {0};
	struct cache_lock *lock;
	char proof[CACHE_NAME];
	snprintf(key.hex, sizeof(key.hex), "%s", entry->hex);
	snprintf(key.name, sizeof(key.name), "%.*s", (int)sizeof(key.name) - 1, entry->name);
	if (cache_lock(cache, &key, &lock) != LOCK_HELD)
		return false;
	int at = cache_directory_of_anyone(cache, key.hex);
	bool gone = false;
	if (at >= 0) {
		key_file(proof, &key, "proof");
		unlinkat(at, proof, 0);
		gone = unlinkat(at, key.name, 0) == 0;
		close(at);
		unlinkat(cache->fd, key.hex, AT_REMOVEDIR); /* where it is empty */
	}
	cache_unlock(lock);
	return gone;
}

void cache_clean(struct cache *cache, uint64_t max_size, uint64_t max_age, uint64_t grace,
		 struct client_cleaned *cleaned)
{
	struct entries entries = {0};
	const time_t now = cache_now();
	uint64_t total = 0;
	*cleaned = (struct client_cleaned){0};
	log_refresh(cache);
	look_through(cache, &entries, max_age);
	if (entries.count > 1)
		qsort(entries.items, entries.count, sizeof(*entries.items), by_use);
	for (size_t i = 0; i < entries.count; i++)
		total += entries.items[i].size;
	for (size_t i = 0; i < entries.count; i++) {
		const struct entry *entry = &entries.items[i];
		const uint64_t age = entry->used < now ? (uint64_t)(now - entry->used) : 0;
		const bool goes =
			(age >= grace) && (age >= max_age || (max_size != 0 && total > max_size));
		if (goes && evict(cache, entry)) {
			cleaned->removed++;
			cleaned->removed_bytes += entry->size;
			total -= entry->size;
		} else {
			cleaned->kept++;
			cleaned->kept_bytes += entry->size;
		}
	}
	free(entries.items);
	log_compact(cache);
	small_file_write(cache->fd, STAMP, "pkgnote\n");
}

bool cache_wants_cleaning(struct cache *cache, uint64_t max_size)
{
	struct stat st;
	if (cache->private || cache->committed == 0)
		return false;
	if (max_size != 0 && cache->committed > max_size / 16)
		return true;
	if (fstatat(cache->fd, STAMP, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return st.st_mtime + DAY < cache_now();
	/* A cache begins: there is nothing old in it. */
	small_file_write(cache->fd, STAMP, "pkgnote\n");
	return false;
}
