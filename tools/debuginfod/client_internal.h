/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by client.c, request.c and metadata.c alone. */
#ifndef DEBUGINFOD_CLIENT_INTERNAL_H
#define DEBUGINFOD_CLIENT_INTERNAL_H

#include <pthread.h>

#include "tools/debuginfod/federation.h"

struct client {
	struct federation_settings settings;
	struct client_options options; /* servers and headers are empty; see settings */
	pthread_mutex_t lock;          /* held by who asks */
	char *strings[6];              /* what OPTIONS points at */
	struct ima_keys *keys;
	unsigned under_way, parallel, parallel_most;
	char servers[65]; /* a digest of their names, for absent answers; "" for none */
	uint64_t bytes;   /* of good bodies */
};

/* What is found appears by name in elfutils' cache, where the options ask for that. */
void client_show_to_others(const struct client *client, const struct cache_key *key,
			   struct client_answer *answer);

#endif
