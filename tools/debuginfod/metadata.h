/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What servers know of files by their names: GET /metadata, debuginfod(8) since 0.192. */
#ifndef DEBUGINFOD_METADATA_H
#define DEBUGINFOD_METADATA_H

#include "tools/debuginfod/client.h"

/* Asks all servers for what has VALUE by KEY ("glob", "file": of a path; "buildid"). ANSWER's BODY
 * is one JSON object as a server gives it, merged from all of their answers, each result once:
 * {"results": [{"type", "buildid", "file", "archive"}, ...], "complete": BOOL}; COMPLETE is true
 * where each server's is. Found where any server answered, whatever it knows. */
void client_metadata(struct client *client, const char *key, const char *value,
		     struct client_answer *answer);

/* Keeps TEXT, the answer to such a question, as a file in CLIENT's cache; *PATH is for free(). */
int client_metadata_keep(struct client *client, const char *key, const char *value,
			 const char *text, char **path, struct note_error *err);

#endif
