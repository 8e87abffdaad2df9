/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Getting what the unwinder lacks. */
#ifndef TRACE_SUPPLY_H
#define TRACE_SUPPLY_H

#include "tools/debuginfod/client.h"
#include "tools/trace/modules.h"
#include "tools/trace/unwind.h"

/* Whether anything is not on this machine: files (EXECUTABLES) or their debug information. */
bool supply_is_needed(const struct trace_modules *modules, bool executables);

/* Gets that from servers, into DIR: .build-id/xx/yyyy[.debug], and lib/ (tools/fetch/gather.h).
 * What could not be had is noted with its module. */
int supply(struct client *client, struct trace_modules *modules, const char *dir, bool executables,
	   struct note_error *err);

/* Fills in the frames' source lines: from servers, else from this machine's files. *WHY gets a line
 * for each source that is not there. CLIENT may be NULL. */
void supply_sources(struct client *client, const struct trace_modules *modules,
		    struct stacks *stacks, struct strings *why);

#endif
