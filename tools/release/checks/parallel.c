/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Check "parallel" is of packages: the recipe has a stage for it. */
#include "tools/release/checks/check.h"

const struct check parallel_check = {"parallel", "Debug packages install side by side", 0, NULL};
