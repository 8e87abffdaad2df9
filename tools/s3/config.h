/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where an object store is and who asks it: the variables and files that AWS's own tools read.
 *
 *     AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, AWS_REGION,
 *     AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL,
 *     AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_CA_BUNDLE, AWS_MAX_ATTEMPTS,
 *     AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_SESSION_NAME, AWS_ENDPOINT_URL_STS,
 *     AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI,
 *     AWS_CONTAINER_AUTHORIZATION_TOKEN, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
 *     AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT,
 *     AWS_CONFIG_FILE (~/.aws/config), AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials)
 *
 * A variable is stronger than a file; the keys come both from one place. Specification: AWS SDKs
 * and Tools Reference Guide, "Shared config and credentials files".
 */
#ifndef S3_CONFIG_H
#define S3_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "libnote.h"

struct s3_config {
	char *bucket;
	char *prefix; /* "" or "a/b/" */
	char *base;   /* the bucket's URL, "https://bucket.s3.eu-west-1.amazonaws.com", no '/' */
	char *source; /* "bucket/": what a copy's source begins with */
	char *region;
	char *access_key;
	char *secret_key;
	char *token;    /* or NULL */
	time_t expires; /* the keys do then; 0: never */
	char *ca_file;  /* or NULL */
	unsigned tries;
	uint64_t parts_from; /* files of more bytes are sent in parts */
	uint64_t part;       /* the bytes of one, where as many parts as there may be suffice */
};

/* By URL ("s3://BUCKET/PREFIX"), the environment and the files. NOTE_USAGE for a URL that is none,
 * NOTE_UNSUPPORTED where there are no keys, or a profile that wants what is not done here. */
int s3_configure(struct s3_config *config, const char *url, struct note_error *err);

/* Gets the keys anew, where they are given for a while; those that were stay where that fails. */
int s3_renew_keys(struct s3_config *config, struct note_error *err);

void s3_config_free(struct s3_config *config);

/* The value of KEY in SECTION of an INI file as AWS writes it: TEXT (NUL-terminated). With OUTER
 * the indented KEY below it ("s3 =" and "  endpoint_url = ..."). The caller frees it; NULL where
 * there is none. */
char *s3_ini_value(const char *text, const char *section, const char *outer, const char *key);

/* KEY (bytes) as it stands in a URL's path: all but RFC 3986's unreserved and '/' as %XX. */
char *s3_encode(const char *key);

#endif
