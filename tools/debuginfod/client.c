/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening and closing a debuginfod client, and small things around its answers. What happens to a
 * request stands in request.c.
 */
#include "tools/debuginfod/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/debuginfod/client_internal.h"
#include "tools/debuginfod/url.h"

/* What was used so recently (to the hour) stays: somebody may be about to open it. */
#define CLEAN_GRACE 7200

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

/* --- servers --- */

/* Adds HEADER ("Name: value", or "URL Name: value") to what SERVER is sent. */
static int add_header(struct server *server, const char *header, struct note_error *err)
{
	const char *space = strchr(header, ' ');
	const char *scheme = strstr(header, "://");
	if (scheme != NULL && space != NULL && scheme < space) {
		char *word = xasprintf("%.*s", (int)(space - header), header);
		char *base = url_server(word);
		const size_t length = base != NULL ? strlen(base) : 0;
		const bool meant = base != NULL && strncmp(server->url, base, length) == 0 &&
				   (server->url[length] == '\0' || server->url[length] == '/');
		free(word);
		free(base);
		if (!meant)
			return NOTE_OK;
		header = space + 1;
	}
	const size_t name = strcspn(header, ":");
	if (name == 0 || header[name] != ':' || strcspn(header, " \t") < name ||
	    strpbrk(header, "\r\n") != NULL)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "header '%.*s': not 'Name: value'", (int)name, header);
	server->headers = libcurl.slist_append(server->headers, header);
	return NOTE_OK;
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
	int code = NOTE_OK;
	for (size_t i = 0; i < headers->count && code == NOTE_OK; i++)
		code = add_header(server, headers->items[i], err);
	return code;
}

static int add_servers(struct client *client, const struct client_options *options,
		       struct note_error *err)
{
	struct federation_settings *s = &client->settings;
	const size_t prefix = strlen(URL_ENFORCING);
	s->servers = xcalloc(options->servers.count, sizeof(*s->servers));
	for (size_t i = 0; i < options->servers.count; i++) {
		const char *word = options->servers.items[i];
		const bool enforcing = strncmp(word, URL_ENFORCING, prefix) == 0;
		const size_t before = s->server_count;
		int code = add_server(client, enforcing ? word + prefix : word, &options->headers,
				      err);
		if (code != NOTE_OK)
			return code;
		if (!enforcing || s->server_count == before)
			continue;
		/* What should be checked and cannot be must not be called found. */
		struct server *server = &s->servers[before];
		server->dead = true;
		snprintf(server->why, sizeof(server->why),
			 "ima:enforcing: its files' signatures cannot be checked here; "
			 "--server asks without");
	}
	return NOTE_OK;
}

/* --- opening --- */

static const char *keep(struct client *client, size_t index, const char *string)
{
	client->strings[index] = string != NULL ? xstrdup(string) : NULL;
	return client->strings[index];
}

/* Shares on disk do not count: looking there costs nothing. */
static void name_servers(struct client *client)
{
	struct strings urls = {0};
	struct text all = {0};
	for (size_t i = 0; i < client->settings.server_count; i++)
		if (client->settings.servers[i].directory == NULL)
			strings_add(&urls, client->settings.servers[i].shown);
	strings_sort(&urls);
	text_puts(&all, "");
	for (size_t i = 0; i < urls.count; i++)
		text_printf(&all, "%s\n", urls.items[i]);
	if (urls.count > 0)
		sha256_hex(all.data, all.size, client->servers);
	text_free(&all);
	strings_free(&urls);
}

int client_open(struct client **out, const struct client_options *options, struct note_error *err)
{
	*out = NULL;
	int code = curl_library_load(err);
	if (code != NOTE_OK)
		return code;
	if (libcurl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "libcurl cannot be used");
	struct client *client = xcalloc(1, sizeof(*client));
	struct federation_settings *s = &client->settings;
	const char *agent = options->user_agent;
	client->options = *options;
	client->options.servers = client->options.headers = (struct strings){0};
	client->options.elfutils_cache = keep(client, 4, options->elfutils_cache);
	s->retries = options->retries;
	s->backoff = options->backoff;
	s->all_must_deny = options->all_must_deny;
	s->log = options->verbose > 0 ? options->log : NULL;
	s->log_context = options->log_context;
	s->transfer = (struct transfer_settings){
		.timeout = options->timeout,
		.max_size = options->max_size,
		.user_agent = keep(client, 0, agent != NULL ? agent : "pkgnote/" PKGNOTE_VERSION),
		.ca_file = keep(client, 1, options->ca_file),
		.ca_directory = keep(client, 5, options->ca_directory),
		.certificate = keep(client, 2, options->certificate),
		.key = keep(client, 3, options->key),
		.bytes = &client->bytes,
	};
	code = add_servers(client, options, err);
	if (code == NOTE_OK)
		code = cache_open(&s->cache, options->cache, options->cache_is_private, err);
	s->multi = libcurl.multi_init();
	if (code == NOTE_OK && s->multi == NULL)
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "libcurl cannot be used");
	if (code != NOTE_OK) {
		client_close(client);
		return code;
	}
	name_servers(client);
	libcurl.multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, 64L);
	*out = client;
	return NOTE_OK;
}

void client_clean(struct client *client, struct client_cleaned *cleaned)
{
	const struct client_options *o = &client->options;
	cache_clean(client->settings.cache, o->cache_size, o->cache_age, 0, cleaned);
}

void client_close(struct client *client)
{
	if (client == NULL)
		return;
	struct federation_settings *s = &client->settings;
	const struct client_options *o = &client->options;
	struct client_cleaned cleaned;
	if (s->multi != NULL)
		libcurl.multi_cleanup(s->multi);
	if (s->cache != NULL && (o->cache_size != 0 || o->cache_age != 0) &&
	    (o->cancelled == NULL || !*o->cancelled) &&
	    cache_wants_cleaning(s->cache, o->cache_size))
		cache_clean(s->cache, o->cache_size, o->cache_age != 0 ? o->cache_age : UINT64_MAX,
			    CLEAN_GRACE, &cleaned);
	cache_close(s->cache);
	for (size_t i = 0; i < s->server_count; i++) {
		free(s->servers[i].url);
		free(s->servers[i].shown);
		free(s->servers[i].directory);
		libcurl.slist_free_all(s->servers[i].headers);
	}
	free(s->servers);
	for (size_t i = 0; i < sizeof(client->strings) / sizeof(client->strings[0]); i++)
		free(client->strings[i]);
	free(client);
	libcurl.global_cleanup();
}

/* --- answers --- */

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
