/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One request as a recipe:
 *
 *   1. its build-id and name are checked, and become a key            cache/cache.c
 *   2. the cache has it, complete and proven: done                    cache/cache.c, proven.c
 *      elfutils' cache has it, proven: done                           cache/elfutils.c
 *   3. whoever else fetches it now is waited for; then 2. again       cache/lock.c
 *   4. all servers are asked at once, in rounds, shares on disk       federation.c, server.c,
 *      first; none over a network, where all of those said absent     local.c, cache/lock.c
 *      a while ago
 *   5. the first complete and proven body is committed                transfer.c, answer.c,
 *                                                                     proof.c, ima.c
 *   6. a section that no server gives is cut out of the whole file,   section.c
 *      where the options ask for that
 *
 * Many requests run side by side in one thread over one libcurl multi handle.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/base/retry.h"
#include "tools/debuginfod/client_internal.h"
#include "tools/debuginfod/section.h"

/* Seconds between two looks at a lock, and at the flag that a signal handler sets. */
#define LOCK_PAUSE   0.02
#define CANCEL_PAUSE 0.05
/* And between two tellings of how far it is. */
#define PROGRESS_PAUSE 0.1

/* A request that is under way. */
struct running {
	size_t index;
	size_t only;              /* the number of the server that is asked alone, or 0 */
	struct cache_key key;     /* what is being fetched now */
	struct cache_key section; /* the section that it is fetched for, where CUTTING */
	enum { WHOLE, CUTTING } purpose;
	struct cache_lock *lock;
	bool known_absent;             /* to all that are asked over a network, a while ago */
	struct federation *federation; /* NULL while another process is waited for */
	double deadline;               /* a moment, or 0 */
	double began;                  /* a moment */
	/* Moments, while another process is waited for: until then, and until it gets a byte. */
	double look_again, patience, hope;
	bool told; /* the others, that bytes come */
	bool ended;
	struct client_answer answer;
};

/* --- keys --- */

static bool refuse(struct client_answer *answer, const char *format, const char *what)
{
	char line[128];
	size_t i = 0;
	for (; i < sizeof(line) - 1 && what[i] != '\0'; i++)
		line[i] = (unsigned char)what[i] < ' ' || what[i] == 0x7f ? '?' : what[i];
	line[i] = '\0';
	answer->outcome = OUTCOME_REJECTED;
	answer->error = EINVAL;
	snprintf(answer->reason, sizeof(answer->reason), format, line);
	return false;
}

