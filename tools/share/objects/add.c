/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A package on its way into an object store: objects.h has the order. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/elf/loaded.h"
#include "tools/share/names/names.h"
#include "tools/share/objects/internal.h"

/* --- against the share --- */

/* Who holds HOLDING beside PACKAGE, or NULL. */
static const char *another_holder(const struct holding *holding, const char *package)
{
	for (size_t i = 0; i < holding->packages.count; i++)
		if (strcmp(holding->packages.items[i], package) != 0)
			return holding->packages.items[i];
	return NULL;
}

/* Other contents are there for CLAIM: what is loaded of them may be the same all the same. */
static int compare_loaded(struct share *share, struct claim *claim, const struct holding *holding,
			  struct note_error *err)
{
	struct s3_request request = {.method = S3_GET,
				     .key = xstrdup(claim->below),
				     .root = share->root,
				     .path = xstrdup(STAGING_SPOOL "/theirs")};
	int mine = -1, theirs = -1;
	int code = bucket_run(objects_of(share)->bucket, &request, 1, NULL, NULL, err);
	claim->same_loaded = code == NOTE_OK && request.code == NOTE_OK &&
			     root_open_file(share->root, claim->path, &mine, NULL) == NOTE_OK &&
			     root_open_file(share->root, request.path, &theirs, NULL) == NOTE_OK &&
			     loaded_same(mine, theirs);
	claim->size = holding->size;
	memcpy(claim->digest, holding->sha256, sizeof(claim->digest));
	if (mine >= 0)
		close(mine);
	if (theirs >= 0)
		close(theirs);
	root_remove(share->root, request.path, NULL);
	s3_request_free(&request);
	return code;
}

/* Claims are sorted by path: those of one build-id stand together. */
int objects_judge(struct share *share, const char *package, struct claim *claims, size_t count,
		  struct note_error *err)
{
	struct holdings_batch batch = {0};
	struct strings hexes = {0};
	char hex[129];
	size_t first = 0;
	int code = NOTE_OK;
	for (size_t i = 0; i < count; i++)
		if (build_id_path(claims[i].below, hex) != NULL &&
		    (hexes.count == 0 || strcmp(hexes.items[hexes.count - 1], hex) != 0))
			strings_add(&hexes, hex);
	while (holdings_batch_next(share, &hexes, &batch, &code, err)) {
		size_t at = 0;
		for (; first < count; first++) {
			const char *kind = build_id_path(claims[first].below, hex);
			if (kind == NULL)
				continue;
			while (at < batch.count && strcmp(batch.items[at].hex, hex) != 0)
				at++;
			if (at == batch.count)
				break;
			const struct holding *holding = holdings_find(&batch.items[at], kind);
			const char *holder =
				holding != NULL ? another_holder(holding, package) : NULL;
			if (holder == NULL || code != NOTE_OK ||
			    strcmp(holding->sha256, claims[first].sha256) == 0)
				continue;
			claims[first].holder = xstrdup(holder);
			code = compare_loaded(share, &claims[first], holding, err);
		}
	}
	strings_free(&hexes);
	return code;
}

/* --- what cannot be stored is told before anything is changed --- */

static int by_name(const void *a, const void *b)
{
	return strcasecmp(*(char *const *)a, *(char *const *)b);
}

/* Where the file system takes two names for one that differ in case alone, such files would be
 * one. */
static int judge_case(struct share *share, const struct record *record, struct note_error *err)
{
	const char **paths;
	int code = NOTE_OK;
	if (!bucket_folds_case(objects_of(share)->bucket))
		return NOTE_OK;
	paths = xcalloc(record->count + 1, sizeof(*paths));
	for (size_t i = 0; i < record->count; i++)
		paths[i] = record->files[i].path;
	qsort(paths, record->count, sizeof(*paths), by_name);
	for (size_t i = 1; code == NOTE_OK && i < record->count; i++)
		if (strcasecmp(paths[i - 1], paths[i]) == 0) {
			char *one = name_to_line(paths[i - 1]), *other = name_to_line(paths[i]);
			code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "%.90s and %.90s are one file to this file system", one,
					 other);
			free(one);
			free(other);
		}
	free(paths);
	return code;
}

