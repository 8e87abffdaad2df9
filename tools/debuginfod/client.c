/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debuginfod client as a recipe. One request:
 *
 *   1. its build-id and name are checked, and become a key          (cache.c)
 *   2. the cache has it, complete and proven: done                  (cache.c, proof.c)
 *   3. all servers are asked at once, in rounds                     (federation.c, retry.c)
 *   4. the first complete and proven body is committed to the cache (transfer.c, proof.c)
 *
 * Many requests run side by side in one thread over one libcurl multi handle.
 */
#include "tools/debuginfod/client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/debuginfod/federation.h"
#include "tools/debuginfod/retry.h"
#include "tools/debuginfod/url.h"

/* Build-ids: rpm takes 16 to 64 bytes; debuginfod anything. */
#define BUILD_ID_DIGITS 128

struct client {
	struct federation_settings settings;
	double deadline; /* seconds for a request, 0 for none */
	char *strings[4];
};

/* A request that is under way. */
struct running {
	size_t index;
	struct federation *federation;
};

const char *outcome_word(enum outcome outcome)
{
	static const char *const words[] = {
		[OUTCOME_FOUND] = "found",
		[OUTCOME_ABSENT] = "absent",
		[OUTCOME_AUTH] = "authentication wanted",
		[OUTCOME_UNAVAILABLE] = "unavailable",
		[OUTCOME_TOO_LARGE] = "too large",
		[OUTCOME_REJECTED] = "rejected",
	};
	return words[outcome];
}

/* --- opening --- */

static char *copy_or_null(const char *string)
{
	return string != NULL ? xstrdup(string) : NULL;
}

static int add_server(struct client *client, const char *word, const struct strings *headers,
		      struct note_error *err)
{
	struct federation_settings *s = &client->settings;
	char *url = url_server(word);
	if (url == NULL)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "server '%s': not an http, https or file URL", word);
	for (size_t i = 0; i < s->server_count; i++)
		if (strcmp(s->servers[i].url, url) == 0) {
			free(url);
			return NOTE_OK;
		}
	struct server *server = &s->servers[s->server_count++];
	server->url = url;
	server->shown = url_without_secrets(url);
	if (strncasecmp(url, "file:", 5) == 0) {
		server->directory = url_directory(url);
		if (server->directory == NULL)
			return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
					 "server '%s': not a file URL of this machine", word);
	}
	for (size_t i = 0; i < headers->count; i++)
		server->headers = curl_slist_append(server->headers, headers->items[i]);
	return NOTE_OK;
}

int client_open(struct client **out, const struct client_options *options, struct note_error *err)
{
	*out = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "libcurl cannot be used");
	struct client *client = xcalloc(1, sizeof(*client));
	struct federation_settings *s = &client->settings;
	struct transfer_settings *t = &s->transfer;
	s->servers = xcalloc(options->servers.count, sizeof(*s->servers));
	s->retries = options->retries;
	s->backoff = options->backoff;
	s->log = options->verbose > 0 ? options->log : NULL;
	s->log_context = options->log_context;
	client->deadline = (double)options->deadline;
	t->timeout = options->timeout;
	t->max_size = options->max_size;
	t->user_agent = client->strings[0] = xstrdup(
		options->user_agent != NULL ? options->user_agent : "pkgnote/" PKGNOTE_VERSION);
	t->ca_file = client->strings[1] = copy_or_null(options->ca_file);
	t->certificate = client->strings[2] = copy_or_null(options->certificate);
	t->key = client->strings[3] = copy_or_null(options->key);
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < options->servers.count; i++)
		code = add_server(client, options->servers.items[i], &options->headers, err);
	if (code == NOTE_OK)
		code = cache_open(&s->cache, options->cache, err);
	s->multi = curl_multi_init();
	if (code == NOTE_OK && s->multi == NULL)
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "libcurl cannot be used");
	if (code != NOTE_OK) {
		client_close(client);
		return code;
	}
	curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, 64L);
	*out = client;
	return NOTE_OK;
}

void client_close(struct client *client)
{
	if (client == NULL)
		return;
	struct federation_settings *s = &client->settings;
	if (s->multi != NULL)
		curl_multi_cleanup(s->multi);
	cache_close(s->cache);
	for (size_t i = 0; i < s->server_count; i++) {
		free(s->servers[i].url);
		free(s->servers[i].shown);
		free(s->servers[i].directory);
		curl_slist_free_all(s->servers[i].headers);
	}
	free(s->servers);
	for (size_t i = 0; i < sizeof(client->strings) / sizeof(client->strings[0]); i++)
		free(client->strings[i]);
	free(client);
	curl_global_cleanup();
}

/* --- a request --- */

static bool refuse(struct client_answer *answer, const char *format, const char *what)
{
	char *shown = name_to_line(what);
	answer->outcome = OUTCOME_REJECTED;
	snprintf(answer->reason, sizeof(answer->reason), format, shown);
	free(shown);
	return false;
}

