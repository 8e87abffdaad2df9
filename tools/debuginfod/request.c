/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One request as a recipe:
 *
 *   1. its build-id and name are checked, and become a key           (cache.c)
 *   2. the cache has it, complete and proven: done                   (cache.c,
 * debuginfod/cache/proven.c) elfutils' cache has it, proven: done (debuginfod/cache/elfutils.c)
 *   3. whoever else fetches it now is waited for; then 2. again      (debuginfod/cache/lock.c)
 *   4. all servers are asked at once, in rounds, shares on disk      (federation.c, retry.c,
 *      first; none over a network, where all of those said absent    local.c,
 * debuginfod/cache/lock.c) a while ago
 *   5. the first complete and proven body is committed               (transfer.c, proof.c)
 *   6. a section that no server gives is cut out of the whole file,
 *      where the options ask for that                                (section.c)
 *
 * Many requests run side by side in one thread over one libcurl multi handle.
 */
#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/retry.h"
#include "tools/debuginfod/client_internal.h"
#include "tools/debuginfod/section.h"

/* Build-ids: rpm takes 16 to 64 bytes; debuginfod anything. */
#define BUILD_ID_DIGITS 128
/* Seconds between two looks at a lock, and at the flag that a signal handler sets. */
#define LOCK_PAUSE   0.02
#define CANCEL_PAUSE 0.05

/* A request that is under way. */
struct running {
	size_t index;
	struct cache_key key;     /* what is being fetched now */
	struct cache_key section; /* the section that it is fetched for, where CUTTING */
	enum { WHOLE, CUTTING } purpose;
	struct cache_lock *lock;
	bool known_absent;             /* to all that are asked over a network, a while ago */
	struct federation *federation; /* NULL while another process is waited for */
	double deadline;               /* a moment, or 0 */
	double look_again, patience;   /* moments, while waiting */
	bool ended;
	struct client_answer answer;
};

/* --- keys --- */

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

/* --- steps --- */

static void give_reason(struct client_answer *answer)
{
	size_t used = 0;
	if (answer->outcome == OUTCOME_FOUND || answer->reason[0] != '\0')
		return;
	if (answer->server_count == 0)
		snprintf(answer->reason, sizeof(answer->reason), "no server is known");
	for (size_t i = 0; i < answer->server_count && used < sizeof(answer->reason); i++)
		used += (size_t)snprintf(answer->reason + used, sizeof(answer->reason) - used,
					 "%s%s: %s", i > 0 ? "; " : "", answer->servers[i].url,
					 answer->servers[i].text);
}

static void begin(struct client *client, struct running *r, const struct cache_key *key);

