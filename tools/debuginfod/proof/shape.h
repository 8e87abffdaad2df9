/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does a lone section look like what its name says? */
#ifndef DEBUGINFOD_PROOF_SHAPE_H
#define DEBUGINFOD_PROOF_SHAPE_H

#include "libnote.h"

/* NOTE_OK where the bytes of the file FD can be the section NAME (its raw contents, maybe
 * compressed), as far as that can be told; NOTE_MALFORMED where they cannot. */
int shape_check(int fd, const char *name, struct note_error *err);

#endif