static int judge_files(struct share *share, const struct record *record, struct note_error *err)
{
	struct note_error why;
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < record->count; i++) {
		const struct record_file *file = &record->files[i];
		char *key = content_key(record, file);
		/* Sources are copied by the store, which it does not do in parts. */
		const uint64_t most =
			strncmp(file->path, "source/", 7) == 0 ? S3_OBJECT_MOST : S3_PARTS_MOST;
		if (file->size > most)
			code = error_set(&why, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "%llu bytes: an object store takes %llu of such a file",
					 (unsigned long long)file->size, (unsigned long long)most);
		else
			code = bucket_judge_key(objects_of(share)->bucket, key, &why);
		/* Where a source will be served: behind the longest build-id that there is. */
		if (code == NOTE_OK && strncmp(file->path, "source/", 7) == 0) {
			char *served =
				xasprintf("buildid/%0*d/%s", 2 * MAX_BUILD_ID, 0, file->path);
			code = bucket_judge_key(objects_of(share)->bucket, served, &why);
			free(served);
		}
		if (code != NOTE_OK) {
			char *line = name_to_line(file->origin);
			error_set(err, code, NOTE_NO_OFFSET, "%.120s: %s", line, why.text);
			free(line);
		}
		free(key);
	}
	return code;
}

/* --- the index --- */

