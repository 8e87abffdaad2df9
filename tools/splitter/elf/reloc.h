/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that resolves relocations between debug sections in the debug file of a relocatable
 * file. The others, against what a kernel will place, stay: their values are not known before.
 */
#ifndef SPLITTER_ELF_RELOC_H
#define SPLITTER_ELF_RELOC_H

#include "tools/splitter/elf/draft.h"

/* Resolves what relocations of the draft's debug sections against debug sections there are, and
 * drops them. NOTE_UNSUPPORTED, with the offset of the relocation in the file, where a type or the
 * machine is not known. */
int reloc_resolve(struct draft *draft, struct image *image, struct note_error *err);

#endif
