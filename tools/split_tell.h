/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What split and find-debuginfo tell of each file: the splitter's events as lines. */
#ifndef TOOLS_SPLIT_TELL_H
#define TOOLS_SPLIT_TELL_H

#include "tools/base/cli.h"
#include "tools/splitter/split.h"

struct split_teller {
	struct cli *cli;
	bool strict_build_id; /* a missing one is a failure */
	bool strict_sources;  /* a missing one is a failure */
	bool strict_debug;    /* debug information that is wanting is a failure */
	bool strict_elf;      /* what eu-elflint complains of is a failure */
	bool table;           /* one line a file on stdout */
};

/* For struct split_options: tell and progress; their context is the struct split_teller. */
void split_tell(void *context, enum split_event event, const char *path, const char *text,
		const struct note_error *err);
void split_progress(void *context, size_t done, size_t total);

#endif
