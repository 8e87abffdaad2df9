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
 *   empty   where nothing was verified, that is what the report tells, input by input
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

#include "tools/base/pool.h"
#include "tools/base/text.h"
#include "tools/release/evidence.h"
#include "tools/release/inputs/input.h"
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
		if (module->build_id.bytes != NULL && module->build_id.size <= 64)
			hex_encode(module->build_id.bytes, module->build_id.size,
				   artifact->build_id);
		if (module->payload.bytes != NULL && module->payload.size <= INT_MAX)
			artifact->payload = xasprintf("%.*s", (int)module->payload.size,
						      (const char *)module->payload.bytes);
		if (module->problem == NOTE_ABSENT)
			artifact->note_unseen = xstrdup(module->error.text);
		else if (module->problem != NOTE_OK)
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
	release_ask(&release);
	release_tell_empty(&release);
	release_beside(&release);
	release_report_nothing(&release);
	collect(&release);
	for (size_t i = 0; i < release.copies_count; i++)
		free(release.copies[i]);
	free(release.copies);
	strings_free(&release.empty);
	free(release.by_id);
	free(release.subjects);
	units_free(&release.units);
	return NOTE_OK;
}
