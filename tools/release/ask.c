/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking servers, or the inputs, for what the checks need; each file is judged as its answers come.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "tools/base/pool.h"
#include "tools/base/retry.h"
#include "tools/base/text.h"
#include "tools/release/evidence.h"
#include "tools/release/offline.h"
#include "tools/release/release_internal.h"

/* How many files are asked about at once. */
#define BATCH 16
/* Threads that ask: a server may be asked 16 things at a time, by all of them together. */
#define WORKERS_MOST 4

/* Seconds between two askings for what is absent. */
#define PAUSE_MOST 30.0

struct asking {
	struct release *release;
	struct client_options client; /* each worker's part of the requests under way */
	struct supply **supplies;     /* one a worker, opened when it first works */
	struct note_error *errors;
	bool told; /* that none can be opened; under the release's lock */
	size_t done;
};

/* Why nothing is asked for. The user is told once: it is no fault of the release. */
static const char *no_supply(struct asking *asking, const struct note_error *err)
{
	const struct release_options *options = asking->release->options;
	pthread_mutex_lock(&asking->release->lock);
	if (!asking->told)
		options->fail(options->context, NULL, err);
	asking->told = true;
	pthread_mutex_unlock(&asking->release->lock);
	return err->text;
}

/* Subjects START to END are asked about together, by one client. */
static void ask_batch(void *context, size_t index, unsigned worker)
{
	struct asking *asking = context;
	struct release *release = asking->release;
	const size_t start = index * BATCH;
	const size_t left = release->pending_count - start;
	const size_t count = left < BATCH ? left : BATCH;
	struct gathering items[BATCH] = {0};
	unsigned needs = 0;
	const char *blocked = NULL;
	for (size_t i = 0; i < count; i++) {
		struct subject *subject = release->pending[start + i];
		items[i].evidence = &subject->evidence;
		items[i].artifact = &subject->artifact;
		items[i].needs = release_needs(release, &subject->artifact);
		needs |= items[i].needs;
	}
	if (needs != 0 && asking->supplies[worker] == NULL &&
	    supply_open(&asking->supplies[worker], &asking->client, &asking->errors[worker]) !=
		    NOTE_OK)
		blocked = no_supply(asking, &asking->errors[worker]);
	for (size_t i = 0; blocked != NULL && i < count; i++) {
		items[i].evidence->blocked = blocked;
		items[i].evidence->block_verdict = VERDICT_UNREACHABLE;
	}
	if (needs != 0)
		evidence_gather(items, count, asking->supplies[worker]);
	for (size_t i = 0; i < count; i++) {
		release_judge(release, release->pending[start + i]);
		evidence_free(items[i].evidence);
	}
}

static void tell_asked(void *context, size_t index)
{
	struct asking *asking = context;
	const struct release *release = asking->release;
	const size_t done = (index + 1) * BATCH;
	release->options->progress(release->options->context,
				   done < release->pending_count ? done : release->pending_count,
				   release->pending_count, "verified");
}

static bool is_missing(const struct release *release, const struct subject *subject)
{
	for (size_t c = 0; c < all_check_count; c++)
		if ((release->options->checks & 1u << c) &&
		    subject->findings[c].verdict == VERDICT_MISSING)
			return true;
	return false;
}

/* Leaves what is missing pending, to be asked for anew. */
static void keep_missing(struct release *release)
{
	size_t kept = 0;
	for (size_t i = 0; i < release->pending_count; i++)
		if (is_missing(release, release->pending[i]))
			release->pending[kept++] = release->pending[i];
	release->pending_count = kept;
}

static void forget_findings(const struct release *release, struct subject *subject)
{
	for (size_t c = 0; c < all_check_count; c++)
		finding_free(&subject->findings[c]);
	free(subject->findings);
	subject->findings = NULL;
	release_expect(release, subject);
}

