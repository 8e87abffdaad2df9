/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks that are not of files: the recipe has a stage for each. */
#include "tools/release/checks/check.h"

const struct check parallel_check = {"parallel", "Debug packages install side by side", 0, NULL};
const struct check empty_check = {"empty", "Something that ships is among the inputs", 0, NULL};
