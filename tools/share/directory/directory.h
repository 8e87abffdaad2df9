/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A share in a directory: share.h has its tree. */
#ifndef SHARE_DIRECTORY_DIRECTORY_H
#define SHARE_DIRECTORY_DIRECTORY_H

#include "tools/share/store.h"

extern const struct store directory_store;

#endif
