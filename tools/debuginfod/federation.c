/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All servers at once. A round asks every server that may still have the artifact, each as soon as
 * it may be asked (server.c). The first one whose good answer brings body bytes leads; the bodies
 * of others wait unread, and are let in when the leader turns out to be wrong. Once an answer is
 * proven, the rest is cancelled. A round without one is followed by another for those servers that
 * failed in a way that may pass (transfer.c says which, retry.c when). Once one has said absent,
 * the others get a short grace.
 */
#include "tools/debuginfod/federation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/base/retry.h"
#include "tools/debuginfod/federation_internal.h"
#include "tools/debuginfod/local.h"

/* So many requests in a row that end in 5xx or 429, and a server counts as dead. */
#define FAILURES_MOST 3

/* The leader is gone: the next one whose body waits. */
static void resume_next(struct federation *f)
{
	for (size_t i = 0; i < f->count && f->leader == NULL && !f->done; i++) {
		struct voice *voice = &f->voices[i];
		if (voice->state == VOICE_ASKING && voice->transfer.waiting &&
		    !transfer_resume(&voice->transfer, f->settings->multi))
			voice_settle(f, voice);
	}
}

/* --- the verdict --- */

/* A server that fails is remembered, so that the rest of a run does not wait for it again. */
static void remember_failures(struct federation *f, bool late)
{
	for (size_t i = 0; i < f->count; i++) {
		struct voice *voice = &f->voices[i];
		struct transfer *t = &voice->transfer;
		struct server *server = t->server;
		if (t->outcome != OUTCOME_UNAVAILABLE || voice->tries == 0 || server->dead ||
		    voice->shortages != 0)
			continue;
		const bool tried_all = voice->tries > f->settings->retries || !t->worth_retry;
		const bool heard = server->heard >= voice->first_asked;
		bool dies = false;
		if (t->status == 0)
			dies = !heard && (tried_all || late);
		else if (t->status != 200 && tried_all)
			dies = ++server->failures >= FAILURES_MOST;
		if (dies)
			server_died(server, t->text, t->error);
	}
}

static bool anyone_said(const struct federation *f, enum outcome outcome)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->voices[i].state == VOICE_SAID && f->voices[i].transfer.outcome == outcome)
			return true;
	return false;
}

static bool all_said(const struct federation *f, enum outcome outcome)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->voices[i].state != VOICE_SAID || f->voices[i].transfer.outcome != outcome)
			return false;
	return f->count > 0;
}

static void conclude(struct federation *f, bool late)
{
	/* Absent leads by the rule of client.h; then what tells the user most. */
	static const enum outcome order[] = {OUTCOME_ABSENT, OUTCOME_AUTH, OUTCOME_TOO_LARGE,
					     OUTCOME_UNAVAILABLE, OUTCOME_REJECTED};
	remember_failures(f, late);
	f->done = true;
	f->outcome = OUTCOME_UNAVAILABLE;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		const bool counts = order[i] == OUTCOME_ABSENT && f->settings->all_must_deny
					    ? all_said(f, order[i])
					    : anyone_said(f, order[i]);
		if (counts) {
			f->outcome = order[i];
			return;
		}
	}
}

/* As elfutils says it. */
static void log_retry(const struct federation_settings *s, uint64_t left)
{
	char line[80];
	snprintf(line, sizeof(line), "Retry failed query, %llu attempt(s) remaining",
		 (unsigned long long)left);
	if (s->log != NULL)
		s->log(s->log_context, line);
}

/* True where another round was planned. */
static bool plan_round(struct federation *f, double now)
{
	const struct federation_settings *s = f->settings;
	const double jitter = retry_wait(s->backoff, f->round + 1, retry_random());
	uint64_t left = 0;
	bool planned = false;
	for (size_t i = 0; i < f->count; i++) {
		struct voice *voice = &f->voices[i];
		struct transfer *t = &voice->transfer;
		if (!t->worth_retry || voice->tries > s->retries || t->server->dead)
			continue;
		const double wait = t->retry_after > jitter ? t->retry_after : jitter;
		if ((f->deadline > 0 && now + wait >= f->deadline) ||
		    (f->deadline <= 0 && wait > RETRY_AFTER_LONGEST))
			continue;
		voice->not_before = now + wait;
		voice->state = VOICE_TO_ASK;
		left = s->retries + 1 - voice->tries;
		planned = true;
	}
	if (planned)
		log_retry(s, left);
	f->round += planned;
	return planned;
}

/* Where every server of this round has spoken: the verdict, or the next round. */
static void end_round(struct federation *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->voices[i].state == VOICE_TO_ASK || f->voices[i].state == VOICE_ASKING)
			return;
	if (f->done)
		return;
	const bool decided = !f->settings->all_must_deny && anyone_said(f, OUTCOME_ABSENT);
	if (decided || !plan_round(f, seconds_now()))
		conclude(f, false);
}

/* --- rounds --- */

