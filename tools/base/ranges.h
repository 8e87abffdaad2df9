/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of a file that keep their bytes, and the gaps between them. */
#ifndef BASE_RANGES_H
#define BASE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* [start, end), in bytes. */
struct range {
	uint64_t start;
	uint64_t end;
};

struct ranges {
	struct range *items; /* the caller's, with room for all that is added */
	size_t count;
};

/* SIZE 0 adds nothing. OFFSET + SIZE must not wrap. */
void ranges_add(struct ranges *ranges, uint64_t offset, uint64_t size);

/* Sorts them and joins those that touch. */
void ranges_merge(struct ranges *ranges);

/* The first part of [START, END) that none of the ranges, merged before, covers: false where there
 * is none, else in *GAP. */
bool ranges_gap(const struct ranges *ranges, uint64_t start, uint64_t end, struct range *gap);

#endif
