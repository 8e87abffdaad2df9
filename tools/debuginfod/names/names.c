/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looking a file up in the index of a share: the marker tells that it is one, the index leads to
 * segments, these to blocks, of which those are got that can hold what is asked for. A publisher
 * may change all of it meanwhile: what has gone by then is looked up again from the start.
 */
#include "tools/debuginfod/names/names.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/names/names.h"
#include "tools/debuginfod/memory.h"

#define MARKER     "share.json"
#define TRIES      4
#define TOGETHER   16u /* documents that are in memory at once */
#define GROWS_WITH 64u

/* What a server may make us keep: bytes of segments, and of results. */
#define SEGMENTS_MOST ((size_t)64 << 20)
#define RESULTS_MOST  ((size_t)64 << 20)

struct lookup {
	struct client *client;
	size_t only;
	enum names_order order; /* in which blocks are chosen */
	const char *pattern;    /* of a glob, or NULL */
	char *wanted; /* what results begin with, of a glob; else what they have: escaped */
	struct names_index index;
	struct names_segment *segments; /* one an entry of the index */
	char **lines;                   /* that match */
	size_t count, room, bytes;
	bool cut;                     /* there are more */
	struct client_answer *answer; /* what is said of a failure */
};

/* What came of it; where it is not OUTCOME_FOUND, nothing can be told. */
enum step { STEP_DONE, STEP_AGAIN, STEP_FAILED };

static enum step fail(struct lookup *lookup, enum outcome outcome, const char *text)
{
	struct client_answer *answer = lookup->answer;
	answer->outcome = outcome;
	answer->error = outcome_error(outcome);
	snprintf(answer->reason, sizeof(answer->reason), "%s", text);
	if (answer->server_count > 0) {
		answer->servers[0].outcome = outcome;
		answer->servers[0].error = answer->error;
		snprintf(answer->servers[0].text, sizeof(answer->servers[0].text), "%.159s", text);
	}
	return STEP_FAILED;
}

static enum step short_memory(struct lookup *lookup)
{
	return fail(lookup, OUTCOME_UNAVAILABLE, "out of memory");
}

static enum step fail_by(struct lookup *lookup, const struct note_error *err)
{
	return fail(lookup, err->code == NOTE_SYSTEM ? OUTCOME_UNAVAILABLE : OUTCOME_REJECTED,
		    err->text);
}

/* --- documents --- */

static void keep_answer(void *context, size_t index, struct client_answer *answer)
{
	struct client_answer *answers = context;
	answers[index] = *answer;
}

