/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The index by name (base/names/names.h) of a share that is changed or checked. It tells of what
 * comes before that can be had, and forgets what goes once it cannot, as the links do; so a run
 * that was killed leaves at most what its package had too much, which whoever undoes that run
 * settles.
 */
#ifndef SHARE_NAMES_NAMES_H
#define SHARE_NAMES_NAMES_H

#include "tools/share/internal.h"

/* Brings near an index in which PACKAGE holds what RECORD tells (NULL: nothing), in place of what
 * it told of it; THERE: it may have told of it. */
int names_propose(struct share *share, const char *package, const struct record *record, bool there,
		  struct note_error *err);

/* What was proposed last is the index from now on; where nothing was, nothing changes. */
int names_adopt(struct share *share, struct note_error *err);

/* Both, after a run that did the one and perhaps not the other. */
int names_settle(struct share *share, const char *package, const struct record *record,
		 struct note_error *err);

/* Removes documents that a run that was killed left. */
int names_sweep(struct share *share, struct note_error *err);

/* Proves it by the records of all packages. */
int names_check(struct share *share, share_problem *problem, void *context, uint64_t *problems,
		struct note_error *err);

/* Makes it anew, and says so, where it is not right. */
int names_repair(struct share *share, struct note_error *err);

void names_forget(struct share *share);

#endif
