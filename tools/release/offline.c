/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two more walks over the inputs: debug files, each judged against the shipped files of its
 * build-id as it comes by; then, once all wanted sources are known, sources. Nothing that was
 * read stays in memory but the verdicts.
 */
#include "tools/release/offline.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/note.h"
#include "libnote/sorted.h"
#include "tools/base/digest.h"
#include "tools/base/pool.h"
#include "tools/base/text.h"

#define NOWHERE "the inputs"

struct walk {
	struct release *release;
	unsigned role;
	member_visit *visit;
	struct strings debug_ids; /* of all debug files, under the lock */
	struct wanted *wanted;    /* sources, sorted by path */
	size_t wanted_count;
};

/* A source that a subject's debug information names. */
struct wanted {
	const char *path;
	struct source_evidence *source;
};

static void walk_unit(void *context, size_t index, unsigned worker)
{
	struct walk *walk = context;
	struct unit *unit = &walk->release->units.items[index];
	struct note_error err;
	const volatile sig_atomic_t *cancelled = walk->release->options->client.cancelled;
	(void)worker;
	if (cancelled != NULL && *cancelled)
		return;
	if ((unit->holds & walk->role) == 0 && !unit->unseen)
		return;
	if (unit->kind->read(unit, walk->role, walk->visit, walk, &err) != NOTE_OK)
		release_unread(walk->release, unit, &err);
}

static void tell(void *context, size_t index)
{
	const struct walk *walk = context;
	const struct release_options *options = walk->release->options;
	options->progress(options->context, index + 1, walk->release->units.count,
			  walk->role == ROLE_DEBUG ? "debug files" : "sources");
}

static void walk_inputs(struct walk *walk, unsigned role, member_visit *visit)
{
	walk->role = role;
	walk->visit = visit;
	pool_run(walk->release->options->jobs, walk->release->units.count, walk_unit, tell, walk);
}

/* --- debug files --- */

static char *member_name(const struct member *member)
{
	return strcmp(member->input, member->path) == 0
		       ? xstrdup(member->path)
		       : xasprintf("%s: %s", member->input, member->path);
}

/* The first of the subjects with build-id ID, an index into by_id. */
static size_t first_with_id(const struct release *release, const char *id)
{
	return FIRST_WHERE(i, release->count,
			   strcmp(release->by_id[i]->artifact.build_id, id) >= 0);
}

static void judge_against(struct walk *walk, struct subject *subject, const struct member *member)
{
	struct debug_facts facts;
	struct evidence *evidence = &subject->evidence;
	char *name = member_name(member);
	debug_read(&facts, &subject->artifact, member->image);
	pthread_mutex_lock(&walk->release->lock);
	struct served *served = servings_add(&evidence->debuginfo, name, OUTCOME_FOUND, NULL, NULL);
	if (facts.problem != NULL) {
		served->problem = xstrdup(facts.problem);
	} else if (evidence->sources == NULL && evidence->sources_unknown == NULL) {
		evidence_take_debuginfo(evidence, &facts);
		if (facts.alternate_name != NULL)
			subject->alternate_id = xstrdup(facts.alternate_id);
	}
	pthread_mutex_unlock(&walk->release->lock);
	debug_facts_free(&facts);
	free(name);
}

static void take_debug(void *context, const struct member *member)
{
	struct walk *walk = context;
	struct release *release = walk->release;
	const uint8_t *id;
	size_t size;
	char hex[2 * 64 + 1];
	struct note_error err;
	if (image_read_elf(member->image, &err) != NOTE_OK ||
	    elf_build_id(member->image, &id, &size, NULL, &err) != NOTE_OK || size > 64)
		return; /* belongs to nobody; who needs it will miss it */
	hex_encode(id, size, hex);
	pthread_mutex_lock(&release->lock);
	strings_add(&walk->debug_ids, hex);
	pthread_mutex_unlock(&release->lock);
	for (size_t i = first_with_id(release, hex);
	     i < release->count && strcmp(release->by_id[i]->artifact.build_id, hex) == 0; i++) {
		struct subject *subject = release->by_id[i];
		if (subject->twin == NULL &&
		    (release_needs(release, &subject->artifact) & NEED_DEBUGINFO))
			judge_against(walk, subject, member);
	}
}

static int compare_served(const void *a, const void *b)
{
	return strcmp(((const struct served *)a)->url, ((const struct served *)b)->url);
}

static bool id_among(const struct strings *sorted, const char *id)
{
	const size_t at = FIRST_WHERE(i, sorted->count, strcmp(sorted->items[i], id) >= 0);
	return at < sorted->count && strcmp(sorted->items[at], id) == 0;
}

