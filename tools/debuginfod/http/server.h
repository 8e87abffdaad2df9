/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One server: what is remembered of it, and how it is asked. How many requests may be under way
 * goes up by one for each round of good answers and is halved by a refusal (429, or 503 with
 * Retry-After), as TCP does it; a refusal also is a pause of what Retry-After says. Where it
 * refuses without saying how long, or a pause brings hardly any answers, requests are spaced out.
 * A server that answers is never dead. One that has not answered yet, while others were quicker, is
 * asked more and more seldom, until it answers or nobody else has what is wanted.
 */
#ifndef DEBUGINFOD_HTTP_SERVER_H
#define DEBUGINFOD_HTTP_SERVER_H

#include <stdbool.h>

#include "tools/base/libraries/curl.h"
#include "tools/debuginfod/proof/ima.h"
#include "tools/debuginfod/proof/proof.h"

/* Requests under way at one server: at most, and before it has answered any. */
#define SERVER_PARALLEL 16
#define SERVER_UNKNOWN  8

struct server {
	char *url;                  /* base, no slash at its end */
	char *shown;                /* the same without credentials */
	char *directory;            /* of a file:// server, else NULL */
	struct curl_slist *headers; /* what the user wants it to be sent */
	enum ima_policy ima;
	bool gave;                                                /* a file, in this run */
	enum { MARKER_UNKNOWN, MARKER_THERE, MARKER_NOT } marker; /* of a share */

	unsigned failures;     /* requests in a row that it failed, all tries */
	bool dead;             /* not asked any more */
	char why[ANSWER_TEXT]; /* it is dead */
	int error;             /* the same as an errno */
	double heard;          /* the moment at which anything last came from it, 0: never */
	uint64_t answers;      /* all but refusals and failures */
	double answered;       /* the moment of the last of those */

	/* How it is asked: server.c's own. */
	unsigned under_way;
	double most, limit;   /* of requests under way */
	double lowered;       /* the moment at which LIMIT last was */
	double pause_until;   /* a moment */
	double interval;      /* seconds between two requests' starts */
	double next_start;    /* a moment */
	double outrun;        /* the moment at which it last was */
	double seldom;        /* seconds between requests that others may answer, too */
	double next_extra;    /* the moment of the next of those */
	uint64_t since_pause; /* answers since the last pause */
};

/* MOST requests under way at a time. */
void server_begin(struct server *server, unsigned most);

/* Whether a request may start now; where time alone is in the way, *NEXT is lowered to when. EXTRA:
 * another server may well answer it. */
bool server_may_start(const struct server *server, bool extra, double now, double *next);

void server_started(struct server *server, double now);
void server_ended(struct server *server); /* however */

/* A good answer: anything that is no failure and no refusal. */
void server_answered(struct server *server, double now);

/* A request that began at STARTED is cancelled before anything came: another one was quicker. */
void server_outrun(struct server *server, double started, double now);

/* It refused a request that began at STARTED; WAIT is its Retry-After, or -1. */
void server_refused(struct server *server, double started, double now, double wait);

/* It is given up for the rest of the run, for WHY, or ERROR. */
void server_died(struct server *server, const char *why, int error);

#endif
