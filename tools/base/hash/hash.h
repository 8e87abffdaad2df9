/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A map from hashes to numbers, mostly of places in an array; the caller tells equal keys from
 * equal hashes. Zero-initialised is empty. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_map {
	uint64_t *hashes;
	uint32_t *values;
	size_t room; /* a power of two, or 0 */
	size_t count;
};

#define HASH_NONE UINT32_MAX

/* The next value under HASH, HASH_NONE behind the last; *STEP is 0 at the start. */
uint32_t hash_map_next(const struct hash_map *map, uint64_t hash, size_t *step);
void hash_map_add(struct hash_map *map, uint64_t hash, uint32_t value);
void hash_map_free(struct hash_map *map);

uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed);
uint64_t hash_number(uint64_t number, uint64_t seed);

#endif
