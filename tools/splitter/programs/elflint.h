/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stage that has eu-elflint(1) look at files before and after a split. */
#ifndef SPLITTER_PROGRAMS_ELFLINT_H
#define SPLITTER_PROGRAMS_ELFLINT_H

#include <stdbool.h>

#include "tools/base/root/root.h"

/* Has eu-elflint look at the file PATH below ROOT, a debug file or another. *COMPLAINT is NULL
 * where it has none, else the first and their number, the caller's. */
int elflint_look(struct root *root, const char *path, bool debug, char **complaint,
		 struct note_error *err);

#endif
