/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results, collected and sorted; the formats are in report_FORMAT.c. */
#ifndef RELEASE_REPORTS_REPORT_H
#define RELEASE_REPORTS_REPORT_H

#include <stdio.h>

#include "tools/release/checks/check.h"

#define REPORT_VERSION 1

struct result {
	char *input;
	char *path;
	char *build_id; /* "" where it has none */
	char *check;
	struct finding finding;
};

/* An input, or a file of it, that could not be read. */
struct unread {
	char *input;
	char *reason;
};

/* A file that was read, for finding its build-id's twins in other parts of the release. */
struct report_file {
	char *input;
	char *path;
	char *build_id;
	char *loaded;
};

struct report {
	struct result *results;
	size_t count;
	struct unread *unread;
	size_t unread_count;
	unsigned shard, shards;    /* part SHARD (from 1) of SHARDS; 0 for a whole */
	struct report_file *files; /* of a part */
	size_t file_count;
	bool waits; /* --wait was given, and so many seconds went by */
	uint64_t waited;
	bool no_debug_package; /* for the parallel check, which wants some */
	size_t verified;       /* files of which something could be judged */
	size_t own;            /* of them proven by the inputs' own debug files, no server asked */
};

/* Adds one; FINDING's contents are the report's then, the rest is copied. */
void report_add(struct report *report, const char *input, const char *path, const char *build_id,
		const char *check, struct finding *finding);
void report_add_unread(struct report *report, const char *input, const char *reason);

void report_add_file(struct report *report, const char *input, const char *path,
		     const char *build_id, const char *loaded);

/* The result that equals KEY in input, path, check and build-id, or NULL; the report is sorted. */
struct result *report_find(struct report *report, const struct result *key);

/* Whether INPUT could not be read. */
bool report_has_unread(const struct report *report, const char *input);

/* By input, path, check: the order of every format. */
void report_sort(struct report *report);

/* VERDICTS of them. */
extern const enum verdict verdicts_worst_first[];

size_t report_count(const struct report *report, enum verdict verdict);

/* Nothing failed, was missing or unreachable. */
bool report_is_good(const struct report *report);

void report_free(struct report *report);

/* How a report is written. */
struct report_style {
	bool color;
	bool verbose; /* the table shows what passed, too */
};

struct report_format {
	const char *name;
	void (*write)(FILE *to, const struct report *report, const struct report_style *style);
};

extern const struct report_format table_format;
extern const struct report_format json_format;
extern const struct report_format junit_format;
extern const struct report_format html_format;
extern const struct report_format sarif_format;
extern const struct report_format github_format;
extern const struct report_format gitlab_format;

#endif
