/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a run that was killed has left: the temporary file beside one whose turn it was. */
#ifndef STAMP_LEFTOVER_H
#define STAMP_LEFTOVER_H

#include <stdbool.h>

#include "tools/base/root/root.h"

/* The path of the temporary file of PATH, for free(). */
char *leftover_of(const char *path);

/* Ends what was begun on the file PATH: where its temporary file has a second name, this is one of
 * several hard links, the others have the new contents already, and it gets them now. Else the
 * temporary file is removed. True where PATH was changed. */
bool leftover_settle(struct root *root, const char *path);

#endif
