/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* squashfs images: snaps, and what an AppImage has behind its ELF file. */
#ifndef SHOW_SQUASH_H
#define SHOW_SQUASH_H

#include "tools/show/inspect.h"

/* Whether one begins at OFFSET. */
bool squash_is_at(struct image *image, uint64_t offset);

/* Every ELF file and PE image in the one that begins at OFFSET of the file FD, as unsquashfs(1)
 * gives it, which must be installed. */
void squash_inspect(struct inspection *inspection, const struct record_style *style, int fd,
		    uint64_t offset, const char *path);

#endif