static void ask_share(struct federation *f, struct voice *voice)
{
	struct transfer *t = &voice->transfer;
	char *path;
	voice->tries++;
	t->started = seconds_now();
	t->outcome = local_fetch(t->server, &f->key, f->settings->transfer.max_size, &path,
				 &t->size, t->text);
	voice->state = VOICE_SAID;
	if (t->outcome == OUTCOME_FOUND && artifact_is_answer(f->key.artifact)) {
		voice_take_file(f, voice, path);
		free(path);
	} else if (t->outcome == OUTCOME_FOUND)
		voice_found(f, voice, path);
	else if (t->outcome == OUTCOME_ABSENT && f->absent_at == 0)
		f->absent_at = t->started;
	voice_log(f, voice);
}

/* Why VOICE is not to wait for its turn, or false. */
static bool waits_in_vain(const struct federation *f, const struct voice *voice, double now,
			  char text[ANSWER_TEXT])
{
	const struct server *server = voice->transfer.server;
	const double wait = server->pause_until - now;
	if (server->dead) {
		snprintf(text, ANSWER_TEXT, "not asked: %.140s", server->why);
		return true;
	}
	if (wait <= 0 ||
	    (f->deadline > 0 ? server->pause_until < f->deadline : wait <= RETRY_AFTER_LONGEST)) {
		const bool denied = f->absent_at != 0 && !f->settings->all_must_deny;
		if (!denied || wait <= RETRY_LONGEST_WAIT)
			return false;
	}
	snprintf(text, ANSWER_TEXT, "it wants to be asked again in %.0f s, not before", wait);
	return true;
}

/* VOICE's turn: asks, where that may be. False where it has to wait; *NEXT as above. */
static bool ask(struct federation *f, struct voice *voice, double now, double *next)
{
	struct transfer *t = &voice->transfer;
	char text[ANSWER_TEXT];
	if (t->server->ima == IMA_ENFORCING && t->artifact == ARTIFACT_SECTION) {
		f->wants_whole = true;
		voice_say(voice, OUTCOME_REJECTED,
			  "ima:enforcing: a section alone has no signature");
		return true;
	}
	if (waits_in_vain(f, voice, now, text)) {
		/* Where it failed in this request, that is what it said. */
		if (voice->tries == 0 || t->refused) {
			voice_say(voice, OUTCOME_UNAVAILABLE, text);
			t->error = t->server->dead ? t->server->error : EAGAIN;
		} else
			voice->state = VOICE_SAID;
		return true;
	}
	if (t->server->directory != NULL) {
		ask_share(f, voice);
		return true;
	}
	if (*f->settings->transfer.under_way >= *f->settings->parallel ||
	    !server_may_start(t->server, f->count > 1 && f->absent_at == 0, now, next))
		return false;
	if (voice->tries++ == 0)
		voice->first_asked = now;
	voice->state = VOICE_ASKING;
	transfer_start(t, f->settings->multi);
	if (!t->running)
		voice->state = VOICE_SAID;
	return true;
}

/* Who may be asked now, is. Shares on disk first: what they hold need not be asked for over a
 * network. True where anybody was. */
static bool federation_round(struct federation *f, double now, double *next)
{
	bool any = false;
	for (int local = 1; local >= 0; local--)
		for (size_t i = 0; i < f->count && !f->done; i++) {
			struct voice *voice = &f->voices[i];
			if (voice->state != VOICE_TO_ASK ||
			    (voice->transfer.server->directory != NULL) != (local == 1))
				continue;
			if (voice->not_before <= now)
				any |= ask(f, voice, now, next);
			else if (voice->not_before < *next)
				*next = voice->not_before;
		}
	if (any)
		end_round(f);
	return any;
}

struct federation *federation_start(const struct federation_settings *settings,
				    const struct cache_key *key, size_t only, double deadline,
				    bool known_absent)
{
	const size_t count = only != 0 ? 1 : settings->server_count;
	struct federation *f = calloc(1, sizeof(*f) + count * sizeof(f->voices[0]));
	if (f == NULL)
		return NULL;
	f->settings = settings;
	f->key = *key;
	f->deadline = deadline;
	f->outcome = OUTCOME_UNAVAILABLE;
	f->count = count;
	f->size = -1;
	for (size_t i = 0; i < count; i++) {
		struct voice *voice = &f->voices[i];
		voice->federation = f;
		voice->transfer = (struct transfer){
			.settings = &settings->transfer,
			.server = &settings->servers[only != 0 ? only - 1 : i],
			.artifact = key->artifact,
			.hex = f->key.hex,
			.name = key->wanted,
			.body = voice_body_begins,
			.owner = voice,
			.retry_after = -1,
			.size = -1,
			.outcome = OUTCOME_UNAVAILABLE,
		};
		if (known_absent && voice->transfer.server->directory == NULL)
			voice_say(voice, OUTCOME_ABSENT, "said so a while ago");
	}
	double next = 0;
	if (!federation_round(f, seconds_now(), &next))
		end_round(f);
	return f;
}

