/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operands and processes, inspected side by side and told in their order: as records on standard
 * output, or into an inventory. */
#ifndef SHOW_SURVEY_H
#define SHOW_SURVEY_H

#include "tools/base/cli.h"
#include "tools/show/inspect.h"
#include "tools/show/inventory.h"

struct survey {
	struct cli *cli;
	struct record_style style;
	struct inventory *inventory; /* where style.collect is set */
	uint64_t done;               /* files */
	bool heading;                /* was printed */
};

void survey_operands(struct survey *survey, char *const *operands, size_t count);
void survey_process(struct survey *survey, pid_t pid);

#endif
