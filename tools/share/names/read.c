/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading the index by name: each document is proven by its name. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/names/internal.h"

int names_read_index(struct share *share, struct names_index *out, struct note_error *err)
{
	struct text text;
	*out = (struct names_index){0};
	int code = share->store->get_document(share, NAMES_INDEX, &text, err);
	if (code == NOTE_OK)
		code = names_index_read(out, text.data, text.size, err);
	text_free(&text);
	return code;
}

/* The document NAME; what is not there, or is not what it was, is NOTE_MALFORMED. */
static int get(struct share *share, const char *name, struct text *out, struct note_error *err)
{
	char *key = xasprintf(NAMES_BELOW "%s", name);
	int code = share->store->get_document(share, key, out, err);
	if (code == NOTE_ABSENT)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "%s is not there", key);
	else if (code == NOTE_OK && !names_is_document(name, out->data, out->size))
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "%s: its contents are not those that were written", key);
	free(key);
	return code;
}

int names_read_segment(struct share *share, const char *name, struct names_segment *out,
		       struct note_error *err)
{
	struct text text = {0};
	*out = (struct names_segment){0};
	int code = get(share, name, &text, err);
	if (code == NOTE_OK)
		code = names_segment_read(out, text.data, text.size, err);
	text_free(&text);
	return code;
}

/* --- the results of a segment --- */

static int by_build_id(const void *a, const void *b)
{
	return names_compare(a, b, NAMES_BY_BUILD_ID);
}

void names_run_begin(struct names_run *run, struct share *share,
		     const struct names_segment *segment, enum names_order order)
{
	*run = (struct names_run){.share = share, .segment = segment, .order = order};
	run->count = segment->results.count;
	if (order == NAMES_BY_FILE || run->count == 0)
		return;
	run->sorted = xcalloc(run->count, sizeof(*run->sorted));
	memcpy(run->sorted, segment->results.results, run->count * sizeof(*run->sorted));
	qsort(run->sorted, run->count, sizeof(*run->sorted), by_build_id);
}

static int read_block(struct names_run *run, struct note_error *err)
{
	struct text text = {0};
	const struct names_part *part = &run->segment->parts[run->order].items[run->part++];
	names_block_free(&run->block);
	run->at = run->count = 0;
	int code = get(run->share, part->name, &text, err);
	if (code == NOTE_OK)
		code = names_block_read(&run->block, text.data, text.size, err);
	else
		text_free(&text);
	if (code == NOTE_OK && run->block.count != part->count)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, NAMES_BELOW "%s: %zu results",
				 part->name, run->block.count);
	if (code == NOTE_OK)
		run->count = run->block.count;
	return code;
}

int names_run_look(struct names_run *run, const struct names_result **out, struct note_error *err)
{
	int code = NOTE_OK;
	*out = NULL;
	while (code == NOTE_OK && run->at == run->count &&
	       run->part < run->segment->parts[run->order].count)
		code = read_block(run, err);
	if (code != NOTE_OK || run->at == run->count)
		return code;
	*out = run->block.count != 0 ? &run->block.results[run->at]
	       : run->sorted != NULL ? &run->sorted[run->at]
				     : &run->segment->results.results[run->at];
	return NOTE_OK;
}

void names_run_move(struct names_run *run)
{
	run->at++;
}

void names_run_end(struct names_run *run)
{
	names_block_free(&run->block);
	free(run->sorted);
	*run = (struct names_run){0};
}