void federation_ended(struct transfer *transfer, CURLcode result)
{
	struct voice *voice = transfer->owner;
	struct federation *f = voice->federation;
	if (!transfer_end(transfer, f->settings->multi, result))
		return;
	voice_settle(f, voice);
	resume_next(f);
	end_round(f);
}

void federation_stop(struct federation *f, const char *reason, bool late)
{
	for (size_t i = 0; i < f->count; i++) {
		struct voice *voice = &f->voices[i];
		if (voice->state == VOICE_ASKING) {
			transfer_stop(&voice->transfer, f->settings->multi, OUTCOME_UNAVAILABLE,
				      reason);
			voice_settle(f, voice);
			voice->state = VOICE_SAID;
		} else if (voice->state == VOICE_TO_ASK) {
			voice_say(voice, OUTCOME_UNAVAILABLE, reason);
		} else {
			continue;
		}
		voice->transfer.error = late ? ETIME : EINTR;
	}
	conclude(f, late);
}

/* Once one has said absent, another has had its time. */
static bool grace_is_over(struct federation *f, struct voice *voice, double now, double *next)
{
	struct transfer *t = &voice->transfer;
	const double from = f->absent_at > t->started ? f->absent_at : t->started;
	const double end = from + f->settings->grace;
	char text[ANSWER_TEXT];
	if (f->absent_at == 0 || f->settings->all_must_deny || transfer_has_body(t))
		return false;
	if (now < end) {
		if (end < *next)
			*next = end;
		return false;
	}
	snprintf(text, sizeof(text), "no answer for %.3g s, and another has said absent",
		 now - t->started);
	transfer_stop(t, f->settings->multi, OUTCOME_UNAVAILABLE, text);
	t->error = ETIME;
	t->silent = true;
	return true;
}

void federation_tick(struct federation *f, double now, double *next)
{
	if (f->done)
		return;
	if (f->deadline > 0 && now >= f->deadline) {
		federation_stop(f, "the deadline has passed", true);
		return;
	}
	if (f->deadline > 0 && f->deadline < *next)
		*next = f->deadline;
	bool lost = false;
	for (size_t i = 0; i < f->count; i++) {
		struct voice *voice = &f->voices[i];
		if (voice->state == VOICE_ASKING &&
		    (transfer_stalled(&voice->transfer, f->settings->multi, now, next) ||
		     grace_is_over(f, voice, now, next))) {
			voice_settle(f, voice);
			lost = true;
		}
	}
	if (lost)
		resume_next(f);
	const bool asked = !f->done && federation_round(f, now, next);
	if (lost && !asked)
		end_round(f);
	if (asked || lost)
		*next = now; /* what was started has timers of its own */
}

bool federation_is_done(const struct federation *f)
{
	return f->done;
}

bool federation_is_coming(const struct federation *f)
{
	return f->leader != NULL;
}

void federation_look(const struct federation *f, struct federation_progress *progress)
{
	*progress = (struct federation_progress){0};
	for (size_t i = 0; i < f->count; i++) {
		const struct voice *voice = &f->voices[i];
		const struct transfer *t = &voice->transfer;
		if (voice == f->leader) {
			progress->received = t->received;
			progress->size = t->size > 0 ? (uint64_t)t->size : 0;
			progress->url = t->url;
		}
		if (progress->waits_for != NULL || voice->state == VOICE_SAID ||
		    voice->state == VOICE_CANCELLED)
			continue;
		progress->waits_for = t->server->shown;
		progress->since = voice->first_asked > 0 ? voice->first_asked : seconds_now();
		if (t->received > 0)
			progress->since = t->window;
	}
}

bool federation_all_absent(const struct federation *f)
{
	return all_said(f, OUTCOME_ABSENT);
}

bool federation_wants_whole(const struct federation *f)
{
	return f->wants_whole;
}

void federation_answer(struct federation *f, struct client_answer *answer)
{
	answer->outcome = f->outcome;
	answer->path = f->path;
	answer->body = f->body;
	answer->size = f->size;
	answer->url = f->url;
	answer->headers = f->headers;
	f->path = f->body = f->url = f->headers = NULL;
	answer->error = outcome_error(f->outcome);
	answer->servers = calloc(f->count, sizeof(*answer->servers));
	for (size_t i = 0; i < f->count && answer->servers != NULL; i++) {
		const struct voice *voice = &f->voices[i];
		if (voice->state != VOICE_SAID)
			continue;
		struct server_answer *said = &answer->servers[answer->server_count++];
		said->url = voice->transfer.server->shown;
		said->outcome = voice->transfer.outcome;
		said->error = voice->transfer.error;
		/* Of those that came to it, the first one whose cause is known. */
		if (said->outcome == f->outcome && answer->error == outcome_error(f->outcome))
			answer->error = said->error;
		snprintf(said->text, sizeof(said->text), "%s", voice->transfer.text);
	}
}

void federation_free(struct federation *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->count; i++) {
		transfer_clear(&f->voices[i].transfer, f->settings->multi);
		staging_drop(f->voices[i].transfer.stage);
	}
	free(f->path);
	free(f->body);
	free(f->url);
	free(f->headers);
	free(f);
}
