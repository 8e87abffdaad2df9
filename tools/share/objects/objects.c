/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a share in an object store, and reading what it tells of itself. */
#include "tools/share/objects/objects.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"

#define MARKER_TEXT "{\"shareVersion\": 1, \"store\": \"objects\"}\n"

/* Requests for each thread that reads files: they mostly wait. */
#define REQUESTS_PER_JOB 4u
#define JOBS_MOST        16u

bool is_object_store(const char *path)
{
	return strncmp(path, "s3://", 5) == 0;
}

char *record_key(const char *package)
{
	return xasprintf("packages/%s/record.json", package);
}

char *holdings_key(const char *hex)
{
	return xasprintf("index/buildid/%s.json", hex);
}

char *directory_key(const char *path)
{
	return xasprintf("index/source/%s.json", path + strlen(SOURCES_BELOW));
}

/* --- the marker --- */

static int is_foreign(void *context, const struct s3_object *object, struct note_error *err)
{
	(void)context;
	return strcmp(object->key, ".lock/") == 0 ? NOTE_OK
						  : error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
							      "neither a share (no " OBJECTS_MARKER
							      " in it) nor empty: '%.80s' is there",
							      object->key);
}

static int is_foreign_object(void *context, const struct s3_object *object, struct note_error *err)
{
	return strchr(object->key, '/') != NULL ? NOTE_OK : is_foreign(context, object, err);
}

static int read_marker(struct s3 *s3, bool *marked, struct note_error *err)
{
	struct text text;
	int code = s3_get(s3, OBJECTS_MARKER, &text, err);
	*marked = code == NOTE_OK;
	if (code == NOTE_OK && strcmp(text.data, MARKER_TEXT) != 0)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 OBJECTS_MARKER " is not of a share that this program knows");
	text_free(&text);
	return code;
}

static int look_for_marker(struct s3 *s3, bool *marked, struct note_error *err)
{
	struct note_error why;
	int code = read_marker(s3, marked, err);
	if (code != NOTE_ABSENT)
		return code;
	code = s3_list(s3, "", true, is_foreign, NULL, err);
	if (code == NOTE_OK)
		code = s3_list(s3, "", false, is_foreign_object, NULL, err);
	/* Another publisher may have made it a share behind our first look. */
	return code == NOTE_UNSUPPORTED && read_marker(s3, marked, &why) == NOTE_OK ? NOTE_OK
										    : code;
}

/* --- opening --- */

int objects_open(struct share *share, const char *url, bool reading, struct note_error *err)
{
	bool marked = false;
	share->objects = xcalloc(1, sizeof(*share->objects));
	share->objects->url = xstrdup(url);
	const unsigned jobs = share->hooks->jobs < JOBS_MOST ? share->hooks->jobs : JOBS_MOST;
	int code = s3_open(&share->objects->s3, url, REQUESTS_PER_JOB * jobs, err);
	struct s3 *s3 = share->objects->s3;
	if (code == NOTE_OK)
		code = look_for_marker(s3, &marked, err);
	if (code == NOTE_OK && reading && !marked)
		code = error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no share is here");
	if (code == NOTE_OK)
		code = objects_make_spool(share, err);
	if (code != NOTE_OK || reading)
		return code;
	code = lease_take(share, err);
	if (code == NOTE_OK && !marked) /* another may have made it one meanwhile */
		code = look_for_marker(s3, &marked, err);
	if (code == NOTE_OK && !marked)
		code = s3_put(s3, OBJECTS_MARKER, MARKER_TEXT, err);
	if (code == NOTE_OK)
		code = objects_repair(share, err);
	return code;
}

void objects_close(struct share *share)
{
	struct objects *objects = share->objects;
	lease_drop(share);
	objects_drop_spool(share);
	free(objects->url);
	s3_close(objects->s3);
	free(objects);
	share->objects = NULL;
}

/* --- reading --- */

static int add_package(void *context, const struct s3_object *object, struct note_error *err)
{
	const char *name = object->key + strlen("packages/");
	char *package = xasprintf("%.*s", (int)strcspn(name, "/"), name);
	(void)err;
	if (is_package_name(package))
		strings_add(context, package);
	free(package);
	return NOTE_OK;
}

int objects_list(struct share *share, struct strings *packages, struct note_error *err)
{
	int code = s3_list(share->objects->s3, "packages/", true, add_package, packages, err);
	strings_sort(packages);
	return code;
}

int objects_read_record(struct share *share, const char *key, struct record *record,
			struct note_error *err)
{
	struct text text;
	*record = (struct record){0};
	int code = s3_get(share->objects->s3, key, &text, err);
	if (code == NOTE_OK)
		code = record_parse(record, text.data, text.size, err);
	text_free(&text);
	return code;
}

static int read_batch(struct share *share, char *const *hexes, struct holdings_batch *batch,
		      struct note_error *err)
{
	struct s3_request requests[OBJECTS_BATCH] = {0};
	for (size_t i = 0; i < batch->count; i++)
		requests[i] = (struct s3_request){.method = S3_GET, .key = holdings_key(hexes[i])};
	int code = s3_run(share->objects->s3, requests, batch->count, NULL, NULL, err);
	for (size_t i = 0; i < batch->count; i++) {
		if (code == NOTE_OK && requests[i].code == NOTE_OK) {
			text_puts(&requests[i].body, "");
			code = holdings_parse(&batch->items[i], hexes[i], requests[i].body.data,
					      requests[i].body.size, err);
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
	int code = s3_run(share->objects->s3, requests, used, NULL, NULL, err);
	for (size_t i = 0; i < used; i++)
		s3_request_free(&requests[i]);
	return code;
}

void record_build_ids(const struct record *record, struct strings *out)
{
	char hex[129];
	for (size_t i = 0; i < record->count; i++)
		if (build_id_path(record->files[i].path, hex) != NULL &&
		    (out->count == 0 || strcmp(out->items[out->count - 1], hex) != 0))
			strings_add(out, hex); /* the files are sorted by path */
}
