/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an object is told with. What a build-id serves never changes: caches may keep it for good.
 * The share's own documents do change, and are asked for anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/base/libraries/curl.h"
#include "tools/base/text.h"
#include "tools/s3/internal.h"

#define FOR_GOOD "Cache-Control: public, max-age=31536000, immutable"
#define ANEW     "Cache-Control: no-cache"

static bool is_named(const char *header, const char *name)
{
	const size_t length = strlen(name);
	return strncasecmp(header, name, length) == 0 &&
	       (header[length] == ':' || name[length - 1] == '-');
}

/* Ends with '-': all that begin so. */
static bool is_among(const char *header, const char *const *names)
{
	for (size_t i = 0; names[i] != NULL; i++)
		if (is_named(header, names[i]))
			return true;
	return false;
}

/* A copy has what its source was told with, but for these. */
static const char *const of_copies[] = {"x-amz-acl",
					"x-amz-grant-",
					"x-amz-storage-class",
					"x-amz-server-side-encryption",
					"x-amz-server-side-encryption-aws-kms-key-id",
					"x-amz-server-side-encryption-context",
					"x-amz-server-side-encryption-bucket-key-enabled",
					"x-amz-object-lock-",
					"x-amz-request-payer",
					"x-amz-expected-bucket-owner",
					NULL};
static const char *const of_all[] = {"x-amz-request-payer", "x-amz-expected-bucket-owner", NULL};
static const char *const of_files[] = {"Cache-Control",    "Content-Type", "Content-Disposition",
				       "Content-Language", "Expires",      NULL};

const char *s3_judge_header(const char *header)
{
	static const char *const ours[] = {"x-amz-content-sha256",
					   "x-amz-security-token",
					   "x-amz-date",
					   "x-amz-copy-source",
					   "x-amz-copy-source-",
					   "x-amz-meta-sha256",
					   "x-amz-meta-size",
					   "x-amz-metadata-directive",
					   "x-amz-tagging-directive",
					   "x-amz-server-side-encryption-customer-",
					   NULL};
	const size_t name = strcspn(header, ":");
	if (header[name] != ':' || name == 0 ||
	    strspn(header, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") !=
		    name)
		return "'NAME: VALUE' is wanted";
	if (strpbrk(header, "\r\n") != NULL)
		return "it has an end of a line in it";
	if (header[name + 1 + strspn(header + name + 1, " \t")] == '\0')
		return "it has no value";
	if (is_among(header, ours))
		return "publish sets that itself, or it would make what is stored unreadable";
	if (strncasecmp(header, "x-amz-", 6) != 0 && strncasecmp(header, "x-goog-", 7) != 0 &&
	    !is_among(header, of_files))
		return "of new objects only x-amz-..., x-goog-..., Cache-Control, Content-Type, "
		       "Content-Disposition, Content-Language and Expires can be set";
	return NULL;
}

static bool has_own(const struct s3 *s3, const char *name)
{
	for (size_t i = 0; s3->headers != NULL && i < s3->headers->count; i++)
		if (is_named(s3->headers->items[i], name))
			return true;
	return false;
}

static struct curl_slist *add_line(struct curl_slist *headers, const char *format,
				   const char *value)
{
	char *line = xasprintf(format, value);
	headers = libcurl.slist_append(headers, line);
	free(line);
	return headers;
}

struct curl_slist *s3_add_headers(const struct s3 *s3, const struct s3_request *r,
				  struct curl_slist *headers)
{
	/* A file in parts gets them with the first request. */
	const bool begins = r->method == S3_POST && strcmp(r->query, "uploads=") == 0;
	const bool stores = (r->method == S3_PUT && r->query == NULL) || begins;
	const bool file = begins || (stores && r->path != NULL);
	if (file && !has_own(s3, "Content-Type"))
		headers = libcurl.slist_append(headers, "Content-Type: application/octet-stream");
	else if (stores && !file)
		headers = libcurl.slist_append(headers, "Content-Type: application/json");
	else if (r->method == S3_POST && !begins)
		headers = libcurl.slist_append(headers, "Content-Type: application/xml");
	if (stores && !(file && has_own(s3, "Cache-Control")))
		headers = libcurl.slist_append(headers, file || r->for_good ? FOR_GOOD : ANEW);
	if (file && r->encoding != NULL)
		headers = add_line(headers, "Content-Encoding: %s", r->encoding);
	/* Of the contents, whatever they are encoded by; a file in parts has none otherwise. */
	if (file && r->plain[0] != '\0')
		headers = add_line(headers, "x-amz-meta-sha256: %s", r->plain);
	/* And how much they take encoded: a list tells the same of what is whole. */
	if (file && r->encoding != NULL) {
		char size[24];
		snprintf(size, sizeof(size), "%llu", (unsigned long long)r->size);
		headers = add_line(headers, "x-amz-meta-size: %s", size);
	}
	for (size_t i = 0; s3->headers != NULL && i < s3->headers->count; i++) {
		const char *line = s3->headers->items[i];
		const bool wanted = stores                 ? file || !is_among(line, of_files)
				    : r->method == S3_COPY ? is_among(line, of_copies)
							   : is_among(line, of_all);
		if (wanted)
			headers = libcurl.slist_append(headers, line);
	}
	return headers;
}
