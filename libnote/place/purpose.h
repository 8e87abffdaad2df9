/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linked ELF files that are no programs to be loaded from. Internal to the project (the tools share
 * it), not installed. */
#ifndef NOTE_PURPOSE_H
#define NOTE_PURPOSE_H

#include "image.h"

/* Whether this is the debug information of another file: eu-strip -f and objcopy --only-keep-debug
 * leave that file's headers, without the contents of what is code there. Told by the sections,
 * since what the program headers say of contents is not true of such a file. */
bool elf_is_debug_file(struct image *image);

/* Whether a PT_LOAD holds the file's headers, or a dynamic linker is to look at it. Boot code,
 * kernels and firmware do without; no core of theirs would hold a note. */
bool elf_loads_headers(struct image *image);

#endif
