/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The members of a static archive (`ar`), as GNU and BSD tools write it.
 *
 * Format: "!<arch>\n", then for each member a header of 60 characters (name 16, date 12, owner 6,
 * group 6, mode 8, size 10, "`\n") and its bytes, padded to 2 with a newline. GNU: "name/", long
 * names as "/N", an offset in the member "//"; "/" and "/SYM64/" are symbol tables. BSD: "#1/N",
 * the name being the first N bytes of the member. A thin archive ("!<thin>\n") names files beside
 * it instead of holding them; only its symbol and name tables have bytes.
 *
 * Internal to the project (the tools share it), not installed.
 */
#ifndef NOTE_STATIC_ARCHIVE_H
#define NOTE_STATIC_ARCHIVE_H

#include "image.h"

#define STATIC_ARCHIVE_MAGIC       "!<arch>\n"
#define STATIC_ARCHIVE_MAGIC_SIZE  8
#define STATIC_ARCHIVE_HEADER_SIZE 60
#define STATIC_ARCHIVE_SIZE_AT     48 /* in the header: 10 digits */
#define STATIC_ARCHIVE_SIZE_DIGITS 10

/* Whether these 60 bytes are a member's header; *SIZE is what it says then. */
bool static_archive_header(const uint8_t *header, uint64_t *size);

struct static_archive_member {
	const char *name;    /* bytes as they are; valid during the visit */
	struct image *image; /* of the member; NULL in a thin archive; valid during the visit */
	uint64_t offset;     /* of its bytes, in the archive */
};

bool static_archive_is_one(struct image *image);
bool static_archive_is_thin(struct image *image);

/* Calls VISIT for each member but the tables, in their order; false ends it. NOTE_ABSENT where
 * IMAGE is no archive, NOTE_MALFORMED where it lies (after the members before were seen). */
typedef bool static_archive_visit(void *context, const struct static_archive_member *member);
int static_archive_members(struct image *image, static_archive_visit *visit, void *context,
			   struct note_error *err);

#endif
