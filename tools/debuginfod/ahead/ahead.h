/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a debugger will ask for next. It asks for one library after the other, having opened them
 * all before it asks for the first: so when it asks for one of the libraries that it has open, the
 * debug files of the others are fetched by a thread of ours meanwhile, into the same cache.
 */
#ifndef DEBUGINFOD_AHEAD_AHEAD_H
#define DEBUGINFOD_AHEAD_AHEAD_H

#include "tools/debuginfod/client.h"

/* The build-ids, as digits, of the ELF libraries and programs that this process has open and that
 * have no debug information of their own, nor any below /usr/lib/debug; each once. False where
 * memory is short. */
bool ahead_opened(struct strings *ids);

/* What one handle has fetched ahead. */
struct ahead;

/* NULL where memory is short. */
struct ahead *ahead_begin(void);

/* HEX is about to be asked for, with OPTIONS: where it is one of several opened files that were not
 * looked at yet, the others are fetched from now on. Nothing while an earlier lot is under way. */
void ahead_start(struct ahead *ahead, const struct client_options *options, const char *hex);

/* Whether HEX is being fetched ahead. NULL is allowed. */
bool ahead_has(const struct ahead *ahead, const char *hex);

/* No more of it: the user has had enough. What is under way ends within a tenth of a second. */
void ahead_stop(struct ahead *ahead);

/* Ends what is under way, and waits for that. In the child of a fork, nothing is. */
void ahead_end(struct ahead *ahead);

#endif
