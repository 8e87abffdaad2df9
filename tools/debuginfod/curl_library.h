/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client asks through libcurl, as publish does. */
#ifndef DEBUGINFOD_CURL_LIBRARY_H
#define DEBUGINFOD_CURL_LIBRARY_H

#include "tools/base/curl_library.h"

#endif
