/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Proving a share in an object store: every object is fetched and its digest taken, the index is
 * compared with the records, and what is stored with what should be.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/file.h"
#include "tools/share/look.h"
#include "tools/share/objects/wrong.h"

struct check {
	struct share *share;
	void (*problem)(void *context, const char *path, const char *why);
	void *context;
	struct share_checked *checked;
	struct wrongs wrongs; /* where the share is being mended */
};

__attribute__((format(printf, 3, 4))) static void found(struct check *check, const char *path,
							const char *format, ...)
{
	char why[512];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	check->checked->problems++;
	check->problem(check->context, path, why);
}

static void stays_wrong(void *context, const char *path, const char *why)
{
	found(context, path, "%s", why);
}

/* --- objects by their contents --- */

struct expected {
	char *key;
	uint64_t size; /* UNKNOWN: not said */
	const char *sha256;
	const char *hex;     /* its build-id, or NULL */
	const char *package; /* one that it is of */
	char *provider;      /* of a served source: the key of which it is a copy; else NULL */
	bool right;
};

#define UNKNOWN UINT64_MAX

struct list {
	struct expected *items;
	size_t count;
	size_t room;
};

static struct expected *expect(struct list *list, char *key, uint64_t size, const char *sha256,
			       const char *package)
{
	if (list->count == list->room) {
		list->room = list->room != 0 ? 2 * list->room : 64;
		list->items = xrealloc(list->items, list->room * sizeof(*list->items));
	}
	struct expected *expected = &list->items[list->count++];
	*expected =
		(struct expected){.key = key, .size = size, .sha256 = sha256, .package = package};
	return expected;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct expected *)a)->key, ((const struct expected *)b)->key);
}

static void forget(struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].key);
		free(list->items[i].provider);
	}
	free(list->items);
	*list = (struct list){0};
}

static void wrong(struct check *check, const struct expected *expected, bool absent,
		  const char *why)
{
	if (check->share->mending)
		wrongs_add(&check->wrongs, expected->key, why, absent, expected->package,
			   expected->provider, expected->sha256);
	else
		found(check, expected->key, "%s", why);
}

/* One that has arrived; its file goes, so that no more than those on their way take room. */
static void judge_object(void *context, struct s3_request *request)
{
	struct check *check = context;
	struct expected *expected = request->owner;
	struct note_error err;
	struct look look;
	char digest[65];
	uint64_t size;
	int fd;
	if (request->code == NOTE_ABSENT) {
		wrong(check, expected, true, "it is not there");
	} else if (request->code == NOTE_MALFORMED) {
		wrong(check, expected, false, request->err.text);
		request->code = NOTE_OK;
	} else if (request->code == NOTE_UNSUPPORTED && request->told[0] != '\0') {
		/* Nothing is known of it: that is told, and it stays. */
		found(check, expected->key, "%s", request->err.text);
		request->code = NOTE_OK;
	} else if (request->code == NOTE_OK) {
		int code = root_open_file(request->root, request->path, &fd, &err);
		if (code == NOTE_OK)
			code = file_digest(fd, &size, digest, &err);
		if (code != NOTE_OK)
			found(check, expected->key, "%s", err.text);
		else if (strcmp(digest, expected->sha256) != 0)
			wrong(check, expected, false,
			      "its contents are not those that were published");
		else if (expected->hex != NULL && look_at(fd, &look, &err) != NOTE_OK)
			found(check, expected->key, "%s", err.text);
		else if (expected->hex != NULL) {
			if (strcmp(look.build_id, expected->hex) != 0)
				found(check, expected->key, "its build-id is '%s'", look.build_id);
			look_free(&look);
		}
		expected->right = code == NOTE_OK && strcmp(digest, expected->sha256) == 0;
		if (fd >= 0)
			close(fd);
	}
	root_remove(request->root, request->path, NULL);
}

static int fetch_all(struct check *check, const struct list *list, struct note_error *err)
{
	struct share *share = check->share;
	struct s3_request *requests = xcalloc(list->count, sizeof(*requests));
	for (size_t i = 0; i < list->count; i++)
		requests[i] = (struct s3_request){
			.method = S3_GET,
			.key = xstrdup(list->items[i].key),
			.root = share->root,
			.path = xasprintf("%s/%zu", STAGING_SPOOL, i),
			.size = list->items[i].size != UNKNOWN ? list->items[i].size + 1 : 0,
			.owner = &list->items[i]};
	int code = bucket_run(objects_of(share)->bucket, requests, list->count, judge_object, check,
			      err);
	for (size_t i = 0; i < list->count; i++)
		s3_request_free(&requests[i]);
	free(requests);
	return code;
}

/* --- what is stored below a prefix, and what should be --- */

struct stored {
	struct check *check;
	const struct list *expected; /* sorted by key */
	const char *why;
};