/* The list that was spooled: names, each with a NUL. */
static int read_names(struct share *share, const char *path, struct strings *out,
		      struct note_error *err)
{
	uint8_t *bytes;
	size_t size;
	int fd;
	int code = root_open_file(share->root, path, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = file_read(fd, &bytes, &size, err);
	close(fd);
	if (code != NOTE_OK)
		return code;
	for (size_t i = 0; i < size; i += strlen((const char *)bytes + i) + 1)
		if (is_source_path((const char *)bytes + i))
			strings_add(out, (const char *)bytes + i);
	free(bytes);
	return NOTE_OK;
}

/* Takes the sources that a debug file names into its holdings; the directories will know. */
static int claim_names(struct supply *supply, struct holdings *holdings, const char *path,
		       struct note_error *err)
{
	struct strings names = {0};
	char *last = NULL;
	int code = read_names(supply->share, path, &names, err);
	if (code == NOTE_OK && holdings->source_count == 0)
		holdings_set_sources(holdings, &names);
	for (size_t i = 0; code == NOTE_OK && i < names.count; i++) {
		char *directory = source_directory_of(names.items[i]);
		if (last == NULL || strcmp(last, directory) != 0)
			set_add(&supply_directory(supply, directory)->build_ids, holdings->hex);
		free(last);
		last = directory;
	}
	free(last);
	strings_free(&names);
	return code;
}

/* The files of RECORD from *FIRST on that belong to HOLDINGS. */
static int claim_files(struct supply *supply, struct holdings *holdings, struct upload *uploads,
		       size_t *first, struct note_error *err)
{
	const struct record *record = supply->changing;
	char hex[129];
	int code = NOTE_OK;
	for (; code == NOTE_OK && *first < record->count; ++*first) {
		const struct record_file *file = &record->files[*first];
		struct upload *upload = &uploads[*first];
		const char *kind = build_id_path(file->path, hex);
		if (kind == NULL || strcmp(hex, holdings->hex) != 0)
			break;
		struct holding *holding = holdings_find(holdings, kind);
		/* Where the index knows the package and no record does, nothing of it is proven. */
		const bool lost = holding != NULL && set_has(&holding->packages, record->package);
		supply->known = supply->known || lost;
		upload->there =
			upload->stood_in || (holding != NULL && !supply->replacing && !lost);
		if (holding != NULL && another_holder(holding, record->package) == NULL) {
			holding->size = file->size;
			memcpy(holding->sha256, file->sha256, sizeof(holding->sha256));
		}
		if (holding == NULL) {
			holding = holdings_add(holdings, kind);
			holding->size = file->size;
			holding->alternate = upload->alternate;
			memcpy(holding->sha256, file->sha256, sizeof(holding->sha256));
		}
		set_add(&holding->packages, record->package);
		if (strcmp(kind, "debuginfo") == 0 && upload->names != NULL)
			code = claim_names(supply, holdings, upload->names, err);
	}
	return code;
}

static int claim_all(struct supply *supply, const struct strings *hexes, struct upload *uploads,
		     struct note_error *err)
{
	struct holdings_batch batch = {0};
	size_t first = 0;
	int code = NOTE_OK;
	while (holdings_batch_next(supply->share, hexes, &batch, &code, err)) {
		for (size_t i = 0; code == NOTE_OK && i < batch.count; i++) {
			batch.changed[i] = true;
			code = claim_files(supply, &batch.items[i], uploads, &first, err);
		}
		if (code == NOTE_OK)
			code = holdings_batch_write(supply->share, &batch, err);
	}
	return code;
}

/* Whose build-ids may get sources: those of the package, and all that name some where it has any.
 */
static int claim_directories(struct supply *supply, struct strings *hexes, struct note_error *err)
{
	const struct record *record = supply->changing;
	struct strings own = {0};
	for (size_t i = 0; i < record->count; i++) {
		if (strncmp(record->files[i].path, "source/" SOURCES_BELOW, 21) != 0)
			continue;
		char *path = source_directory_of(record->files[i].path + strlen("source/"));
		if (own.count == 0 || strcmp(own.items[own.count - 1], path) != 0) {
			strings_add(&own, path);
			set_add(&supply_directory(supply, path)->packages, record->package);
		}
		free(path);
	}
	int code = supply_read_directories(supply, err);
	if (code == NOTE_OK)
		code = supply_write_directories(supply, err);
	for (size_t i = 0; code == NOTE_OK && i < own.count; i++) {
		const struct directory *directory = supply_directory(supply, own.items[i]);
		for (size_t j = 0; j < directory->build_ids.count; j++)
			set_add(hexes, directory->build_ids.items[j]);
	}
	strings_free(&own);
	return code;
}

static int put_record(struct share *share, const char *key, const struct record *record,
		      struct note_error *err)
{
	char *json = record_to_json(record);
	int code = bucket_put(objects_of(share)->bucket, key, json, err);
	free(json);
	return code;
}

static int bring_in(struct supply *supply, struct upload *uploads, uint64_t *new_bytes,
		    struct note_error *err)
{
	struct share *share = supply->share;
	const struct record *record = supply->changing;
	struct sending sending = {.share = share, .record = record, .uploads = uploads};
	struct strings hexes = {0};
	record_build_ids(record, &hexes);
	int code = claim_all(supply, &hexes, uploads, err);
	for (size_t i = 0; i < record->count; i++)
		sending.total += !uploads[i].there;
	if (code == NOTE_OK)
		code = claim_directories(supply, &hexes, err);
	if (code == NOTE_OK)
		code = supply_read_records(supply, err);
	if (code == NOTE_OK)
		code = send_phase(&sending, PHASE_FIRST, err);
	if (code == NOTE_OK)
		code = supply_serve(supply, &hexes, err);
	if (code == NOTE_OK)
		code = send_phase(&sending, PHASE_DEBUG, err);
	if (code == NOTE_OK)
		code = send_phase(&sending, PHASE_NEEDS_ALTERNATE, err);
	if (code == NOTE_OK)
		code = names_propose(share, record->package, record,
				     supply->replacing || supply->known, err);
	if (code == NOTE_OK)
		code = names_adopt(share, err);
	char *key = record_key(record->package);
	if (code == NOTE_OK)
		code = lease_holds(share, err);
	if (code == NOTE_OK)
		code = put_record(share, key, record, err);
	free(key);
	*new_bytes = sending.bytes;
	strings_free(&hexes);
	return code;
}

/* The journal of a package that takes another's place tells of the files of both: what the record
 * does not have goes, whichever of the two it is when that is done. */
static int put_journal(struct share *share, const struct record *record, bool replacing,
		       struct note_error *err)
{
	struct record both = {.package = record->package}, old = {0};
	int code = replacing ? read_package(share, record->package, &old, err) : NOTE_OK;
	for (size_t i = 0; i < record->count; i++)
		*record_add(&both) = record->files[i];
	for (size_t i = 0; i < old.count; i++)
		*record_add(&both) = old.files[i];
	record_sort(&both);
	if (code == NOTE_OK)
		code = put_record(share, OBJECTS_JOURNAL, &both, err);
	free(both.files);
	record_free(&old);
	return code;
}

int objects_add(struct share *share, const struct record *record, struct upload *uploads,
		bool replacing, uint64_t *new_bytes, struct note_error *err)
{
	struct supply supply = {.share = share, .changing = record, .replacing = replacing};
	int code = judge_files(share, record, err);
	if (code == NOTE_OK)
		code = judge_case(share, record, err);
	if (code == NOTE_OK)
		code = lease_holds(share, err);
	if (code == NOTE_OK)
		code = put_journal(share, record, replacing, err);
	if (code != NOTE_OK)
		return code;
	code = bring_in(&supply, uploads, new_bytes, err);
	supply_free(&supply);
	/* Where that failed, this takes it out again, if the server lets us; else the next run. */
	const int repaired = objects_repair(share, code == NOTE_OK, code == NOTE_OK ? err : NULL);
	return code != NOTE_OK ? code : repaired;
}
