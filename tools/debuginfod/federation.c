/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All servers at once. A round asks every server that may still have the artifact. The first
 * one whose good answer brings body bytes leads; the bodies of others wait unread, and are let in
 * only where the leader breaks off or turns out wrong. Once an answer is proven, the rest is
 * cancelled. A round without one is followed by another for those servers that failed in a way
 * that may pass (transfer.c says which, retry.c when).
 */
#include "tools/debuginfod/federation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/retry.h"
#include "tools/debuginfod/local.h"

/* So many requests in a row that end in 5xx or 429, and a server counts as dead. */
#define FAILURES_MOST 3

enum voice_state {
	VOICE_TO_ASK,
	VOICE_ASKING,
	VOICE_SAID,
	VOICE_CANCELLED, /* another one was first */
};

/* One server's part in a federation. */
struct voice {
	struct transfer transfer;
	struct federation *federation;
	enum voice_state state;
	double not_before;
	uint64_t tries;
};

struct federation {
	const struct federation_settings *settings;
	struct cache_key key;
	double deadline;
	unsigned round;
	struct voice *leader;
	bool done;
	enum outcome outcome;
	char *path;
	struct voice voices[];
};

static void federation_round(struct federation *f, double now);

/* --- one voice --- */

static void tell(const struct federation *f, const struct voice *voice)
{
	const struct transfer *t = &voice->transfer;
	if (f->settings->log == NULL)
		return;
	char *line =
		xasprintf("%s: %s/%s: try %llu: %s: %s (%.3f s)", t->server->shown, f->key.hex,
			  f->key.name, (unsigned long long)voice->tries, outcome_word(t->outcome),
			  t->text, voice->tries != 0 ? transfer_age(t) : 0.0);
	f->settings->log(f->settings->log_context, line);
	free(line);
}

static void say(struct voice *voice, enum outcome outcome, const char *text)
{
	voice->state = VOICE_SAID;
	voice->transfer.outcome = outcome;
	voice->transfer.worth_retry = false;
	snprintf(voice->transfer.text, sizeof(voice->transfer.text), "%.159s", text);
}

static bool body_begins(struct transfer *t)
{
	struct voice *voice = t->owner;
	struct federation *f = voice->federation;
	struct note_error err;
	if (f->leader != NULL && f->leader != voice)
		return false;
	f->leader = voice;
	if (staging_open(&t->stage, f->settings->cache, &f->key, &err) == NOTE_OK)
		return true;
	transfer_refuse(t, OUTCOME_UNAVAILABLE, err.text);
	return false;
}

static void found(struct federation *f, struct voice *winner, char *path)
{
	f->done = true;
	f->outcome = OUTCOME_FOUND;
	f->path = path;
	winner->state = VOICE_SAID;
	winner->transfer.outcome = OUTCOME_FOUND;
	winner->transfer.server->failures = 0;
	for (size_t i = 0; i < f->settings->server_count; i++) {
		struct voice *voice = &f->voices[i];
		if (voice->state == VOICE_ASKING)
			transfer_stop(&voice->transfer, f->settings->multi, OUTCOME_UNAVAILABLE,
				      "cancelled");
		if (voice->state != VOICE_SAID)
			voice->state = VOICE_CANCELLED;
	}
}

/* The body is complete by its length: prove it, keep it. */
static void judge(struct federation *f, struct voice *voice)
{
	struct transfer *t = &voice->transfer;
	struct note_error err;
	char *path = NULL;
	if (t->stage == NULL &&
	    staging_open(&t->stage, f->settings->cache, &f->key, &err) != NOTE_OK) {
		say(voice, OUTCOME_UNAVAILABLE, err.text);
		return;
	}
	if (staging_flush(t->stage, &err) != NOTE_OK) {
		say(voice, OUTCOME_UNAVAILABLE, err.text);
		return;
	}
	t->outcome =
		proof_check(staging_fd(t->stage), t->artifact, f->key.hex, f->key.wanted, t->text);
	t->worth_retry = false;
	if (t->outcome != OUTCOME_FOUND)
		return;
	int code = staging_commit(t->stage, &path, &err);
	t->stage = NULL;
	if (code == NOTE_OK)
		found(f, voice, path);
	else
		say(voice, OUTCOME_UNAVAILABLE, err.text);
}

