/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files that make up the recipe (release.c and what it calls here) alone. */
#ifndef RELEASE_RELEASE_INTERNAL_H
#define RELEASE_RELEASE_INTERNAL_H

#include <pthread.h>

#include "tools/release/evidence.h"
#include "tools/release/inputs/input.h"
#include "tools/release/release.h"

/* One artifact on its way through the recipe. */
struct subject {
	struct elf_artifact artifact;
	char *twin;         /* another file with its build-id and other bytes, or NULL */
	char *alternate_id; /* offline: of the alternate file that its debug file wants */
	struct evidence evidence;
	struct finding *findings; /* one a check of all_checks, those asked for filled */
};

struct release {
	const struct release_options *options;
	struct report *report;
	pthread_mutex_t lock; /* of the report */
	struct units units;
	struct subject *subjects;
	size_t count;
	struct subject **by_id;              /* sorted by build-id */
	const struct elf_artifact ***copies; /* lists that artifacts have in common */
	size_t copies_count;
	struct subject **pending; /* whom servers are asked about */
	size_t pending_count;
	struct strings empty; /* inputs in which nothing ships, and why: pairs */
};

/* Lists a unit as unread and tells the user. */
void release_unread(struct release *release, const struct unit *unit, const struct note_error *err);

/* Sorts the subjects by build-id into by_id; sets twins and entries of manifests. */
void release_relate(struct release *release);

/* What must be gathered for an artifact: enum need, or-ed. */
unsigned release_needs(const struct release *release, const struct elf_artifact *artifact);

/* What the evidence begins with. */
void release_expect(const struct release *release, struct subject *subject);

/* Tells each input in which nothing was found that ships; counts what was verified. */
void release_tell_empty(struct release *release);

/* Where nothing at all was verified, or no debug package for the parallel check: a result for each
 * input, so that no report is empty and green. */
void release_report_nothing(struct release *release);

/* Whether --allow excuses what CHECK says of PATH. A pattern that names the check excuses what is
 * wrong, too; one for all checks, absences alone. */
bool release_allowed(const struct release_options *options, const char *check, const char *path,
		     bool absence);

/* Judges the debug packages among the inputs, one beside the other, where that was asked for. */
void release_beside(struct release *release);

/* Gathers what the checks need of each artifact, from servers or the inputs, and judges it. */
void release_ask(struct release *release);

/* Runs the checks that were asked for. */
void release_judge(const struct release *release, struct subject *subject);

size_t release_check_index(const struct check *check);

#endif
