/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Without a server: the debug files and sources among the inputs (debug packages, the debug tree
 * of a staging tree) are what the shipped files are checked against. Part of the recipe.
 */
#ifndef RELEASE_OFFLINE_H
#define RELEASE_OFFLINE_H

#include "tools/release/release_internal.h"

/* Whether some input holds debug files. The inputs were read for what is shipped. */
bool offline_possible(const struct release *release);

/* Fills every subject's evidence out of the inputs; subjects are sorted by build-id. */
void offline_gather(struct release *release);

#endif
