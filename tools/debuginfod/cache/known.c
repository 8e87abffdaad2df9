/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log's proofs in memory, by 128 bits of the hash of HEX/NAME: two files of one hash would
 * merely be looked at in vain. Open addressing; nothing is ever taken out. */
#include <stdlib.h>
#include <string.h>

#include "tools/debuginfod/cache/internal.h"

#define EMPTY UINT32_MAX

struct known_proof {
	XXH128_hash_t key;
	struct proof proof;
};

XXH128_hash_t known_key(const char *hex, size_t hex_length, const char *name, size_t name_length)
{
	const XXH64_hash_t seed = XXH3_64bits(hex, hex_length);
	return XXH3_128bits_withSeed(name, name_length, seed);
}

/* The slot that holds KEY, or the empty one where it belongs. */
static uint32_t *slot_of(const struct known_proofs *known, XXH128_hash_t key)
{
	size_t at = key.low64 & (known->slot_count - 1);
	while (known->slots[at] != EMPTY &&
	       XXH128_isEqual(known->items[known->slots[at]].key, key) == 0)
		at = (at + 1) & (known->slot_count - 1);
	return &known->slots[at];
}

struct proof *known_find(const struct known_proofs *known, XXH128_hash_t key)
{
	const uint32_t *slot = known->slot_count != 0 ? slot_of(known, key) : NULL;
	return slot != NULL && *slot != EMPTY ? &known->items[*slot].proof : NULL;
}

static bool grow(struct known_proofs *known)
{
	const size_t room = known->room != 0 ? 2 * known->room : 64;
	if (room >= EMPTY)
		return false;
	struct known_proof *items = realloc(known->items, room * sizeof(*items));
	if (items == NULL)
		return false;
	known->items = items;
	uint32_t *slots = malloc(2 * room * sizeof(*slots));
	if (slots == NULL)
		return false;
	memset(slots, 0xff, 2 * room * sizeof(*slots));
	free(known->slots);
	known->slots = slots;
	known->slot_count = 2 * room;
	known->room = room;
	for (size_t i = 0; i < known->count; i++)
		*slot_of(known, items[i].key) = (uint32_t)i;
	return true;
}

bool known_put(struct known_proofs *known, XXH128_hash_t key, const struct proof *proof)
{
	struct proof *before = known_find(known, key);
	if (before != NULL) {
		*before = *proof;
		return true;
	}
	if (known->count == known->room && !grow(known))
		return false;
	*slot_of(known, key) = (uint32_t)known->count;
	known->items[known->count++] = (struct known_proof){key, *proof};
	return true;
}

void known_clear(struct known_proofs *known)
{
	free(known->items);
	free(known->slots);
	*known = (struct known_proofs){0};
}
