/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that resolves relocations between debug sections in the debug file of a relocatable
 * file. The others, against what a kernel will place, stay: their values are not known before.
 */
#ifndef SPLITTER_ELF_RELOC_H
#define SPLITTER_ELF_RELOC_H

#include "tools/splitter/elf/draft.h"

/* Resolves what relocations of the draft's debug sections against debug sections there are, and
 * drops them. A section with one that is not known, or of a machine that is not, keeps all of its
 * own; *KEPT, the caller's, then tells of the first such, with its offset in the file, else it is
 * NULL. */
int reloc_resolve(struct draft *draft, struct image *image, char **kept, struct note_error *err);

#endif
