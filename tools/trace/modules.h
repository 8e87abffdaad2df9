/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The modules of a core or process, and which of them an address is in. */
#ifndef TRACE_MODULES_H
#define TRACE_MODULES_H

#include <json-c/json.h>
#include <sys/types.h>

#include "libnote/image.h"
#include "tools/fetch/subjects.h"

struct trace_module {
	char *path; /* as the process had it, or NULL */
	uint64_t start, end;
	char *hex;            /* its build-id, or NULL */
	json_object *package; /* the payload of its note, or NULL */
	bool here;            /* its file is on this machine, as its build-id says */
	bool debug_here;      /* and its debug information */
	char *lack;           /* why there is none, once that is known; or NULL */
	bool told;
};

struct trace_modules {
	struct trace_module *items; /* by rising address */
	size_t count;
};

/* Of the core IMAGE, or of the process where that is NULL. As core_modules() and
 * process_modules(). */
int trace_modules_read(struct trace_modules *modules, struct image *core, pid_t pid,
		       struct note_error *err);
struct trace_module *trace_modules_find(const struct trace_modules *modules, uint64_t address);
void trace_modules_free(struct trace_modules *modules);

#endif
