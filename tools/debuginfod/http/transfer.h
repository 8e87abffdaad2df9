/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One try of one artifact at one HTTP server: from the request to what the answer means. */
#ifndef DEBUGINFOD_HTTP_TRANSFER_H
#define DEBUGINFOD_HTTP_TRANSFER_H

#include "tools/base/text.h"
#include "tools/debuginfod/cache/cache.h"
#include "tools/debuginfod/http/server.h"

/* What all transfers of a client share. */
struct transfer_settings {
	double timeout;    /* seconds without progress, 0 for none */
	double first_byte; /* seconds until an answer's head has come, 0 for none */
	bool sizes_only;   /* bodies are not wanted */
	uint64_t max_size;
	const char *user_agent;
	const char *ca_file;
	const char *ca_directory;
	const char *certificate;
	const char *key;
	uint64_t *bytes;     /* counts those of good bodies, for progress */
	unsigned *under_way; /* counts requests */
};

struct transfer {
	/* Set by the owner before transfer_start. */
	const struct transfer_settings *settings;
	struct server *server;
	enum artifact artifact;
	const char *hex;
	const char *name;
	/* Asked when the body of a good answer begins: true lets it in (and has set STAGE), false
	 * keeps it waiting unread until transfer_resume. */
	bool (*body)(struct transfer *transfer);
	void *owner;
	struct staging *stage; /* where the body goes; the owner's */

	/* What came of it, once transfer_end has returned true. FOUND: the body is complete by
	 * its length, and not proven yet. */
	enum outcome outcome;
	bool worth_retry;
	bool refused;       /* for now: 429, or 503 with Retry-After */
	bool silent;        /* nothing came in time */
	bool shortage;      /* of file descriptors, here: nobody's failure */
	double retry_after; /* seconds, -1 where the server did not say */
	int64_t size;       /* of a good body, as announced; -1 */
	int64_t modified;   /* Last-Modified in seconds since 1970; -1 */
	char *signature;    /* X-DEBUGINFOD-IMASIGNATURE, or NULL */
	char *notes;        /* all X-DEBUGINFOD headers, a line each, or NULL */
	int error;          /* the errno that comes nearest to OUTCOME and its cause */
	char text[ANSWER_TEXT];

	/* Private. */
	CURL *easy;
	struct curl_slist *headers;
	char *url;
	unsigned redirects;
	bool running, waiting, stopped;
	bool probing; /* it asks for a share's marker now */
	double started, window;
	uint64_t window_received;
	long status;
	int64_t content_length, declared_size; /* -1: not said */
	bool chunked, encoded, html, xml, challenge, contradictory;
	bool headers_ended;
	uint64_t received;                  /* bytes of a good body, decoded */
	uint64_t drained;                   /* bytes of another answer's body */
	char beginning[PAGE_BEGINNING + 1]; /* of the body */
	char complaint[512];                /* the beginning of an error's page */
	char curl_text[CURL_ERROR_SIZE];
};

/* Begins the try on MULTI; TRANSFER's private fields must be zero or those of an ended one. */
void transfer_start(struct transfer *transfer, CURLM *multi);

/* libcurl reports RESULT for it. False: a redirect was followed, and it goes on. */
bool transfer_end(struct transfer *transfer, CURLM *multi, CURLcode result);

/* For BODY alone: refuses the body for good. */
void transfer_refuse(struct transfer *transfer, enum outcome outcome, const char *text);

/* Lets a waiting transfer's body in: BODY is asked again. False where that ended it at once
 * (OUTCOME is set, as after transfer_end). */
bool transfer_resume(struct transfer *transfer, CURLM *multi);

/* Seconds since the try began. */
double transfer_age(const struct transfer *transfer);

/* Ends it at once: OUTCOME and TEXT are the reason. */
void transfer_stop(struct transfer *transfer, CURLM *multi, enum outcome outcome, const char *text);

/* Stops it with UNAVAILABLE where it made no progress for too long, and returns true then.
 * Otherwise *NEXT is the moment to look again, where that is earlier. */
bool transfer_stalled(struct transfer *transfer, CURLM *multi, double now, double *next);

/* True while a good body comes. */
bool transfer_has_body(const struct transfer *transfer);

/* Frees what TRANSFER holds, not TRANSFER. */
void transfer_clear(struct transfer *transfer, CURLM *multi);

#endif
