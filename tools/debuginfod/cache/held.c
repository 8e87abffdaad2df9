/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small files of a temporary cache stay in memory (memfd_create(2)), and are opened by their names
 * in /proc/self/fd: whoever looks at each file once and lets it go spares the file system two
 * inodes and five changes of directories for each. What is larger than HELD_MOST, or more than
 * HELD_FILES at a time, lies on disk as in any cache.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/debuginfod/cache/internal.h"
#include "tools/debuginfod/memory.h"

#define NAMES "/proc/self/fd/"

int held_open(struct cache *cache)
{
	if (!cache->temporary || cache->held_count + cache->held_coming >= cache->held_most ||
	    access(NAMES, X_OK) != 0)
		return -1;
	int fd = memfd_create("pkgnote", MFD_CLOEXEC);
	cache->held_coming += fd >= 0;
	return fd;
}

void held_abandon(struct cache *cache, int fd)
{
	close(fd);
	cache->held_coming--;
}

char *held_keep(struct cache *cache, const struct cache_key *key, int fd)
{
	struct held *held = &cache->held[cache->held_count];
	char *path = format_string(NAMES "%d", fd);
	held->fd = fd;
	held->key = path != NULL ? format_string("%s/%s", key->hex, key->name) : NULL;
	if (held->key == NULL) {
		free(path);
		held_abandon(cache, fd);
		return NULL;
	}
	cache->held_coming--;
	cache->held_count++;
	return path;
}

static void let_go(struct cache *cache, size_t index)
{
	close(cache->held[index].fd);
	free(cache->held[index].key);
	cache->held[index] = cache->held[--cache->held_count];
}

char *held_find(const struct cache *cache, const struct cache_key *key)
{
	const size_t length = strlen(key->hex);
	for (size_t i = 0; i < cache->held_count; i++) {
		const char *held = cache->held[i].key;
		if (strncmp(held, key->hex, length) == 0 && held[length] == '/' &&
		    strcmp(held + length + 1, key->name) == 0)
			return format_string(NAMES "%d", cache->held[i].fd);
	}
	return NULL;
}

bool held_forget(struct cache *cache, const char *path)
{
	int fd;
	if (sscanf(path, NAMES "%d", &fd) != 1)
		return false;
	for (size_t i = 0; i < cache->held_count; i++)
		if (cache->held[i].fd == fd) {
			let_go(cache, i);
			return true;
		}
	return false;
}

void held_close(struct cache *cache)
{
	while (cache->held_count > 0)
		let_go(cache, cache->held_count - 1);
}