/* --wait: a server indexes what was uploaded after a while. */
static void wait_for_late(struct asking *asking)
{
	struct release *release = asking->release;
	const struct release_options *options = release->options;
	const volatile sig_atomic_t *cancelled = options->client.cancelled;
	const double start = seconds_now();
	double pause = 1;
	if (options->wait == 0)
		return;
	keep_missing(release);
	while (release->pending_count != 0 && (cancelled == NULL || !*cancelled)) {
		const double left = start + (double)options->wait - seconds_now();
		if (left <= 0)
			break;
		pause = pause < left ? pause : left;
		const struct timespec span = {(time_t)pause,
					      (long)((pause - (double)(time_t)pause) * 1e9)};
		nanosleep(&span, NULL);
		pause = pause < PAUSE_MOST / 2 ? 2 * pause : PAUSE_MOST;
		for (size_t i = 0; i < release->pending_count; i++)
			forget_findings(release, release->pending[i]);
		pool_run(options->jobs, (release->pending_count + BATCH - 1) / BATCH, ask_batch,
			 tell_asked, asking);
		keep_missing(release);
	}
	release->report->waits = true;
	release->report->waited = (uint64_t)(seconds_now() - start + 0.5);
}

static void ask_servers(struct release *release)
{
	/* More threads than this would but share the requests that may be under way. */
	const unsigned jobs =
		release->options->jobs < WORKERS_MOST ? release->options->jobs : WORKERS_MOST;
	struct asking asking = {.release = release, .client = release->options->client};
	asking.client.sharers = jobs;
	asking.supplies = xcalloc(jobs, sizeof(struct supply *));
	asking.errors = xcalloc(jobs, sizeof(*asking.errors));
	release->options->progress(release->options->context, 0, release->pending_count,
				   "verified");
	pool_run(jobs, (release->pending_count + BATCH - 1) / BATCH, ask_batch, tell_asked,
		 &asking);
	wait_for_late(&asking);
	for (unsigned i = 0; i < jobs; i++)
		supply_close(asking.supplies[i]);
	free(asking.supplies);
	free(asking.errors);
}

/* Without a server: what the inputs hold. */
static void ask_inputs(struct release *release)
{
	const bool any = offline_gather(release);
	for (size_t i = 0; i < release->count; i++) {
		struct subject *subject = &release->subjects[i];
		if (!any) {
			subject->evidence.blocked = "no server to ask, and no debug file given";
			subject->evidence.block_verdict = VERDICT_UNREACHABLE;
		}
		release_judge(release, subject);
		evidence_free(&subject->evidence);
	}
}

static bool has_good(const struct servings *servings)
{
	for (size_t i = 0; i < servings->count; i++)
		if (servings->items[i].outcome == OUTCOME_FOUND &&
		    servings->items[i].problem == NULL)
			return true;
	return false;
}

/* Whether the inputs have all that is needed of a file: its debug file and its sources. */
static bool is_proven(const struct release *release, const struct subject *subject)
{
	const struct evidence *evidence = &subject->evidence;
	if (!has_good(&evidence->debuginfo) ||
	    (evidence->alternate.count != 0 && !has_good(&evidence->alternate)))
		return false;
	if ((release_needs(release, &subject->artifact) & NEED_SOURCES) == 0)
		return true;
	for (size_t i = 0; i < evidence->source_count; i++)
		if (!evidence->sources[i].outside && !has_good(&evidence->sources[i].servings))
			return false;
	return evidence->sources != NULL;
}

/* The inputs' own debug files and sources count first where the servers are those of the
 * environment; who is not proven by them is pending. */
static void ask_own_first(struct release *release)
{
	const bool any = offline_gather(release);
	for (size_t i = 0; i < release->count; i++) {
		struct subject *subject = &release->subjects[i];
		if (any && is_proven(release, subject)) {
			release_judge(release, subject);
			evidence_free(&subject->evidence);
			release->report->own++;
			continue;
		}
		evidence_free(&subject->evidence);
		release_expect(release, subject);
		release->pending[release->pending_count++] = subject;
	}
}

void release_ask(struct release *release)
{
	if (release->options->client.servers.count == 0) {
		ask_inputs(release);
		return;
	}
	release->pending = xcalloc(release->count + 1, sizeof(struct subject *));
	if (release->options->own_first)
		ask_own_first(release);
	else
		for (size_t i = 0; i < release->count; i++)
			release->pending[release->pending_count++] = &release->subjects[i];
	ask_servers(release);
	free(release->pending);
}
