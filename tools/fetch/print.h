/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Results of fetch, for people and as JSON. */
#ifndef FETCH_PRINT_H
#define FETCH_PRINT_H

#include "tools/base/cli.h"
#include "tools/debuginfod/client.h"

extern const char *const artifact_words[4]; /* by enum artifact */

/* One object a line. PATH is where the file lies, or NULL. */
void print_json(const struct client_request *request, const struct client_answer *answer,
		const char *path);

/* Says the outcome of WANTED on stderr, in its words, and raises CLI's status accordingly. */
void tell_outcome(struct cli *cli, const char *wanted, const struct client_answer *answer);

void print_cleaned(struct cli *cli, const struct client_cleaned *cleaned);

#endif
