/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a share in an object store. */
#include "tools/share/objects/objects.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/objects/internal.h"

#define MARKER_TEXT "{\"shareVersion\": 1, \"store\": \"objects\"}\n"

/* Requests for each thread that reads files: they mostly wait. */
#define REQUESTS_PER_JOB 4u
#define JOBS_MOST        16u

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
	if (code == NOTE_OK && text.data[0] == '\0')
		*marked = false; /* emptied: it is written again */
	else if (code == NOTE_OK && strcmp(text.data, MARKER_TEXT) != 0)
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

/* --- the store --- */

static bool takes(const char *path)
{
	return strncmp(path, "s3://", 5) == 0;
}

static int open_changing(struct share *share, bool marked, struct note_error *err)
{
	struct s3 *s3 = objects_of(share)->s3;
	int code = lease_take(share, err);
	if (code == NOTE_OK && !marked) /* another may have made it one meanwhile */
		code = look_for_marker(s3, &marked, err);
	if (code == NOTE_OK && !marked)
		code = s3_put(s3, OBJECTS_MARKER, MARKER_TEXT, err);
	if (code == NOTE_OK)
		code = objects_repair(share, false, err);
	return code;
}

static int open_objects(struct share *share, const char *url, struct note_error *err)
{
	struct objects *objects = xcalloc(1, sizeof(*objects));
	const unsigned jobs = share->hooks->jobs < JOBS_MOST ? share->hooks->jobs : JOBS_MOST;
	bool marked = false;
	share->own = objects;
	share->mode = 0644;
	objects->url = xstrdup(url);
	int code = s3_open(&objects->s3, url, REQUESTS_PER_JOB * jobs, err);
	if (code == NOTE_OK)
		s3_set_headers(objects->s3, share->hooks->headers);
	if (code == NOTE_OK)
		code = look_for_marker(objects->s3, &marked, err);
	if (code == NOTE_OK && share->reading && !marked)
		code = error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no share is here");
	if (code == NOTE_OK)
		code = objects_make_spool(share, err);
	return code == NOTE_OK && !share->reading ? open_changing(share, marked, err) : code;
}

static void close_objects(struct share *share)
{
	struct objects *objects = objects_of(share);
	lease_drop(share);
	objects_drop_spool(share);
	free(objects->url);
	text_free(&objects->index);
	s3_close(objects->s3);
	free(objects);
}

static int clear(struct share *share, struct note_error *err)
{
	return root_remove_tree(share->root, STAGING, err);
}

static int read_by_name(struct share *share, const char *package, struct record *record,
			struct note_error *err)
{
	char *key = record_key(package);
	int code = objects_read_record(share, key, record, err);
	free(key);
	return code;
}

const struct store objects_store = {
	.takes = takes,
	.open = open_objects,
	.close = close_objects,
	.list = objects_list,
	.read_record = read_by_name,
	.judge = objects_judge,
	.add = objects_add,
	.mend_record = objects_mend_record,
	.prove = objects_prove,
	.repair = objects_repair_all,
	.remove = objects_remove,
	.clear = clear,
	.check = objects_check,
	.get_document = objects_get_document,
	.put_documents = objects_put_documents,
	.remove_documents = objects_remove_documents,
	.list_documents = objects_list_documents,
	.propose_index = objects_propose_index,
	.adopt_index = objects_adopt_index,
	.wants_names = true,
};
