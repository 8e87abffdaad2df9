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
};

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
