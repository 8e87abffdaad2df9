/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/pieces/pieces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "libnote/error.h"
#include "libnote/large.h"
#include "tools/base/text.h"

#define BLOCK 4096
#define MOST  64 /* pieces a call */

static const uint8_t zeros[BLOCK];

static void add(struct pieces *pieces, const uint8_t *bytes, uint64_t size)
{
	if (size == 0)
		return;
	if (pieces->count == pieces->room) {
		pieces->room = pieces->room != 0 ? 2 * pieces->room : 32;
		pieces->items = xrealloc(pieces->items, pieces->room * sizeof(*pieces->items));
	}
	pieces->items[pieces->count++] = (struct piece){bytes, size};
	pieces->size += size;
}

void pieces_add(struct pieces *pieces, const void *bytes, uint64_t size)
{
	add(pieces, bytes, size);
}

struct pieces pieces_one(struct piece *room, const void *bytes, uint64_t size)
{
	*room = (struct piece){bytes, size};
	return (struct pieces){.items = room, .count = size != 0 ? 1 : 0, .size = size};
}

void pieces_fill(struct pieces *pieces, uint64_t offset)
{
	if (offset > pieces->size)
		add(pieces, NULL, offset - pieces->size);
}

void pieces_own(struct pieces *pieces, void *bytes)
{
	if (bytes == NULL)
		return;
	pieces->owned = xrealloc(pieces->owned, (pieces->owned_count + 1) * sizeof(void *));
	pieces->owned[pieces->owned_count++] = bytes;
}

void pieces_free(struct pieces *pieces)
{
	for (size_t i = 0; i < pieces->owned_count; i++)
		free(pieces->owned[i]);
	free(pieces->owned);
	free(pieces->items);
	*pieces = (struct pieces){0};
}

uint8_t *pieces_join(const struct pieces *pieces)
{
	uint8_t *bytes = large_alloc(pieces->size);
	uint64_t at = 0;
	for (size_t i = 0; i < pieces->count && bytes != NULL; i++) {
		const struct piece *piece = &pieces->items[i];
		if (piece->bytes != NULL)
			memcpy(bytes + at, piece->bytes, piece->size);
		else
			memset(bytes + at, 0, piece->size);
		at += piece->size;
	}
	return bytes;
}

/* What of PIECE is behind its first AT bytes, as far as it lies in one place. */
static struct piece part(const struct piece *piece, uint64_t at)
{
	const uint64_t left = piece->size - at;
	if (piece->bytes != NULL)
		return (struct piece){piece->bytes + at, left};
	return (struct piece){zeros, left < BLOCK ? left : BLOCK};
}

uint32_t pieces_crc32(const struct pieces *pieces)
{
	uint32_t crc = 0;
	for (size_t i = 0; i < pieces->count; i++) {
		for (uint64_t at = 0; at < pieces->items[i].size;) {
			const struct piece next = part(&pieces->items[i], at);
			crc = crc32_of(crc, next.bytes, next.size);
			at += next.size;
		}
	}
	return crc;
}

void pieces_sha256(const struct pieces *pieces, char out[2 * SHA256_SIZE + 1])
{
	struct sha256 *state = sha256_begin();
	for (size_t i = 0; i < pieces->count; i++) {
		for (uint64_t at = 0; at < pieces->items[i].size;) {
			const struct piece next = part(&pieces->items[i], at);
			sha256_add(state, next.bytes, next.size);
			at += next.size;
		}
	}
	sha256_end(state, out);
}

/* The next pieces from byte AT of piece INDEX on; their number. */
static int gather(const struct pieces *pieces, size_t index, uint64_t at, struct iovec *out)
{
	int count = 0;
	while (index < pieces->count && count < MOST) {
		const struct piece next = part(&pieces->items[index], at);
		out[count++] = (struct iovec){(void *)(uintptr_t)next.bytes, next.size};
		at += next.size;
		if (at == pieces->items[index].size) {
			index++;
			at = 0;
		}
	}
	return count;
}

int pieces_write(const struct pieces *pieces, int fd, struct note_error *err)
{
	struct iovec parts[MOST];
	size_t index = 0;
	uint64_t at = 0;
	while (index < pieces->count) {
		const ssize_t written = writev(fd, parts, gather(pieces, index, at, parts));
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_system(err, "write");
		at += (uint64_t)written;
		while (index < pieces->count && at >= pieces->items[index].size)
			at -= pieces->items[index++].size;
	}
	return NOTE_OK;
}
