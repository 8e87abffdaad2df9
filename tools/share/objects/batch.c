/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The index of a share in an object store, read and written by the batch. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/objects/internal.h"

/* An entry that is broken is told, and made anew where the share is changed. */
static int take_entry(struct share *share, struct holdings *out, const char *hex,
		      const struct text *body, bool *mended, struct note_error *err)
{
	struct note_error why;
	int code = holdings_parse(out, hex, body->data, body->size, &why);
	if (code == NOTE_MALFORMED && !share->reading) {
		share_say(share, NULL, "%s: it is made anew of the packages' records", why.text);
		*mended = true;
		return objects_mend_holdings(share, hex, out, err);
	}
	if (code != NOTE_OK && err != NULL)
		*err = why;
	return code;
}

static int read_batch(struct share *share, char *const *hexes, struct holdings_batch *batch,
		      struct note_error *err)
{
	struct s3_request requests[OBJECTS_BATCH] = {0};
	for (size_t i = 0; i < batch->count; i++)
		requests[i] = (struct s3_request){.method = S3_GET, .key = holdings_key(hexes[i])};
	int code = bucket_run(objects_of(share)->bucket, requests, batch->count, NULL, NULL, err);
	for (size_t i = 0; i < batch->count; i++) {
		if (code == NOTE_OK && requests[i].code == NOTE_OK) {
			text_puts(&requests[i].body, "");
			code = take_entry(share, &batch->items[i], hexes[i], &requests[i].body,
					  &batch->mended[i], err);
		} else {
			memcpy(batch->items[i].hex, hexes[i], strlen(hexes[i]) + 1);
		}
		s3_request_free(&requests[i]);
	}
	return code;
}

static void empty_batch(struct holdings_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		holdings_free(&batch->items[i]);
	memset(batch->changed, 0, sizeof(batch->changed));
	memset(batch->mended, 0, sizeof(batch->mended));
}

bool holdings_batch_next(struct share *share, const struct strings *hexes,
			 struct holdings_batch *batch, int *code, struct note_error *err)
{
	empty_batch(batch);
	if (*code != NOTE_OK)
		return false;
	batch->start += batch->count;
	const size_t left = hexes->count - batch->start;
	batch->count = left < OBJECTS_BATCH ? left : OBJECTS_BATCH;
	if (batch->count == 0)
		return false;
	*code = read_batch(share, &hexes->items[batch->start], batch, err);
	if (*code != NOTE_OK)
		empty_batch(batch);
	return *code == NOTE_OK;
}

int holdings_batch_write(struct share *share, const struct holdings_batch *batch,
			 struct note_error *err)
{
	struct s3_request requests[OBJECTS_BATCH] = {0};
	size_t used = 0;
	for (size_t i = 0; i < batch->count; i++) {
		const struct holdings *holdings = &batch->items[i];
		if (!batch->changed[i])
			continue;
		struct s3_request *request = &requests[used++];
		request->key = holdings_key(holdings->hex);
		request->method = holdings->count != 0 ? S3_PUT : S3_DELETE;
		if (holdings->count != 0) {
			char *json = holdings_to_json(holdings);
			text_puts(&request->body, json);
			free(json);
		}
	}
	int code = bucket_run(objects_of(share)->bucket, requests, used, NULL, NULL, err);
	for (size_t i = 0; i < used; i++)
		s3_request_free(&requests[i]);
	return code;
}
