/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A source that is named as a user sees it, as debuginfod wants it: absolute. */
#ifndef FETCH_RESOLVE_H
#define FETCH_RESOLVE_H

#include "tools/debuginfod/client.h"
#include "tools/fetch/subjects.h"

/* The absolute path of the source NAME (relative to the compilation directory, or a part of its
 * end), as SUBJECT's debug information has it, which is SUBJECT's own or fetched; for free(). NULL
 * with ERR where there is none (NOTE_ABSENT), or several (NOTE_USAGE, the text names two), or no
 * debug information. */
char *resolve_source(struct client *client, const struct subject *subject, const char *name,
		     struct note_error *err);

#endif
