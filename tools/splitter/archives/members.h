/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Static archives (`ar`), rewritten member by member: what a member becomes is up to the caller;
 * here its place in the archive, the sizes and the symbol table's offsets follow.
 * Format: libnote/static_archive.h.
 */
#ifndef SPLITTER_ARCHIVES_MEMBERS_H
#define SPLITTER_ARCHIVES_MEMBERS_H

#include "libnote/image.h"
#include "tools/base/text.h"

/* Gives a member's new contents in *BYTES (malloc'ed) and *SIZE, or leaves *BYTES NULL where it
 * stays as it is. MEMBER is a view of its bytes. */
typedef int members_visit(void *context, struct image *member, uint8_t **bytes, uint64_t *size,
			  struct note_error *err);

/* Rewrites the archive IMAGE. *OUT is a new archive of *OUT_SIZE bytes, malloc'ed, or NULL where
 * no member changed. DETERMINISTIC sets dates and owners to 0 and modes to 0644. NOTE_MALFORMED
 * where the archive lies, NOTE_UNSUPPORTED for thin archives and symbol tables that are not GNU's.
 */
int members_rewrite(uint8_t **out, uint64_t *out_size, struct image *image, bool deterministic,
		    members_visit *visit, void *context, struct note_error *err);

#endif
