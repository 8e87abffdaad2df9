/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deflate streams (RFC 1951) that were made apart, joined to one. The blocks of a stream follow
 * each other at the bit, and the last one's header says that it is the last. Where it begins,
 * libdeflate, which is much the fastest to make them, does not tell, nor can it leave a stream
 * open. zlib's inflate stops at each block: a third of the time that making them took, by each
 * thread for its own.
 */
#ifndef SPLITTER_COMPRESS_DEFLATE_H
#define SPLITTER_COMPRESS_DEFLATE_H

#include <stdint.h>

#include "libnote/error.h"

/* So many bytes a stream grows by, at most. */
#define DEFLATE_OPEN_MORE 5

/* Makes the whole stream of *SIZE bytes at BYTES, where there is room for DEFLATE_OPEN_MORE, one
 * that others can follow: no block is the last, and it ends at a byte, by an empty block.
 * NOTE_MALFORMED: it is no stream; NOTE_SYSTEM: no memory. */
int deflate_open(uint8_t *bytes, uint64_t *size, struct note_error *err);

/* The Adler-32 of two things in a row (RFC 1950), of their own and the size of the second. */
uint32_t adler32_join(uint32_t first, uint32_t second, uint64_t second_size);

#endif
