/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hole that debug sections leave in front of a segment at the end of the file, where patchelf
 * and our own notes put one. */
#ifndef SPLITTER_LOADED_HOLE_H
#define SPLITTER_LOADED_HOLE_H

#include "libnote/image.h"
#include "tools/base/ranges.h"
#include "tools/splitter/loaded/overlay.h"

/* Zeroes what of REMOVED none of KEPT (merged) covers. */
void hole_wipe(struct overlay *overlay, const struct ranges *kept, const struct ranges *removed);

/* What IMAGE, of which KEPT (merged) keeps its bytes and REMOVED does not, can do without: whole
 * pages, so that what follows moves down and is mapped as before. {0} where there is none, or where
 * it holds bytes that are nobody's. */
struct range hole_find(const struct ranges *kept, const struct ranges *removed,
		       struct image *image);

/* Takes HOLE, which is one, out of the file's first part; its program headers follow. */
int hole_close(struct overlay *overlay, struct range hole, struct image *image,
	       struct note_error *err);

/* Where what lies at OFFSET is then. */
uint64_t hole_moves(struct range hole, uint64_t offset);

#endif
