/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One report out of the JSON reports of several runs: --merge, and what --shard leaves for it. */
#ifndef RELEASE_REPORTS_MERGE_H
#define RELEASE_REPORTS_MERGE_H

#include "tools/release/reports/report.h"

/* Which parts have come; zeroed before the first merge_add, freed by merge_end. */
struct merge {
	unsigned parts; /* N of --shard=I/N, 0 as long as no part of a whole has come */
	bool *come;
};

/* Adds the report of SIZE bytes at JSON to REPORT, its unread inputs too. NOTE_MALFORMED,
 * NOTE_UNSUPPORTED (another reportVersion), NOTE_USAGE (a part that has come already, or one of
 * another whole). */
int merge_add(struct merge *merge, struct report *report, const char *json, size_t size,
	      struct note_error *err);

/* Lists parts that have not come as unread, finds build-ids that files of different parts share
 * with different bytes, and sorts. */
void merge_end(struct merge *merge, struct report *report);

/* The part, 1 to COUNT, that a file belongs to, by its names alone: the same on every machine,
 * wherever the input lies there. */
unsigned shard_of(const char *input, const char *path, unsigned count);

#endif
