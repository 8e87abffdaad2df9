/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by archive.c and container.c: looking at the members of archives. */
#ifndef SHOW_ARCHIVE_H
#define SHOW_ARCHIVE_H

#include "tools/base/contents/contents.h"
#include "tools/show/inspect.h"

struct archive_view {
	struct inspection *inspection;
	const struct record_style *style;
	const char *path; /* of the file */
	unsigned depth;   /* archives inside */
	struct text bytes;
};

/* All members; failures are told. WITHIN is the archive's name inside another, or NULL. */
void archive_walk(struct archive_view *view, struct contents *contents, const char *within);

/* The member at hand, called MEMBER. */
int archive_member(struct archive_view *view, struct contents *contents, const char *member,
		   struct note_error *err);

/* Adds bytes of the member at hand to BYTES until these are SIZE. */
int archive_read(struct contents *contents, struct text *bytes, uint64_t size,
		 struct note_error *err);

#endif
