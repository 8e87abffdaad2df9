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
	struct seen_paths *known = xcalloc(1, sizeof(*known));
	pthread_mutex_init(&known->lock, NULL);
	return known;
}

void seen_free(struct seen_paths *known)
{
	for (size_t i = 0; i < known->count; i++)
		free(known->items[i].path);
	free(known->items);
	hash_map_free(&known->by_path);
	pthread_mutex_destroy(&known->lock);
	free(known);
}

static struct asked *find(const struct seen_paths *known, const char *path, uint64_t hash)
{
	size_t step = 0;
	for (uint32_t i; (i = hash_map_next(&known->by_path, hash, &step)) != HASH_NONE;)
		if (strcmp(known->items[i].path, path) == 0)
			return &known->items[i];
	return NULL;
}

bool seen_find(struct seen_paths *known, const char *path, struct seen_path *out)
{
	const uint64_t hash = hash_bytes(path, strlen(path), 0);
	pthread_mutex_lock(&known->lock);
	const struct asked *asked = find(known, path, hash);
	if (asked != NULL)
		*out = asked->seen;
	pthread_mutex_unlock(&known->lock);
	return asked != NULL;
}

/* Another thread may have been first; both have seen the same. */
void seen_remember(struct seen_paths *known, const char *path, const struct seen_path *seen)
{
	const uint64_t hash = hash_bytes(path, strlen(path), 0);
	pthread_mutex_lock(&known->lock);
	struct asked *asked = find(known, path, hash);
	if (asked != NULL && seen->was_read)
		asked->seen = *seen;
	if (asked == NULL) {
		if (known->count == known->room) {
			known->room = known->room != 0 ? 2 * known->room : 256;
			known->items = xrealloc(known->items, known->room * sizeof(*known->items));
		}
		hash_map_add(&known->by_path, hash, (uint32_t)known->count);
		known->items[known->count++] = (struct asked){xstrdup(path), *seen};
	}
	pthread_mutex_unlock(&known->lock);
}
