/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links to try: whether, and where, a compiler's linker lays the package note. */
#ifndef FLAGS_TRIAL_H
#define FLAGS_TRIAL_H

#include "tools/base/cli.h"
#include "tools/base/root/root.h"

/* What a trial link came to, the worst first. */
enum arrival { NOT_LINKED, NO_NOTE, BEHIND_ANOTHER, OUTSIDE_PAGE_ONE, ARRIVED };

struct trial {
	const char *compiler; /* with its first arguments, between blanks */
	const char *linker;   /* for -fuse-ld=; "": the compiler's own */
	const char *payload;  /* that is to arrive */
	struct root
		*scratch; /* a directory of this run's own, where "program" is what was linked */
	char *scratch_path;
};

/* Makes the scratch directory; false, and said, where that fails. */
bool trial_begin(struct trial *trial, struct cli *cli);
void trial_end(struct trial *trial);

/* Links a program, or a library where SHARED, with MORE (may be NULL); true where that works. */
bool trial_link(struct trial *trial, const struct strings *more, bool shared);

/* Links both with MORE. A compiler that makes no libraries is not asked for one. */
enum arrival trial_both(struct trial *trial, const struct strings *more);

#endif
