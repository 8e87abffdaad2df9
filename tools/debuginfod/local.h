/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* file:// servers: a share on disk, laid out like a debuginfod server's URLs. */
#ifndef DEBUGINFOD_LOCAL_H
#define DEBUGINFOD_LOCAL_H

#include "tools/debuginfod/cache/cache.h"
#include "tools/debuginfod/http/server.h"

/* Looks an artifact up below SERVER's directory. OUTCOME_FOUND with *PATH (for free()) and *SIZE,
 * the file proven; else with the reason in TEXT: ABSENT where the share is there and the file is
 * not, AUTH where permission is wanting (a web server says 403 to that), UNAVAILABLE where the
 * share itself is not there or cannot be read, TOO_LARGE, REJECTED (by proof, or a link leads out
 * of the share). */
enum outcome local_fetch(const struct server *server, const struct cache_key *key,
			 uint64_t max_size, char **path, int64_t *size, char text[ANSWER_TEXT]);

#endif
