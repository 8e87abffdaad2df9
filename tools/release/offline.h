/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Without a server: the debug files and sources among the inputs (debug packages, the debug tree
 * of a staging tree) are what the shipped files are checked against. Part of the recipe.
 */
#ifndef RELEASE_OFFLINE_H
#define RELEASE_OFFLINE_H

#include "tools/release/release_internal.h"

/* Fills every subject's evidence out of the inputs, which were read for what is shipped and
 * related. False, and nothing done, where no input holds a debug file. */
bool offline_gather(struct release *release);

#endif
