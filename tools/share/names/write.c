/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A segment of the index by name on its way into the share. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/names/internal.h"

#define TOGETHER 32 /* documents that are put side by side */

void names_sink_begin(struct names_sink *sink, struct share *share, uint64_t sequence)
{
	*sink = (struct names_sink){.share = share, .sequence = sequence};
	sink->documents = xcalloc(TOGETHER, sizeof(*sink->documents));
}

static void free_documents(struct names_sink *sink)
{
	for (size_t i = 0; i < sink->count; i++) {
		free(sink->documents[i].key);
		text_free(&sink->documents[i].text);
	}
	sink->count = 0;
}

static int put_all(struct names_sink *sink, struct note_error *err)
{
	int code = sink->count != 0 ? sink->share->store->put_documents(
					      sink->share, sink->documents, sink->count, err)
				    : NOTE_OK;
	free_documents(sink);
	return code;
}

/* Takes over TEXT; the name is the caller's. */
static int put(struct names_sink *sink, struct text *text, char **name, struct note_error *err)
{
	*name = names_document_name(sink->sequence, text->data, text->size);
	struct document *document = &sink->documents[sink->count++];
	document->key = xasprintf(NAMES_BELOW "%s", *name);
	document->text = *text;
	return sink->count == TOGETHER ? put_all(sink, err) : NOTE_OK;
}

static struct names_span key_of(const struct names_result *result, enum names_order order)
{
	return order == NAMES_BY_FILE ? result->file : result->build_id;
}

static int put_block(struct names_sink *sink, struct note_error *err)
{
	struct names_parts *parts = &sink->segment.parts[sink->order];
	struct names_result first;
	struct text text = {0};
	if (!names_result_read(&first, sink->lines.items[0], strlen(sink->lines.items[0])))
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "no result of an index");
	const struct names_span key = key_of(&first, sink->order);
	parts->items = xrealloc(parts->items, (parts->count + 1) * sizeof(*parts->items));
	struct names_part *part = &parts->items[parts->count++];
	*part = (struct names_part){.first = xasprintf("%.*s", (int)key.length, key.text),
				    .count = sink->lines.count};
	names_block_write(&text, &sink->lines);
	strings_free(&sink->lines);
	return put(sink, &text, &part->name, err);
}

int names_sink_add(struct names_sink *sink, const struct names_result *result,
		   struct note_error *err)
{
	int code = NOTE_OK;
	if (sink->lines.count == NAMES_BLOCK_MOST)
		code = put_block(sink, err);
	strings_take(&sink->lines, xasprintf("%.*s", (int)result->line.length, result->line.text));
	sink->results += sink->order == NAMES_BY_FILE;
	return code;
}

int names_sink_turn(struct names_sink *sink, bool *again, struct note_error *err)
{
	int code = NOTE_OK;
	*again = sink->order == NAMES_BY_FILE && sink->segment.parts[NAMES_BY_FILE].count != 0;
	if (sink->segment.parts[NAMES_BY_FILE].count != 0 && sink->lines.count != 0)
		code = put_block(sink, err);
	sink->order = *again ? NAMES_BY_BUILD_ID : sink->order;
	return code;
}

int names_sink_end(struct names_sink *sink, char **name, struct note_error *err)
{
	struct text text = {0};
	*name = NULL;
	if (sink->results == 0 && sink->segment.removed.count == 0)
		return NOTE_OK;
	names_segment_write(&text, &sink->segment, &sink->lines);
	int code = put(sink, &text, name, err);
	if (code == NOTE_OK)
		code = put_all(sink, err);
	if (code != NOTE_OK) {
		free(*name);
		*name = NULL;
	}
	return code;
}

void names_sink_free(struct names_sink *sink)
{
	free_documents(sink);
	free(sink->documents);
	strings_free(&sink->lines);
	names_segment_free(&sink->segment);
}