/* Gets PATHS; ANSWERS has one each, for client_answer_free. False where memory is short. */
static bool get(struct lookup *lookup, char *const *paths, size_t count,
		struct client_answer *answers)
{
	struct client_request *requests = calloc(count + 1, sizeof(*requests));
	if (requests == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		requests[i] = (struct client_request){.artifact = ARTIFACT_DOCUMENT,
						      .build_id = "",
						      .name = paths[i],
						      .only = lookup->only};
	client_fetch_all(lookup->client, requests, count, keep_answer, answers);
	free(requests);
	return true;
}

/* A document that did not come: one that the index led to has gone meanwhile, where it is absent.
 */
static enum step not_found(struct lookup *lookup, const char *path, const struct client_answer *got)
{
	if (got->outcome == OUTCOME_ABSENT) {
		char *text = format_string("%s: the index leads to it, and it is not there", path);
		fail(lookup, OUTCOME_REJECTED, text != NULL ? text : path);
		free(text);
		return STEP_AGAIN;
	}
	lookup->answer->interrupted |= got->interrupted;
	return fail(lookup, got->outcome,
		    got->server_count > 0 ? got->servers[0].text : got->reason);
}

/* --- what is looked for --- */

/* Of PATTERN, what all that it matches begin with, as their names are written: for free(). */
static char *literal_start(const char *pattern)
{
	size_t length = strcspn(pattern, "*?[\\");
	/* Half of a character would be written in another way than the whole. */
	while (pattern[length] != '\0' && length > 0 && (unsigned char)pattern[length - 1] >= 0x80)
		length--;
	char *start = strndup(pattern, length);
	char *out = start != NULL ? names_escape(start) : NULL;
	free(start);
	return out;
}

/* False for a key that an index cannot answer, or where memory is short (WANTED is NULL). */
static bool understand(struct lookup *lookup, const char *key, const char *value)
{
	lookup->order = strcmp(key, "buildid") == 0 ? NAMES_BY_BUILD_ID : NAMES_BY_FILE;
	if (strcmp(key, "glob") == 0) {
		lookup->pattern = value;
		lookup->wanted = literal_start(value);
	} else if (strcmp(key, "file") == 0 || strcmp(key, "buildid") == 0) {
		lookup->wanted = names_escape(value);
	}
	for (char *p = lookup->wanted;
	     p != NULL && lookup->order == NAMES_BY_BUILD_ID && *p != '\0'; p++)
		*p = (char)(*p >= 'A' && *p <= 'F' ? *p | 0x20 : *p);
	return lookup->wanted != NULL;
}

/* 1, 0, or -1 where memory is short. */
static int matches(const struct lookup *lookup, const struct names_result *result)
{
	const struct names_span wanted = names_span_of(lookup->wanted);
	if (lookup->pattern == NULL)
		return names_span_compare(lookup->order == NAMES_BY_FILE ? result->file
									 : result->build_id,
					  wanted) == 0;
	if (result->file.length < wanted.length ||
	    memcmp(result->file.text, wanted.text, wanted.length) != 0)
		return 0;
	char *name = names_unescape(result->file);
	const int found = name != NULL ? names_glob(lookup->pattern, name) : -1;
	free(name);
	return found;
}

/* Whether PARTS's block I may hold some of it. */
static bool may_hold(const struct lookup *lookup, const struct names_parts *parts, size_t i)
{
	const char *wanted = lookup->wanted;
	const bool begins = strcmp(parts->items[i].first, wanted) <= 0 ||
			    (lookup->pattern != NULL &&
			     strncmp(parts->items[i].first, wanted, strlen(wanted)) == 0);
	return begins && (i + 1 == parts->count || strcmp(parts->items[i + 1].first, wanted) >= 0);
}

/* --- results --- */

static bool is_gone(const struct lookup *lookup, size_t segment, struct names_span package)
{
	for (size_t i = segment + 1; i < lookup->index.count; i++)
		if (names_segment_removes(&lookup->segments[i], package))
			return true;
	return false;
}

/* False where memory is short. */
static bool take_results(struct lookup *lookup, size_t segment, const struct names_block *block)
{
	for (size_t i = 0; i < block->count; i++) {
		const struct names_result *result = &block->results[i];
		const int found = matches(lookup, result);
		if (found < 0)
			return false;
		if (found == 0 || is_gone(lookup, segment, result->archive))
			continue;
		if (result->line.length > RESULTS_MOST - lookup->bytes) {
			lookup->cut = true;
			return true;
		}
		lookup->bytes += result->line.length;
		if (lookup->count == lookup->room) {
			const size_t room = lookup->room != 0 ? 2 * lookup->room : GROWS_WITH;
			char **more = realloc(lookup->lines, room * sizeof(*more));
			if (more == NULL)
				return false;
			lookup->lines = more;
			lookup->room = room;
		}
		lookup->lines[lookup->count] = strndup(result->line.text, result->line.length);
		if (lookup->lines[lookup->count] == NULL)
			return false;
		lookup->count++;
	}
	return true;
}

/* TOGETHER blocks of the segment, or fewer. */
static enum step read_blocks(struct lookup *lookup, size_t segment, char *const *paths,
			     size_t count)
{
	struct client_answer *answers = calloc(count + 1, sizeof(*answers));
	enum step step = STEP_DONE;
	if (answers == NULL || !get(lookup, paths, count, answers))
		step = short_memory(lookup);
	for (size_t i = 0; answers != NULL && i < count; i++) {
		struct names_block block;
		struct note_error err;
		if (step == STEP_DONE && answers[i].outcome != OUTCOME_FOUND) {
			step = not_found(lookup, paths[i], &answers[i]);
		} else if (step == STEP_DONE) {
			char *body = answers[i].body;
			answers[i].body = NULL;
			if (names_block_read(&block, body, strlen(body), &err) != NOTE_OK)
				step = fail_by(lookup, &err);
			else if (!take_results(lookup, segment, &block))
				step = short_memory(lookup);
			names_block_free(&block);
		}
		client_answer_free(&answers[i]);
	}
	free(answers);
	return step;
}

static enum step look_into(struct lookup *lookup, size_t segment)
{
	const struct names_parts *parts = &lookup->segments[segment].parts[lookup->order];
	enum step step = take_results(lookup, segment, &lookup->segments[segment].results)
				 ? STEP_DONE
				 : short_memory(lookup);
	for (size_t i = 0; step == STEP_DONE && !lookup->cut && i < parts->count;) {
		struct strings paths = {0};
		for (; step == STEP_DONE && i < parts->count && paths.count < TOGETHER; i++)
			if (may_hold(lookup, parts, i) &&
			    !list_take(&paths,
				       format_string(NAMES_BELOW "%s", parts->items[i].name)))
				step = short_memory(lookup);
		if (step == STEP_DONE && paths.count != 0)
			step = read_blocks(lookup, segment, paths.items, paths.count);
		strings_free(&paths);
	}
	return step;
}

/* COUNT segments from START on, TOGETHER at most; *BYTES is what they and those before take. */
static enum step read_some_segments(struct lookup *lookup, size_t start, size_t count,
				    size_t *bytes)
{
	struct strings paths = {0};
	struct client_answer *answers = calloc(TOGETHER, sizeof(*answers)); /* much for a stack */
	enum step step = STEP_DONE;
	bool good = answers != NULL;
	for (size_t i = 0; good && i < count; i++)
		good = list_take(&paths, format_string(NAMES_BELOW "%s",
						       lookup->index.segments[start + i].name));
	if (!good || !get(lookup, paths.items, count, answers))
		step = short_memory(lookup);
	for (size_t i = 0; answers != NULL && i < count; i++) {
		const struct client_answer *got = &answers[i];
		struct note_error err;
		if (step == STEP_DONE && got->outcome != OUTCOME_FOUND)
			step = not_found(lookup, paths.items[i], got);
		else if (step == STEP_DONE && (*bytes += strlen(got->body)) > SEGMENTS_MOST)
			step = fail(lookup, OUTCOME_REJECTED, "an index larger than any share's");
		else if (step == STEP_DONE &&
			 names_segment_read(&lookup->segments[start + i], got->body,
					    strlen(got->body), &err) != NOTE_OK)
			step = fail_by(lookup, &err);
		client_answer_free(&answers[i]);
	}
	free(answers);
	strings_free(&paths);
	return step;
}

static enum step read_segments(struct lookup *lookup)
{
	const size_t count = lookup->index.count;
	size_t bytes = 0;
	lookup->segments = calloc(count + 1, sizeof(*lookup->segments));
	enum step step = lookup->segments != NULL ? STEP_DONE : short_memory(lookup);
	for (size_t start = 0; step == STEP_DONE && start < count; start += TOGETHER)
		step = read_some_segments(
			lookup, start, count - start < TOGETHER ? count - start : TOGETHER, &bytes);
	return step;
}

static void forget(struct lookup *lookup)
{
	for (size_t i = 0; lookup->segments != NULL && i < lookup->index.count; i++)
		names_segment_free(&lookup->segments[i]);
	free(lookup->segments);
	lookup->segments = NULL;
	names_index_free(&lookup->index);
	for (size_t i = 0; i < lookup->count; i++)
		free(lookup->lines[i]);
	lookup->count = lookup->bytes = 0;
	lookup->cut = false;
}

static enum step look(struct lookup *lookup)
{
	char *paths[] = {(char[]){NAMES_INDEX}};
	struct client_answer got = {0};
	struct note_error err;
	enum step step = STEP_DONE;
	forget(lookup);
	if (!get(lookup, paths, 1, &got))
		return short_memory(lookup);
	if (got.outcome == OUTCOME_ABSENT)
		step = fail(lookup, OUTCOME_ABSENT, "a share without an index (" NAMES_INDEX ")");
	else if (got.outcome != OUTCOME_FOUND)
		step = not_found(lookup, NAMES_INDEX, &got);
	else if (names_index_read(&lookup->index, got.body, strlen(got.body), &err) != NOTE_OK)
		step = fail_by(lookup, &err);
	client_answer_free(&got);
	if (step == STEP_DONE)
		step = read_segments(lookup);
	for (size_t i = 0; step == STEP_DONE && !lookup->cut && i < lookup->index.count; i++)
		step = look_into(lookup, i);
	return step;
}

/* --- the answer --- */

static int by_file(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	struct names_result first, second;
	if (!names_result_read(&first, *x, strlen(*x)) ||
	    !names_result_read(&second, *y, strlen(*y)))
		return 0;
	return names_compare(&first, &second, NAMES_BY_FILE);
}

static char *print(struct lookup *lookup)
{
	size_t size = 64;
	if (lookup->count > 1)
		qsort(lookup->lines, lookup->count, sizeof(*lookup->lines), by_file);
	for (size_t i = 0; i < lookup->count; i++)
		size += strlen(lookup->lines[i]) + 2;
	char *out = malloc(size);
	char *to = out != NULL ? stpcpy(out, "{\"results\": [") : NULL;
	for (size_t i = 0; out != NULL && i < lookup->count; i++) {
		to = stpcpy(to, i != 0 ? ",\n" : "");
		to = stpcpy(to, lookup->lines[i]);
	}
	if (out != NULL)
		stpcpy(to, lookup->cut ? "], \"complete\": false}" : "], \"complete\": true}");
	return out;
}

/* Whether the server keeps the marker of a share. */
static bool is_share(struct lookup *lookup)
{
	char *paths[] = {(char[]){MARKER}};
	struct client_answer got = {0};
	struct json_object *object = NULL, *version = NULL;
	if (get(lookup, paths, 1, &got) && got.outcome == OUTCOME_FOUND)
		object = json_tokener_parse(got.body);
	const bool share = object != NULL && json_object_is_type(object, json_type_object) &&
			   json_object_object_get_ex(object, "shareVersion", &version) &&
			   json_object_is_type(version, json_type_int);
	json_object_put(object);
	lookup->answer->interrupted |= got.interrupted;
	client_answer_free(&got);
	return share;
}

void names_ask(struct client *client, size_t only, const char *key, const char *value,
	       struct client_answer *answer)
{
	struct lookup lookup = {.client = client, .only = only, .answer = answer};
	enum step step = STEP_AGAIN;
	if (!understand(&lookup, key, value) || !is_share(&lookup)) {
		free(lookup.wanted);
		return;
	}
	for (unsigned tries = 0; step == STEP_AGAIN && tries < TRIES; tries++)
		step = look(&lookup);
	char *body = step == STEP_DONE ? print(&lookup) : NULL;
	if (step == STEP_DONE && body == NULL)
		short_memory(&lookup);
	if (body != NULL) {
		free(answer->body);
		answer->body = body;
		answer->outcome = OUTCOME_FOUND;
		answer->error = 0;
		answer->reason[0] = '\0';
		if (answer->server_count > 0) {
			answer->servers[0].outcome = OUTCOME_FOUND;
			answer->servers[0].error = 0;
			snprintf(answer->servers[0].text, sizeof(answer->servers[0].text),
				 "its index");
		}
	}
	forget(&lookup);
	free(lookup.lines);
	free(lookup.wanted);
}
