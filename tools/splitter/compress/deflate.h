/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deflate streams (RFC 1951) that were made apart, joined to one. The blocks of a stream follow
 * each other at the bit, and the last one's header says that it is the last. Where it begins,
 * libdeflate does not tell, nor can it leave a stream open. So the codes are walked along here,
 * block by block, without what they stand for: some percent of the time that making them took.
 *
 * What is walked is libdeflate's own; all the same nothing outside the stream is read.
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
