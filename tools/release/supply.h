/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is asked for debug information, executables and sources. Each server is asked by a client
 * of its own, so that the report can say which mirror lacks what: a federation that takes the
 * first good answer would hide the second server's gap behind the first.
 */
#ifndef RELEASE_SUPPLY_H
#define RELEASE_SUPPLY_H

#include "tools/debuginfod/client.h"

/* What one server gave for one request. */
struct served {
	char *url;
	enum outcome outcome;
	char *text;    /* what it said, "" where nothing is to be added */
	char *path;    /* the file, where found; NULL where it was judged as it came by */
	char *problem; /* what is wrong with what came, or NULL: filled by who judges it */
};

struct servings {
	struct served *items;
	size_t count;
};

struct supply;

/* One supply may be used by one thread at a time. OPTIONS' servers are asked in their order. */
int supply_open(struct supply **out, const struct client_options *options, struct note_error *err);
void supply_close(struct supply *supply); /* NULL is allowed */

/* One thing that every server is asked for. */
struct question {
	enum artifact kind;
	const char *build_id;
	const char *name;         /* of a source or section, else NULL */
	struct servings *answers; /* where the answers go; empty */
	/* Called for each that was found, while its file is there; sets served->problem. */
	void (*judge)(void *context, struct served *served);
	void *context;
	bool keep; /* the file stays until the close: it may be asked for again */
};

/* Asks every server for all of it, many at a time; what was downloaded is removed as soon as it
 * was judged, so that disk space is bounded by what is under way. Sections are not asked of
 * shares of files (file:), which have none. */
void supply_ask(struct supply *supply, const struct question *questions, size_t count);

/* Adds an answer that came some other way. The strings are copied, NULL allowed. */
struct served *servings_add(struct servings *servings, const char *url, enum outcome outcome,
			    const char *text, const char *path);

void servings_free(struct servings *servings);

#endif
