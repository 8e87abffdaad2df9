/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Documents of a share in an object store. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/objects/internal.h"

int objects_get_document(struct share *share, const char *key, struct text *out,
			 struct note_error *err)
{
	return bucket_get(objects_of(share)->bucket, key, out, err);
}

int objects_put_documents(struct share *share, const struct document *documents, size_t count,
			  struct note_error *err)
{
	struct s3_request *requests = xcalloc(count, sizeof(*requests));
	for (size_t i = 0; i < count; i++) {
		requests[i] = (struct s3_request){
			.method = S3_PUT, .key = xstrdup(documents[i].key), .for_good = true};
		text_add(&requests[i].body, documents[i].text.data, documents[i].text.size);
	}
	int code = lease_holds(share, err);
	if (code == NOTE_OK)
		code = bucket_run(objects_of(share)->bucket, requests, count, NULL, NULL, err);
	for (size_t i = 0; i < count; i++)
		s3_request_free(&requests[i]);
	free(requests);
	return code;
}

int objects_remove_documents(struct share *share, const struct strings *keys,
			     struct note_error *err)
{
	return objects_delete_keys(share, keys, err);
}

struct listing {
	size_t prefix;
	struct strings *out;
};

static int list_document(void *context, const struct s3_object *object, struct note_error *err)
{
	const struct listing *listing = context;
	(void)err;
	strings_add(listing->out, object->key + listing->prefix);
	return NOTE_OK;
}

int objects_list_documents(struct share *share, const char *prefix, struct strings *out,
			   struct note_error *err)
{
	struct listing listing = {strlen(prefix), out};
	return bucket_list(objects_of(share)->bucket, prefix, false, list_document, &listing, err);
}

int objects_propose_index(struct share *share, const char *key, const struct text *text,
			  struct note_error *err)
{
	struct objects *objects = objects_of(share);
	(void)key;
	(void)err;
	text_free(&objects->index);
	text_add(&objects->index, text->data, text->size);
	return NOTE_OK;
}

int objects_adopt_index(struct share *share, const char *key, struct note_error *err)
{
	struct objects *objects = objects_of(share);
	int code = lease_holds(share, err);
	if (code == NOTE_OK)
		code = bucket_put(objects->bucket, key, objects->index.data, err);
	text_free(&objects->index);
	return code;
}
