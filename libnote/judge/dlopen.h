/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The value of a dlopen note: which libraries a program loads by itself when it needs them.
 *
 * Specification: UAPI.12, "ELF dlopen metadata": an array of objects, each with `soname` (an array
 * of names, the preferred one first), and optionally `feature`, `description` and `priority`
 * (required, recommended, suggested). Its readers also take one object for an array of it, and one
 * name for an array of it: so does this one, and tells it.
 *
 * Internal to the project (the tools share it), not installed.
 */
#ifndef LIBNOTE_JUDGE_DLOPEN_H
#define LIBNOTE_JUDGE_DLOPEN_H

#include "payload/json.h"
#include "span.h"

/* One thing that breaks UAPI.12, at OFFSET of the value; DETAIL is valid during the call. */
typedef void dlopen_report(void *context, uint64_t offset, const char *detail);

/* What can be made of VALUE (a NUL and what follows it do not count): an array of objects, each
 * `soname` an array of strings; for json_object_put. NULL where nothing can. REPORT may be NULL. */
json_object *dlopen_read(struct span value, dlopen_report *report, void *context);

#endif
