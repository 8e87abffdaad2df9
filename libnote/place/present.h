/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The package notes that a file holds, and what is to become of them. For place.c alone. */
#ifndef LIBNOTE_PLACE_PRESENT_H
#define LIBNOTE_PLACE_PRESENT_H

#include "place/internal.h"

struct present {
	struct placed_notes all; /* by offset */
	struct placed_notes
		same;  /* those of them that hold the payload of the first, or the wanted one */
	bool placed;   /* the first one lies where it should */
	bool wanted;   /* the first one holds the wanted payload */
	char *payload; /* of the first one, for free(); NULL where there is none */
};

/* What is there. Notes that cannot be read (mold up to 1.11 writes such PT_NOTEs) do not count,
 * unless a section says that one of them may be a package's. OUTSIDE: page one is not asked for. */
int present_find(struct present *out, struct image *image, const char *wanted, bool outside,
		 struct note_error *err);

/* Fills same with the notes that hold PAYLOAD. */
int present_like(struct present *present, struct image *image, const char *payload,
		 struct note_error *err);

#endif
