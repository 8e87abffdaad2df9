/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a linked ELF file is for, where that is not to run as a program of a Linux system. Internal
 * to the project (the tools share it), not installed. */
#ifndef NOTE_PURPOSE_H
#define NOTE_PURPOSE_H

#include "image.h"

/* Whether this is the debug information of another file: eu-strip -f and objcopy --only-keep-debug
 * leave that file's headers, without the contents of what is code there. Told by the sections,
 * since what the program headers say of contents is not true of such a file. */
bool elf_is_debug_file(struct image *image);

/* Why Linux would not run the file or load it as a library (firmware, another system's OSABI,
 * another kind of processor): a static string that goes on with "a file ..."; NULL where it
 * would. */
const char *elf_foreign(struct image *image);

#endif
