/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening and closing a debuginfod client, and small things around its answers. What happens to a
 * request stands in request.c.
 */
#include "tools/debuginfod/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>
#include <xxhash.h>

#include "libnote/error.h"
#include "tools/base/libraries/crypto.h"
#include "tools/debuginfod/client_internal.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/url.h"

/* What was used so recently (to the hour) stays: somebody may be about to open it. */
#define CLEAN_GRACE 7200
/* File descriptors: those that are left alone, and those that a request under way may take (its
 * socket, an idle one, its file, its directory, its lock). */
#define DESCRIPTORS_SPARED 16
#define DESCRIPTORS_EACH   5

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

int outcome_error(enum outcome outcome)
{
	static const int errors[] = {
		[OUTCOME_FOUND] = 0,         [OUTCOME_ABSENT] = ENOENT,
		[OUTCOME_AUTH] = EACCES,     [OUTCOME_UNAVAILABLE] = EAGAIN,
		[OUTCOME_TOO_LARGE] = EFBIG, [OUTCOME_REJECTED] = EBADMSG,
	};
	return errors[outcome];
}

static int out_of_memory(struct note_error *err)
{
	return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory");
}

/* --- servers --- */

static void log_line(const struct federation_settings *s, const char *format, const char *what,
		     const char *why)
{
	char *line = s->log != NULL ? format_string(format, what, why) : NULL;
	if (line != NULL)
		s->log(s->log_context, line);
	free(line);
}

/* Adds HEADER ("Name: value", or "URL Name: value") to what SERVER is sent. */
static int add_header(struct server *server, const char *header, struct note_error *err)
{
	const char *space = strchr(header, ' ');
	const char *scheme = strstr(header, "://");
	if (scheme != NULL && space != NULL && scheme < space) {
		char *word = format_string("%.*s", (int)(space - header), header);
		char *base = word != NULL ? url_server(word) : NULL;
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
	struct curl_slist *more = libcurl.slist_append(server->headers, header);
	if (more == NULL)
		return out_of_memory(err);
	server->headers = more;
	return NOTE_OK;
}

static int add_server(struct client *client, const char *entry, const struct client_options *o,
		      struct note_error *err)
{
	struct federation_settings *s = &client->settings;
	enum ima_policy policy;
	const char *word = url_without_policy(entry, &policy);
	char *url = url_server(word);
	if (url == NULL)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "server '%s': not an http, https or file URL", word);
	for (size_t i = 0; i < s->server_count; i++)
		if (strcmp(s->servers[i].url, url) == 0) {
			log_line(s, "duplicate url: %s, skipping%s", s->servers[i].shown, "");
			free(url);
			return NOTE_OK;
		}
	struct server *server = &s->servers[s->server_count++];
	server->url = url;
	server->shown = url_without_secrets(url);
	server->ima = o->ima >= 0 ? (enum ima_policy)o->ima : policy;
	server_begin(server, SERVER_PARALLEL / (o->sharers > 0 ? o->sharers : 1));
	if (server->shown == NULL)
		return out_of_memory(err);
	if (strncasecmp(url, "file:", 5) == 0) {
		server->directory = url_directory(url);
		if (server->directory == NULL)
			return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
					 "server '%s': not a file URL of this machine", word);
	}
	int code = NOTE_OK;
	for (size_t i = 0; i < o->headers.count && code == NOTE_OK; i++)
		code = add_header(server, o->headers.items[i], err);
	return code;
}

/* Who was silent in another process, a short while ago, is not waited for again. */
static void recall_silence(struct client *client, const struct client_options *o)
{
	struct federation_settings *s = &client->settings;
	for (size_t i = 0; i < s->server_count; i++) {
		struct server *server = &s->servers[i];
		char why[ANSWER_TEXT];
		if (server->directory != NULL ||
		    !cache_is_silent(s->cache, server->url, o->silent_seconds, o->forget, why,
				     sizeof(why)))
			continue;
		server_died(server, why, ETIME);
		log_line(s, "%s: not asked: it was silent %s", server->shown, why);
	}
}

