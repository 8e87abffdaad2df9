/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that has dwz (1) fold what a debug file says twice, or what several say: that goes
 * into an alternate file, which they then name in .gnu_debugaltlink, with its build-id.
 */
#ifndef SPLITTER_PROGRAMS_DWZ_H
#define SPLITTER_PROGRAMS_DWZ_H

#include <stddef.h>
#include <stdint.h>

#include "libnote.h"
#include "tools/base/root/root.h"

/* Files with more entries: each a number or "none", NULL for dwz's own default. */
struct dwz_limits {
	const char *low_memory; /* ...are folded slowly, and without the others */
	const char *most;       /* ...are left alone */
};

/* Folds the file NAME in the directory WORK below ROOT. *SAID, the caller's, is dwz's reason where
 * it refused the file, which it then left as it was; else NULL. */
int dwz_fold(struct root *root, const char *work, const char *name, const struct dwz_limits *limits,
	     char **said, struct note_error *err);

/* Folds COUNT files together, their common part into the file ALTERNATE, which they name by LINK,
 * or, where that is NULL, by a path relative to theirs. What dwz refuses it leaves as it was;
 * *REFUSALS tells whether it did any. ALTERNATE is not there afterwards where there was nothing to
 * be put in common. */
int dwz_fold_together(struct root *root, const char *work, char *const *names, size_t count,
		      const char *alternate, const char *link, const struct dwz_limits *limits,
		      unsigned jobs, bool *refusals, struct note_error *err);

#endif
