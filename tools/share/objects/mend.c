/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mending records and the index of a share in an object store, each out of the other. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/file.h"
#include "tools/share/objects/internal.h"

/* --- a record, out of the index and the sources --- */

struct source_list {
	struct record *record;
	size_t prefix;
};

static int add_source(void *context, const struct s3_object *object, struct note_error *err)
{
	struct source_list *list = context;
	char *path = xasprintf("source/%s", object->key + list->prefix);
	(void)err;
	if (is_record_path(path)) {
		struct record_file *file = record_add(list->record);
		file->path = path;
		file->origin = xstrdup(path);
		file->size = object->size;
	} else {
		free(path);
	}
	return NOTE_OK;
}

static int add_hex(void *context, const struct s3_object *object, struct note_error *err)
{
	const char *name = strrchr(object->key, '/') + 1;
	char hex[129];
	(void)err;
	char *path = xasprintf("buildid/%.*s/debuginfo", (int)strcspn(name, "."), name);
	if (build_id_path(path, hex) != NULL)
		strings_add(context, hex);
	free(path);
	return NOTE_OK;
}

int objects_list_index(struct share *share, struct strings *hexes, struct note_error *err)
{
	int code = bucket_list(objects_of(share)->bucket, "index/buildid/", false, add_hex, hexes,
			       err);
	strings_sort(hexes);
	return code;
}

static void add_held(struct record *record, const struct holdings *holdings)
{
	for (size_t i = 0; i < holdings->count; i++) {
		const struct holding *holding = &holdings->files[i];
		if (!set_has(&holding->packages, record->package))
			continue;
		struct record_file *file = record_add(record);
		file->path = xasprintf("buildid/%s/%s", holdings->hex, holding->kind);
		file->origin = xstrdup(file->path);
		file->size = holding->size;
		memcpy(file->sha256, holding->sha256, sizeof(file->sha256));
	}
}

/* The digests of sources: no index has those of a package's own. */
static int digest_sources(struct share *share, struct record *record, struct note_error *err)
{
	int code = NOTE_OK, fd;
	for (size_t i = 0; code == NOTE_OK && i < record->count; i++) {
		struct record_file *file = &record->files[i];
		struct s3_request request = {.method = S3_GET, .root = share->root};
		if (file->sha256[0] != '\0')
			continue;
		request.key = xasprintf("source/%s/%s", record->package, file->path + 7);
		request.path = xstrdup(STAGING_SPOOL "/mend");
		code = bucket_run(objects_of(share)->bucket, &request, 1, NULL, NULL, err);
		if (code == NOTE_OK && request.code == NOTE_OK)
			code = root_open_file(share->root, request.path, &fd, err);
		else if (code == NOTE_OK)
			code = error_set(err, request.code, NOTE_NO_OFFSET, "%s", request.err.text);
		if (code == NOTE_OK) {
			code = file_digest(fd, &file->size, file->sha256, err);
			close(fd);
		}
		root_remove(share->root, request.path, NULL);
		s3_request_free(&request);
	}
	return code;
}

int objects_mend_record(struct share *share, const char *package, struct note_error *err)
{
	struct record record = {.package = xstrdup(package), .incomplete = true};
	struct holdings_batch batch = {0};
	struct strings hexes = {0};
	char *prefix = xasprintf("source/%s/", package);
	char *key = record_key(package);
	struct source_list list = {&record, strlen(prefix)};
	split_package_name(package, &record);
	int code = objects_list_index(share, &hexes, err);
	while (holdings_batch_next(share, &hexes, &batch, &code, err))
		for (size_t i = 0; i < batch.count; i++)
			add_held(&record, &batch.items[i]);
	if (code == NOTE_OK)
		code = bucket_list(objects_of(share)->bucket, prefix, false, add_source, &list,
				   err);
	if (code == NOTE_OK)
		code = digest_sources(share, &record, err);
	record_sort(&record);
	char *json = record_to_json(&record);
	if (code == NOTE_OK)
		code = bucket_put(objects_of(share)->bucket, key, json, err);
	free(json);
	free(key);
	free(prefix);
	strings_free(&hexes);
	record_free(&record);
	return code;
}

/* --- proving, by what a list tells: the store keeps the digests --- */

struct sizes {
	const struct record *record;
	bool *seen;
	size_t prefix;       /* of a key that is left out */
	const char *below;   /* what stands for it in the record */
	struct strings keys; /* of those of another size: they may be encoded */
	struct strings paths;
};

