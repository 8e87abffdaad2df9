/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debuginfod client: asks all servers at once, takes the first good answer, proves it.
 * Protocol: debuginfod(8), "WEBAPI": GET URL/buildid/HEX/{debuginfo,executable,source/PATH,
 * section/NAME}, GET URL/metadata?key=KEY&value=VALUE.
 *
 * A request as a recipe stands in request.c. A symptom names a file: a wrong URL is url.c, what a
 * status means is answer.c, who won is federation.c, who is asked how fast is server.c, waits are
 * retry.c, "rejected" is proof.c, signatures are ima.c, what lies on disk is cache/, file://
 * servers are local.c, variables are environment.c.
 *
 * For a library of ours inside another program: all of this header, environment.h and ima.h may be
 * used there. Nothing here prints, exits, sets a signal's handler or depends on the locale; where
 * memory is short the answer says so. What the process shares is libcurl, initialised once and
 * never taken down, and a counter for temporary names. A client may be used by several threads:
 * they take turns, so those that want to be served at the same time open one each. After fork, the
 * child opens its own. SIGPIPE is blocked in the calling thread during a call. A client may be
 * ended at any moment, also while a server says nothing, by what PROGRESS returns.
 */
#ifndef DEBUGINFOD_CLIENT_H
#define DEBUGINFOD_CLIENT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "libnote.h"
#include "tools/base/text.h"

enum artifact {
	ARTIFACT_DEBUGINFO,
	ARTIFACT_EXECUTABLE,
	ARTIFACT_SOURCE,
	ARTIFACT_SECTION,
	ARTIFACT_METADATA, /* its name is the query: "key=glob&value=%2Fusr%2Fbin%2F*" */
	ARTIFACT_DOCUMENT, /* of a share: its name is the path below the server: "share.json" */
};

/* An answer about a moment, which is kept in memory alone; no build-id is asked for. */
static inline bool artifact_is_answer(enum artifact artifact)
{
	return artifact == ARTIFACT_METADATA || artifact == ARTIFACT_DOCUMENT;
}

/* What a request came to. The words for people: outcome_word(). */
enum outcome {
	OUTCOME_FOUND,
	OUTCOME_ABSENT,      /* a server said 404, 410 or another 4xx not named here */
	OUTCOME_AUTH,        /* 401, 403, 407, 511, a page to sign in at, and none said absent */
	OUTCOME_UNAVAILABLE, /* network errors, 5xx, 408, 421, 425, 429, after retries */
	OUTCOME_TOO_LARGE,   /* 406, or more than max_size */
	OUTCOME_REJECTED,    /* what came is not what was asked for */
};

const char *outcome_word(enum outcome outcome);

/* The same as an errno, where nothing more is known: ENOENT, EACCES, EAGAIN, EFBIG, EBADMSG. */
int outcome_error(enum outcome outcome);

/* How far client_fetch_all is. */
struct client_progress {
	size_t done, total;
	uint64_t bytes;          /* of good bodies, so far */
	double bytes_per_second; /* since the start */
	uint64_t received, size; /* of the bodies that come now; SIZE: as announced, 0: unknown */
	const char *waiting_for; /* a server, or "" */
	double waited;           /* seconds for which that one has said nothing */
	const char *url;         /* of a body that comes now, as it is asked for, or NULL */
};

/* Zero-initialised is: one try, no limits, no cache. */
struct client_options {
	struct strings servers; /* base URLs: http, https, file; see environment.h */
	uint64_t retries;       /* tries after the first */
	double backoff;         /* seconds, the first wait; doubled each round, 30 at most */
	double timeout;         /* seconds without progress, 0 for none */
	double first_byte;      /* seconds until an answer's head has come, 0 for none */
	double grace;           /* seconds for other servers once one has said absent */
	double deadline;        /* seconds for a whole request, 0 for none */
	/* Seconds for which somebody else who fetches the same and gets no byte of it is waited
	 * for; 0: TIMEOUT. */
	double lock_patience;
	uint64_t max_size;     /* bytes of a body, 0 for no limit */
	const char *cache;     /* directory, or NULL for a temporary one that the client removes */
	bool cache_is_private; /* nobody else uses CACHE: no locks, no eviction */
	/* "Name: value", or "URL Name: value" for servers below URL alone */
	struct strings headers;
	const char *user_agent; /* NULL: "pkgnote/VERSION" */
	const char *ca_file;
	const char *ca_directory; /* or several, with colons; as OpenSSL's c_rehash makes them */
	const char *certificate;
	const char *key;
	unsigned parallel; /* requests under way at a time; 0: CLIENT_PARALLEL */
	/* So many clients of this process work side by side: each takes its part of what is limited
	 * (requests in all and a server, file descriptors). 0 is 1. */
	unsigned sharers;
	bool sizes_only;              /* found is found, and nothing but its size is got */
	int ima;                      /* an enum ima_policy for all servers; -1: as each is named */
	const char *ima_certificates; /* directories, with colons; NULL: IMA_CERTIFICATES */
	uint64_t silent_seconds;      /* so long the cache remembers servers that said nothing */
	bool forget;                  /* what it remembers of them is forgotten first */
	bool all_must_deny;           /* absent only where all servers say so; else one decides */
	bool section_fallback;   /* a section that no server gives is cut out of the whole file */
	uint64_t absent_seconds; /* so long the cache remembers what all servers call absent */
	const char *elfutils_cache; /* read too, or NULL */
	bool elfutils_write;        /* what is found appears there by name, for other programs */
	uint64_t cache_size;        /* bytes, 0 for no limit; kept once in a while, on closing */
	uint64_t cache_age;         /* seconds since the last use, 0 for no limit */
	unsigned verbose;           /* 1: each attempt is told to LOG */
	void (*log)(void *context, const char *line);
	void *log_context;
	void (*tell)(void *context, const char *line); /* what went on in another way; or NULL */
	void *tell_context;
	/* Not NULL: becomes true (in a signal handler) to end everything within 100 ms. */
	const volatile sig_atomic_t *cancelled;
	/* Told ten times a second, while nothing comes too; may be NULL. What is not 0 ends
	 * everything at once. */
	int (*progress)(void *context, const struct client_progress *progress);
	void *progress_context;
};

