/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where symbolic links of a staging tree lead, without following one: a link is resolved as it
 * will be in the installed system, where ROOT is "/".
 */
#ifndef SPLITTER_INPUTS_SYMLINKS_H
#define SPLITTER_INPUTS_SYMLINKS_H

#include "tools/base/root/root.h"

/* The path below ROOT that the link PATH leads to, with every link on the way resolved; NULL where
 * it leads nowhere, or round in a circle. The caller frees it. */
char *symlink_resolve(struct root *root, const char *path);

#endif
