/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* split --check and --leaks: what they say, and when their status is 1. */
#ifndef TOOLS_SPLIT_CHECK_H
#define TOOLS_SPLIT_CHECK_H

#include "tools/base/cli.h"
#include "tools/split_options.h"

struct split_check_arguments {
	bool check;
	bool leaks;
	const char *debug_root;
	const struct strings *build_dirs;
	struct split_arguments *common;
};

/* Looks at the operand ROOT, tells on stdout what is wanting, and sets the command's status. */
void split_check_run(struct cli *cli, const struct split_check_arguments *arguments);

#endif