static int judge_stored(void *context, const struct s3_object *object, struct note_error *err)
{
	const struct stored *stored = context;
	char *key = xstrdup(object->key);
	const struct expected wanted = {.key = key};
	(void)err;
	if (stored->expected->count == 0 ||
	    bsearch(&wanted, stored->expected->items, stored->expected->count, sizeof(wanted),
		    by_key) == NULL)
		found(stored->check, object->key, "%s", stored->why);
	free(key);
	return NOTE_OK;
}

static int compare(struct check *check, struct list *list, const char *prefix, const char *why,
		   struct note_error *err)
{
	struct stored stored = {check, list, why};
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), by_key);
	return bucket_list(objects_of(check->share)->bucket, prefix, false, judge_stored, &stored,
			   err);
}

/* --- packages --- */

static int check_claims(struct check *check, const struct record *record, struct note_error *err)
{
	struct holdings_batch batch = {0};
	struct strings hexes = {0};
	char hex[129];
	int code = NOTE_OK;
	record_build_ids(record, &hexes);
	while (holdings_batch_next(check->share, &hexes, &batch, &code, err)) {
		for (size_t i = 0, at = 0; i < record->count; i++) {
			const struct record_file *file = &record->files[i];
			const char *kind = build_id_path(file->path, hex);
			if (kind == NULL || strcmp(hex, batch.items[0].hex) < 0 ||
			    strcmp(hex, batch.items[batch.count - 1].hex) > 0)
				continue;
			while (strcmp(batch.items[at].hex, hex) < 0)
				at++;
			const struct holding *holding = holdings_find(&batch.items[at], kind);
			if (holding == NULL || !set_has(&holding->packages, record->package))
				found(check, file->path, "the index does not tell of %s",
				      record->package);
			else if (strcmp(holding->sha256, file->sha256) != 0)
				found(check, file->path, "%s and %s hold different files",
				      holding->packages.items[0], record->package);
		}
	}
	strings_free(&hexes);
	return code;
}

static int check_package(struct check *check, const char *package, struct note_error *err)
{
	struct record record;
	struct note_error why;
	struct list sources = {0};
	int code = read_package(check->share, package, &record, &why);
	if (code == NOTE_MALFORMED || code == NOTE_ABSENT || code == NOTE_UNSUPPORTED) {
		char *key = record_key(package);
		found(check, key, "%s", why.text);
		free(key);
		return NOTE_OK;
	}
	if (code != NOTE_OK) {
		if (err != NULL)
			*err = why;
		return code;
	}
	check->checked->files += record.count;
	for (size_t i = 0; i < record.count; i++)
		if (strncmp(record.files[i].path, "source/", 7) == 0)
			expect(&sources,
			       xasprintf("source/%s/%s", package, record.files[i].path + 7),
			       record.files[i].size, record.files[i].sha256, package);
	char *prefix = xasprintf("source/%s/", package);
	code = compare(check, &sources, prefix, "the package's record does not tell of it", err);
	if (code == NOTE_OK)
		code = fetch_all(check, &sources, err);
	if (code == NOTE_OK)
		code = check_claims(check, &record, err);
	free(prefix);
	forget(&sources);
	record_free(&record);
	return code;
}

/* --- build-ids --- */

static int check_build_id(struct check *check, const struct holdings *holdings,
			  const struct strings *packages, struct note_error *err)
{
	struct list list = {0};
	for (size_t i = 0; i < holdings->count; i++) {
		const struct holding *holding = &holdings->files[i];
		char *key = xasprintf("buildid/%s/%s", holdings->hex, holding->kind);
		for (size_t j = 0; j < holding->packages.count; j++)
			if (!set_has(packages, holding->packages.items[j]))
				found(check, key, "the index names %s, which is not there",
				      holding->packages.items[j]);
		const bool elf = strncmp(holding->kind, "section/", 8) != 0;
		expect(&list, key, holding->size, holding->sha256,
		       holding->packages.count != 0 ? holding->packages.items[0] : "its package")
			->hex = elf ? holdings->hex : NULL;
	}
	for (size_t i = 0; i < holdings->source_count; i++) {
		const struct named_source *source = &holdings->sources[i];
		if (source->package != NULL)
			expect(&list,
			       xasprintf("buildid/%s/source/%s", holdings->hex, source->path),
			       UNKNOWN, source->sha256, source->package)
				->provider =
				xasprintf("source/%s/%s", source->package, source->path);
	}
	char *prefix = xasprintf("buildid/%s/", holdings->hex);
	int code = compare(check, &list, prefix, "no package holds it", err);
	if (code == NOTE_OK)
		code = fetch_all(check, &list, err);
	for (size_t i = 0; i < list.count; i++)
		if (list.items[i].right && list.items[i].provider != NULL)
			wrongs_offer(&check->wrongs, list.items[i].provider, list.items[i].key,
				     list.items[i].sha256);
	free(prefix);
	forget(&list);
	return code;
}