/* VOICE's try is over, its transfer settled. */
static void settle_voice(struct federation *f, struct voice *voice)
{
	struct transfer *t = &voice->transfer;
	voice->state = VOICE_SAID;
	if (t->outcome == OUTCOME_FOUND)
		judge(f, voice);
	if (t->outcome != OUTCOME_UNAVAILABLE)
		t->server->failures = 0;
	staging_drop(t->stage);
	t->stage = NULL;
	if (f->leader == voice)
		f->leader = NULL;
	tell(f, voice);
}

/* The leader is gone: the next one whose body waits. */
static void resume_next(struct federation *f)
{
	for (size_t i = 0; i < f->settings->server_count && f->leader == NULL && !f->done; i++) {
		struct voice *voice = &f->voices[i];
		if (voice->state == VOICE_ASKING && voice->transfer.waiting &&
		    !transfer_resume(&voice->transfer, f->settings->multi))
			settle_voice(f, voice);
	}
}

/* --- the verdict --- */

/* A server that fails is remembered, so that the rest of a run does not wait for it again. */
static void remember_failures(struct federation *f, bool late)
{
	for (size_t i = 0; i < f->settings->server_count; i++) {
		struct voice *voice = &f->voices[i];
		struct transfer *t = &voice->transfer;
		struct server *server = t->server;
		if (t->outcome != OUTCOME_UNAVAILABLE || voice->tries == 0 || server->dead)
			continue;
		const bool tried_all = voice->tries > f->settings->retries || !t->worth_retry;
		if (t->status == 0 && (tried_all || late))
			server->dead = true;
		else if (t->status != 0 && t->status != 200 && tried_all)
			server->dead = ++server->failures >= FAILURES_MOST;
		if (server->dead)
			snprintf(server->why, sizeof(server->why), "%s", t->text);
	}
}

static bool anyone_said(const struct federation *f, enum outcome outcome)
{
	for (size_t i = 0; i < f->settings->server_count; i++)
		if (f->voices[i].state == VOICE_SAID && f->voices[i].transfer.outcome == outcome)
			return true;
	return false;
}

