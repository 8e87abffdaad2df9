/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the environment says, as elfutils' client reads it: debuginfod_find_debuginfo(3),
 * ENVIRONMENT VARIABLES. It is read at the moment of the call and never kept.
 */
#ifndef DEBUGINFOD_ENVIRONMENT_H
#define DEBUGINFOD_ENVIRONMENT_H

#include "tools/debuginfod/client.h"

/* Is told, by one line, of what was not understood and passed over. */
typedef void client_tell(void *context, const char *line);

/* OPTIONS' defaults by DEBUGINFOD_TIMEOUT, _MAXTIME, _MAXSIZE, _RETRY_LIMIT, _VERBOSE; and the
 * authorities to trust by CURL_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR, as curl(1) takes them.
 * Strings are the environment's own. */
void client_environment(struct client_options *options, client_tell *tell, void *context);

/* Fills SERVERS from GIVEN (--server), else DEBUGINFOD_URLS (set but empty: none), else
 * /etc/debuginfod/ *.urls. A word of the latter two that is no server is told and passed over.
 * False where memory is short. */
bool client_default_servers(struct strings *servers, const struct strings *given, client_tell *tell,
			    void *context);

/* Adds the headers in the file at PATH, one a line. */
int client_read_headers(struct strings *headers, const char *path, struct note_error *err);

/* Seconds: "90", "0.5", "5s", "500ms", "2m", "1h". Bytes: "1000", "1K", "1M", "1G". Whatever the
 * locale. False for anything else. */
bool parse_seconds(const char *text, double *out);
bool parse_bytes(const char *text, uint64_t *out);

/* Where our cache is by default: $XDG_CACHE_HOME/pkgnote, ~/.cache/pkgnote; and where elfutils
 * keeps its own. For free(); NULL where that cannot be told. */
char *client_cache_path(void);
char *elfutils_cache_path(void);

#endif
