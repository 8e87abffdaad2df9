/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client asks again by the policy that publish has, too. */
#ifndef DEBUGINFOD_RETRY_H
#define DEBUGINFOD_RETRY_H

#include "tools/base/retry.h"

#endif
