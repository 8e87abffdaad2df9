/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Proving the index by name: what it tells of each package, in both orders, is what the package's
 * record has. Sums of the results' digests are compared: a number a package is kept, not the
 * results.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "libnote/error.h"
#include "tools/share/index.h"
#include "tools/share/names/internal.h"

struct tally {
	uint64_t expected;
	uint64_t found[NAMES_ORDERS];
	bool unknown; /* its record is broken */
};

struct check {
	struct share *share;
	share_problem *problem;
	void *context;
	uint64_t *problems;
	struct index tallies; /* struct tally by package, escaped */
	struct strings packages;
	struct index known; /* documents that something leads to */
	struct names_index index;
	struct names_segment *segments;
};

__attribute__((format(printf, 3, 4))) static void found(struct check *check, const char *path,
							const char *format, ...)
{
	char why[512];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	++*check->problems;
	if (check->problem != NULL)
		check->problem(check->context, path, why);
}

/* Never 0: what adds nothing could not be missed. */
static uint64_t digest_of(const char *text, size_t length)
{
	return XXH3_64bits(text, length) | 1;
}

static int tally_records(struct check *check, bool *any, struct note_error *err)
{
	struct strings packages = {0};
	int code = list_packages(check->share, &packages, err);
	for (size_t i = 0; code == NOTE_OK && i < packages.count; i++) {
		struct strings lines = {0};
		struct record record;
		struct tally *tally = xcalloc(1, sizeof(*tally));
		char *key = names_escape(packages.items[i]);
		/* A broken record is told by who checks the packages. */
		if (read_package(check->share, packages.items[i], &record, NULL) == NOTE_OK) {
			names_of_record(&record, &lines);
			record_free(&record);
		} else {
			tally->unknown = true;
		}
		for (size_t j = 0; j < lines.count; j++)
			tally->expected += digest_of(lines.items[j], strlen(lines.items[j]));
		*any = *any || lines.count != 0;
		strings_free(&lines);
		index_add(&check->tallies, key, tally);
		strings_take(&check->packages, key);
	}
	strings_free(&packages);
	return code;
}

static void know(struct check *check, const char *name)
{
	if (index_find(&check->known, name) == NULL)
		index_add(&check->known, name, xstrdup(name));
}

static bool is_gone(const struct check *check, size_t i, struct names_span package)
{
	for (size_t j = i + 1; j < check->index.count; j++)
		if (names_segment_removes(&check->segments[j], package))
			return true;
	return false;
}

static void count_result(struct check *check, const struct names_result *result,
			 enum names_order order)
{
	char *package = xasprintf("%.*s", (int)result->archive.length, result->archive.text);
	struct tally *tally = index_find(&check->tallies, package);
	if (tally != NULL)
		tally->found[order] += digest_of(result->line.text, result->line.length);
	else if (order == NAMES_BY_FILE)
		found(check, NAMES_INDEX, "it tells of %s, which is not there", package);
	free(package);
}

/* Broken documents are told; err is set for what cannot be asked at all. */
static int check_segment(struct check *check, size_t i, enum names_order order,
			 struct note_error *err)
{
	struct names_run run;
	struct note_error why;
	const struct names_result *result;
	int code;
	const struct names_parts *parts = &check->segments[i].parts[order];
	for (size_t j = 0; j < parts->count; j++)
		know(check, parts->items[j].name);
	names_run_begin(&run, check->share, &check->segments[i], order);
	while ((code = names_run_look(&run, &result, &why)) == NOTE_OK && result != NULL) {
		if (!is_gone(check, i, result->archive))
			count_result(check, result, order);
		names_run_move(&run);
	}
	names_run_end(&run);
	if (code == NOTE_MALFORMED)
		found(check, NAMES_INDEX, "%s", why.text);
	else if (code != NOTE_OK && err != NULL)
		*err = why;
	return code == NOTE_MALFORMED ? NOTE_OK : code;
}

static int check_results(struct check *check, struct note_error *err)
{
	struct note_error why;
	int code = NOTE_OK;
	check->segments = xcalloc(check->index.count, sizeof(*check->segments));
	for (size_t i = 0; code == NOTE_OK && i < check->index.count; i++) {
		const char *name = check->index.segments[i].name;
		know(check, name);
		code = names_read_segment(check->share, name, &check->segments[i], &why);
		if (code == NOTE_MALFORMED) {
			found(check, NAMES_INDEX, "%s", why.text);
			code = NOTE_OK;
		} else if (code != NOTE_OK && err != NULL) {
			*err = why;
		}
	}
	for (size_t i = 0; code == NOTE_OK && i < check->index.count; i++)
		for (unsigned order = 0; code == NOTE_OK && order < NAMES_ORDERS; order++)
			code = check_segment(check, i, order, err);
	for (size_t i = 0; i < check->index.count; i++)
		names_segment_free(&check->segments[i]);
	free(check->segments);
	return code;
}

/* What nothing leads to. */
static int check_documents(struct check *check, struct note_error *err)
{
	struct strings all = {0};
	for (size_t i = 0; i < check->index.old.count; i++)
		know(check, check->index.old.items[i]);
	int code = names_list_documents(check->share, &all, err);
	for (size_t i = 0; code == NOTE_OK && i < all.count; i++)
		if (index_find(&check->known, all.items[i]) == NULL) {
			char *key = xasprintf(NAMES_BELOW "%s", all.items[i]);
			found(check, key, "nothing leads to it");
			free(key);
		}
	strings_free(&all);
	return code;
}

static int check_index(struct check *check, bool any, struct note_error *err)
{
	struct note_error why;
	int code = names_read_index(check->share, &check->index, &why);
	if (code == NOTE_ABSENT && !any)
		return NOTE_OK;
	if (code == NOTE_ABSENT || code == NOTE_MALFORMED || code == NOTE_UNSUPPORTED) {
		found(check, NAMES_INDEX, "%s",
		      code == NOTE_ABSENT ? "it is not there: the next package brings it"
					  : why.text);
		return NOTE_OK;
	}
	if (code != NOTE_OK) {
		if (err != NULL)
			*err = why;
		return code;
	}
	code = check_results(check, err);
	for (size_t i = 0; code == NOTE_OK && i < check->packages.count; i++) {
		const struct tally *tally = index_find(&check->tallies, check->packages.items[i]);
		if (!tally->unknown && (tally->found[NAMES_BY_FILE] != tally->expected ||
					tally->found[NAMES_BY_BUILD_ID] != tally->expected))
			found(check, NAMES_INDEX, "it does not tell what %s holds",
			      check->packages.items[i]);
	}
	return code == NOTE_OK ? check_documents(check, err) : code;
}

int names_check(struct share *share, share_problem *problem, void *context, uint64_t *problems,
		struct note_error *err)
{
	struct check check = {
		.share = share, .problem = problem, .context = context, .problems = problems};
	bool any = false;
	int code = tally_records(&check, &any, err);
	if (code == NOTE_OK)
		code = check_index(&check, any, err);
	index_free(&check.tallies, free);
	index_free(&check.known, free);
	strings_free(&check.packages);
	names_index_free(&check.index);
	return code;
}
