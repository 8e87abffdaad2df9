/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asking those who give keys for a while: shared by role.c and place.c alone. */
#ifndef S3_ASK_H
#define S3_ASK_H

#include <json-c/json.h>

#include "tools/s3/internal.h"

#define ANSWER_MOST   (1u << 20)
#define SERVICE_TIME  20000L /* milliseconds */
#define METADATA_TIME 1000L

struct s3_ask {
	const char *method; /* NULL: GET */
	const char *url;
	const char *header;               /* or NULL */
	const char *body;                 /* or NULL */
	const struct s3_config *for_keys; /* signs it, and says which authority counts; or NULL */
	bool is_signed;
	long milliseconds;
	bool direct; /* past any proxy */
};

/* NOTE_OK with the answer (NUL-terminated) where the status is 200; NOTE_SYSTEM says why not. */
int s3_ask(const struct s3_ask *what, struct text *answer, struct note_error *err);

/* "2026-11-29T01:02:03Z"; 0 where it is none. */
time_t s3_parse_time(const char *text);

/* Takes the strings, each for free() or NULL. WHO says who gave them. */
int s3_take_keys(struct s3_config *config, const char *who, char *access, char *secret, char *token,
		 time_t expires, struct note_error *err);

/* {"AccessKeyId", "SecretAccessKey", "Token" or "SessionToken", "Expiration"} */
int s3_take_json(struct s3_config *config, const char *who, const struct text *text,
		 struct note_error *err);

/* The object that TEXT is for json_object_put, or NULL; a string of it for free(), or NULL. */
struct json_object *s3_json_object(const struct text *text);
char *s3_json_string(struct json_object *object, const char *key);

/* The first line of the file at PATH, for free(). */
int s3_read_line(const char *path, char **out, struct note_error *err);

#endif
