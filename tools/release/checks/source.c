/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Check "source": each source file that the debug information names is served, and is the one
 * that was compiled, where DWARF 5 gives its MD5.
 *
 * Which ones count: a split package has its sources below /usr/src/debug, and what its debug
 * information names beside them (start-up code and headers of the toolchain) belongs to others:
 * asked for, told of, not held against the package. Where nothing lies below /usr/src/debug, no
 * split moved the names, and all but the system's own directories counts.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"
#include "tools/release/checks/check.h"

/* How the sources of one artifact fared; the first of a kind is the example. */
struct tally {
	size_t good;
	size_t wanted;
	size_t absent, unknown, bad, outside;
	const struct source_evidence *first_absent, *first_unknown, *first_bad, *first_outside;
	char *bad_reason;
	char *unknown_reason;
};

static void count(struct tally *tally, const struct source_evidence *source)
{
	struct finding one = {0};
	finding_from_servings(&one, &source->servings, "source");
	if (one.verdict == VERDICT_FAIL) {
		if (tally->bad++ == 0) {
			tally->first_bad = source;
			tally->bad_reason = xstrdup(one.reason);
		}
	} else if (one.verdict == VERDICT_PASS) {
		tally->good++;
	} else if (source->outside) {
		if (tally->outside++ == 0)
			tally->first_outside = source;
	} else if (one.verdict == VERDICT_MISSING) {
		if (tally->absent++ == 0)
			tally->first_absent = source;
	} else if (tally->unknown++ == 0) {
		tally->first_unknown = source;
		tally->unknown_reason = xstrdup(one.reason);
	}
	tally->wanted += !source->outside;
	finding_free(&one);
}

/* For each server: how many it has. All sources were asked of the same servers. */
static void say_servers(const struct evidence *evidence, struct finding *finding)
{
	const struct servings *first = NULL;
	for (size_t i = 0; i < evidence->source_count && first == NULL; i++)
		if (evidence->sources[i].path[0] == '/')
			first = &evidence->sources[i].servings;
	const size_t servers = first != NULL ? first->count : 0;
	finding->servers = xcalloc(servers + 1, sizeof(*finding->servers));
	for (size_t s = 0; s < servers; s++) {
		size_t found = 0;
		for (size_t i = 0; i < evidence->source_count; i++) {
			const struct servings *servings = &evidence->sources[i].servings;
			found += s < servings->count &&
				 servings->items[s].outcome == OUTCOME_FOUND &&
				 servings->items[s].problem == NULL;
		}
		finding->servers[finding->server_count++] =
			(struct said){xstrdup(first->items[s].url),
				      xasprintf("found %zu of %zu", found, evidence->source_count)};
	}
}

static void conclude(const struct evidence *evidence, const struct tally *tally,
		     struct finding *finding)
{
	char *outside = tally->outside != 0 ? xasprintf("; %zu that are not its own are not, as %s",
							tally->outside, tally->first_outside->path)
					    : xstrdup("");
	if (tally->bad != 0)
		finding_set(finding, VERDICT_FAIL, "%s: %s", tally->first_bad->path,
			    tally->bad_reason);
	else if (tally->absent != 0) {
		finding->absence = true;
		finding_set(finding, VERDICT_MISSING, "%s (%zu of %zu missing)",
			    tally->first_absent->path, tally->absent, tally->wanted);
	} else if (tally->unknown != 0)
		finding_set(finding, VERDICT_UNREACHABLE, "%s: %s (%zu of %zu)",
			    tally->first_unknown->path, tally->unknown_reason, tally->unknown,
			    tally->wanted);
	else if (tally->good == 0)
		finding_set(finding, VERDICT_SKIPPED, "none of the package's own%s", outside);
	else
		finding_set(finding, VERDICT_PASS, "%zu served of %zu named%s", tally->good,
			    evidence->source_total, outside);
	free(outside);
}

/* Nobody had the debug information that names them, and somebody could not be heard. */
static bool could_not_ask(const struct servings *servings)
{
	bool unheard = false;
	for (size_t i = 0; i < servings->count; i++) {
		const enum outcome outcome = servings->items[i].outcome;
		if (outcome == OUTCOME_FOUND)
			return false;
		unheard |= outcome == OUTCOME_AUTH || outcome == OUTCOME_UNAVAILABLE;
	}
	return unheard;
}

static void judge(const struct elf_artifact *artifact, const struct evidence *evidence,
		  struct finding *finding)
{
	struct tally tally = {0};
	if (evidence->expectations->sources == SOURCES_NONE) {
		finding_set(finding, VERDICT_SKIPPED, "not asked for (--sources=none)");
		return;
	}
	if (finding_blocked(artifact, evidence, finding))
		return;
	if (evidence->sources_unknown != NULL) {
		finding_set(finding,
			    could_not_ask(&evidence->debuginfo) ? VERDICT_UNREACHABLE
								: VERDICT_SKIPPED,
			    "%s", evidence->sources_unknown);
		return;
	}
	for (size_t i = 0; i < evidence->source_count; i++)
		count(&tally, &evidence->sources[i]);
	say_servers(evidence, finding);
	conclude(evidence, &tally, finding);
	free(tally.bad_reason);
	free(tally.unknown_reason);
}

const struct check source_check = {"source", "The sources that were compiled are served",
				   NEED_DEBUGINFO | NEED_SOURCES, judge};
