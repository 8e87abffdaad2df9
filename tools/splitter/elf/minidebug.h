/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that makes MiniDebugInfo: an ELF file, compressed with xz, that lies in the section
 * .gnu_debugdata of the shipped file and has the symbols of functions that the dynamic symbol
 * table lacks, so that a backtrace has names without the debug file (GDB manual, "MiniDebugInfo").
 */
#ifndef SPLITTER_ELF_MINIDEBUG_H
#define SPLITTER_ELF_MINIDEBUG_H

#include "tools/splitter/elf/plan.h"

/* BYTES is malloc'ed, the caller's. NOTE_ABSENT where there is no such symbol. */
int minidebug_make(uint8_t **bytes, uint64_t *size, struct image *image, const struct plan *plan,
		   struct note_error *err);

#endif
