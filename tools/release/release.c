/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Verifying a release, as a recipe: read, relate, ask, judge.
 *
 *   read    each shipped ELF file of each input becomes an artifact: facts, no bytes
 *   ------  all artifacts are known: beyond this point no input's shipped file is read
 *   relate  files with one build-id and different bytes; entries of the manifest
 *   ask     the servers, artifact by artifact; or, offline, the debug files among the inputs
 *   judge   each check, by the artifact and what was gathered, and by nothing else
 *   beside  --checks=parallel: each debug package among the inputs, beside the others
 *
 * Artifacts stay in the order of the inputs, and the report is sorted: no output depends on the
 * number of jobs.
 */
#include "tools/release/release.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libnote/error.h"
#include "tools/base/pool.h"
#include "tools/base/retry.h"
#include "tools/base/text.h"
#include "tools/release/evidence.h"
#include "tools/release/inputs/input.h"
#include "tools/release/offline.h"
#include "tools/release/release_internal.h"
#include "tools/release/reports/merge.h"

/* --- read --- */

struct reading {
	struct release *release;
	struct subject **lists; /* one list a unit, until it is finished */
	size_t *counts;
};

struct filling {
	struct subject *items;
	size_t count;
};

/* A file that is named and not at hand. */
static void take_facts(struct elf_artifact *artifact, const struct member *member)
{
	const struct manifest_file *entry = member->entry;
	const struct module *module = member->module;
	artifact->kind = KIND_UNKNOWN;
	if (member->passed_over != NULL) {
		artifact->passed_over = member->passed_over;
	} else if (member->problem != NULL) {
		artifact->problem = xstrdup(member->problem);
	} else if (entry != NULL) {
		artifact->manifest = entry;
		artifact->size = entry->size;
		memcpy(artifact->sha256, entry->sha256, sizeof(artifact->sha256));
		snprintf(artifact->build_id, sizeof(artifact->build_id), "%s",
			 entry->build_id != NULL ? entry->build_id : "");
		artifact->payload = entry->package != NULL ? xstrdup(entry->package) : NULL;
	} else if (module != NULL) {
		if (module->build_id != NULL && module->build_id_size <= 64)
			hex_encode(module->build_id, module->build_id_size, artifact->build_id);
		if (module->payload != NULL && module->payload_length <= INT_MAX)
			artifact->payload =
				xasprintf("%.*s", (int)module->payload_length, module->payload);
		if (module->problem != NOTE_OK)
			artifact->note_problem = xstrdup(module->error.text);
	} else {
		snprintf(artifact->build_id, sizeof(artifact->build_id), "%s", member->build_id);
		artifact->note_unknown = true;
	}
}

static void take_shipped(void *context, const struct member *member)
{
	struct filling *filling = context;
	filling->items = xrealloc(filling->items, (filling->count + 1) * sizeof(*filling->items));
	struct subject *subject = &filling->items[filling->count++];
	*subject = (struct subject){.artifact = {.input = member->input,
						 .path = xstrdup(member->path),
						 .package = member->package}};
	if (member->image != NULL && member->passed_over == NULL)
		artifact_read(&subject->artifact, member->image);
	else
		take_facts(&subject->artifact, member);
}

static void read_unit(void *context, size_t index, unsigned worker)
{
	struct reading *reading = context;
	struct release *release = reading->release;
	struct unit *unit = &release->units.items[index];
	struct filling filling = {0};
	struct note_error err;
	const unsigned shards = release->options->shards;
	const volatile sig_atomic_t *cancelled = release->options->client.cancelled;
	(void)worker;
	if (cancelled != NULL && *cancelled)
		return;
	if (shards != 0 && shard_of(unit->input, unit->path, shards) != release->options->shard) {
		/* What a part checks against may lie in all inputs. */
		unit->unseen = unit->holds == 0;
		return;
	}
	if (unit->kind->read(unit, ROLE_SHIPPED, take_shipped, &filling, &err) != NOTE_OK)
		release_unread(release, unit, &err);
	reading->lists[index] = filling.items;
	reading->counts[index] = filling.count;
}

static void keep_unit(void *context, size_t index)
{
	struct reading *reading = context;
	struct release *release = reading->release;
	const size_t more = reading->counts[index];
	if (more != 0) {
		release->subjects = xrealloc(release->subjects,
					     (release->count + more) * sizeof(*release->subjects));
		memcpy(release->subjects + release->count, reading->lists[index],
		       more * sizeof(*release->subjects));
		release->count += more;
	}
	free(reading->lists[index]);
	release->options->progress(release->options->context, index + 1, release->units.count,
				   "read");
}

static void unread_entry(void *context, const char *path, const struct note_error *err)
{
	struct release *release = context;
	report_add_unread(release->report, path, err->text);
	release->options->fail(release->options->context, path, err);
}