/* The certificates, where any server's files are to be checked. */
static int read_keys(struct client *client, const struct client_options *o, struct note_error *err)
{
	struct federation_settings *s = &client->settings;
	size_t count = 0;
	bool wanted = false;
	for (size_t i = 0; i < s->server_count; i++)
		wanted |= s->servers[i].ima != IMA_IGNORE;
	if (!wanted)
		return NOTE_OK;
	const int code = crypto_library_load(err);
	if (code != NOTE_OK)
		return code;
	client->keys = ima_keys_read(
		o->ima_certificates != NULL ? o->ima_certificates : IMA_CERTIFICATES, &count);
	if (client->keys == NULL)
		return out_of_memory(err);
	s->keys = client->keys;
	if (count == 0 && s->tell != NULL)
		s->tell(s->tell_context, "signatures of files are to be checked, and there is no "
					 "certificate in " IMA_CERTIFICATES
					 " nor by DEBUGINFOD_IMA_CERT_PATH; --ima=ignore asks "
					 "without");
	return NOTE_OK;
}

/* --- opening --- */

void client_default_options(struct client_options *options)
{
	*options = (struct client_options){.retries = 3,
					   .backoff = 1,
					   .timeout = 90,
					   .first_byte = 10,
					   .grace = 2,
					   .ima = -1,
					   .silent_seconds = 180,
					   .absent_seconds = 600,
					   .cache_size = (uint64_t)20 << 30,
					   .cache_age = 30 * 86400};
}

static bool keep(struct client *client, size_t index, const char *string, const char **out)
{
	*out = client->strings[index] = string != NULL ? strdup(string) : NULL;
	return string == NULL || *out != NULL;
}

static bool keep_strings(struct client *client, const struct client_options *o)
{
	struct transfer_settings *t = &client->settings.transfer;
	return keep(client, 0, o->user_agent != NULL ? o->user_agent : "pkgnote/" PKGNOTE_VERSION,
		    &t->user_agent) &&
	       keep(client, 1, o->ca_file, &t->ca_file) &&
	       keep(client, 2, o->certificate, &t->certificate) &&
	       keep(client, 3, o->key, &t->key) &&
	       keep(client, 4, o->elfutils_cache, &client->options.elfutils_cache) &&
	       keep(client, 5, o->ca_directory, &t->ca_directory);
}

/* Shares on disk do not count: looking there costs nothing. The order does not either. */
static void name_servers(struct client *client)
{
	XXH128_canonical_t bytes;
	XXH128_hash_t sum = {0};
	bool any = false;
	for (size_t i = 0; i < client->settings.server_count; i++) {
		const struct server *server = &client->settings.servers[i];
		if (server->directory != NULL)
			continue;
		const XXH128_hash_t one = XXH3_128bits(server->shown, strlen(server->shown));
		sum.low64 += one.low64;
		sum.high64 += one.high64;
		any = true;
	}
	XXH128_canonicalFromHash(&bytes, sum);
	if (any)
		hex_encode(&bytes, sizeof(bytes), client->servers);
}

/* How many requests the limit of file descriptors bears. */
static unsigned borne_by_descriptors(unsigned sharers)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 1 << 20)
		return UINT32_MAX;
	const rlim_t most = limit.rlim_cur > 2 * DESCRIPTORS_SPARED
				    ? (limit.rlim_cur - DESCRIPTORS_SPARED) / sharers
				    : 1;
	return most > DESCRIPTORS_EACH ? (unsigned)most / DESCRIPTORS_EACH : 1;
}

static void set_limits(struct client *client, const struct client_options *o)
{
	struct federation_settings *s = &client->settings;
	const unsigned sharers = o->sharers > 0 ? o->sharers : 1;
	const unsigned wanted = o->parallel > 0 ? o->parallel : CLIENT_PARALLEL;
	const unsigned borne = borne_by_descriptors(sharers);
	const unsigned mine = wanted > sharers ? wanted / sharers : 1;
	client->parallel_most = mine < borne ? mine : borne;
	client->parallel = client->parallel_most;
	libcurl.multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, (long)client->parallel_most);
	cache_set(s->cache, borne / 2, o->tell, o->tell_context);
}

static void take_options(struct client *client, const struct client_options *o)
{
	struct federation_settings *s = &client->settings;
	client->options = *o;
	client->options.servers = client->options.headers = (struct strings){0};
	s->retries = o->retries;
	s->backoff = o->backoff;
	s->grace = o->grace;
	s->all_must_deny = o->all_must_deny;
	s->silent_seconds = o->silent_seconds;
	s->parallel = &client->parallel;
	s->log = o->verbose > 0 ? o->log : NULL;
	s->log_context = o->log_context;
	s->tell = o->tell;
	s->tell_context = o->tell_context;
	s->transfer = (struct transfer_settings){
		.timeout = o->timeout,
		.first_byte = o->first_byte,
		.sizes_only = o->sizes_only,
		.max_size = o->max_size,
		.bytes = &client->bytes,
		.under_way = &client->under_way,
	};
}

