/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of this room: the bytes as they are, and what unpacks them. */
#ifndef BASE_STREAM_INTERNAL_H
#define BASE_STREAM_INTERNAL_H

#include "tools/base/digest.h"
#include "tools/base/stream/stream.h"

#define SOURCE_BLOCK 65536
#define SOURCE_KEPT  4096 /* bytes that were consumed and can be given back */

struct source {
	int fd; /* or -1 */
	stream_source *read;
	void *context;
	uint64_t next; /* offset of what is read next */
	uint64_t size; /* of the file */
	struct sha256 *digest;
	bool ended;
	uint8_t *block; /* kept bytes and a block, or NULL */
	size_t room;
	size_t first; /* kept from here on */
	size_t start; /* not consumed yet */
	size_t end;
};

/* Reads until LEAST bytes are there, or the end: MOST at once. */
int source_fill(struct source *source, size_t least, size_t most, struct note_error *err);
size_t source_there(const struct source *source);
const uint8_t *source_bytes(const struct source *source);
void source_consume(struct source *source, size_t bytes);
bool source_give_back(struct source *source, uint64_t bytes);
void source_push(struct source *source, const uint8_t *bytes, size_t size); /* to come next */
uint64_t source_offset(const struct source *source); /* of what is not consumed yet */

/* Up to ROOM bytes, past the block where that is empty. */
int source_take(struct source *source, uint8_t *out, size_t room, size_t *got,
		struct note_error *err);
void source_seek(struct source *source, uint64_t offset); /* of a file */
void source_free(struct source *source);

enum packing {
	NOT_PACKED,
	PACKED_GZIP,
	PACKED_BZIP2,
	PACKED_XZ,
	PACKED_ZSTD,
	PACKED_LZ4,
	PACKED_OTHER
};
enum packing packing_of(const uint8_t *head, size_t size);

/* Unpacks what SOURCE has from where it stands. */
struct unpacker;
int unpacker_open(struct unpacker **out, enum packing packing, struct source *source,
		  struct note_error *err);
/* *GOT is 0 at the end, and SOURCE stands behind what was unpacked. */
int unpacker_read(struct unpacker *unpacker, uint8_t *out, size_t room, size_t *got,
		  struct note_error *err);
void unpacker_close(struct unpacker *unpacker); /* NULL is allowed */

#endif
