/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Objects in a bucket, over the S3 API: many requests side by side, each tried again where the
 * server is busy or the connection broke. libcurl signs them (AWS Signature Version 4); the digest
 * of what is sent is signed too, so that the server refuses what arrives otherwise.
 * Specification: Amazon S3 API Reference.
 */
#ifndef S3_S3_H
#define S3_S3_H

#include <curl/curl.h>

#include "tools/base/root/root.h"

struct s3;

/* By URL, "s3://BUCKET/PREFIX", and config.h's places. Asks nothing yet. PARALLEL requests
 * run at once. A struct s3 is for one thread at a time. */
int s3_open(struct s3 **out, const char *url, unsigned parallel, struct note_error *err);
void s3_close(struct s3 *s3); /* NULL is allowed */

#define S3_KEY_MOST    1024u               /* bytes of a key, prefix and all */
#define S3_OBJECT_MOST ((uint64_t)5 << 30) /* of what one PUT or copy takes */
#define S3_PARTS_MOST  ((uint64_t)5 << 40) /* of an object that comes in parts */

/* Whether KEY (below the prefix) can be one: NOTE_UNSUPPORTED says why not. */
int s3_judge_key(const struct s3 *s3, const char *key, struct note_error *err);

/* Headers ("NAME: VALUE") that new objects get beside ours; s3_judge_header() has said that each
 * may be one. HEADERS outlive S3. */
void s3_set_headers(struct s3 *s3, const struct strings *headers);

/* NULL, or why the line HEADER cannot be one of these: a static string. */
const char *s3_judge_header(const char *header);

enum s3_method { S3_GET, S3_HEAD, S3_PUT, S3_COPY, S3_DELETE, S3_POST };

/* One request. Zero-initialise; set the first part; s3_request_free. */
struct s3_request {
	enum s3_method method;
	char *key; /* below the prefix; owned */
	/* GET: the new file that the body goes to; PUT: where it comes from. Without a PATH it is
	 * BODY. Owned: PATH and BODY. */
	struct root *root;
	char *path;
	struct text body;
	bool for_good;   /* PUT of a BODY: caches may keep it as they may a file */
	uint64_t size;   /* PUT of a file: its size; GET: no more than that is taken (0: usual) */
	uint64_t offset; /* PUT of a part of a file: where it begins */
	char sha256[65]; /* PUT of a file */
	/* PUT of a file: its Content-Encoding (a static string) or NULL, and the digest of what it
	 * is of. HEAD: the digest that the object was put with, "" where none is told. */
	const char *encoding;
	char plain[65];
	char *from;  /* COPY: the key; owned */
	char *query; /* behind the key, in its canonical form; or NULL; owned */
	void *owner;

	/* What came of it: NOTE_OK, NOTE_ABSENT (GET, COPY: no such object), or another. */
	int code;
	struct note_error err;
	/* HEAD: whether the object has a Content-Encoding, and with what size it was put then (0:
	 * that is not told); SIZE is what it has. */
	bool encoded;
	uint64_t put_size;
	char told[32]; /* GET, HEAD: that Content-Encoding, or "" */

	/* Private. */
	char *url; /* instead of KEY's; owned */
	CURL *easy;
	struct curl_slist *headers;
	struct text answer;
	char region[64];
	char etag[128];
	char curl_text[CURL_ERROR_SIZE];
	int fd;
	uint64_t moved;
	unsigned tried;
	double not_before;
	bool stopped;
};

void s3_request_free(struct s3_request *request);

/* Makes all COUNT requests, in no order. Returns the first failure that is not NOTE_ABSENT, in
 * their order; after one, what has not begun is left out (its CODE is NOTE_SYSTEM). DONE (may be
 * NULL) is called as each ends. */
int s3_run(struct s3 *s3, struct s3_request *requests, size_t count,
	   void (*done)(void *context, struct s3_request *request), void *context,
	   struct note_error *err);

/* Whether a file of SIZE is better sent in parts. */
bool s3_wants_parts(const struct s3 *s3, uint64_t size);

/* The PUT of a file in parts, side by side. Where that fails, the parts are thrown away. */
int s3_put_parts(struct s3 *s3, const struct s3_request *put, struct note_error *err);

/* --- one alone --- */

/* The object's bytes; NOTE_ABSENT where there is none. */
int s3_get(struct s3 *s3, const char *key, struct text *out, struct note_error *err);
int s3_put(struct s3 *s3, const char *key, const char *text, struct note_error *err);
int s3_delete(struct s3 *s3, const char *key, struct note_error *err);

struct s3_object {
	const char *key;  /* below the prefix */
	bool group;       /* with a delimiter: all keys that begin so, to the '/' */
	const char *etag; /* changes with the contents */
	uint64_t size;
};

/* Calls VISIT for each object below PREFIX, in the order of their keys' bytes; with GROUPS, for
 * each part of a key up to the next '/' instead, once, and for no object. VISIT returns a code:
 * other than NOTE_OK ends the list. */
typedef int s3_visit(void *context, const struct s3_object *object, struct note_error *err);
int s3_list(struct s3 *s3, const char *prefix, bool groups, s3_visit *visit, void *context,
	    struct note_error *err);

/* One page of such a list: the server's XML, NUL-terminated. PREFIX stands before all keys. *TOKEN
 * is for the next page, or NULL; the caller frees it. */
int s3_list_page(const char *xml, const char *prefix, bool groups, s3_visit *visit, void *context,
		 char **token, struct note_error *err);

#endif