/* Where one of a batch cannot be read, each of it is asked for by itself: the others are looked at.
 */
static int check_build_ids(struct check *check, const struct strings *hexes,
			   const struct strings *packages, struct note_error *err)
{
	struct holdings_batch batch = {0};
	struct note_error why;
	int checked = NOTE_OK;
	int code = NOTE_OK;
	for (;;) {
		if (holdings_batch_next(check->share, hexes, &batch, &code, &why)) {
			for (size_t i = 0; checked == NOTE_OK && i < batch.count; i++)
				checked = check_build_id(check, &batch.items[i], packages, err);
			code = checked;
			continue;
		}
		if (checked != NOTE_OK || code != NOTE_MALFORMED)
			break;
		code = NOTE_OK;
		if (batch.count == 1)
			found(check, "index/buildid/", "%s", why.text);
		for (size_t i = 0; batch.count > 1 && code == NOTE_OK && i < batch.count; i++) {
			const struct strings one = {.items = &hexes->items[batch.start + i],
						    .count = 1};
			code = check_build_ids(check, &one, packages, err);
		}
		checked = code;
	}
	if (code != NOTE_OK && checked == NOTE_OK && err != NULL)
		*err = why;
	return code;
}

/* Names between PREFIX and the next '/' or ".json". */
static int add_name(void *context, const struct s3_object *object, struct note_error *err)
{
	const char *name = strchr(object->key, '/') + 1;
	(void)err;
	if (strncmp(object->key, "index/buildid/", 14) == 0)
		name = object->key + 14;
	char *word = xasprintf("%.*s", (int)strcspn(name, "/"), name);
	const size_t length = strlen(word);
	if (length > 5 && strcmp(word + length - 5, ".json") == 0 && !object->group)
		word[length - 5] = '\0';
	strings_take(context, word);
	return NOTE_OK;
}

static bool is_build_id(const char *name)
{
	const size_t length = strlen(name);
	return length >= 2 && length <= 128 && strspn(name, "0123456789abcdef") == length;
}

int objects_check(struct share *share,
		  void (*problem)(void *context, const char *path, const char *why), void *context,
		  struct share_checked *checked, struct note_error *err)
{
	struct check check = {
		.share = share, .problem = problem, .context = context, .checked = checked};
	struct bucket *bucket = objects_of(share)->bucket;
	struct strings packages = {0}, stored = {0}, hexes = {0}, providers = {0};
	struct text journal;
	struct note_error why;
	if (lease_take(share, &why) != NOTE_OK)
		share_say(share, objects_of(share)->url,
			  "it is checked without its lock, which cannot be taken: %s", why.text);
	int code = bucket_get(bucket, OBJECTS_JOURNAL, &journal, err);
	text_free(&journal);
	if (code == NOTE_OK)
		found(&check, STAGING, "left by a run that was killed; the next one clears it");
	if (code == NOTE_ABSENT || code == NOTE_OK)
		code = objects_list(share, &packages, err);
	checked->packages = packages.count;
	for (size_t i = 0; code == NOTE_OK && i < packages.count; i++)
		code = check_package(&check, packages.items[i], err);
	wrongs_sort(&check.wrongs);
	if (code == NOTE_OK)
		code = bucket_list(bucket, "index/buildid/", false, add_name, &hexes, err);
	if (code == NOTE_OK)
		code = bucket_list(bucket, "buildid/", true, add_name, &stored, err);
	if (code == NOTE_OK)
		code = bucket_list(bucket, "source/", true, add_name, &providers, err);
	strings_sort(&hexes);
	for (size_t i = 0; code == NOTE_OK && i < stored.count; i++)
		if (!is_build_id(stored.items[i]) || !set_has(&hexes, stored.items[i])) {
			char *path = xasprintf("buildid/%s", stored.items[i]);
			found(&check, path, "no package holds it");
			free(path);
		}
	for (size_t i = 0; code == NOTE_OK && i < providers.count; i++)
		if (!set_has(&packages, providers.items[i])) {
			char *path = xasprintf("source/%s", providers.items[i]);
			found(&check, path, "there is no such package");
			free(path);
		}
	for (size_t i = hexes.count; i-- > 0;)
		if (!is_build_id(hexes.items[i]))
			set_remove(&hexes, hexes.items[i]);
	if (code == NOTE_OK)
		code = check_build_ids(&check, &hexes, &packages, err);
	if (code == NOTE_OK)
		code = wrongs_mend(share, &check.wrongs, err);
	wrongs_tell(&check.wrongs, stays_wrong, &check);
	wrongs_free(&check.wrongs);
	strings_free(&packages);
	strings_free(&stored);
	strings_free(&hexes);
	strings_free(&providers);
	return code;
}
