/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking at the members of archives, packages and images. */
#ifndef SHOW_ARCHIVE_H
#define SHOW_ARCHIVE_H

#include "tools/base/contents/contents.h"
#include "tools/show/inspect.h"

struct archive_view {
	struct inspection *inspection;
	const struct record_style *style;
	const char *path; /* of the file */
	struct stream_budget *budget;
	unsigned depth; /* archives inside */
	struct text bytes;
};

/* All members; failures are told. WITHIN is the archive's name inside another, or NULL. */
void archive_walk(struct archive_view *view, struct contents *contents, const char *within);

/* The member whose bytes STREAM has, before its first run, called MEMBER. */
int archive_member(struct archive_view *view, struct stream *stream, const char *member,
		   struct note_error *err);

/* The member at hand of CONTENTS. */
int archive_contents_member(struct archive_view *view, struct contents *contents,
			    const char *member, struct note_error *err);

#endif
