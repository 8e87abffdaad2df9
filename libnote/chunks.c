/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of a file in sorted runs: see chunks.h. */
#include "chunks.h"

#include <stdlib.h>

#include "sorted.h"

#define MAX_RUNS 48

struct piece {
	uint64_t offset;
	uint64_t size;
	uint8_t *bytes;
	size_t farthest; /* of the pieces up to this one in its run, the one that ends last */
};

struct chunks {
	uint64_t count; /* run I is there where bit I is set, and has 1 << I pieces */
	struct piece *runs[MAX_RUNS];
};

static uint64_t end_of(const struct piece *piece)
{
	return piece->offset + piece->size;
}

static const uint8_t *find_in_run(const struct piece *run, size_t count, uint64_t offset,
				  uint64_t length)
{
	const size_t before = FIRST_WHERE(i, count, run[i].offset > offset);
	if (before == 0)
		return NULL;
	/* If any of them reaches far enough, this one does. */
	const struct piece *piece = &run[run[before - 1].farthest];
	if (!span_holds(piece->size, offset - piece->offset, length))
		return NULL;
	return piece->bytes + (offset - piece->offset);
}

const uint8_t *chunks_find(const struct chunks *list, uint64_t offset, uint64_t length)
{
	for (unsigned i = 0; list != NULL && i < MAX_RUNS && list->count >> i != 0; i++) {
		if ((list->count >> i & 1) == 0)
			continue;
		const uint8_t *found = find_in_run(list->runs[i], (size_t)1 << i, offset, length);
		if (found != NULL)
			return found;
	}
	return NULL;
}

/* Two runs of COUNT pieces become one. */
static void merge(const struct piece *a, const struct piece *b, size_t count, struct piece *out)
{
	size_t from_a = 0, from_b = 0;
	for (size_t i = 0; i < 2 * count; i++) {
		const bool first =
			from_b == count || (from_a < count && a[from_a].offset <= b[from_b].offset);
		out[i] = first ? a[from_a++] : b[from_b++];
		out[i].farthest = i;
		if (i > 0 && end_of(&out[out[i - 1].farthest]) >= end_of(&out[i]))
			out[i].farthest = out[i - 1].farthest;
	}
}

bool chunks_add(struct chunks **list, uint64_t offset, uint64_t size, uint8_t *bytes)
{
	if (*list == NULL)
		*list = calloc(1, sizeof(**list));
	struct piece *run = *list != NULL ? malloc(sizeof(*run)) : NULL;
	if (run == NULL)
		return false;
	*run = (struct piece){offset, size, bytes, 0};
	unsigned i = 0;
	/* Where a merge finds no memory, what was merged so far is given back as it was. */
	for (; (*list)->count >> i & 1; i++) {
		const size_t count = (size_t)1 << i;
		struct piece *merged = malloc(2 * count * sizeof(*merged));
		if (merged == NULL) {
			free(run);
			return false;
		}
		merge((*list)->runs[i], run, count, merged);
		free(run);
		run = merged;
	}
	for (unsigned filled = 0; filled < i; filled++) {
		free((*list)->runs[filled]);
		(*list)->runs[filled] = NULL;
	}
	(*list)->runs[i] = run;
	(*list)->count++;
	return true;
}

void chunks_free(struct chunks *list)
{
	for (unsigned i = 0; list != NULL && i < MAX_RUNS; i++) {
		for (size_t j = 0; list->runs[i] != NULL && j < (size_t)1 << i; j++)
			free(list->runs[i][j].bytes);
		free(list->runs[i]);
	}
	free(list);
}
