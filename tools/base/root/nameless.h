/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files without a name: they go with their last descriptor. */
#ifndef BASE_ROOT_NAMELESS_H
#define BASE_ROOT_NAMELESS_H

/* One in DIRECTORY, on whatever disk that is; -1 with errno set. */
int nameless_in(const char *directory);

/* One for little, in memory where the kernel has such (memfd_create), else in $TMPDIR or /tmp; -1
 * with errno set. */
int nameless_small(void);

#endif
