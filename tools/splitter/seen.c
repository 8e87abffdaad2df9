/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/seen.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/hash/hash.h"
#include "tools/base/text.h"

struct asked {
	char *path;
	struct seen_path seen;
};

struct seen_paths {
	pthread_mutex_t lock;
	struct asked *items;
	size_t count, room;
	struct hash_map by_path;
};

struct seen_paths *seen_new(void)
{
	struct seen_paths *paths = xcalloc(1, sizeof(*paths));
	pthread_mutex_init(&paths->lock, NULL);
	return paths;
}

void seen_free(struct seen_paths *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i].path);
	free(paths->items);
	hash_map_free(&paths->by_path);
	pthread_mutex_destroy(&paths->lock);
	free(paths);
}

static struct asked *find(const struct seen_paths *paths, const char *path, uint64_t hash)
{
	size_t step = 0;
	for (uint32_t i; (i = hash_map_next(&paths->by_path, hash, &step)) != HASH_NONE;)
		if (strcmp(paths->items[i].path, path) == 0)
			return &paths->items[i];
	return NULL;
}

bool seen_find(struct seen_paths *paths, const char *path, struct seen_path *out)
{
	const uint64_t hash = hash_bytes(path, strlen(path), 0);
	pthread_mutex_lock(&paths->lock);
	const struct asked *asked = find(paths, path, hash);
	if (asked != NULL)
		*out = asked->seen;
	pthread_mutex_unlock(&paths->lock);
	return asked != NULL;
}

/* Another thread may have been first; both have seen the same. */
void seen_remember(struct seen_paths *paths, const char *path, const struct seen_path *seen)
{
	const uint64_t hash = hash_bytes(path, strlen(path), 0);
	pthread_mutex_lock(&paths->lock);
	struct asked *asked = find(paths, path, hash);
	if (asked != NULL && seen->was_read)
		asked->seen = *seen;
	if (asked == NULL) {
		if (paths->count == paths->room) {
			paths->room = paths->room != 0 ? 2 * paths->room : 256;
			paths->items = xrealloc(paths->items, paths->room * sizeof(*paths->items));
		}
		hash_map_add(&paths->by_path, hash, (uint32_t)paths->count);
		paths->items[paths->count++] = (struct asked){xstrdup(path), *seen};
	}
	pthread_mutex_unlock(&paths->lock);
}
