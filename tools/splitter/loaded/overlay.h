/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first part of a file with some bytes changed: only blocks that change are copied. */
#ifndef SPLITTER_LOADED_OVERLAY_H
#define SPLITTER_LOADED_OVERLAY_H

#include "tools/base/pieces/pieces.h"

struct overlay {
	const uint8_t *original;
	uint64_t size;
	uint8_t **blocks; /* NULL each where it is the original's */
};

/* SIZE bytes at ORIGINAL, which have to outlive it. */
void overlay_begin(struct overlay *overlay, const uint8_t *original, uint64_t size);
void overlay_free(struct overlay *overlay);

/* What is asked for lies inside. */
void overlay_read(const struct overlay *overlay, uint64_t at, void *out, uint64_t size);
void overlay_write(struct overlay *overlay, uint64_t at, const void *bytes, uint64_t size);
void overlay_zero(struct overlay *overlay, uint64_t at, uint64_t size);

/* Takes [START, END) out: what follows moves down. */
void overlay_cut(struct overlay *overlay, uint64_t start, uint64_t end);

/* Adds all of it to PIECES, which own the changed blocks from then on. */
void overlay_add(struct overlay *overlay, struct pieces *pieces);

#endif