/* What is being fetched has come, or will not. */
static void conclude(struct client *client, struct running *r)
{
	struct client_answer *answer = &r->answer;
	cache_unlock(r->lock);
	r->lock = NULL;
	federation_free(r->federation);
	r->federation = NULL;
	give_reason(answer);
	r->ended = true;
	const bool denied = answer->outcome == OUTCOME_ABSENT;
	if (r->purpose == WHOLE && denied && r->key.artifact == ARTIFACT_SECTION &&
	    client->options.section_fallback) {
		struct cache_key whole;
		r->purpose = CUTTING;
		r->section = r->key;
		cache_key_make(&whole, ARTIFACT_DEBUGINFO, r->section.hex, NULL);
		begin(client, r, &whole);
	} else if (r->purpose == CUTTING && answer->outcome == OUTCOME_FOUND) {
		struct note_error err = {0};
		char *path = NULL;
		int fd = open(answer->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		int code =
			fd >= 0 ? section_cut(fd, client->settings.cache, &r->section, &path, &err)
				: NOTE_SYSTEM;
		if (fd >= 0)
			close(fd);
		free(answer->path);
		answer->path = path;
		if (code == NOTE_ABSENT && r->key.artifact == ARTIFACT_DEBUGINFO) {
			struct cache_key whole;
			cache_key_make(&whole, ARTIFACT_EXECUTABLE, r->section.hex, NULL);
			begin(client, r, &whole);
		} else if (code != NOTE_OK) {
			answer->outcome = code == NOTE_ABSENT   ? OUTCOME_ABSENT
					  : code == NOTE_SYSTEM ? OUTCOME_UNAVAILABLE
								: OUTCOME_REJECTED;
			snprintf(answer->reason, sizeof(answer->reason), "%s", err.text);
		}
	}
}

/* True where no server need be asked. */
static bool know_already(struct client *client, struct running *r)
{
	const struct client_options *o = &client->options;
	struct client_answer *answer = &r->answer;
	answer->path = cache_find(client->settings.cache, &r->key);
	if (answer->path == NULL && o->elfutils_cache != NULL)
		answer->path = elfutils_cache_find(o->elfutils_cache, r->key.artifact, r->key.hex);
	if (answer->path != NULL) {
		answer->outcome = OUTCOME_FOUND;
		return true;
	}
	return false;
}

static void ask(struct client *client, struct running *r)
{
	if (know_already(client, r)) {
		conclude(client, r);
		return;
	}
	r->known_absent = cache_is_absent(client->settings.cache, &r->key, client->servers,
					  client->options.absent_seconds);
	r->federation = federation_start(&client->settings, &r->key, r->deadline, r->known_absent);
}

/* Asks, where nobody else does. */
static void ask_or_wait(struct client *client, struct running *r, double now)
{
	enum lock_state state = LOCK_IMPOSSIBLE;
	if (!cache_is_private(client->settings.cache))
		state = cache_lock(client->settings.cache, &r->key, &r->lock);
	/* A process that was suspended keeps its lock; a second download harms nobody. */
	if (state != LOCK_BUSY || (r->patience > 0 && now >= r->patience))
		ask(client, r);
	else
		r->look_again = now + LOCK_PAUSE;
}

static void begin(struct client *client, struct running *r, const struct cache_key *key)
{
	const double now = seconds_now();
	const double timeout = client->options.timeout;
	client_answer_free(&r->answer);
	r->ended = false;
	r->key = *key;
	r->patience = timeout > 0 ? now + timeout : 0;
	if (know_already(client, r))
		conclude(client, r);
	else
		ask_or_wait(client, r, now);
}

static void finish_federation(struct client *client, struct running *r)
{
	federation_answer(r->federation, &r->answer);
	if (federation_all_absent(r->federation) && !r->known_absent &&
	    client->options.absent_seconds != 0 && client->servers[0] != '\0')
		cache_note_absent(client->settings.cache, &r->key, client->servers);
	conclude(client, r);
}

/* What time brings; *NEXT is lowered to the next moment to look. */
static void step(struct client *client, struct running *r, double now, double *next)
{
	if (r->federation == NULL && r->deadline > 0 && now >= r->deadline) {
		r->answer.outcome = OUTCOME_UNAVAILABLE;
		snprintf(r->answer.reason, sizeof(r->answer.reason),
			 "the deadline has passed while another process fetched it");
		r->purpose = WHOLE;
		conclude(client, r);
		return;
	}
	if (r->federation == NULL && now >= r->look_again)
		ask_or_wait(client, r, now);
	if (!r->ended && r->federation == NULL && r->look_again < *next)
		*next = r->look_again;
	if (r->federation != NULL)
		federation_tick(r->federation, now, next);
	if (r->federation != NULL && federation_is_done(r->federation)) {
		finish_federation(client, r);
		*next = now;
	}
}

static void start(struct client *client, struct running *r, const struct client_request *request,
		  size_t index)
{
	struct cache_key key;
	*r = (struct running){.index = index};
	if (client->options.deadline > 0)
		r->deadline = seconds_now() + client->options.deadline;
	if (make_key(request, &key, &r->answer))
		begin(client, r, &key);
	else
		r->ended = true;
}

static void cancel(struct client *client, struct running *r)
{
	r->purpose = WHOLE;
	if (r->federation != NULL) {
		federation_stop(r->federation, "interrupted");
		finish_federation(client, r);
	} else {
		r->answer.outcome = OUTCOME_UNAVAILABLE;
		snprintf(r->answer.reason, sizeof(r->answer.reason), "interrupted");
		conclude(client, r);
	}
}

/* --- the loop --- */

static void hear(struct client *client)
{
	int left;
	CURLMsg *message;
	while ((message = libcurl.multi_info_read(client->settings.multi, &left)) != NULL) {
		struct transfer *transfer;
		if (message->msg != CURLMSG_DONE)
			continue;
		const CURLcode result = message->data.result;
		libcurl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		federation_ended(transfer, result);
	}
}

/* Tells how far it is; returns when to tell it again. */
static double tell_progress(struct client *client, const struct running *running, size_t active,
			    size_t done, size_t total, double began)
{
	const struct client_options *o = &client->options;
	const double now = seconds_now();
	const char *waits = NULL;
	for (size_t i = 0; i < active && waits == NULL; i++)
		waits = running[i].federation != NULL ? federation_waits_for(running[i].federation)
						      : "another process";
	const struct client_progress progress = {
		.done = done,
		.total = total,
		.bytes = client->bytes,
		.bytes_per_second = now > began ? (double)client->bytes / (now - began) : 0,
		.waiting_for = waits != NULL ? waits : "",
	};
	o->progress(o->progress_context, &progress);
	return now + 0.1;
}

static bool is_cancelled(const struct client *client)
{
	return client->options.cancelled != NULL && *client->options.cancelled;
}

/* Sleeps until something happens or NEXT. */
static void sleep_until(struct client *client, double next)
{
	double wait = next - seconds_now();
	if (client->options.cancelled != NULL && wait > CANCEL_PAUSE)
		wait = CANCEL_PAUSE;
	if (wait > 0)
		libcurl.multi_poll(client->settings.multi, NULL, 0, (int)(wait * 1000) + 1, NULL);
}

/* OpenSSL writes to sockets without MSG_NOSIGNAL: a server that closes early must not end us. */
static void hold_sigpipe(sigset_t *before)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, before);
}

