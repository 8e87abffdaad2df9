/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debuginfod client: asks all servers at once, takes the first good answer, proves it.
 * Protocol: debuginfod(8), "WEBAPI": GET URL/buildid/HEX/{debuginfo,executable,source/PATH,
 * section/NAME}.
 */
#ifndef DEBUGINFOD_CLIENT_H
#define DEBUGINFOD_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "libnote.h"
#include "tools/base/text.h"

enum artifact { ARTIFACT_DEBUGINFO, ARTIFACT_EXECUTABLE, ARTIFACT_SOURCE, ARTIFACT_SECTION };

/* What a request came to. The words for people: outcome_word(). */
enum outcome {
	OUTCOME_FOUND,
	OUTCOME_ABSENT,      /* a server said 404, 410 or another 4xx not named here */
	OUTCOME_AUTH,        /* 401 or 403, and none said absent */
	OUTCOME_UNAVAILABLE, /* network errors, 5xx, 408, 429, after retries */
	OUTCOME_TOO_LARGE,   /* 406, or more than max_size */
	OUTCOME_REJECTED,    /* what came is not what was asked for */
};

const char *outcome_word(enum outcome outcome);

struct client_options {
	struct strings servers; /* base URLs: http, https, file */
	uint64_t retries;       /* tries after the first */
	double backoff;         /* seconds, the first wait */
	uint64_t timeout;       /* seconds without progress, 0 for none */
	uint64_t deadline;      /* seconds for a whole request, 0 for none */
	uint64_t max_size;      /* bytes of a body, 0 for no limit */
	const char *cache;      /* directory, or NULL for a temporary one that the client removes */
	struct strings headers; /* "Name: value" */
	const char *user_agent;
	const char *ca_file;
	const char *certificate;
	const char *key;
	unsigned verbose; /* 1: each attempt is told to LOG */
	void (*log)(void *context, const char *line);
	void *log_context;
};

/* What one server said. */
struct server_answer {
	const char *url; /* the base URL; the client's */
	enum outcome outcome;
	char text[160]; /* "404", "connection refused", "build-id differs: ..." */
};

/* The result of one request; free with client_answer_free. */
struct client_answer {
	enum outcome outcome;
	char *path; /* the file that holds it, complete and proven, when found */
	struct server_answer *servers;
	size_t server_count;
	char reason[240];
};

struct client;

/* Options are copied. One client may be used by one thread at a time. */
int client_open(struct client **out, const struct client_options *options, struct note_error *err);
void client_close(struct client *client);

/* Gets one artifact of BUILD_ID (hexadecimal, any case). NAME is the source's absolute path or
 * the section's name, else NULL. */
void client_fetch(struct client *client, enum artifact artifact, const char *build_id,
		  const char *name, struct client_answer *answer);

void client_answer_free(struct client_answer *answer);

/* Fills SERVERS from GIVEN (--server), else DEBUGINFOD_URLS (set but empty: none), else
 * /etc/debuginfod/ *.urls. */
void client_default_servers(struct strings *servers, const struct strings *given);

/* PATH with all but RFC 3986's unreserved characters and '/' percent-encoded; for free(). */
char *url_encode_path(const char *path);

#endif
