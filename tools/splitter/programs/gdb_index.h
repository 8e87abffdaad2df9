/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that has gdb make an index of a debug file (section .gdb_index, GDB manual, "Index
 * Section Format"), which it then need not make each time that it reads the file.
 */
#ifndef SPLITTER_PROGRAMS_GDB_INDEX_H
#define SPLITTER_PROGRAMS_GDB_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "libnote.h"
#include "tools/base/root/root.h"

struct gdb_index {
	uint8_t *bytes;
	uint64_t size;
	uint8_t *shared; /* of the alternate file, which gdb wants to have one too; or NULL */
	uint64_t shared_size;
};

/* Index of the debug file NAME in the directory WORK below ROOT, and of the alternate file that it
 * names, the last part of whose path is ALTERNATE (NULL for none). NOTE_ABSENT where gdb made none:
 * SAID, the caller's, is its reason. */
int gdb_index_make(struct gdb_index *out, struct root *root, const char *work, const char *name,
		   const char *alternate, char **said, struct note_error *err);
void gdb_index_free(struct gdb_index *index);

/* Whether each unit that MADE's tables of addresses and symbols speak of is in its lists of units.
 * Where gdb numbered them together with the alternate file's they are made so, or nothing is
 * changed. True of versions other than 7 to 9, which are not known here. */
bool gdb_index_mend_units(struct gdb_index *made);

#endif