static void settle_debuginfo(struct walk *walk, struct subject *subject)
{
	struct evidence *evidence = &subject->evidence;
	if (evidence->debuginfo.count == 0)
		servings_add(&evidence->debuginfo, NOWHERE, OUTCOME_ABSENT,
			     "no debug file has its build-id", NULL);
	if (evidence->debuginfo.count > 1)
		qsort(evidence->debuginfo.items, evidence->debuginfo.count,
		      sizeof(*evidence->debuginfo.items), compare_served);
	if (evidence->sources == NULL && evidence->sources_unknown == NULL)
		evidence->sources_unknown = xstrdup("not known which: there is no good debuginfo");
	if (subject->alternate_id != NULL)
		servings_add(&evidence->alternate, NOWHERE,
			     id_among(&walk->debug_ids, subject->alternate_id) ? OUTCOME_FOUND
									       : OUTCOME_ABSENT,
			     NULL, NULL);
}

/* --- sources --- */

static int compare_wanted(const void *a, const void *b)
{
	return strcmp(((const struct wanted *)a)->path, ((const struct wanted *)b)->path);
}

static void list_wanted(struct walk *walk)
{
	size_t room = 0;
	for (size_t i = 0; i < walk->release->count; i++) {
		struct evidence *evidence = &walk->release->subjects[i].evidence;
		for (size_t s = 0; s < evidence->source_count; s++) {
			if (walk->wanted_count == room) {
				room = room != 0 ? 2 * room : 64;
				walk->wanted = xrealloc(walk->wanted, room * sizeof(*walk->wanted));
			}
			walk->wanted[walk->wanted_count++] =
				(struct wanted){evidence->sources[s].path, &evidence->sources[s]};
		}
	}
	if (walk->wanted_count > 1)
		qsort(walk->wanted, walk->wanted_count, sizeof(*walk->wanted), compare_wanted);
}

static void take_source(void *context, const struct member *member)
{
	struct walk *walk = context;
	/* Below a staging tree or in a package: either way the part from /usr/src on counts. */
	const char *path = strstr(member->path, "/usr/src/debug/");
	if (path == NULL)
		return;
	const size_t count = walk->wanted_count;
	size_t at = FIRST_WHERE(i, count, strcmp(walk->wanted[i].path, path) >= 0);
	if (at == count || strcmp(walk->wanted[at].path, path) != 0)
		return;
	const uint8_t *bytes = image_bytes(member->image, 0, member->image->size, "source", NULL);
	if (bytes == NULL)
		return;
	char *name = member_name(member);
	pthread_mutex_lock(&walk->release->lock);
	for (; at < count && strcmp(walk->wanted[at].path, path) == 0; at++) {
		struct source_evidence *source = walk->wanted[at].source;
		struct served *served =
			servings_add(&source->servings, name, OUTCOME_FOUND, NULL, NULL);
		if (!evidence_is_compiled(source, bytes, member->image->size))
			served->problem = xstrdup("not what was compiled: its MD5 is not that in "
						  "the line table");
	}
	pthread_mutex_unlock(&walk->release->lock);
	free(name);
}

static void settle_sources(struct evidence *evidence, bool any)
{
	if (!any && evidence->sources_unknown == NULL)
		evidence->sources_unknown =
			xstrdup("no server to ask, and no sources among the inputs");
	for (size_t i = 0; i < evidence->source_count; i++) {
		struct servings *servings = &evidence->sources[i].servings;
		if (servings->count == 0)
			servings_add(servings, NOWHERE, OUTCOME_ABSENT, NULL, NULL);
		if (servings->count > 1)
			qsort(servings->items, servings->count, sizeof(*servings->items),
			      compare_served);
	}
}

bool offline_gather(struct release *release)
{
	struct walk walk = {.release = release};
	bool sources = false;
	walk_inputs(&walk, ROLE_DEBUG, take_debug);
	const bool any = walk.debug_ids.count != 0;
	strings_sort(&walk.debug_ids);
	for (size_t i = 0; any && i < release->count; i++)
		settle_debuginfo(&walk, &release->subjects[i]);
	/* Beyond this point all sources that are wanted are known. */
	list_wanted(&walk);
	for (size_t i = 0; i < release->units.count; i++)
		sources = sources || (release->units.items[i].holds & ROLE_SOURCE) != 0;
	if (sources && walk.wanted_count != 0)
		walk_inputs(&walk, ROLE_SOURCE, take_source);
	for (size_t i = 0; any && i < release->count; i++) {
		struct evidence *evidence = &release->subjects[i].evidence;
		settle_sources(evidence, sources);
		evidence->debug_only = "no server to ask for it";
	}
	strings_free(&walk.debug_ids);
	free(walk.wanted);
	return any;
}