static bool all_said(const struct federation *f, enum outcome outcome)
{
	for (size_t i = 0; i < f->settings->server_count; i++)
		if (f->voices[i].state != VOICE_SAID || f->voices[i].transfer.outcome != outcome)
			return false;
	return f->settings->server_count > 0;
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

/* True where another round was planned. */
static bool plan_round(struct federation *f, double now)
{
	const struct federation_settings *s = f->settings;
	const double jitter = retry_wait(s->backoff, f->round + 1, retry_random());
	bool planned = false;
	for (size_t i = 0; i < s->server_count; i++) {
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
		planned = true;
	}
	f->round += planned;
	return planned;
}

/* Where every server of this round has spoken: the verdict, or the next round. */
static void end_round(struct federation *f)
{
	for (size_t i = 0; i < f->settings->server_count; i++)
		if (f->voices[i].state == VOICE_TO_ASK || f->voices[i].state == VOICE_ASKING)
			return;
	if (f->done)
		return;
	const bool decided = !f->settings->all_must_deny && anyone_said(f, OUTCOME_ABSENT);
	if (decided || !plan_round(f, seconds_now()))
		conclude(f, false);
}

/* --- rounds --- */

static void ask(struct federation *f, struct voice *voice)
{
	struct transfer *t = &voice->transfer;
	if (t->server->dead) {
		char text[ANSWER_TEXT];
		snprintf(text, sizeof(text), "not asked: %.140s", t->server->why);
		/* Where it failed in this request, that is what it said. */
		if (voice->tries == 0)
			say(voice, OUTCOME_UNAVAILABLE, text);
		else
			voice->state = VOICE_SAID;
		return;
	}
	voice->tries++;
	if (t->server->directory == NULL) {
		voice->state = VOICE_ASKING;
		transfer_start(t, f->settings->multi);
		if (!t->running)
			voice->state = VOICE_SAID;
		return;
	}
	char *path;
	t->started = seconds_now();
	t->outcome =
		local_fetch(t->server, &f->key, f->settings->transfer.max_size, &path, t->text);
	voice->state = VOICE_SAID;
	if (t->outcome == OUTCOME_FOUND)
		found(f, voice, path);
	tell(f, voice);
}

static void federation_round(struct federation *f, double now)
{
	/* Shares on disk first: what they hold need not be asked for over a network. */
	for (int local = 1; local >= 0; local--)
		for (size_t i = 0; i < f->settings->server_count && !f->done; i++) {
			struct voice *voice = &f->voices[i];
			const bool is_local = voice->transfer.server->directory != NULL;
			if (voice->state == VOICE_TO_ASK && voice->not_before <= now &&
			    is_local == (local == 1))
				ask(f, voice);
		}
	end_round(f);
}

struct federation *federation_start(const struct federation_settings *settings,
				    const struct cache_key *key, double deadline, bool known_absent)
{
	const size_t count = settings->server_count;
	struct federation *f = xcalloc(1, sizeof(*f) + count * sizeof(f->voices[0]));
	f->settings = settings;
	f->key = *key;
	f->deadline = deadline;
	f->outcome = OUTCOME_UNAVAILABLE;
	for (size_t i = 0; i < count; i++) {
		struct voice *voice = &f->voices[i];
		voice->federation = f;
		voice->transfer = (struct transfer){
			.settings = &settings->transfer,
			.server = &settings->servers[i],
			.artifact = key->artifact,
			.hex = f->key.hex,
			.name = key->wanted,
			.body = body_begins,
			.owner = voice,
			.retry_after = -1,
			.outcome = OUTCOME_UNAVAILABLE,
		};
		if (known_absent && voice->transfer.server->directory == NULL)
			say(voice, OUTCOME_ABSENT, "said so a while ago");
	}
	federation_round(f, seconds_now());
	return f;
}

void federation_ended(struct transfer *transfer, CURLcode result)
{
	struct voice *voice = transfer->owner;
	struct federation *f = voice->federation;
	if (!transfer_end(transfer, f->settings->multi, result))
		return;
	settle_voice(f, voice);
	resume_next(f);
	end_round(f);
}

void federation_stop(struct federation *f, const char *reason)
{
	for (size_t i = 0; i < f->settings->server_count; i++) {
		struct voice *voice = &f->voices[i];
		if (voice->state != VOICE_ASKING && voice->state != VOICE_TO_ASK)
			continue;
		transfer_stop(&voice->transfer, f->settings->multi, OUTCOME_UNAVAILABLE, reason);
		if (voice->state == VOICE_ASKING)
			settle_voice(f, voice);
		voice->state = VOICE_SAID;
	}
	conclude(f, true);
}

void federation_tick(struct federation *f, double now, double *next)
{
	if (f->done)
		return;
	if (f->deadline > 0 && now >= f->deadline) {
		federation_stop(f, "the deadline has passed");
		return;
	}
	if (f->deadline > 0 && f->deadline < *next)
		*next = f->deadline;
	bool due = false, lost = false;
	for (size_t i = 0; i < f->settings->server_count; i++) {
		struct voice *voice = &f->voices[i];
		if (voice->state == VOICE_TO_ASK && voice->not_before <= now)
			due = true;
		else if (voice->state == VOICE_TO_ASK && voice->not_before < *next)
			*next = voice->not_before;
		else if (voice->state == VOICE_ASKING &&
			 transfer_stalled(&voice->transfer, f->settings->multi, now, next)) {
			settle_voice(f, voice);
			lost = true;
		}
	}
	if (lost)
		resume_next(f);
	if (due)
		federation_round(f, now);
	else if (lost)
		end_round(f);
	if (due || lost)
		*next = now; /* what was started has timers of its own */
}

bool federation_is_done(const struct federation *f)
{
	return f->done;
}

const char *federation_waits_for(const struct federation *f)
{
	for (size_t i = 0; i < f->settings->server_count; i++)
		if (f->voices[i].state == VOICE_ASKING || f->voices[i].state == VOICE_TO_ASK)
			return f->voices[i].transfer.server->shown;
	return NULL;
}

bool federation_all_absent(const struct federation *f)
{
	return all_said(f, OUTCOME_ABSENT);
}

void federation_answer(struct federation *f, struct client_answer *answer)
{
	answer->outcome = f->outcome;
	answer->path = f->path;
	f->path = NULL;
	answer->servers = xcalloc(f->settings->server_count, sizeof(*answer->servers));
	for (size_t i = 0; i < f->settings->server_count; i++) {
		const struct voice *voice = &f->voices[i];
		if (voice->state != VOICE_SAID)
			continue;
		struct server_answer *said = &answer->servers[answer->server_count++];
		said->url = voice->transfer.server->shown;
		said->outcome = voice->transfer.outcome;
		snprintf(said->text, sizeof(said->text), "%s", voice->transfer.text);
	}
}

void federation_free(struct federation *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->settings->server_count; i++) {
		transfer_clear(&f->voices[i].transfer, f->settings->multi);
		staging_drop(f->voices[i].transfer.stage);
	}
	free(f->path);
	free(f);
}
