/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pieces of a file that were read so far, found again by any part of them. For the gate
 * (image.c) alone.
 *
 * They may overlap, come in any order, and a hostile file makes many of them: so they are kept as
 * sorted runs of 1, 2, 4, ... pieces, as many as the number of pieces has bits. A new piece is
 * merged with the runs that it fills up, so that adding N of them costs N log N, whatever their
 * order. Each entry of a run knows the piece that reaches farthest of those up to it.
 */
#ifndef NOTE_CHUNKS_H
#define NOTE_CHUNKS_H

#include "span.h"

struct chunks;

/* LENGTH bytes at OFFSET, where one piece holds them all, else NULL. LIST may be NULL. */
const uint8_t *chunks_find(const struct chunks *list, uint64_t offset, uint64_t length);

/* Takes SIZE bytes that stand at OFFSET: BYTES was malloc'ed and is the list's now, unless false
 * is returned (no memory). *LIST is made where it is NULL. */
bool chunks_add(struct chunks **list, uint64_t offset, uint64_t size, uint8_t *bytes);

/* NULL is allowed. */
void chunks_free(struct chunks *list);

#endif