/* Fills KEY, or ANSWER where nothing can be asked. */
static bool make_key(const struct client_request *request, struct cache_key *key,
		     struct client_answer *answer)
{
	char hex[BUILD_ID_DIGITS + 1];
	const char *id = request->build_id;
	const size_t length = strlen(id);
	const bool named =
		request->artifact == ARTIFACT_SOURCE || request->artifact == ARTIFACT_SECTION;
	if (length < 2 || length > BUILD_ID_DIGITS || length % 2 != 0 ||
	    strspn(id, "0123456789abcdefABCDEF") != length)
		return refuse(answer, "'%s' is no build-id", id);
	for (size_t i = 0; i <= length; i++)
		hex[i] = (char)tolower((unsigned char)id[i]);
	if (named && (request->name == NULL || request->name[0] == '\0'))
		return refuse(answer, "%s: no name was given", id);
	if (request->artifact == ARTIFACT_SOURCE && request->name[0] != '/')
		return refuse(answer, "'%s' is no absolute path", request->name);
	if (request->artifact == ARTIFACT_SECTION && strchr(request->name, '/') != NULL)
		return refuse(answer, "'%s' is no section name", request->name);
	cache_key_make(key, request->artifact, hex, named ? request->name : NULL);
	return true;
}

static void give_reason(struct client_answer *answer)
{
	size_t used = 0;
	if (answer->server_count == 0)
		snprintf(answer->reason, sizeof(answer->reason), "no server is known");
	for (size_t i = 0; i < answer->server_count && used < sizeof(answer->reason); i++)
		used += (size_t)snprintf(answer->reason + used, sizeof(answer->reason) - used,
					 "%s%s: %s", i > 0 ? "; " : "", answer->servers[i].url,
					 answer->servers[i].text);
}

/* True where it is under way; false where ANSWER is filled already. */
static bool start(struct client *client, const struct client_request *request,
		  struct running *running, struct client_answer *answer)
{
	struct cache_key key;
	*answer = (struct client_answer){0};
	if (!make_key(request, &key, answer))
		return false;
	answer->path = cache_find(client->settings.cache, &key);
	if (answer->path != NULL)
		return false;
	const double deadline = client->deadline > 0 ? seconds_now() + client->deadline : 0;
	running->federation = federation_start(&client->settings, &key, deadline);
	return true;
}

static void end(struct running *running, struct client_answer *answer)
{
	*answer = (struct client_answer){0};
	federation_answer(running->federation, answer);
	if (answer->outcome != OUTCOME_FOUND)
		give_reason(answer);
	federation_free(running->federation);
}

/* --- the loop --- */

static void hear(struct client *client)
{
	int left;
	CURLMsg *message;
	while ((message = curl_multi_info_read(client->settings.multi, &left)) != NULL) {
		struct transfer *transfer;
		if (message->msg != CURLMSG_DONE)
			continue;
		const CURLcode result = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		federation_ended(transfer, result);
	}
}

void client_fetch_all(struct client *client, const struct client_request *requests, size_t count,
		      unsigned parallel, client_done *done, void *context)
{
	CURLM *multi = client->settings.multi;
	struct running *running = xcalloc(parallel > 0 ? parallel : 1, sizeof(*running));
	struct client_answer answer;
	size_t started = 0, active = 0;
	while (started < count || active > 0) {
		int handles;
		double now = seconds_now(), next = now + 3600;
		while (started < count && active < (parallel > 0 ? parallel : 1)) {
			running[active].index = started;
			if (start(client, &requests[started++], &running[active], &answer))
				active++;
			else
				done(context, started - 1, &answer);
		}
		curl_multi_perform(multi, &handles);
		hear(client);
		for (size_t i = 0; i < active;) {
			federation_tick(running[i].federation, now, &next);
			if (!federation_is_done(running[i].federation)) {
				i++;
				continue;
			}
			const size_t index = running[i].index;
			end(&running[i], &answer);
			running[i] = running[--active];
			done(context, index, &answer);
			next = now;
		}
		const double wait = next - seconds_now();
		if (active > 0 && wait > 0)
			curl_multi_poll(multi, NULL, 0, (int)(wait * 1000) + 1, NULL);
	}
	free(running);
}

static void take_answer(void *context, size_t index, struct client_answer *answer)
{
	(void)index;
	*(struct client_answer *)context = *answer;
}

void client_fetch(struct client *client, enum artifact artifact, const char *build_id,
		  const char *name, struct client_answer *answer)
{
	const struct client_request request = {artifact, build_id, name};
	client_fetch_all(client, &request, 1, 1, take_answer, answer);
}

void client_discard(struct client *client, const struct client_answer *answer)
{
	if (answer->outcome == OUTCOME_FOUND && cache_is_temporary(client->settings.cache))
		cache_forget(client->settings.cache, answer->path);
}

void client_answer_free(struct client_answer *answer)
{
	free(answer->path);
	free(answer->servers);
	*answer = (struct client_answer){0};
}
