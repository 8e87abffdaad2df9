/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One artifact, asked of all servers at once: the first good answer wins. */
#ifndef DEBUGINFOD_FEDERATION_H
#define DEBUGINFOD_FEDERATION_H

#include "tools/debuginfod/cache/cache.h"
#include "tools/debuginfod/http/transfer.h"

/* What all federations of a client share. */
struct federation_settings {
	struct server *servers;
	size_t server_count;
	struct transfer_settings transfer;
	uint64_t retries;
	double backoff;
	double grace;            /* seconds for the others once one has said absent */
	bool all_must_deny;      /* absent only where no server might still have it */
	uint64_t silent_seconds; /* so long the cache remembers who was silent */
	unsigned *parallel; /* requests under way at most; lowered where descriptors are short */
	CURLM *multi;
	struct cache *cache;
	const struct ima_keys *keys;
	void (*log)(void *context, const char *line); /* NULL: silent */
	void *log_context;
	void (*tell)(void *context, const char *line); /* NULL: silent */
	void *tell_context;
};

struct federation;

/* Asks servers for the artifact that KEY names: all, or, where ONLY is not 0, the one of that
 * number (from 1). DEADLINE is a moment, 0 for none. With KNOWN_ABSENT, only shares on disk are
 * asked: all others said absent a while ago. NULL where memory is short. */
struct federation *federation_start(const struct federation_settings *settings,
				    const struct cache_key *key, size_t only, double deadline,
				    bool known_absent);

/* libcurl reports that TRANSFER, one of a federation's, has ended with RESULT. */
void federation_ended(struct transfer *transfer, CURLcode result);

/* Does what time asks for: requests that wait for their turn, stalls, the deadline, the next round.
 * *NEXT is lowered to the moment at which it wants to be called again. */
void federation_tick(struct federation *federation, double now, double *next);

/* Ends it now, for REASON; LATE: because time is up, which counts against those who said nothing.
 */
void federation_stop(struct federation *federation, const char *reason, bool late);

bool federation_is_done(const struct federation *federation);

/* A good answer's body comes. */
bool federation_is_coming(const struct federation *federation);

/* How far it is. */
struct federation_progress {
	const char *waits_for;   /* a server that has not spoken yet, or NULL */
	double since;            /* the moment at which that one was asked */
	uint64_t received, size; /* of the body that comes; SIZE is 0 where it was not announced */
	const char *url;         /* of that, or NULL */
};

void federation_look(const struct federation *federation, struct federation_progress *progress);

/* True where every server said absent, in this request. */
bool federation_all_absent(const struct federation *federation);

/* True where a section was not asked for, since its signature could not be checked. */
bool federation_wants_whole(const struct federation *federation);

/* Fills ANSWER from a federation that is done: outcome, path, body, size, servers. */
void federation_answer(struct federation *federation, struct client_answer *answer);

void federation_free(struct federation *federation);

#endif
