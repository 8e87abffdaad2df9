/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DEBUGINFOD_INSIDE_H
#define DEBUGINFOD_INSIDE_H

/* Opens the file PATH for reading, below the directory START. Symbolic links are followed as long
 * as they stay below it; -1 with errno, EXDEV where one leads out. */
int open_inside(int start, const char *path);

#endif