static void read_inputs(struct release *release)
{
	const struct release_options *options = release->options;
	struct note_error err;
	for (size_t i = 0; i < options->input_count; i++)
		if (units_add(&release->units, options->inputs[i], unread_entry, release, &err) !=
		    NOTE_OK)
			unread_entry(release, options->inputs[i], &err);
	const struct strings *told = &release->units.told;
	for (size_t i = 0; i + 1 < told->count; i += 2)
		options->tell(options->context, told->items[i], told->items[i + 1]);
	struct reading reading = {release, NULL, NULL};
	reading.lists = xcalloc(release->units.count + 1, sizeof(struct subject *));
	reading.counts = xcalloc(release->units.count + 1, sizeof(size_t));
	pool_run(options->jobs, release->units.count, read_unit, keep_unit, &reading);
	free(reading.lists);
	free(reading.counts);
}

/* --- ask and judge --- */

/* What is said of a file in place of judging it, or NULL. */
static const char *not_judged(const struct subject *subject, const struct check *check)
{
	if (subject->artifact.passed_over != NULL)
		return subject->artifact.passed_over;
	if (subject->artifact.kind == KIND_PE && check != &note_check)
		return "a PE image: no build-id to ask by, no ELF section to compare";
	if (subject->artifact.kind == KIND_OBJECT)
		return "a relocatable object or a core: nothing that is linked";
	if (subject->artifact.left_alone != NULL && check != &note_check &&
	    check != &build_id_check)
		return subject->artifact.left_alone;
	return NULL;
}

static void judge_one(const struct release *release, struct subject *subject, size_t c, bool *told)
{
	const struct check *check = all_checks[c];
	const struct elf_artifact *artifact = &subject->artifact;
	struct finding *finding = &subject->findings[c];
	if (artifact->problem != NULL) {
		finding_set(finding, *told ? VERDICT_SKIPPED : VERDICT_FAIL, "cannot be read%s: %s",
			    artifact->kind == KIND_UNKNOWN ? "" : " as ELF", artifact->problem);
		*told = true;
	} else if (not_judged(subject, check) != NULL) {
		finding_set(finding, VERDICT_SKIPPED, "%s%s",
			    artifact->left_alone != NULL ? "left alone by the split: " : "",
			    not_judged(subject, check));
	} else {
		check->judge(artifact, &subject->evidence, finding);
	}
	if ((finding->verdict == VERDICT_FAIL || finding->verdict == VERDICT_MISSING) &&
	    release_allowed(release->options, check->name, artifact->path, finding->absence)) {
		char *reason = xstrdup(finding->reason);
		finding_set(finding, VERDICT_SKIPPED, "allowed: %s", reason);
		free(reason);
	}
}

void release_judge(const struct release *release, struct subject *subject)
{
	const size_t note = release_check_index(&note_check);
	bool told = false;
	subject->findings = xcalloc(all_check_count, sizeof(*subject->findings));
	/* A file that cannot be read fails one check, the note's where that was asked for. */
	if (release->options->checks & 1u << note)
		judge_one(release, subject, note, &told);
	for (size_t c = 0; c < all_check_count; c++)
		if (c != note && (release->options->checks & 1u << c) &&
		    all_checks[c]->judge != NULL)
			judge_one(release, subject, c, &told);
}

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

static void ask(struct release *release)
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

/* --- the recipe --- */

static void collect(struct release *release)
{
	for (size_t i = 0; i < release->count; i++) {
		struct subject *subject = &release->subjects[i];
		for (size_t c = 0; c < all_check_count; c++)
			if ((release->options->checks & 1u << c) && all_checks[c]->judge != NULL)
				report_add(release->report, subject->artifact.input,
					   subject->artifact.path, subject->artifact.build_id,
					   all_checks[c]->name, &subject->findings[c]);
		if (release->options->shards != 0)
			report_add_file(release->report, subject->artifact.input,
					subject->artifact.path, subject->artifact.build_id,
					subject->artifact.loaded[0] != '\0'
						? subject->artifact.loaded
						: subject->artifact.sha256);
		free(subject->findings);
		free(subject->twin);
		free(subject->alternate_id);
		artifact_free(&subject->artifact);
	}
	report_sort(release->report);
}

/* Whether a check was chosen that cannot be judged by the shipped files alone. */
static bool asks_for_sure(const struct release_options *options)
{
	for (size_t c = 0; c < all_check_count; c++)
		if ((options->checks & 1u << c) && all_checks[c]->needs != 0 &&
		    all_checks[c] != &stripped_check)
			return true;
	return false;
}

int release_verify(const struct release_options *options, struct report *report,
		   struct note_error *err)
{
	struct release release = {
		.options = options, .report = report, .lock = PTHREAD_MUTEX_INITIALIZER};
	*report = (struct report){0};
	if (options->client.servers.count != 0 && asks_for_sure(options)) {
		struct supply *supply;
		const int code = supply_open(&supply, &options->client, err);
		supply_close(supply);
		if (code == NOTE_USAGE)
			return code;
	}
	report->shard = options->shard;
	report->shards = options->shards;
	read_inputs(&release);
	/* Beyond this point all artifacts are known. */
	release_relate(&release);
	ask(&release);
	release_tell_empty(&release);
	release_beside(&release);
	collect(&release);
	for (size_t i = 0; i < release.copies_count; i++)
		free(release.copies[i]);
	free(release.copies);
	free(release.by_id);
	free(release.subjects);
	units_free(&release.units);
	return NOTE_OK;
}
