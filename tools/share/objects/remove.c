/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A package on its way out of an object store; also one that a killed run left halfway. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/names/names.h"
#include "tools/share/objects/internal.h"

struct doomed {
	struct strings keys[3]; /* debug files that need an alternate file, the others, the rest */
};

int objects_delete_keys(struct share *share, const struct strings *keys, struct note_error *err)
{
	struct s3_request *requests = xcalloc(keys->count, sizeof(*requests));
	for (size_t i = 0; i < keys->count; i++)
		requests[i] =
			(struct s3_request){.method = S3_DELETE, .key = xstrdup(keys->items[i])};
	int code = lease_holds(share, err);
	if (code == NOTE_OK)
		code = bucket_run(objects_of(share)->bucket, requests, keys->count, NULL, NULL,
				  err);
	for (size_t i = 0; i < keys->count; i++)
		s3_request_free(&requests[i]);
	free(requests);
	return code;
}

/* What of HOLDINGS the package holds alone. Where that is the debug file, the directories forget
 * the build-id. */
static void look_through(struct supply *supply, struct holdings *holdings, struct doomed *doomed,
			 struct strings *forget)
{
	const char *package = supply->changing->package;
	char *last = NULL;
	for (size_t i = 0; i < holdings->count; i++) {
		const struct holding *holding = &holdings->files[i];
		if (holding->packages.count != 1 ||
		    strcmp(holding->packages.items[0], package) != 0)
			continue;
		const bool debuginfo = strcmp(holding->kind, "debuginfo") == 0;
		strings_take(&doomed->keys[!debuginfo           ? 2
					   : holding->alternate ? 0
								: 1],
			     xasprintf("buildid/%s/%s", holdings->hex, holding->kind));
		if (!debuginfo)
			continue;
		strings_add(forget, holdings->hex);
		for (size_t j = 0; j < holdings->source_count; j++) {
			char *path = source_directory_of(holdings->sources[j].path);
			if (last == NULL || strcmp(last, path) != 0)
				supply_directory(supply, path);
			free(last);
			last = path;
		}
	}
	free(last);
}

static int find_doomed(struct supply *supply, const struct strings *hexes, struct doomed *doomed,
		       struct strings *forget, struct note_error *err)
{
	struct holdings_batch batch = {0};
	int code = NOTE_OK;
	while (holdings_batch_next(supply->share, hexes, &batch, &code, err))
		for (size_t i = 0; i < batch.count; i++)
			look_through(supply, &batch.items[i], doomed, forget);
	return code;
}

/* The directories lose the package, and the build-ids of FORGET; all that they told of is in
 * HEXES then, to be served anew. */
static int leave_directories(struct supply *supply, const struct strings *forget,
			     struct strings *hexes, struct note_error *err)
{
	const struct record *record = supply->changing;
	char *last = NULL;
	for (size_t i = 0; i < record->count; i++) {
		if (strncmp(record->files[i].path, "source/" SOURCES_BELOW, 21) != 0)
			continue;
		char *path = source_directory_of(record->files[i].path + strlen("source/"));
		if (last == NULL || strcmp(last, path) != 0)
			supply_directory(supply, path);
		free(last);
		last = path;
	}
	free(last);
	int code = supply_read_directories(supply, err);
	for (size_t i = 0; code == NOTE_OK && i < supply->paths.count; i++) {
		struct directory *directory = supply_directory(supply, supply->paths.items[i]);
		if (set_has(&directory->packages, record->package))
			for (size_t j = 0; j < directory->build_ids.count; j++)
				set_add(hexes, directory->build_ids.items[j]);
		for (size_t j = 0; j < forget->count; j++)
			set_remove(&directory->build_ids, forget->items[j]);
	}
	return code;
}

static int write_directories_without(struct supply *supply, struct note_error *err)
{
	for (size_t i = 0; i < supply->paths.count; i++) {
		struct directory *directory = supply_directory(supply, supply->paths.items[i]);
		set_remove(&directory->packages, supply->changing->package);
	}
	return supply_write_directories(supply, err);
}

static void own_sources(const struct record *record, struct strings *keys)
{
	for (size_t i = 0; i < record->count; i++)
		if (strncmp(record->files[i].path, "source/", 7) == 0)
			strings_take(keys, xasprintf("source/%s/%s", record->package,
						     record->files[i].path + 7));
}

/* The directories forget the package last: until then they tell, to a run that does this again,
 * which build-ids its sources were served for. */
