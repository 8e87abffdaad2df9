/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stacks for people, and as JSON. */
#ifndef TRACE_PRINT_H
#define TRACE_PRINT_H

#include "tools/trace/modules.h"
#include "tools/trace/unwind.h"

/* A table for each thread, or an object for each frame, a line each. */
void trace_print(const struct stacks *stacks, const struct trace_modules *modules, bool json,
		 struct text *out);

#endif
