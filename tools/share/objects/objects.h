/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A share in an object store: internal.h has its keys. */
#ifndef SHARE_OBJECTS_OBJECTS_H
#define SHARE_OBJECTS_OBJECTS_H

#include "tools/share/store.h"

extern const struct store objects_store;

#endif
