/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by client.c and request.c alone. */
#ifndef DEBUGINFOD_CLIENT_INTERNAL_H
#define DEBUGINFOD_CLIENT_INTERNAL_H

#include "tools/debuginfod/federation.h"

struct client {
	struct federation_settings settings;
	struct client_options options; /* servers and headers are empty; see settings */
	char *strings[6];              /* what OPTIONS points at */
	char servers[65]; /* a digest of their names, for absent answers; "" for none */
	uint64_t bytes;   /* of good bodies */
};

#endif
