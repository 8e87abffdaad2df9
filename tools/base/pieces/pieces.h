/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that is to be written, as a list of pieces: bytes that lie elsewhere (in the file that it
 * is made from, mostly) and are neither copied nor owned, between few that were made for it. */
#ifndef BASE_PIECES_H
#define BASE_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include "libnote.h"
#include "tools/base/digest.h"

struct piece {
	const uint8_t *bytes; /* NULL: zeros */
	uint64_t size;
};

/* Zero-initialised is empty. */
struct pieces {
	struct piece *items;
	size_t count, room;
	uint64_t size; /* of all */
	void **owned;
	size_t owned_count;
};

/* BYTES have to outlive the pieces. */
void pieces_add(struct pieces *pieces, const void *bytes, uint64_t size);

/* SIZE BYTES as one piece; nothing of it is to be freed, and ROOM has to outlive it. */
struct pieces pieces_one(struct piece *room, const void *bytes, uint64_t size);

/* Zeros up to OFFSET, where that lies behind what there is. */
void pieces_fill(struct pieces *pieces, uint64_t offset);

/* BYTES, of malloc, are freed with the pieces. NULL is allowed. */
void pieces_own(struct pieces *pieces, void *bytes);

void pieces_free(struct pieces *pieces);

/* All in one, of malloc, the caller's; NULL where memory is short. */
uint8_t *pieces_join(const struct pieces *pieces);

uint32_t pieces_crc32(const struct pieces *pieces);
void pieces_sha256(const struct pieces *pieces, char out[2 * SHA256_SIZE + 1]);

/* Writes all at the descriptor's position. */
int pieces_write(const struct pieces *pieces, int fd, struct note_error *err);

#endif
