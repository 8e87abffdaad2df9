/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The room of programs that are called: the field's standard, where there is no library. Its face.
 */
#ifndef SPLITTER_PROGRAMS_PROGRAMS_H
#define SPLITTER_PROGRAMS_PROGRAMS_H

#include "tools/splitter/programs/dwz.h"
#include "tools/splitter/programs/elflint.h"
#include "tools/splitter/programs/external.h" /* whether one is there */
#include "tools/splitter/programs/gdb_index.h"

#endif