static int fill(struct client *client, const struct client_options *o, struct note_error *err)
{
	struct federation_settings *s = &client->settings;
	int code = NOTE_OK;
	s->servers = calloc(o->servers.count + 1, sizeof(*s->servers));
	if (s->servers == NULL || !keep_strings(client, o))
		return out_of_memory(err);
	for (size_t i = 0; i < o->servers.count && code == NOTE_OK; i++)
		code = add_server(client, o->servers.items[i], o, err);
	if (code == NOTE_OK)
		code = cache_open(&s->cache, o->cache, o->cache_is_private, err);
	s->multi = libcurl.multi_init();
	if (code == NOTE_OK && s->multi == NULL)
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "libcurl cannot be used");
	if (code == NOTE_OK)
		code = read_keys(client, o, err);
	return code;
}

int client_open(struct client **out, const struct client_options *options, struct note_error *err)
{
	*out = NULL;
	int code = curl_library_load(err);
	if (code != NOTE_OK)
		return code;
	struct client *client = calloc(1, sizeof(*client));
	if (client == NULL)
		return out_of_memory(err);
	pthread_mutex_init(&client->lock, NULL);
	take_options(client, options);
	code = fill(client, options, err);
	if (code != NOTE_OK) {
		client->options.cache_size = client->options.cache_age = 0;
		client_close(client);
		return code;
	}
	name_servers(client);
	set_limits(client, options);
	recall_silence(client, options);
	if (options->elfutils_write && options->elfutils_cache != NULL)
		elfutils_cache_clean(options->elfutils_cache);
	*out = client;
	return NOTE_OK;
}

void client_set_lock_patience(struct client *client, double seconds)
{
	client->options.lock_patience = seconds;
}

size_t client_server_count(const struct client *client)
{
	return client->settings.server_count;
}

const char *client_server_name(const struct client *client, size_t index)
{
	return client->settings.servers[index].shown;
}

void client_clean(struct client *client, struct client_cleaned *cleaned)
{
	const struct client_options *o = &client->options;
	cache_clean(client->settings.cache, o->cache_size, o->cache_age, 0, cleaned);
}

int client_delete(struct client *client, const char *build_id, struct client_cleaned *cleaned,
		  struct note_error *err)
{
	struct cache_key key;
	*cleaned = (struct client_cleaned){0};
	if (!cache_key_of_id(&key, build_id))
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "'%s' is no build-id", build_id);
	return cache_delete(client->settings.cache, key.hex, cleaned, err);
}

int client_sync(struct client *client, struct note_error *err)
{
	return cache_sync(client->settings.cache, err);
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
	ima_keys_free(client->keys);
	for (size_t i = 0; i < sizeof(client->strings) / sizeof(client->strings[0]); i++)
		free(client->strings[i]);
	pthread_mutex_destroy(&client->lock);
	free(client);
}

/* --- answers --- */

void client_show_to_others(const struct client *client, const struct cache_key *key,
			   struct client_answer *answer)
{
	const struct client_options *o = &client->options;
	if (!o->elfutils_write || o->elfutils_cache == NULL || answer->outcome != OUTCOME_FOUND ||
	    answer->path == NULL ||
	    (key->artifact != ARTIFACT_DEBUGINFO && key->artifact != ARTIFACT_EXECUTABLE))
		return;
	answer->elfutils_path =
		elfutils_cache_put(o->elfutils_cache, key->artifact, key->hex, answer->path);
	cache_renew(client->settings.cache, key, answer->path);
}

void client_discard(struct client *client, const struct client_answer *answer)
{
	if (answer->outcome == OUTCOME_FOUND && answer->path != NULL &&
	    cache_is_temporary(client->settings.cache))
		cache_forget(client->settings.cache, answer->path);
}

void client_answer_free(struct client_answer *answer)
{
	free(answer->path);
	free(answer->body);
	free(answer->elfutils_path);
	free(answer->url);
	free(answer->headers);
	free(answer->servers);
	*answer = (struct client_answer){.size = -1};
}
