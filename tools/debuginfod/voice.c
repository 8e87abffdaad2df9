/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one server's answer means to all: it leads, it is proven, it has won; or what its manner
 * tells for the requests to come. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/base/retry.h"
#include "tools/debuginfod/federation_internal.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/url.h"

/* Seconds for which a server that refuses counts as one that answers. */
#define ANSWERS_LATELY 60
/* Seconds between two tries for a file descriptor, and how many there are. */
#define SHORTAGE_PAUSE 0.1
#define SHORTAGES_MOST 100
/* Names and places of files; no answer about metadata, and no document, is longer. */
#define ANSWER_MOST   ((uint64_t)64 << 20)
#define DOCUMENT_MOST ((uint64_t)16 << 20) /* of a share: many are asked for at once */

void voice_log(const struct federation *f, const struct voice *voice)
{
	const struct transfer *t = &voice->transfer;
	if (f->settings->log == NULL)
		return;
	char *line = format_string("%s: %s/%s: try %llu: %s: %s (%.3f s)", t->server->shown,
				   f->key.hex, f->key.name, (unsigned long long)voice->tries,
				   outcome_word(t->outcome), t->text,
				   voice->tries != 0 ? transfer_age(t) : 0.0);
	if (line != NULL)
		f->settings->log(f->settings->log_context, line);
	free(line);
}

void voice_say(struct voice *voice, enum outcome outcome, const char *text)
{
	voice->state = VOICE_SAID;
	voice->transfer.outcome = outcome;
	voice->transfer.error = outcome_error(outcome);
	voice->transfer.worth_retry = false;
	snprintf(voice->transfer.text, sizeof(voice->transfer.text), "%.159s", text);
}

bool voice_body_begins(struct transfer *t)
{
	struct voice *voice = t->owner;
	struct federation *f = voice->federation;
	struct note_error err;
	if (f->leader != NULL && f->leader != voice)
		return false;
	f->leader = voice;
	if (staging_open(&t->stage, f->settings->cache, &f->key, &err) == NOTE_OK)
		return true;
	t->shortage = errno == EMFILE || errno == ENFILE;
	transfer_refuse(t, OUTCOME_UNAVAILABLE, err.text);
	return false;
}

void voice_found(struct federation *f, struct voice *winner, char *path)
{
	f->done = true;
	f->outcome = OUTCOME_FOUND;
	f->path = path;
	f->size = winner->transfer.size;
	f->url = url_without_secrets(winner->transfer.url != NULL ? winner->transfer.url
								  : winner->transfer.server->url);
	f->headers = winner->transfer.notes;
	winner->transfer.notes = NULL;
	winner->transfer.error = 0;
	winner->state = VOICE_SAID;
	winner->transfer.outcome = OUTCOME_FOUND;
	winner->transfer.server->gave = true;
	for (size_t i = 0; i < f->count; i++) {
		struct voice *voice = &f->voices[i];
		if (voice->state == VOICE_ASKING) {
			if (!voice->transfer.headers_ended)
				server_outrun(voice->transfer.server, voice->transfer.started,
					      seconds_now());
			transfer_stop(&voice->transfer, f->settings->multi, OUTCOME_UNAVAILABLE,
				      "cancelled");
		}
		if (voice->state != VOICE_SAID)
			voice->state = VOICE_CANCELLED;
	}
}

/* What the server's policy makes of a body that is good otherwise. */
static enum outcome check_signature(struct federation *f, struct transfer *t)
{
	struct note_error err;
	if (t->server->ima == IMA_IGNORE ||
	    ima_check(f->settings->keys, staging_fd(t->stage), t->signature, &err) == NOTE_OK)
		return OUTCOME_FOUND;
	if (t->server->ima == IMA_ENFORCING) {
		snprintf(t->text, sizeof(t->text), "ima:enforcing: %.100s (--ima)", err.text);
		return err.code == NOTE_SYSTEM ? OUTCOME_UNAVAILABLE : OUTCOME_REJECTED;
	}
	char *line = format_string("%s: %s/%s: %s; ima:permissive takes it", t->server->shown,
				   f->key.hex, f->key.name, err.text);
	if (line != NULL && f->settings->tell != NULL)
		f->settings->tell(f->settings->tell_context, line);
	free(line);
	return OUTCOME_FOUND;
}

/* An answer about metadata, or a document, is kept in memory: it holds for now alone. */
static void take_body(struct federation *f, struct voice *voice, int fd, uint64_t size)
{
	const uint64_t most = f->key.artifact == ARTIFACT_DOCUMENT ? DOCUMENT_MOST : ANSWER_MOST;
	char *body = size <= most ? malloc(size + 1) : NULL;
	if (body == NULL || pread(fd, body, size, 0) != (ssize_t)size) {
		free(body);
		voice_say(voice, OUTCOME_UNAVAILABLE, "its answer cannot be kept");
		return;
	}
	body[size] = '\0';
	f->body = body;
	voice->transfer.size = (int64_t)size;
	voice_found(f, voice, NULL);
}

