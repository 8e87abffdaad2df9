/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/debuginfod/metadata.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "libnote/error.h"
#include "tools/debuginfod/client_internal.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/names/names.h"

#define PLAIN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

struct merging {
	struct client_answer *answers; /* one a server */
	struct json_object *results;   /* an array */
	struct json_object *seen;      /* an object: each result's text is a key */
	bool complete, failed;
};

static void take_answer(void *context, size_t index, struct client_answer *answer)
{
	struct merging *merging = context;
	merging->answers[index] = *answer;
}

static bool merge_result(struct merging *merging, struct json_object *result)
{
	const char *text = json_object_to_json_string_ext(result, PLAIN);
	if (text == NULL)
		return false;
	if (json_object_object_get_ex(merging->seen, text, NULL))
		return true;
	return json_object_object_add(merging->seen, text, NULL) == 0 &&
	       json_object_array_add(merging->results, json_object_get(result)) == 0;
}

/* A good answer that is no list of results is rejected. */
static void merge_answer(struct merging *merging, struct client_answer *answer)
{
	struct json_object *object = NULL, *results = NULL, *complete = NULL;
	if (answer->outcome == OUTCOME_FOUND)
		object = json_tokener_parse(answer->body);
	if (object == NULL || !json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, "results", &results) ||
	    !json_object_is_type(results, json_type_array)) {
		merging->complete = false;
		if (answer->outcome == OUTCOME_FOUND) {
			answer->outcome = OUTCOME_REJECTED;
			snprintf(answer->reason, sizeof(answer->reason),
				 "its answer is no list of results");
			if (answer->server_count > 0) {
				answer->servers[0].outcome = OUTCOME_REJECTED;
				snprintf(answer->servers[0].text, sizeof(answer->servers[0].text),
					 "%s", "its answer is no list of results");
			}
		}
		json_object_put(object);
		return;
	}
	if (!json_object_object_get_ex(object, "complete", &complete) ||
	    !json_object_get_boolean(complete))
		merging->complete = false;
	const size_t count = json_object_array_length(results);
	for (size_t i = 0; i < count && !merging->failed; i++)
		merging->failed = !merge_result(merging, json_object_array_get_idx(results, i));
	json_object_put(object);
}

/* What all have said, as one answer. */
static void conclude(struct merging *merging, size_t count, struct client_answer *answer)
{
	static const enum outcome order[] = {OUTCOME_FOUND,       OUTCOME_AUTH,
					     OUTCOME_UNAVAILABLE, OUTCOME_REJECTED,
					     OUTCOME_TOO_LARGE,   OUTCOME_ABSENT};
	size_t best = sizeof(order) / sizeof(order[0]), used = 0;
	answer->servers = calloc(count + 1, sizeof(*answer->servers));
	answer->outcome = OUTCOME_UNAVAILABLE;
	for (size_t i = 0; i < count; i++) {
		const struct client_answer *one = &merging->answers[i];
		for (size_t o = 0; o < best; o++)
			if (order[o] == one->outcome)
				best = o;
		answer->interrupted |= one->interrupted;
		if (one->server_count > 0 && answer->servers != NULL)
			answer->servers[answer->server_count++] = one->servers[0];
		if (one->outcome != OUTCOME_FOUND && used < sizeof(answer->reason))
			used += (size_t)snprintf(answer->reason + used,
						 sizeof(answer->reason) - used, "%s%s",
						 used > 0 ? "; " : "", one->reason);
	}
	if (best < sizeof(order) / sizeof(order[0]))
		answer->outcome = order[best];
	if (count == 0)
		snprintf(answer->reason, sizeof(answer->reason), "no server is known");
}

static char *print(struct merging *merging)
{
	struct json_object *object = json_object_new_object();
	char *out = NULL;
	if (object != NULL &&
	    json_object_object_add(object, "results", json_object_get(merging->results)) == 0 &&
	    json_object_object_add(object, "complete",
				   json_object_new_boolean(merging->complete)) == 0) {
		const char *text = json_object_to_json_string_ext(object, PLAIN);
		out = text != NULL ? strdup(text) : NULL;
	}
	json_object_put(object);
	return out;
}

static bool ask(struct client *client, const char *query, struct merging *merging, size_t count)
{
	struct client_request *requests = calloc(count + 1, sizeof(*requests));
	if (requests == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		requests[i] = (struct client_request){.artifact = ARTIFACT_METADATA,
						      .build_id = "",
						      .name = query,
						      .only = i + 1};
	client_fetch_all(client, requests, count, take_answer, merging);
	free(requests);
	return true;
}

void client_metadata(struct client *client, const char *key, const char *value,
		     struct client_answer *answer)
{
	const size_t count = client_server_count(client);
	struct merging merging = {.answers = calloc(count + 1, sizeof(*merging.answers)),
				  .results = json_object_new_array(),
				  .seen = json_object_new_object(),
				  .complete = true};
	char *encoded = url_encode_path(value);
	char *query = encoded != NULL ? format_string("key=%s&value=%s", key, encoded) : NULL;
	*answer = (struct client_answer){.outcome = OUTCOME_UNAVAILABLE, .size = -1};
	merging.failed = merging.answers == NULL || merging.results == NULL ||
			 merging.seen == NULL || query == NULL ||
			 !ask(client, query, &merging, count);
	for (size_t i = 0; !merging.failed && i < count; i++)
		if (merging.answers[i].outcome == OUTCOME_ABSENT && !merging.answers[i].interrupted)
			names_ask(client, i + 1, key, value, &merging.answers[i]);
	for (size_t i = 0; !merging.failed && i < count; i++)
		merge_answer(&merging, &merging.answers[i]);
	if (!merging.failed)
		conclude(&merging, count, answer);
	if (!merging.failed && answer->outcome == OUTCOME_FOUND) {
		answer->body = print(&merging);
		merging.failed = answer->body == NULL;
	}
	if (merging.failed) {
		answer->outcome = OUTCOME_UNAVAILABLE;
		snprintf(answer->reason, sizeof(answer->reason), "out of memory");
	}
	for (size_t i = 0; merging.answers != NULL && i < count; i++)
		client_answer_free(&merging.answers[i]);
	free(merging.answers);
	json_object_put(merging.results);
	json_object_put(merging.seen);
	free(encoded);
	free(query);
}

/* It lies among the build-ids, by a digest of the question, and goes as they do. */
int client_metadata_keep(struct client *client, const char *key, const char *value,
			 const char *text, char **path, struct note_error *err)
{
	struct cache_key place = {.artifact = ARTIFACT_METADATA, .name = "metadata"};
	struct staging *stage = NULL;
	XXH128_canonical_t digest;
	char *query = format_string("%s=%s", key, value);
	*path = NULL;
	if (query == NULL)
		return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory");
	XXH128_canonicalFromHash(&digest, XXH3_128bits(query, strlen(query)));
	hex_encode(&digest, sizeof(digest), place.hex);
	free(query);
	pthread_mutex_lock(&client->lock);
	int code = staging_open(&stage, client->settings.cache, &place, err);
	if (code == NOTE_OK)
		code = staging_write(stage, text, strlen(text), err);
	if (code == NOTE_OK)
		code = staging_commit(stage, path, err);
	else
		staging_drop(stage);
	pthread_mutex_unlock(&client->lock);
	return code;
}
