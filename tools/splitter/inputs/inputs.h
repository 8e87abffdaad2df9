/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The room of inputs: which files of a tree there are, under which names, and what each one is. */
#ifndef SPLITTER_INPUTS_INPUTS_H
#define SPLITTER_INPUTS_INPUTS_H

#include "tools/splitter/inputs/patterns.h" /* many patterns at once */
#include "tools/splitter/inputs/scan.h"     /* the walk, and the judge of one file */
#include "tools/splitter/inputs/symlinks.h" /* which files symbolic links lead to */

#endif
