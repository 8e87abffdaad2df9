/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of an ELF file is loaded, as a digest. Two copies of one program that were stripped apart
 * have one build-id and differ in .gnu_debuglink, .gnu_debugaltlink and the like, which no process
 * ever sees: such files are the same program. Of a debug file, whose loaded sections have no bytes,
 * it is the layout of these that counts.
 */
#ifndef BASE_ELF_LOADED_H
#define BASE_ELF_LOADED_H

#include "libnote/image.h"

/* IMAGE was read by image_read_elf. NOTE_MALFORMED where its tables lie. */
int loaded_digest(struct image *image, char out[65], struct note_error *err);

/* Whether the files A and B are ELF files of which the same is loaded. What cannot be read is not.
 */
bool loaded_same(int a, int b);

#endif
