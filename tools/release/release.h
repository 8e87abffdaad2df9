/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine of `pkgnote verify`. */
#ifndef RELEASE_RELEASE_H
#define RELEASE_RELEASE_H

#include "tools/release/reports/report.h"

struct release_options {
	char *const *inputs;
	size_t input_count;
	unsigned checks; /* bit I: all_checks[I] */
	struct expectations expectations;
	struct strings allow; /* "PATTERN" or "CHECK:PATTERN": absences that are expected */
	/* Without servers: offline. Once its CANCELLED is true, little more is read, and the report
	 * is worth nothing. */
	struct client_options client;
	unsigned shard, shards; /* read part SHARD, from 1, of SHARDS; 0 for all */
	unsigned jobs;
	uint64_t wait;    /* seconds for which what is absent is asked for again */
	bool allow_empty; /* inputs in which nothing ships are fine */
	bool own_first;   /* inputs' own debug files count before a server is asked */
	void *context;    /* of the two below, which may be called by any thread */
	void (*fail)(void *context, const char *file, const struct note_error *err);
	void (*tell)(void *context, const char *file, const char *message);
	void (*progress)(void *context, uint64_t done, uint64_t total, const char *what);
};

/* Verifies; what could not be read is told to FAIL and listed in the report, and the rest goes
 * on. Where no server can be asked (there is no libcurl), that is told to FAIL once, and what they
 * would have to tell is unreachable. REPORT is zeroed first, sorted at the end. NOTE_USAGE where a
 * server's URL is none. */
int release_verify(const struct release_options *options, struct report *report,
		   struct note_error *err);

#endif
