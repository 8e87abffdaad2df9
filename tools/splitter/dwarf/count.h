/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much debug information there is: what must not get less when it moves. */
#ifndef SPLITTER_DWARF_COUNT_H
#define SPLITTER_DWARF_COUNT_H

#include "libnote/image.h"

struct dwarf_counts {
	uint64_t units;     /* of .debug_info, but for partial and type units, which dwz adds */
	uint64_t functions; /* entries of functions that have code */
	uint64_t lines;     /* rows of the line tables */
	uint64_t skeletons; /* units whose entries are in another file (-gsplit-dwarf) */
	bool unread;        /* something could not be read: the counts are too low */
};

/* Counts in an image, relocatable ones too. What cannot be read is told by COUNTS->unread. */
int dwarf_count(struct image *image, struct dwarf_counts *counts, struct note_error *err);

#endif