/* What one server said. */
struct server_answer {
	const char *url; /* the base URL without credentials; the client's */
	enum outcome outcome;
	int error;      /* the errno that comes nearest, 0 for found */
	char text[160]; /* "404", "connection refused", "build-id differs: ..." */
};

/* The result of one request; free with client_answer_free. */
struct client_answer {
	enum outcome outcome;
	bool interrupted; /* by CANCELLED or PROGRESS */
	char *path; /* the file that holds it, complete and proven, when found; with sizes_only NULL
		     */
	char *elfutils_path; /* its name in elfutils' cache, where it has one by elfutils_write */
	char *body;          /* of metadata and documents, else NULL */
	char *url;           /* where it came from, without credentials; NULL: the cache had it */
	char *headers;       /* those that begin with X-DEBUGINFOD, a line each, or NULL */
	int error;    /* the errno that comes nearest to OUTCOME and its cause, 0 for found */
	int64_t size; /* of the file, -1 where that is not known */
	struct server_answer *servers; /* those that were asked, in the order of the options */
	size_t server_count;
	char reason[240];
};

struct client;

/* What is sensible where nobody says otherwise: three retries, 90 s without progress, 10 s for a
 * first byte, a cache of 20 GB. */
void client_default_options(struct client_options *options);

/* Requests under way at a time, by default; a server gets 16 of them at most (server.h). */
#define CLIENT_PARALLEL 64
/* Where certificates for signatures lie; DEBUGINFOD_IMA_CERT_PATH adds to that. */
#define IMA_CERTIFICATES "/etc/keys/ima"

/* Options are copied. NOTE_USAGE where a server is no http, https or file URL or a header is none,
 * NOTE_SYSTEM where the cache cannot be used or memory is short, NOTE_UNSUPPORTED where there is no
 * libcurl. */
int client_open(struct client **out, const struct client_options *options, struct note_error *err);
void client_close(struct client *client); /* NULL is allowed */

/* The option of that name, from now on. */
void client_set_lock_patience(struct client *client, double seconds);

/* Gets one artifact of BUILD_ID (hexadecimal, any case). NAME is the source's absolute path or
 * the section's name, else NULL. A file:// server's file is given where it lies, all others from
 * the cache. */
void client_fetch(struct client *client, enum artifact artifact, const char *build_id,
		  const char *name, struct client_answer *answer);

/* One of many requests; the strings are the caller's. */
struct client_request {
	enum artifact artifact;
	const char *build_id;
	const char *name;
	size_t only; /* not 0: the server of that number, from 1, alone */
};

/* How many servers there are; the base URL of number INDEX, from 0, without credentials. */
size_t client_server_count(const struct client *client);
const char *client_server_name(const struct client *client, size_t index);

/* Takes over ANSWER (for client_answer_free). Called in the order in which requests end. */
typedef void client_done(void *context, size_t index, struct client_answer *answer);

/* Gets many artifacts, many at a time, over shared connections, in the calling thread. DONE must
 * not call the client. */
void client_fetch_all(struct client *client, const struct client_request *requests, size_t count,
		      client_done *done, void *context);

/* Where the cache is a temporary one: removes the found file, so that disk space is bounded by
 * the files in use. Does nothing otherwise. */
void client_discard(struct client *client, const struct client_answer *answer);

/* Waits until what was fetched into the cache is on the disk. */
int client_sync(struct client *client, struct note_error *err);

/* What client_clean did to the cache. */
struct client_cleaned {
	uint64_t removed, removed_bytes; /* files */
	uint64_t kept, kept_bytes;
};

/* Applies the options' cache_size and cache_age now; a cache_age of 0 removes everything. */
void client_clean(struct client *client, struct client_cleaned *cleaned);

/* Removes all that the cache holds of BUILD_ID. NOTE_ABSENT where that is nothing. */
int client_delete(struct client *client, const char *build_id, struct client_cleaned *cleaned,
		  struct note_error *err);

void client_answer_free(struct client_answer *answer);

/* PATH with all but RFC 3986's unreserved characters and '/' percent-encoded; for free(), NULL
 * where memory is short. */
char *url_encode_path(const char *path);

#endif
