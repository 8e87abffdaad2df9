/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a share tells of files by their names. A share has nobody who could answer /metadata, but
 * an index as documents (base/names/names.h): it is looked up here.
 */
#ifndef DEBUGINFOD_NAMES_NAMES_H
#define DEBUGINFOD_NAMES_NAMES_H

#include "tools/debuginfod/client.h"

/* Server number ONLY, from 1, has said in ANSWER that it answers no such question. Where it is a
 * share, ANSWER becomes what its index tells, as a server would put it; else it stays. */
void names_ask(struct client *client, size_t only, const char *key, const char *value,
	       struct client_answer *answer);

/* Whether NAME matches PATTERN as glob(7) has it for paths, which is what debuginfod's servers do:
 * '*', '?' and [...] match no '/'. Bytes are compared, whatever the locale. */
bool names_glob(const char *pattern, const char *name);

#endif
