/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs that a stage calls where they are the field's standard and there is no library: dwz,
 * gdb, eu-elflint. They get files of ours in a directory of ours, never names of the tree, so
 * nothing needs quoting and nothing can be taken for an option.
 */
#ifndef SPLITTER_PROGRAMS_EXTERNAL_H
#define SPLITTER_PROGRAMS_EXTERNAL_H

#include <stdbool.h>

#include "libnote.h"

/* NOTE_ABSENT where PATH has no such program; WHAT names what it is wanted for. */
int external_find(const char *program, const char *what, struct note_error *err);

/* Runs ARGV in DIRECTORY, with LC_ALL=C and nothing on its standard input, and waits for it.
 * *STATUS is its exit status, or 128 and the number of the signal that ended it; *SAID is what it
 * wrote to its outputs, cut at 64 KiB, the caller's. NOTE_SYSTEM where it could not be started. */
int external_run(const char *directory, char *const *argv, int *status, char **said,
		 struct note_error *err);

/* The last line of SAID that says something, without its end, in place; "" where none does. */
const char *external_last_line(char *said);

#endif
