/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names in the dynamic section of an ELF file. */
#ifndef SHOW_DYNAMIC_H
#define SHOW_DYNAMIC_H

#include "libnote/image.h"
#include "tools/base/text.h"

/* *SONAME (DT_SONAME, for free(), else NULL) and NEEDED (DT_NEEDED, in order), as UTF-8. What
 * cannot be read is left out. */
void dynamic_names(struct image *image, char **soname, struct strings *needed);

#endif
