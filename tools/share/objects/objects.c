/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a share in an object store, or in a directory without links. */
#include "tools/share/objects/objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/share/objects/internal.h"

#define MARKER_TEXT "{\"shareVersion\": 1, \"store\": \"objects\"}\n"
#define OF_LINKS    "{\"shareVersion\": 1" /* and no store: how a directory's marker begins */

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

static int read_marker(struct bucket *bucket, bool *marked, struct note_error *err)
{
	struct text text;
	int code = bucket_get(bucket, OBJECTS_MARKER, &text, err);
	*marked = code == NOTE_OK;
	if (code == NOTE_OK && text.data[0] == '\0')
		*marked = false; /* emptied: it is written again */
	else if (code == NOTE_OK && strcmp(text.data, MARKER_TEXT) != 0)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "%s",
				 strncmp(text.data, OF_LINKS, strlen(OF_LINKS)) == 0 &&
						 strstr(text.data, "store") == NULL
					 ? "a share that is made of links: --links=copy is for a "
					   "new one"
					 : OBJECTS_MARKER
					 " is not of a share that this program knows");
	text_free(&text);
	return code;
}

static int look_for_marker(struct bucket *bucket, bool *marked, struct note_error *err)
{
	struct note_error why;
	int code = read_marker(bucket, marked, err);
	if (code != NOTE_ABSENT)
		return code;
	code = bucket_list(bucket, "", true, is_foreign, NULL, err);
	if (code == NOTE_OK)
		code = bucket_list(bucket, "", false, is_foreign_object, NULL, err);
	/* Another publisher may have made it a share behind our first look. */
	return code == NOTE_UNSUPPORTED && read_marker(bucket, marked, &why) == NOTE_OK ? NOTE_OK
											: code;
}

/* --- the store --- */

static bool is_url(const char *path)
{
	return strncmp(path, "s3://", 5) == 0;
}

/* A directory where its marker says so, or where it is to be one. */
static bool takes(const char *path, const struct share_hooks *hooks)
{
	char text[sizeof(MARKER_TEXT)] = "";
	struct root *root;
	int fd;
	if (is_url(path) || hooks->copies)
		return true;
	if (root_open(&root, path, NULL) != NOTE_OK)
		return false;
	if (root_open_file(root, OBJECTS_MARKER, &fd, NULL) == NOTE_OK) {
		if (file_read_some(fd, text, sizeof(text) - 1, 0) < 0)
			text[0] = '\0';
		close(fd);
	}
	root_close(root);
	return strcmp(text, MARKER_TEXT) == 0;
}

/* --- modes, of a directory --- */

/* The share's own: those of its marker, which --shared writes anew. */
static void choose_mode(struct share *share, const char *path, bool marked)
{
	const mode_t shared = share->hooks->shared, mask = umask(0);
	struct stat st;
	char *marker = xasprintf("%s/" OBJECTS_MARKER, path);
	umask(mask);
	if (shared != 0)
		share->mode = shared;
	else if (marked && stat(marker, &st) == 0)
		share->mode = st.st_mode & 0666;
	else
		share->mode = 0666 & ~mask;
	if (!marked && shared == 0 && (share->mode & 0044) != 0044)
		share_say(share, path,
			  "umask %03o closes it to %s: --shared=group, or all, opens it",
			  (unsigned)mask, share->mode & 0040 ? "all but the group" : "other users");
	if (shared != 0) {
		const mode_t search = (shared & 0444) >> 2;
		chmod(path, shared | search | (shared & 0020 ? S_ISGID : 0));
	}
	bucket_set_mode(objects_of(share)->bucket, share->mode);
	free(marker);
}

static int open_changing(struct share *share, bool marked, struct note_error *err)
{
	struct bucket *bucket = objects_of(share)->bucket;
	if (!is_url(objects_of(share)->url))
		choose_mode(share, objects_of(share)->url, marked);
	int code = lease_take(share, err);
	if (code == NOTE_OK && !marked) /* another may have made it one meanwhile */
		code = look_for_marker(bucket, &marked, err);
	if (code == NOTE_OK && (!marked || share->hooks->shared != 0))
		code = bucket_put(bucket, OBJECTS_MARKER, MARKER_TEXT, err);
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
	int code = NOTE_OK;
	if (!is_url(url) && !share->reading && mkdir(url, 0777) != 0 && errno != EEXIST)
		code = error_system(err, "make directory");
	if (code == NOTE_OK)
		code = bucket_open(&objects->bucket, url, share, REQUESTS_PER_JOB * jobs, err);
	if (code == NOTE_OK)
		code = look_for_marker(objects->bucket, &marked, err);
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
	bucket_close(objects->bucket);
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
