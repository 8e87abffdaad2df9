/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An inventory as a bill of materials or a summary: text whose bytes depend on the input alone. */
#ifndef SHOW_REPORT_REPORT_H
#define SHOW_REPORT_REPORT_H

#include <stdio.h>

#include "tools/show/inventory.h"

/* CREATED is "2026-01-31T12:00:00Z", or NULL: not known. */
void report_cyclonedx(const struct inventory *inventory, const char *created, struct text *out);
void report_spdx(const struct inventory *inventory, const char *created, struct text *out);

/* A page for people. */
void report_html(const struct inventory *inventory, FILE *to);

/* Packages with the number of their files: a table, or a JSON object a line. */
void report_summary(const struct inventory *inventory, bool json, struct text *out);

enum dlopen_form {
	DLOPEN_ROWS,
	DLOPEN_SONAMES, /* "libz.so.1 required", sorted */
	DLOPEN_RPM_REQUIRES,
	DLOPEN_RPM_RECOMMENDS,
	DLOPEN_RPM_SUGGESTS,
};

struct dlopen_style {
	enum dlopen_form form;
	bool json;                      /* of rows: an object a line */
	const struct strings *features; /* where there are any, these alone */
};

/* What dlopen notes name. */
void report_dlopen(const struct inventory *inventory, const struct dlopen_style *style,
		   struct text *out);

/* What changed from one inventory to the other: a line each, or a JSON object a line. The names are
 * those that the operands have, which the files' names begin with. Returns the number of changes.
 */
size_t report_compare(const struct inventory *old, const char *old_name,
		      const struct inventory *new, const char *new_name, bool json,
		      struct text *out);

/* Shared by these. A member of OBJECT, left out where VALUE is NULL. */
void put_member(json_object *object, const char *key, const char *value);

/* A UUID of the bytes of TEXT (RFC 9562, version 8), into OUT. */
void uuid_of(const struct text *text, char out[37]);

#endif
