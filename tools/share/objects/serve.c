/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which sources a build-id serves: of each that its debug information names, the copy of a package
 * that holds its debug file, else the one that is served already, else that of the first package
 * by name. Decided again for the directories in which a package that comes or goes has sources.
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/objects/internal.h"

char *source_directory_of(const char *path)
{
	const size_t prefix = strlen(SOURCES_BELOW);
	return xasprintf("%.*s", (int)(prefix + strcspn(path + prefix, "/")), path);
}

struct directory *supply_directory(struct supply *supply, const char *path)
{
	struct directory *directory = index_find(&supply->directories, path);
	if (directory == NULL) {
		directory = xcalloc(1, sizeof(*directory));
		directory->path = xstrdup(path);
		index_add(&supply->directories, path, directory);
		strings_add(&supply->paths, path);
	}
	return directory;
}

static void free_directory(void *value)
{
	directory_free(value);
	free(value);
}

void supply_free(struct supply *supply)
{
	index_free(&supply->directories, free_directory);
	strings_free(&supply->paths);
	for (size_t i = 0; i < supply->count; i++)
		record_free(&supply->records[i]);
	free(supply->records);
}

int supply_read_directories(struct supply *supply, struct note_error *err)
{
	int code = NOTE_OK;
	strings_sort(&supply->paths);
	const size_t count = supply->paths.count;
	struct s3_request *requests = xcalloc(count, sizeof(*requests));
	for (size_t i = 0; i < count; i++)
		requests[i] = (struct s3_request){.method = S3_GET,
						  .key = directory_key(supply->paths.items[i])};
	code = bucket_run(objects_of(supply->share)->bucket, requests, count, NULL, NULL, err);
	for (size_t i = 0; i < count; i++) {
		struct text *body = &requests[i].body;
		if (code == NOTE_OK && requests[i].code == NOTE_OK)
			code = directory_parse(supply_directory(supply, supply->paths.items[i]),
					       body->data != NULL ? body->data : "", body->size,
					       err);
		s3_request_free(&requests[i]);
	}
	free(requests);
	return code;
}

int supply_write_directories(struct supply *supply, struct note_error *err)
{
	const size_t count = supply->paths.count;
	struct s3_request *requests = xcalloc(count, sizeof(*requests));
	for (size_t i = 0; i < count; i++) {
		const char *path = supply->paths.items[i];
		const struct directory *directory = supply_directory(supply, path);
		const bool empty =
			directory->packages.count == 0 && directory->build_ids.count == 0;
		char *json = directory_to_json(directory);
		requests[i].method = empty ? S3_DELETE : S3_PUT;
		requests[i].key = directory_key(path);
		text_puts(&requests[i].body, json);
		free(json);
	}
	int code = bucket_run(objects_of(supply->share)->bucket, requests, count, NULL, NULL, err);
	for (size_t i = 0; i < count; i++)
		s3_request_free(&requests[i]);
	free(requests);
	return code;
}

int supply_read_records(struct supply *supply, struct note_error *err)
{
	struct strings packages = {0};
	int code = NOTE_OK;
	for (size_t i = 0; i < supply->paths.count; i++) {
		const struct directory *directory =
			supply_directory(supply, supply->paths.items[i]);
		for (size_t j = 0; j < directory->packages.count; j++)
			set_add(&packages, directory->packages.items[j]);
	}
	set_remove(&packages, supply->changing->package);
	supply->records = xcalloc(packages.count, sizeof(*supply->records));
	for (size_t i = 0; code == NOTE_OK && i < packages.count; i++) {
		struct record *record = &supply->records[supply->count];
		code = read_package(supply->share, packages.items[i], record, err);
		if (code == NOTE_OK) {
			record_sort(record);
			supply->count++;
		} else if (code == NOTE_ABSENT) {
			code = NOTE_OK;
		}
	}
	strings_free(&packages);
	return code;
}

/* --- choosing --- */

static int by_path(const void *key, const void *file)
{
	return strcmp(key, ((const struct record_file *)file)->path);
}

static const struct record_file *find_source(const struct record *record, const char *path)
{
	char *name = xasprintf("source/%s", path);
	const struct record_file *file = record->count == 0
						 ? NULL
						 : bsearch(name, record->files, record->count,
							   sizeof(*record->files), by_path);
	free(name);
	return file;
}

struct choice {
	const char *package;
	const struct record_file *file;
	unsigned rank;
};

static void consider(struct choice *best, const struct record *record,
		     const struct holding *debuginfo, const struct named_source *source)
{
	const struct record_file *file = find_source(record, source->path);
	if (file == NULL)
		return;
	const unsigned rank =
		1 + (source->package != NULL && strcmp(source->package, record->package) == 0) +
		2 * set_has(&debuginfo->packages, record->package);
	if (best->package == NULL || rank > best->rank ||
	    (rank == best->rank && strcmp(record->package, best->package) < 0))
		*best = (struct choice){record->package, file, rank};
}

