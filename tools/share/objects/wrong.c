/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/share/objects/wrong.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"

void wrongs_add(struct wrongs *wrongs, const char *key, const char *why, bool absent,
		const char *package, const char *provider, const char *sha256)
{
	if (wrongs->count == wrongs->room) {
		wrongs->room = wrongs->room != 0 ? 2 * wrongs->room : 16;
		wrongs->items = xrealloc(wrongs->items, wrongs->room * sizeof(*wrongs->items));
	}
	struct wrong *wrong = &wrongs->items[wrongs->count++];
	*wrong = (struct wrong){.key = xstrdup(key),
				.why = xstrdup(why),
				.package = xstrdup(package),
				.provider = provider != NULL ? xstrdup(provider) : NULL,
				.absent = absent};
	memcpy(wrong->sha256, sha256, sizeof(wrong->sha256));
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct wrong *)a)->key, ((const struct wrong *)b)->key);
}

void wrongs_sort(struct wrongs *wrongs)
{
	if (wrongs->count > 1)
		qsort(wrongs->items, wrongs->count, sizeof(*wrongs->items), by_key);
	wrongs->sorted = wrongs->count;
}

static int against_key(const void *key, const void *item)
{
	return strcmp(key, ((const struct wrong *)item)->key);
}

static struct wrong *find(const struct wrongs *wrongs, const char *key)
{
	return wrongs->sorted == 0 ? NULL
				   : bsearch(key, wrongs->items, wrongs->sorted,
					     sizeof(*wrongs->items), against_key);
}

void wrongs_offer(struct wrongs *wrongs, const char *provider, const char *copy, const char *sha256)
{
	struct wrong *wrong = find(wrongs, provider);
	if (wrong != NULL && wrong->from == NULL && strcmp(wrong->sha256, sha256) == 0)
		wrong->from = xstrdup(copy);
}

/* Where WRONG can come back from, or NULL. */
static const char *source_of(const struct wrongs *wrongs, const struct wrong *wrong, bool copies)
{
	if (!copies)
		return wrong->from;
	if (wrong->provider == NULL)
		return NULL;
	const struct wrong *provider = find(wrongs, wrong->provider);
	return provider == NULL || provider->mended ? wrong->provider : NULL;
}

/* Those that are provided first, then their COPIES. */
static int bring_back(struct share *share, struct wrongs *wrongs, bool copies,
		      struct note_error *err)
{
	struct s3_request *requests = xcalloc(wrongs->count, sizeof(*requests));
	size_t count = 0;
	for (size_t i = 0; i < wrongs->count; i++) {
		const char *from = source_of(wrongs, &wrongs->items[i], copies);
		if (from != NULL)
			requests[count++] =
				(struct s3_request){.method = S3_COPY,
						    .key = xstrdup(wrongs->items[i].key),
						    .from = xstrdup(from),
						    .owner = &wrongs->items[i]};
	}
	int code = bucket_run(objects_of(share)->bucket, requests, count, NULL, NULL, err);
	for (size_t i = 0; i < count; i++) {
		struct wrong *wrong = requests[i].owner;
		if (requests[i].code == NOTE_OK) {
			wrong->mended = true;
			share_say(share, wrong->key, "%s: it comes back from %s", wrong->why,
				  requests[i].from);
		}
		s3_request_free(&requests[i]);
	}
	free(requests);
	return code;
}

static int take_out(struct share *share, struct wrongs *wrongs, struct note_error *err)
{
	struct s3_request *requests = xcalloc(wrongs->count, sizeof(*requests));
	size_t count = 0;
	for (size_t i = 0; i < wrongs->count; i++)
		if (!wrongs->items[i].mended && !wrongs->items[i].absent)
			requests[count++] =
				(struct s3_request){.method = S3_DELETE,
						    .key = xstrdup(wrongs->items[i].key),
						    .owner = &wrongs->items[i]};
	int code = bucket_run(objects_of(share)->bucket, requests, count, NULL, NULL, err);
	for (size_t i = 0; i < count; i++) {
		struct wrong *wrong = requests[i].owner;
		wrong->gone = requests[i].code == NOTE_OK;
		s3_request_free(&requests[i]);
	}
	free(requests);
	return code;
}

int wrongs_mend(struct share *share, struct wrongs *wrongs, struct note_error *err)
{
	if (wrongs->count == 0)
		return NOTE_OK;
	int code = lease_holds(share, err);
	if (code == NOTE_OK)
		code = bring_back(share, wrongs, false, err);
	if (code == NOTE_OK)
		code = bring_back(share, wrongs, true, err);
	return code == NOTE_OK ? take_out(share, wrongs, err) : code;
}

void wrongs_tell(const struct wrongs *wrongs,
		 void (*problem)(void *context, const char *path, const char *why), void *context)
{
	for (size_t i = 0; i < wrongs->count; i++) {
		const struct wrong *wrong = &wrongs->items[i];
		if (wrong->mended)
			continue;
		char *why = xasprintf("%s%s; publish %s again", wrong->why,
				      wrong->gone ? ": it is taken out" : "", wrong->package);
		problem(context, wrong->key, why);
		free(why);
	}
}

void wrongs_free(struct wrongs *wrongs)
{
	for (size_t i = 0; i < wrongs->count; i++) {
		free(wrongs->items[i].key);
		free(wrongs->items[i].why);
		free(wrongs->items[i].package);
		free(wrongs->items[i].provider);
		free(wrongs->items[i].from);
	}
	free(wrongs->items);
	*wrongs = (struct wrongs){0};
}
