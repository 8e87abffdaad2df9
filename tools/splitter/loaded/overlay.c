/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/loaded/overlay.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"

#define BLOCK 4096

static uint64_t block_size(const struct overlay *overlay, uint64_t block)
{
	const uint64_t left = overlay->size - block * BLOCK;
	return left < BLOCK ? left : BLOCK;
}

void overlay_begin(struct overlay *overlay, const uint8_t *original, uint64_t size)
{
	*overlay = (struct overlay){.original = original, .size = size};
	overlay->blocks = xcalloc(size / BLOCK + 1, sizeof(*overlay->blocks));
}

void overlay_free(struct overlay *overlay)
{
	for (uint64_t i = 0; overlay->blocks != NULL && i <= overlay->size / BLOCK; i++)
		free(overlay->blocks[i]);
	free(overlay->blocks);
	*overlay = (struct overlay){0};
}

void overlay_read(const struct overlay *overlay, uint64_t at, void *out, uint64_t size)
{
	uint8_t *to = out;
	while (size != 0) {
		const uint64_t block = at / BLOCK, from = at % BLOCK;
		const uint64_t length = size < BLOCK - from ? size : BLOCK - from;
		const uint8_t *bytes = overlay->blocks[block] != NULL
					       ? overlay->blocks[block]
					       : overlay->original + block * BLOCK;
		memcpy(to, bytes + from, length);
		to += length;
		at += length;
		size -= length;
	}
}

/* BYTES may be NULL: zeros. */
static void put(struct overlay *overlay, uint64_t at, const uint8_t *bytes, uint64_t size)
{
	while (size != 0) {
		const uint64_t block = at / BLOCK, from = at % BLOCK;
		const uint64_t length = size < BLOCK - from ? size : BLOCK - from;
		if (overlay->blocks[block] == NULL) {
			overlay->blocks[block] = xmalloc(BLOCK);
			memcpy(overlay->blocks[block], overlay->original + block * BLOCK,
			       block_size(overlay, block));
		}
		if (bytes != NULL) {
			memcpy(overlay->blocks[block] + from, bytes, length);
			bytes += length;
		} else {
			memset(overlay->blocks[block] + from, 0, length);
		}
		at += length;
		size -= length;
	}
}

void overlay_write(struct overlay *overlay, uint64_t at, const void *bytes, uint64_t size)
{
	put(overlay, at, bytes, size);
}

void overlay_zero(struct overlay *overlay, uint64_t at, uint64_t size)
{
	put(overlay, at, NULL, size);
}

void overlay_cut(struct overlay *overlay, uint64_t start, uint64_t end)
{
	const uint64_t count = overlay->size / BLOCK;
	uint8_t bytes[BLOCK];
	while (end < overlay->size) {
		const uint64_t left = overlay->size - end, size = left < BLOCK ? left : BLOCK;
		overlay_read(overlay, end, bytes, size);
		put(overlay, start, bytes, size);
		start += size;
		end += size;
	}
	overlay->size = start;
	for (uint64_t i = (start + BLOCK - 1) / BLOCK; i <= count; i++) {
		free(overlay->blocks[i]);
		overlay->blocks[i] = NULL;
	}
}

void overlay_add(struct overlay *overlay, struct pieces *pieces)
{
	const uint64_t count = (overlay->size + BLOCK - 1) / BLOCK;
	for (uint64_t i = 0; i < count;) {
		uint64_t end = i;
		uint64_t size = 0;
		while (end < count && overlay->blocks[end] == NULL)
			size += block_size(overlay, end++);
		pieces_add(pieces, overlay->original + i * BLOCK, size);
		for (i = end; i < count && overlay->blocks[i] != NULL; i++) {
			pieces_add(pieces, overlay->blocks[i], block_size(overlay, i));
			pieces_own(pieces, overlay->blocks[i]);
			overlay->blocks[i] = NULL;
		}
	}
}
