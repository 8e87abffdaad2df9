/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/ranges.h"

#include <stdlib.h>

#include "libnote/sorted.h"

void ranges_add(struct ranges *ranges, uint64_t offset, uint64_t size)
{
	if (size != 0)
		ranges->items[ranges->count++] = (struct range){offset, offset + size};
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a;
	const struct range *y = b;
	return x->start < y->start ? -1 : x->start > y->start;
}

void ranges_merge(struct ranges *ranges)
{
	size_t count = 0;
	if (ranges->count == 0)
		return;
	qsort(ranges->items, ranges->count, sizeof(*ranges->items), by_start);
	for (size_t i = 0; i < ranges->count; i++) {
		const struct range range = ranges->items[i];
		if (count != 0 && range.start <= ranges->items[count - 1].end) {
			if (range.end > ranges->items[count - 1].end)
				ranges->items[count - 1].end = range.end;
		} else {
			ranges->items[count++] = range;
		}
	}
	ranges->count = count;
}

/* The first range that ends behind OFFSET. */
static size_t first_behind(const struct ranges *ranges, uint64_t offset)
{
	return FIRST_WHERE(i, ranges->count, ranges->items[i].end > offset);
}

bool ranges_gap(const struct ranges *ranges, uint64_t start, uint64_t end, struct range *gap)
{
	size_t i = first_behind(ranges, start);
	if (i < ranges->count && ranges->items[i].start <= start)
		start = ranges->items[i++].end;
	if (start >= end)
		return false;
	const bool stops = i < ranges->count && ranges->items[i].start < end;
	*gap = (struct range){start, stops ? ranges->items[i].start : end};
	return true;
}
