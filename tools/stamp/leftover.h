/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a run that was killed has left: the temporary file beside one whose turn it was. */
#ifndef STAMP_LEFTOVER_H
#define STAMP_LEFTOVER_H

#include <stdbool.h>

#include "tools/base/root/root.h"

/* The path of the temporary file of PATH, for free(). */
char *leftover_of(const char *path);

/* Ends what a dead run began on the file PATH (root_finish_leftover): true where PATH was changed.
 * What a live run is writing stays. */
bool leftover_settle(struct root *root, const char *path);

#endif
