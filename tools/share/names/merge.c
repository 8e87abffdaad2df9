/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Segments of the index by name become one: those of one level once they are SEGMENTS_A_LEVEL, all
 * once more than half of what they tell of has gone. So each result is written again as often as
 * there are levels, whatever the share holds, and what is told of packages that went is bounded by
 * what is there.
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/names/internal.h"

#define REMOVED_LEAST 16u /* packages, before all is merged for them */

/* COUNT segments from the one at START on. */
struct merge {
	struct share *share;
	struct names_index *index;
	size_t start, count;
	struct names_segment *segments;
	struct names_run *runs;
	struct names_sink sink;
};

/* A later segment has removed what the one at I tells of PACKAGE. */
static bool is_gone(const struct merge *merge, size_t i, struct names_span package)
{
	for (size_t j = i + 1; j < merge->count; j++)
		if (names_segment_removes(&merge->segments[j], package))
			return true;
	return false;
}

/* The next result that counts, of the run *OF, NULL behind the last one. */
static int next_result(struct merge *merge, const struct names_result **out, size_t *of,
		       enum names_order order, struct note_error *err)
{
	*out = NULL;
	for (size_t i = 0; i < merge->count; i++) {
		const struct names_result *result;
		int code;
		while ((code = names_run_look(&merge->runs[i], &result, err)) == NOTE_OK &&
		       result != NULL && is_gone(merge, i, result->archive))
			names_run_move(&merge->runs[i]);
		if (code != NOTE_OK)
			return code;
		if (result != NULL && (*out == NULL || names_compare(result, *out, order) < 0)) {
			*out = result;
			*of = i;
		}
	}
	return NOTE_OK;
}

static int merge_order(struct merge *merge, enum names_order order, bool *again,
		       struct note_error *err)
{
	const struct names_result *result;
	size_t of = 0;
	int code = NOTE_OK;
	for (size_t i = 0; i < merge->count; i++)
		names_run_begin(&merge->runs[i], merge->share, &merge->segments[i], order);
	while (code == NOTE_OK &&
	       (code = next_result(merge, &result, &of, order, err)) == NOTE_OK && result != NULL) {
		code = names_sink_add(&merge->sink, result, err);
		names_run_move(&merge->runs[of]);
	}
	for (size_t i = 0; i < merge->count; i++)
		names_run_end(&merge->runs[i]);
	return code == NOTE_OK ? names_sink_turn(&merge->sink, again, err) : code;
}

/* What older segments told of these does not count: nothing, where there are none. */
static void take_removed(struct merge *merge)
{
	struct strings all = {0};
	struct strings *out = &merge->sink.segment.removed;
	for (size_t i = 0; merge->start != 0 && i < merge->count; i++)
		for (size_t j = 0; j < merge->segments[i].removed.count; j++)
			strings_add(&all, merge->segments[i].removed.items[j]);
	strings_sort(&all);
	for (size_t i = 0; i < all.count; i++)
		if (i == 0 || strcmp(all.items[i - 1], all.items[i]) != 0)
			strings_add(out, all.items[i]);
	strings_free(&all);
}

static uint64_t level_of(uint64_t packages)
{
	uint64_t level = 0;
	for (uint64_t most = 1; most < packages && level < 20; most *= SEGMENTS_A_LEVEL)
		level++;
	return level;
}

/* The merged segments go, and their blocks: readers may be at them, so that the next change is who
 * removes them. */
static void leave_old(struct merge *merge)
{
	struct strings *old = &merge->index->old;
	for (size_t i = 0; i < merge->count; i++) {
		strings_add(old, merge->index->segments[merge->start + i].name);
		for (size_t order = 0; order < NAMES_ORDERS; order++)
			for (size_t j = 0; j < merge->segments[i].parts[order].count; j++)
				strings_add(old, merge->segments[i].parts[order].items[j].name);
	}
}

/* MERGED, with NAME, or nothing where that is NULL, in the place of those that were merged. */
static void put_in_place(struct merge *merge, char *name, uint64_t level)
{
	struct names_index *index = merge->index;
	struct names_segment_entry merged = {.name = name, .level = level};
	for (size_t i = 0; i < merge->count; i++) {
		struct names_segment_entry *entry = &index->segments[merge->start + i];
		merged.packages += entry->packages;
		merged.removed += entry->removed;
		free(entry->name);
	}
	if (merge->start == 0) {
		merged.packages -=
			merged.removed < merged.packages ? merged.removed : merged.packages;
		merged.removed = 0;
	} else {
		merged.removed = merge->sink.segment.removed.count;
	}
	if (merge->start == 0 && merge->count == index->count)
		merged.level = level_of(merged.packages);
	size_t kept = merge->start;
	if (name != NULL)
		index->segments[kept++] = merged;
	for (size_t i = merge->start + merge->count; i < index->count; i++)
		index->segments[kept++] = index->segments[i];
	index->count = kept;
}

static int merge_segments(struct share *share, struct names_index *index, size_t start,
			  size_t count, uint64_t level, struct note_error *err)
{
	struct merge merge = {.share = share, .index = index, .start = start, .count = count};
	char *name = NULL;
	bool again = false;
	int code = NOTE_OK;
	merge.segments = xcalloc(count, sizeof(*merge.segments));
	merge.runs = xcalloc(count, sizeof(*merge.runs));
	/* A number of its own: with the contents of what it merges, too, it is another document. */
	names_sink_begin(&merge.sink, share, ++index->next);
	for (size_t i = 0; code == NOTE_OK && i < count; i++)
		code = names_read_segment(share, index->segments[start + i].name,
					  &merge.segments[i], err);
	take_removed(&merge);
	if (code == NOTE_OK)
		code = merge_order(&merge, NAMES_BY_FILE, &again, err);
	if (code == NOTE_OK && again)
		code = merge_order(&merge, NAMES_BY_BUILD_ID, &again, err);
	if (code == NOTE_OK)
		code = names_sink_end(&merge.sink, &name, err);
	if (code == NOTE_OK) {
		leave_old(&merge);
		put_in_place(&merge, name, level);
	} else {
		free(name);
	}
	names_sink_free(&merge.sink);
	for (size_t i = 0; i < count; i++)
		names_segment_free(&merge.segments[i]);
	free(merge.segments);
	free(merge.runs);
	return code;
}

/* How many of the last segments are of the last one's level. */
static size_t count_alike(const struct names_index *index)
{
	size_t count = 0;
	while (count < index->count && index->segments[index->count - 1 - count].level ==
					       index->segments[index->count - 1].level)
		count++;
	return count;
}

int names_append(struct share *share, struct names_index *index,
		 const struct names_segment_entry *entry, struct note_error *err)
{
	uint64_t packages = 0, removed = 0;
	size_t alike;
	int code = NOTE_OK;
	index->segments = xrealloc(index->segments, (index->count + 1) * sizeof(*index->segments));
	index->segments[index->count++] = *entry;
	while (code == NOTE_OK && (alike = count_alike(index)) >= SEGMENTS_A_LEVEL)
		code = merge_segments(share, index, index->count - alike, alike,
				      index->segments[index->count - 1].level + 1, err);
	for (size_t i = 0; i < index->count; i++) {
		packages += index->segments[i].packages;
		removed += index->segments[i].removed;
	}
	const bool mostly_gone = removed >= REMOVED_LEAST && 2 * removed > packages;
	if (code == NOTE_OK && removed != 0 && (mostly_gone || removed >= packages))
		code = merge_segments(share, index, 0, index->count, 0, err);
	return code;
}
