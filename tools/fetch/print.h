/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results of fetch, for people and as JSON. */
#ifndef FETCH_PRINT_H
#define FETCH_PRINT_H

#include "tools/base/cli.h"
#include "tools/debuginfod/client.h"

extern const char *const artifact_words[5]; /* by enum artifact */

/* One object a line. PATH is where the file lies, or NULL. */
void print_json(const struct client_request *request, const struct client_answer *answer,
		const char *path);

/* Says the outcome of WANTED on stderr, in its words, and raises CLI's status accordingly. */
void tell_outcome(struct cli *cli, const char *wanted, const struct client_answer *answer);

/* An answer of client_metadata: a line a result, or the object itself. Says whether it is all, and
 * raises CLI's status. */
void print_metadata(struct cli *cli, const char *wanted, const struct client_answer *answer);

/* --dry-run: what it would take to get everything. */
struct sizes {
	uint64_t bytes;        /* of what is not here yet */
	size_t files, unknown; /* how many, and of how many no server tells the size */
};

/* Counts one answer, and prints a line of it: its size, what it is, "(here)" where it is. */
void print_size(const struct cli *cli, struct sizes *sizes, const struct client_request *request,
		const struct client_answer *answer);
void print_total(struct cli *cli, const struct sizes *sizes);

void print_cleaned(struct cli *cli, const struct client_cleaned *cleaned);

#endif