static struct choice choose(const struct supply *supply, const struct holding *debuginfo,
			    const struct named_source *source)
{
	struct choice best = {0};
	if (debuginfo == NULL)
		return best; /* nobody asks for sources of a build-id without debug information */
	for (size_t i = 0; i < supply->count; i++)
		consider(&best, &supply->records[i], debuginfo, source);
	if (!supply->going)
		consider(&best, supply->changing, debuginfo, source);
	return best;
}

/* --- doing --- */

struct requests {
	struct s3_request *items;
	size_t count;
	size_t room;
};

static struct s3_request *add_request(struct requests *requests)
{
	if (requests->count == requests->room) {
		requests->room = requests->room != 0 ? 2 * requests->room : 64;
		requests->items =
			xrealloc(requests->items, requests->room * sizeof(*requests->items));
	}
	struct s3_request *request = &requests->items[requests->count++];
	*request = (struct s3_request){0};
	return request;
}

/* One source of a build-id; true where its entry changed. What a package that goes, or that comes
 * again, may have served is done again, whatever the entry tells: the run that wrote it may have
 * been killed, and what it wrote may be lost. */
static bool serve_source(const struct supply *supply, const struct holdings *holdings,
			 const struct holding *debuginfo, struct named_source *source,
			 struct requests *requests)
{
	const bool again = (supply->going && debuginfo == NULL) ||
			   ((supply->going || supply->replacing || supply->known) &&
			    find_source(supply->changing, source->path) != NULL);
	const struct choice best = choose(supply, debuginfo, source);
	const bool same = best.package == NULL ? source->package == NULL
					       : source->package != NULL &&
							 strcmp(source->package, best.package) == 0;
	if (same && !again)
		return false;
	struct s3_request *request = add_request(requests);
	request->key = xasprintf("buildid/%s/source/%s", holdings->hex, source->path);
	request->method = best.package != NULL ? S3_COPY : S3_DELETE;
	free(source->package);
	source->package = NULL;
	if (best.package != NULL) {
		request->from = xasprintf("source/%s/%s", best.package, source->path);
		source->package = xstrdup(best.package);
		memcpy(source->sha256, best.file->sha256, sizeof(source->sha256));
	}
	return !same;
}

static bool drop_claims(const struct supply *supply, struct holdings *holdings)
{
	bool changed = false;
	for (size_t i = holdings->count; i-- > 0;) {
		struct holding *holding = &holdings->files[i];
		if (!set_has(&holding->packages, supply->changing->package))
			continue;
		set_remove(&holding->packages, supply->changing->package);
		if (holding->packages.count == 0)
			holdings_drop(holdings, holding);
		changed = true;
	}
	return changed;
}

static bool serve_one(struct supply *supply, struct holdings *holdings, struct requests *requests)
{
	bool changed = supply->going && drop_claims(supply, holdings);
	const struct holding *debuginfo = holdings_find(holdings, "debuginfo");
	char *last = NULL;
	bool known = false;
	for (size_t i = 0; i < holdings->source_count; i++) {
		struct named_source *source = &holdings->sources[i];
		if (last == NULL || strncmp(last, source->path, strlen(last)) != 0 ||
		    source->path[strlen(last)] != '/') {
			free(last);
			last = source_directory_of(source->path);
			known = index_find(&supply->directories, last) != NULL;
		}
		if ((known || debuginfo == NULL) &&
		    serve_source(supply, holdings, debuginfo, source, requests))
			changed = true;
	}
	free(last);
	if (debuginfo == NULL && holdings->source_count != 0) {
		const struct strings none = {0};
		holdings_set_sources(holdings, &none);
		changed = true;
	}
	return changed;
}

static int run_requests(struct supply *supply, struct requests *requests, struct note_error *err)
{
	int code = bucket_run(objects_of(supply->share)->bucket, requests->items, requests->count,
			      NULL, NULL, err);
	for (size_t i = 0; i < requests->count; i++) {
		if (code == NOTE_OK && requests->items[i].code != NOTE_OK)
			code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "%.100s is not there, and a package's record tells of it",
					 requests->items[i].from);
		s3_request_free(&requests->items[i]);
	}
	free(requests->items);
	*requests = (struct requests){0};
	return code;
}

int supply_serve(struct supply *supply, const struct strings *hexes, struct note_error *err)
{
	struct holdings_batch batch = {0};
	struct requests requests = {0};
	int code = NOTE_OK;
	while (holdings_batch_next(supply->share, hexes, &batch, &code, err)) {
		for (size_t i = 0; i < batch.count; i++)
			batch.changed[i] = serve_one(supply, &batch.items[i], &requests);
		code = run_requests(supply, &requests, err);
		if (code == NOTE_OK)
			code = holdings_batch_write(supply->share, &batch, err);
	}
	return code;
}