/* Fills KEY, or ANSWER where nothing can be asked. */
static bool make_key(const struct client_request *request, struct cache_key *key,
		     struct client_answer *answer)
{
	const char *id = request->build_id;
	const enum artifact artifact = request->artifact;
	struct cache_key of_id;
	/* The cache's own directory: answers about metadata have no build-id. */
	if (artifact_is_answer(artifact))
		id = strcpy(of_id.hex, ".");
	else if (!cache_key_of_id(&of_id, id))
		return refuse(answer, "'%s' is no build-id", id);
	const bool named = artifact != ARTIFACT_DEBUGINFO && artifact != ARTIFACT_EXECUTABLE;
	if (named && (request->name == NULL || request->name[0] == '\0'))
		return refuse(answer, "%s: no name was given", id);
	if (artifact == ARTIFACT_SOURCE && request->name[0] != '/')
		return refuse(answer, "'%s' is no absolute path", request->name);
	if (artifact == ARTIFACT_SECTION && strchr(request->name, '/') != NULL)
		return refuse(answer, "'%s' is no section name", request->name);
	cache_key_make(key, artifact, of_id.hex, named ? request->name : NULL);
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
	const bool unsigned_section = r->federation != NULL &&
				      federation_wants_whole(r->federation) &&
				      answer->outcome != OUTCOME_FOUND;
	federation_free(r->federation);
	r->federation = NULL;
	give_reason(answer);
	r->ended = true;
	const bool denied = answer->outcome == OUTCOME_ABSENT;
	if (answer->interrupted)
		return;
	if (r->purpose == WHOLE && r->key.artifact == ARTIFACT_SECTION &&
	    !client->options.sizes_only &&
	    (unsigned_section || (denied && client->options.section_fallback))) {
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
	struct stat st;
	if (artifact_is_answer(r->key.artifact))
		return false;
	answer->path = cache_find(client->settings.cache, &r->key);
	if (answer->path == NULL && o->elfutils_cache != NULL)
		answer->path = elfutils_cache_find(o->elfutils_cache, r->key.artifact, r->key.hex);
	if (answer->path != NULL) {
		answer->outcome = OUTCOME_FOUND;
		answer->size = stat(answer->path, &st) == 0 ? (int64_t)st.st_size : -1;
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
	r->known_absent = r->only == 0 && !artifact_is_answer(r->key.artifact) &&
			  cache_is_absent(client->settings.cache, &r->key, client->servers,
					  client->options.absent_seconds);
	r->federation =
		federation_start(&client->settings, &r->key, r->only, r->deadline, r->known_absent);
	if (r->federation != NULL)
		return;
	r->answer.outcome = OUTCOME_UNAVAILABLE;
	r->answer.error = ENOMEM;
	snprintf(r->answer.reason, sizeof(r->answer.reason), "out of memory");
	r->purpose = WHOLE;
	conclude(client, r);
}

/* Asks, where nobody else does. */
static void ask_or_wait(struct client *client, struct running *r, double now)
{
	enum lock_state state = LOCK_IMPOSSIBLE;
	if (!cache_is_private(client->settings.cache) && !artifact_is_answer(r->key.artifact) &&
	    !client->options.sizes_only)
		state = cache_lock(client->settings.cache, &r->key, &r->lock);
	/* A process that was suspended keeps its lock; a second download harms nobody. */
	if (state == LOCK_BUSY && cache_is_coming(client->settings.cache, &r->key))
		r->hope = r->patience;
	if (state != LOCK_BUSY || (r->hope > 0 && now >= r->hope))
		ask(client, r);
	else
		r->look_again = now + LOCK_PAUSE;
}

static void begin(struct client *client, struct running *r, const struct cache_key *key)
{
	const double now = seconds_now();
	const double timeout = client->options.timeout, patience = client->options.lock_patience;
	client_answer_free(&r->answer);
	r->ended = r->told = false;
	r->began = now;
	r->key = *key;
	r->patience = timeout > 0 ? now + timeout : 0;
	r->hope = patience > 0 ? now + patience : r->patience;
	if (know_already(client, r))
		conclude(client, r);
	else
		ask_or_wait(client, r, now);
}

static void finish_federation(struct client *client, struct running *r)
{
	federation_answer(r->federation, &r->answer);
	if (federation_all_absent(r->federation) && !r->known_absent && r->only == 0 &&
	    !artifact_is_answer(r->key.artifact) && client->options.absent_seconds != 0 &&
	    client->servers[0] != '\0')
		cache_note_absent(client->settings.cache, &r->key, client->servers);
	conclude(client, r);
}

/* What time brings; *NEXT is lowered to the next moment to look. */
static void step(struct client *client, struct running *r, double now, double *next)
{
	if (r->federation == NULL && r->deadline > 0 && now >= r->deadline) {
		r->answer.outcome = OUTCOME_UNAVAILABLE;
		r->answer.error = ETIME;
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
	if (r->federation != NULL && r->lock != NULL && !r->told &&
	    federation_is_coming(r->federation)) {
		cache_lock_coming(r->lock);
		r->told = true;
	}
	if (r->federation != NULL && federation_is_done(r->federation)) {
		finish_federation(client, r);
		*next = now;
	}
}

static void start(struct client *client, struct running *r, const struct client_request *request,
		  size_t index)
{
	struct cache_key key;
	*r = (struct running){.index = index, .only = request->only, .answer = {.size = -1}};
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
	r->answer.interrupted = true;
	if (r->federation != NULL) {
		federation_stop(r->federation, "interrupted", false);
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

/* Many requests at a time. */
struct loop {
	struct client *client;
	const struct client_request *requests;
	size_t count;
	client_done *done;
	void *context;
	struct running *running;
	size_t room, started, active;
	double began, tell; /* moments */
	bool interrupted;
};

/* Tells how far it is, where it is time for that. */
static void tell_progress(struct loop *loop, double now)
{
	const struct client *client = loop->client;
	const struct client_options *o = &client->options;
	struct client_progress progress = {
		.done = loop->started - loop->active,
		.total = loop->count,
		.bytes = client->bytes,
		.bytes_per_second =
			now > loop->began ? (double)client->bytes / (now - loop->began) : 0,
		.waiting_for = "",
	};
	if (o->progress == NULL || now < loop->tell)
		return;
	for (size_t i = 0; i < loop->active; i++) {
		struct federation_progress one = {.waits_for = "another process",
						  .since = loop->running[i].began};
		if (loop->running[i].federation != NULL)
			federation_look(loop->running[i].federation, &one);
		progress.received += one.received;
		progress.size += one.size;
		if (one.url != NULL)
			progress.url = one.url;
		/* The one that keeps us waiting longest. */
		if (one.waits_for != NULL && now - one.since >= progress.waited) {
			progress.waiting_for = one.waits_for;
			progress.waited = now - one.since;
		}
	}
	loop->tell = now + PROGRESS_PAUSE;
	if (o->progress(o->progress_context, &progress) != 0)
		loop->interrupted = true;
}

/* Sleeps until something happens or NEXT. */
static void sleep_until(struct loop *loop, double next)
{
	const struct client *client = loop->client;
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

/* Where nothing has said so yet. */
static void settle_error(struct client_answer *answer)
{
	if (answer->outcome == OUTCOME_FOUND)
		answer->error = 0;
	else if (answer->interrupted)
		answer->error = EINTR;
	else if (answer->error == 0)
		answer->error = outcome_error(answer->outcome);
}

/* One turn: what has come, what time brings, what has ended. Returns when to look again. */
static double turn(struct loop *loop)
{
	struct client *client = loop->client;
	const volatile sig_atomic_t *cancelled = client->options.cancelled;
	int handles;
	double now = seconds_now(), next = now + 3600;
	for (; loop->started < loop->count && loop->active < loop->room; loop->started++)
		start(client, &loop->running[loop->active++], &loop->requests[loop->started],
		      loop->started);
	libcurl.multi_perform(client->settings.multi, &handles);
	hear(client);
	now = seconds_now();
	if (cancelled != NULL && *cancelled)
		loop->interrupted = true;
	for (size_t i = 0; i < loop->active;) {
		struct running *r = &loop->running[i];
		if (loop->interrupted && !r->ended)
			cancel(client, r);
		if (!r->ended)
			step(client, r, now, &next);
		if (!r->ended) {
			i++;
			continue;
		}
		settle_error(&r->answer);
		if (r->purpose == WHOLE)
			client_show_to_others(client, &r->key, &r->answer);
		struct running ended = *r;
		*r = loop->running[--loop->active];
		loop->done(loop->context, ended.index, &ended.answer);
		next = now;
	}
	tell_progress(loop, seconds_now());
	if (client->options.progress != NULL && loop->tell < next)
		next = loop->tell;
	return loop->interrupted ? now : next;
}

void client_fetch_all(struct client *client, const struct client_request *requests, size_t count,
		      client_done *done, void *context)
{
	sigset_t before;
	struct running one;
	pthread_mutex_lock(&client->lock);
	struct loop loop = {.client = client,
			    .requests = requests,
			    .count = count,
			    .done = done,
			    .context = context,
			    .room = client->parallel_most,
			    .began = seconds_now()};
	client->parallel = client->parallel_most;
	client->bytes = 0;
	if (loop.room > count)
		loop.room = count;
	loop.running = calloc(loop.room + 1, sizeof(*loop.running));
	if (loop.running == NULL) {
		loop.running = &one;
		loop.room = 1;
	}
	hold_sigpipe(&before);
	while (loop.started < count || loop.active > 0) {
		const double next = turn(&loop);
		if (loop.active > 0)
			sleep_until(&loop, next);
	}
	if (loop.running != &one)
		free(loop.running);
	release_sigpipe(&before);
	pthread_mutex_unlock(&client->lock);
}

static void take_answer(void *context, size_t index, struct client_answer *answer)
{
	(void)index;
	*(struct client_answer *)context = *answer;
}

void client_fetch(struct client *client, enum artifact artifact, const char *build_id,
		  const char *name, struct client_answer *answer)
{
	const struct client_request request = {artifact, build_id, name, 0};
	client_fetch_all(client, &request, 1, take_answer, answer);
}