static int see_size(void *context, const struct s3_object *object, struct note_error *err)
{
	struct sizes *sizes = context;
	char *path = xasprintf("%s%s", sizes->below, object->key + sizes->prefix);
	const struct record_file *file = record_find(sizes->record, path);
	(void)err;
	if (file != NULL && file->size == object->size) {
		sizes->seen[file - sizes->record->files] = true;
	} else if (file != NULL) {
		strings_add(&sizes->keys, object->key);
		strings_add(&sizes->paths, path);
	}
	free(path);
	return NOTE_OK;
}

/* What they were put with says whose contents they are, however encoded. */
static int see_encoded(struct bucket *bucket, struct sizes *sizes, struct note_error *err)
{
	const size_t count = sizes->keys.count;
	struct s3_request *requests = xcalloc(count, sizeof(*requests));
	for (size_t i = 0; i < count; i++)
		requests[i] = (struct s3_request){.method = S3_HEAD,
						  .key = xstrdup(sizes->keys.items[i])};
	int code = bucket_run(bucket, requests, count, NULL, NULL, err);
	for (size_t i = 0; code == NOTE_OK && i < count; i++) {
		const struct record_file *file = record_find(sizes->record, sizes->paths.items[i]);
		if (requests[i].encoded && strcmp(requests[i].plain, file->sha256) == 0 &&
		    requests[i].put_size != 0 && requests[i].size == requests[i].put_size)
			sizes->seen[file - sizes->record->files] = true;
	}
	for (size_t i = 0; i < count; i++)
		s3_request_free(&requests[i]);
	free(requests);
	return code;
}

int objects_prove(struct share *share, const struct record *record, size_t *count,
		  struct note_error *err)
{
	struct bucket *bucket = objects_of(share)->bucket;
	struct sizes sizes = {.record = record, .below = "source/"};
	struct strings hexes = {0};
	char *prefix = xasprintf("source/%s/", record->package);
	*count = 0;
	sizes.seen = xcalloc(record->count, sizeof(*sizes.seen));
	sizes.prefix = strlen(prefix);
	int code = bucket_list(bucket, prefix, false, see_size, &sizes, err);
	free(prefix);
	sizes.prefix = 0;
	sizes.below = "";
	record_build_ids(record, &hexes);
	for (size_t i = 0; code == NOTE_OK && i < hexes.count; i++) {
		prefix = xasprintf("buildid/%s/", hexes.items[i]);
		code = bucket_list(bucket, prefix, false, see_size, &sizes, err);
		free(prefix);
	}
	if (code == NOTE_OK && sizes.keys.count != 0 && bucket_is_far(bucket))
		code = see_encoded(bucket, &sizes, err);
	for (size_t i = 0; code == NOTE_OK && i < record->count; i++)
		if (!sizes.seen[i]) {
			share_say(share, record->files[i].path, "not there, or of another size");
			++*count;
		}
	strings_free(&hexes);
	strings_free(&sizes.keys);
	strings_free(&sizes.paths);
	free(sizes.seen);
	return code;
}

int objects_repair_all(struct share *share, struct note_error *err)
{
	struct strings packages = {0}, hexes = {0};
	struct holdings_batch batch = {0};
	struct note_error why;
	int code = objects_list(share, &packages, err);
	for (size_t i = 0; code == NOTE_OK && i < packages.count; i++) {
		struct record record;
		code = read_package(share, packages.items[i], &record, &why);
		if (code == NOTE_OK) {
			record_free(&record);
		} else if (code == NOTE_MALFORMED) {
			share_say(share, NULL,
				  "packages/%s/record.json: broken, and made anew of the index: "
				  "%s; publish it again, for all of it",
				  packages.items[i], why.text);
			code = objects_mend_record(share, packages.items[i], err);
		} else if (err != NULL) {
			*err = why;
		}
	}
	if (code == NOTE_OK)
		code = objects_list_index(share, &hexes, err);
	/* Reading an entry mends it; so it is written as it was read. */
	while (holdings_batch_next(share, &hexes, &batch, &code, err)) {
		bool any = false;
		for (size_t i = 0; i < batch.count; i++)
			any = any || batch.mended[i];
		memcpy(batch.changed, batch.mended, sizeof(batch.changed));
		if (any)
			code = holdings_batch_write(share, &batch, err);
	}
	strings_free(&packages);
	strings_free(&hexes);
	return code;
}