static int take_out(struct share *share, const struct record *record, struct note_error *err)
{
	struct supply supply = {.share = share, .changing = record, .going = true};
	struct strings hexes = {0}, forget = {0}, sources = {0};
	struct doomed doomed = {0};
	record_build_ids(record, &hexes);
	int code = find_doomed(&supply, &hexes, &doomed, &forget, err);
	for (size_t i = 0; code == NOTE_OK && i < 3; i++)
		code = objects_delete_keys(share, &doomed.keys[i], err);
	if (code == NOTE_OK)
		code = leave_directories(&supply, &forget, &hexes, err);
	if (code == NOTE_OK)
		code = supply_read_records(&supply, err);
	if (code == NOTE_OK) /* without those build-ids */
		code = supply_write_directories(&supply, err);
	if (code == NOTE_OK)
		code = supply_serve(&supply, &hexes, err);
	if (code == NOTE_OK)
		code = write_directories_without(&supply, err);
	own_sources(record, &sources);
	if (code == NOTE_OK)
		code = objects_delete_keys(share, &sources, err);
	for (size_t i = 0; i < 3; i++)
		strings_free(&doomed.keys[i]);
	strings_free(&hexes);
	strings_free(&forget);
	strings_free(&sources);
	supply_free(&supply);
	return code;
}

/* JOURNAL without the build-ids and the directories of sources that RECORD has, too; the list alone
 * is the caller's to free. Sources of those directories that RECORD lacks stand in GONE. */
static struct record without(const struct record *journal, const struct record *record,
			     struct strings *gone)
{
	struct record rest = {.package = journal->package};
	char hex[129];
	for (size_t i = 0; i < journal->count; i++) {
		const char *path = journal->files[i].path;
		char *place = build_id_path(path, hex) != NULL ? xasprintf("buildid/%s", hex)
			      : strncmp(path, "source/" SOURCES_BELOW, 21) == 0
				      ? xasprintf("source/%s", "")
				      : xstrdup("source");
		if (strcmp(place, "source/") == 0) {
			char *directory = source_directory_of(path + strlen("source/"));
			free(place);
			place = xasprintf("source/%s", directory);
			free(directory);
		}
		if (!record_has_below(record, place))
			*record_add(&rest) = journal->files[i];
		else if (strncmp(path, "source/", 7) == 0 && record_find(record, path) == NULL)
			strings_take(gone, xasprintf("source/%s/%s", record->package, path + 7));
		free(place);
	}
	return rest;
}

/* With its record, the package is all there: it came in, or has not begun to go; but what else the
 * journal tells of is of a package of that name that it replaced, or that did not replace it. */
static int take_out_rest(struct share *share, const struct record *journal, struct record *there,
			 struct note_error *err)
{
	struct strings gone = {0};
	record_sort(there);
	struct record rest = without(journal, there, &gone);
	int code = rest.count != 0 ? take_out(share, &rest, err) : NOTE_OK;
	if (code == NOTE_OK && gone.count != 0)
		code = objects_delete_keys(share, &gone, err);
	strings_free(&gone);
	free(rest.files);
	return code;
}

int objects_repair(struct share *share, bool named, struct note_error *err)
{
	struct bucket *bucket = objects_of(share)->bucket;
	struct record record, there;
	struct note_error why;
	int code = objects_read_record(share, OBJECTS_JOURNAL, &record, &why);
	if (code == NOTE_ABSENT)
		return NOTE_OK;
	if (code == NOTE_MALFORMED) {
		share_say(share, OBJECTS_JOURNAL,
			  "broken (%s), and dropped: what a killed run left is told by --check",
			  why.text);
		return bucket_delete(bucket, OBJECTS_JOURNAL, err);
	}
	if (code != NOTE_OK) {
		if (err != NULL)
			*err = why;
		return code;
	}
	if (!named && share->names == NULL) /* it was killed, or this is the first that goes */
		code = names_sweep(share, err);
	if (code == NOTE_OK)
		code = read_package(share, record.package, &there, err);
	if (code == NOTE_OK) {
		if (!named)
			code = names_settle(share, record.package, &there, err);
		if (code == NOTE_OK)
			code = take_out_rest(share, &record, &there, err);
		record_free(&there);
	} else if (code == NOTE_ABSENT) {
		code = names_settle(share, record.package, NULL, err);
		if (code == NOTE_OK)
			code = take_out(share, &record, err);
	} else if (code == NOTE_MALFORMED) {
		code = NOTE_OK; /* it stays for the run that publishes or removes the package */
	}
	record_free(&record);
	return code == NOTE_OK ? bucket_delete(bucket, OBJECTS_JOURNAL, err) : code;
}

int objects_remove(struct share *share, const struct record *record, struct note_error *err)
{
	struct bucket *bucket = objects_of(share)->bucket;
	char *key = record_key(record->package);
	char *json = record_to_json(record);
	int code = lease_holds(share, err);
	if (code == NOTE_OK)
		code = bucket_put(bucket, OBJECTS_JOURNAL, json, err);
	if (code == NOTE_OK)
		code = bucket_delete(bucket, key, err);
	if (code == NOTE_OK)
		code = objects_repair(share, false, err);
	free(json);
	free(key);
	return code;
}
