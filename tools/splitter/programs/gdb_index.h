/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that has gdb make an index of a debug file (section .gdb_index, GDB manual, "Index
 * Section Format"), which it then need not make each time that it reads the file.
 */
#ifndef SPLITTER_PROGRAMS_GDB_INDEX_H
#define SPLITTER_PROGRAMS_GDB_INDEX_H

#include <stdint.h>

#include "libnote.h"
#include "tools/base/root/root.h"

/* Index of the debug file of SIZE bytes at DEBUG, malloc'ed in *BYTES. Works with files whose
 * names begin with NAME in the directory WORK below ROOT, and removes them. NOTE_ABSENT where gdb
 * made none: SAID, the caller's, is its reason. */
int gdb_index_make(uint8_t **bytes, uint64_t *size, struct root *root, const char *work,
		   const char *name, const void *debug, uint64_t debug_size, char **said,
		   struct note_error *err);

#endif
