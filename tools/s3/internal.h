/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of the S3 client alone. */
#ifndef S3_INTERNAL_H
#define S3_INTERNAL_H

#include "tools/s3/config.h"
#include "tools/s3/s3.h"

struct s3 {
	struct s3_config config;
	unsigned parallel;
	CURLM *multi;
	double renew_not_before;
	const struct strings *headers; /* of new objects; or NULL */
};

/* --- profile.c: the variables, and the files' texts --- */

struct s3_sources {
	char *config; /* "" where the file is not there */
	char *credentials;
	char *profile; /* its name */
	char *section; /* in the config file: "default", "profile NAME" */
	bool named;    /* AWS_PROFILE is set */
};

int s3_read_sources(struct s3_sources *sources, struct note_error *err);
void s3_free_sources(struct s3_sources *sources);

/* A variable that is set and not empty, else NULL. */
const char *s3_variable(const char *name);

/* Of the profile, in the config file: as s3_ini_value(). */
char *s3_configured(const struct s3_sources *sources, const char *outer, const char *key);

/* The endpoint that is named for SERVICE ("S3", "STS"), for free(); NULL: AWS's own. */
char *s3_find_endpoint(const struct s3_sources *sources, const char *service);

/* What hosts of REGION end with. */
const char *s3_domain(const char *region);

/* --- credentials.c --- */

/* The keys of CONFIG, of which the rest is there. NOTE_UNSUPPORTED where there are none. */
int s3_find_keys(struct s3_config *config, const struct s3_sources *sources,
		 struct note_error *err);

/* --- ask.c --- */

void s3_forget_keys(struct s3_config *config);

/* --- role.c, place.c: keys that are given for a while --- */

/* A role that keys are got for; what is NULL is not said. */
struct s3_role {
	const char *arn, *session, *external_id, *duration;
};

int s3_assume(struct s3_config *config, const struct s3_sources *sources,
	      const struct s3_role *role, struct note_error *err);
int s3_assume_by_token(struct s3_config *config, const struct s3_sources *sources,
		       const struct s3_role *role, const char *token_file, struct note_error *err);
int s3_sign_in(struct s3_config *config, const struct s3_sources *sources, struct note_error *err);
int s3_ask_container(struct s3_config *config, struct note_error *err);
int s3_ask_machine(struct s3_config *config, const struct s3_sources *sources,
		   struct note_error *err);
int s3_run_process(struct s3_config *config, const char *command, struct note_error *err);

/* --- header.c --- */

/* Adds to HEADERS what R's object is to have beside what is signed. */
struct curl_slist *s3_add_headers(const struct s3 *s3, const struct s3_request *r,
				  struct curl_slist *headers);

/* --- sign.c --- */

/* Adds to HEADERS what signs the request to SERVICE ("s3", "sts"): host and date, and by them, and
 * what begins with "x-amz-" or "x-goog-" of HEADERS, the authorization. DIGEST is the body's
 * SHA-256. */
struct curl_slist *s3_sign(const struct s3_config *config, const char *service, const char *method,
			   const char *url, const char *digest, struct curl_slist *headers);

/* --- request.c --- */

/* Begins a try; false where that failed for good. */
bool s3_begin(struct s3 *s3, struct s3_request *r, CURLM *multi);

/* libcurl reports RESULT: true where the request is to be made again, at NOT_BEFORE. */
bool s3_judge(const struct s3 *s3, struct s3_request *r, CURLcode result);

/* Ends the try. */
void s3_end(struct s3_request *r, CURLM *multi);

/* --- xml.c --- */

/* Where the contents of the first element TAG begin, or NULL; *END is where they end. */
const char *s3_xml_element(const char *xml, const char *tag, const char **end);

/* The text of the first element TAG in XML (NUL-terminated), its entities decoded; the caller
 * frees it. *BEHIND (may be NULL) is where it ends. NULL where there is none. */
char *s3_xml_text(const char *xml, const char *tag, const char **behind);

#endif
