/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The room of ELF files: what is made of one file in memory. Its face, in the order of the recipe;
 * what ends in internal.h or is renumber.h is the room's own.
 */
#ifndef SPLITTER_ELF_ELF_H
#define SPLITTER_ELF_ELF_H

#include "tools/splitter/elf/buildid.h"   /* the id of what will be published */
#include "tools/splitter/elf/draft.h"     /* a plan that may change, for the debug file alone */
#include "tools/splitter/elf/halves.h"    /* the debug file and the shipped file */
#include "tools/splitter/elf/minidebug.h" /* .gnu_debugdata */
#include "tools/splitter/elf/plan.h"      /* which section goes where */
#include "tools/splitter/elf/reloc.h"     /* relocations between debug sections */

#endif