void voice_take_file(struct federation *f, struct voice *voice, const char *path)
{
	struct stat st;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && fstat(fd, &st) == 0)
		take_body(f, voice, fd, (uint64_t)st.st_size);
	else
		voice_say(voice, OUTCOME_UNAVAILABLE, "it cannot be read");
	if (fd >= 0)
		close(fd);
}

/* The body is complete by its length: prove it, keep it. */
static void judge(struct federation *f, struct voice *voice)
{
	struct transfer *t = &voice->transfer;
	struct note_error err;
	char *path = NULL;
	if (f->settings->transfer.sizes_only && !artifact_is_answer(t->artifact)) {
		voice_found(f, voice, NULL);
		return;
	}
	if ((t->stage == NULL &&
	     staging_open(&t->stage, f->settings->cache, &f->key, &err) != NOTE_OK) ||
	    staging_flush(t->stage, &err) != NOTE_OK) {
		voice_say(voice, OUTCOME_UNAVAILABLE, err.text);
		return;
	}
	if (artifact_is_answer(t->artifact)) {
		take_body(f, voice, staging_fd(t->stage), t->received);
		return;
	}
	t->size = (int64_t)t->received;
	t->outcome =
		proof_check(staging_fd(t->stage), t->artifact, f->key.hex, f->key.wanted, t->text);
	t->error = outcome_error(t->outcome);
	if (t->outcome == OUTCOME_FOUND) {
		t->outcome = check_signature(f, t);
		t->error = t->outcome == OUTCOME_REJECTED ? EPERM : outcome_error(t->outcome);
	}
	t->worth_retry = false;
	if (t->outcome != OUTCOME_FOUND)
		return;
	staging_set_time(t->stage, t->modified);
	int code = staging_commit(t->stage, &path, &err);
	t->stage = NULL;
	if (code == NOTE_OK)
		voice_found(f, voice, path);
	else
		voice_say(voice, OUTCOME_UNAVAILABLE, err.text);
}

/* A refusal is no failure: it is asked again, more slowly. That counts as a try only where the
 * server gives no other answers either. */
static void ask_more_slowly(struct federation *f, struct voice *voice, double now)
{
	struct transfer *t = &voice->transfer;
	struct server *server = t->server;
	server_refused(server, t->started, now, t->retry_after);
	if (server->answers > 0 && now - server->answered < ANSWERS_LATELY)
		voice->tries--;
	else if (t->retry_after < 0)
		voice->not_before = now + retry_wait(f->settings->backoff, (unsigned)voice->tries,
						     retry_random());
	if (voice->tries <= f->settings->retries)
		voice->state = VOICE_TO_ASK;
}

/* File descriptors are short here, which says nothing of the server: fewer at a time. */
static void ask_fewer(struct federation *f, struct voice *voice, double now)
{
	const unsigned under_way = *f->settings->transfer.under_way;
	unsigned *parallel = f->settings->parallel;
	if (++voice->shortages > SHORTAGES_MOST) {
		voice_say(voice, OUTCOME_UNAVAILABLE,
			  "no file descriptor is left on this side (ulimit -n)");
		return;
	}
	if (under_way < *parallel)
		*parallel = under_way > 1 ? under_way : 1;
	voice->tries--;
	voice->not_before = now + SHORTAGE_PAUSE;
	voice->state = VOICE_TO_ASK;
}

static void give_up(struct federation *f, struct server *server, const char *why)
{
	server_died(server, why, ETIME);
	if (f->settings->silent_seconds != 0)
		cache_note_silent(f->settings->cache, server->url, why);
}

/* What the server's manner tells for the requests to come. */
static void learn(struct federation *f, struct voice *voice)
{
	struct transfer *t = &voice->transfer;
	const double now = seconds_now();
	if (t->shortage)
		ask_fewer(f, voice, now);
	else if (t->refused)
		ask_more_slowly(f, voice, now);
	else if (t->outcome != OUTCOME_UNAVAILABLE)
		server_answered(t->server, now);
	else if (t->status != 0)
		t->server->heard = now;
	else if (t->silent && t->server->heard < t->started)
		give_up(f, t->server, t->text);
	/* What stalls in mid-body may be tried once more. */
	if (t->worth_retry && t->status == 200 && voice->tries > 1 &&
	    strncmp(t->text, "no progress", 11) == 0)
		t->worth_retry = false;
	if (t->outcome == OUTCOME_ABSENT && f->absent_at == 0)
		f->absent_at = now;
}

/* VOICE's try is over, its transfer settled. */
void voice_settle(struct federation *f, struct voice *voice)
{
	struct transfer *t = &voice->transfer;
	voice->state = VOICE_SAID;
	if (t->outcome == OUTCOME_FOUND)
		judge(f, voice);
	staging_drop(t->stage);
	t->stage = NULL;
	voice_log(f, voice);
	learn(f, voice);
	if (f->leader == voice)
		f->leader = NULL;
}
