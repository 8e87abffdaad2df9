/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Open addressing with linear probing; hashes are kept, so growing asks nobody. */
#include "tools/base/hash/hash.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "tools/base/text.h"

uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, size, seed);
}

uint64_t hash_number(uint64_t number, uint64_t seed)
{
	/* The finaliser of splitmix64. */
	number += seed * 0x9e3779b97f4a7c15u;
	number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
	number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
	return number ^ (number >> 31);
}

uint32_t hash_map_next(const struct hash_map *map, uint64_t hash, size_t *step)
{
	if (map->room == 0)
		return HASH_NONE;
	for (;;) {
		size_t slot = (hash + *step) & (map->room - 1);
		++*step;
		if (map->values[slot] == HASH_NONE)
			return HASH_NONE;
		if (map->hashes[slot] == hash)
			return map->values[slot];
	}
}

static void insert(struct hash_map *map, uint64_t hash, uint32_t value)
{
	size_t slot = hash & (map->room - 1);
	while (map->values[slot] != HASH_NONE)
		slot = (slot + 1) & (map->room - 1);
	map->hashes[slot] = hash;
	map->values[slot] = value;
}

void hash_map_add(struct hash_map *map, uint64_t hash, uint32_t value)
{
	if (map->count * 2 >= map->room) {
		struct hash_map old = *map;
		map->room = old.room == 0 ? 64 : old.room * 2;
		map->hashes = xmalloc(map->room * sizeof(*map->hashes));
		map->values = xmalloc(map->room * sizeof(*map->values));
		memset(map->values, 0xff, map->room * sizeof(*map->values));
		for (size_t i = 0; i < old.room; i++)
			if (old.values[i] != HASH_NONE)
				insert(map, old.hashes[i], old.values[i]);
		hash_map_free(&old);
	}
	insert(map, hash, value);
	map->count++;
}

void hash_map_free(struct hash_map *map)
{
	free(map->hashes);
	free(map->values);
}