static void release_sigpipe(const sigset_t *before)
{
	const struct timespec none = {0};
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	if (sigismember(before, SIGPIPE) == 0)
		while (sigtimedwait(&set, NULL, &none) == SIGPIPE)
			;
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

void client_fetch_all(struct client *client, const struct client_request *requests, size_t count,
		      unsigned parallel, client_done *done, void *context)
{
	const size_t room = parallel > 0 ? parallel : 1;
	struct running *running = xcalloc(room, sizeof(*running));
	const double began = seconds_now();
	size_t started = 0, active = 0;
	double tell = began;
	sigset_t before;
	hold_sigpipe(&before);
	client->bytes = 0;
	while (started < count || active > 0) {
		int handles;
		double now = seconds_now(), next = now + 3600;
		while (started < count && active < room) {
			start(client, &running[active], &requests[started], started);
			started++;
			active++;
		}
		libcurl.multi_perform(client->settings.multi, &handles);
		hear(client);
		for (size_t i = 0; i < active;) {
			if (is_cancelled(client) && !running[i].ended)
				cancel(client, &running[i]);
			if (!running[i].ended)
				step(client, &running[i], now, &next);
			if (!running[i].ended) {
				i++;
				continue;
			}
			struct running ended = running[i];
			running[i] = running[--active];
			done(context, ended.index, &ended.answer);
			next = now;
		}
		if (client->options.progress != NULL && seconds_now() >= tell)
			tell = tell_progress(client, running, active, started - active, count,
					     began);
		if (client->options.progress != NULL && tell < next)
			next = tell;
		if (active > 0)
			sleep_until(client, next);
	}
	free(running);
	release_sigpipe(&before);
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
