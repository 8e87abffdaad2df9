/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One artifact, asked of all servers at once: the first good answer wins. */
#ifndef DEBUGINFOD_FEDERATION_H
#define DEBUGINFOD_FEDERATION_H

#include "tools/debuginfod/cache/cache.h"
#include "tools/debuginfod/transfer.h"

/* What all federations of a client share. */
struct federation_settings {
	struct server *servers;
	size_t server_count;
	struct transfer_settings transfer;
	uint64_t retries;
	double backoff;
	bool all_must_deny; /* absent only where no server might still have it */
	CURLM *multi;
	struct cache *cache;
	void (*log)(void *context, const char *line); /* NULL: silent */
	void *log_context;
};

struct federation;

/* Asks all servers for the artifact that KEY names. DEADLINE is a moment, 0 for none. With
 * KNOWN_ABSENT, only shares on disk are asked: all others said absent a while ago. */
struct federation *federation_start(const struct federation_settings *settings,
				    const struct cache_key *key, double deadline,
				    bool known_absent);

/* libcurl reports that TRANSFER, one of a federation's, has ended with RESULT. */
void federation_ended(struct transfer *transfer, CURLcode result);

/* Does what time asks for: stalls, the deadline, the next round. *NEXT is lowered to the moment
 * at which it wants to be called again. */
void federation_tick(struct federation *federation, double now, double *next);

/* Ends it now, for REASON. */
void federation_stop(struct federation *federation, const char *reason);

bool federation_is_done(const struct federation *federation);

/* A server that has not spoken yet, or NULL. */
const char *federation_waits_for(const struct federation *federation);

/* True where every server said absent, in this request. */
bool federation_all_absent(const struct federation *federation);

/* Fills ANSWER from a federation that is done: outcome, path, servers. */
void federation_answer(struct federation *federation, struct client_answer *answer);

void federation_free(struct federation *federation);

#endif
