/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gdb command that makes use of what was gathered. */
#ifndef FETCH_GDB_H
#define FETCH_GDB_H

#include "tools/fetch/gather.h"

/* The command line, quoted for a shell, for free(). DIR is absolute; FIRST is the subject that is
 * the program (a core's module at the lowest address); SOURCES says that some were gathered. */
char *gdb_command(const char *dir, enum operand_kind kind, const char *operand,
		  const struct subject *first, bool sources, const struct gathering *gathering);

#endif
