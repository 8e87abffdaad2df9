/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ListObjectsV2. Its XML is flat, so elements are found by their tags. Keys are asked for with
 * encoding-type=url: XML cannot hold all that a key may.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/s3/internal.h"

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

/* In place; a '+' is a blank: so S3 writes it, and other servers "%20". */
static void decode_key(char *key)
{
	char *out = key;
	for (const char *p = key; *p != '\0'; p++) {
		if (*p == '%' && digit(p[1]) >= 0 && digit(p[2]) >= 0) {
			*out++ = (char)(digit(p[1]) * 16 + digit(p[2]));
			p += 2;
		} else {
			*out++ = *p == '+' ? ' ' : *p;
		}
	}
	*out = '\0';
}

struct listing {
	const char *prefix; /* the bucket's, before all keys */
	bool encoded;
	s3_visit *visit;
	void *context;
	char *token; /* of the next page, or NULL */
};

static int visit_one(struct listing *listing, const char *element, bool group,
		     struct note_error *err)
{
	const char *prefix = listing->prefix;
	char *key = s3_xml_text(element, group ? "Prefix" : "Key", NULL);
	char *etag = s3_xml_text(element, "ETag", NULL);
	char *size = s3_xml_text(element, "Size", NULL);
	int code = NOTE_OK;
	if (key != NULL && listing->encoded)
		decode_key(key);
	if (key == NULL || strncmp(key, prefix, strlen(prefix)) != 0) {
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "the server's list holds what was not asked for");
	} else {
		struct s3_object object = {.key = key + strlen(prefix),
					   .group = group,
					   .etag = etag != NULL ? etag : "",
					   .size = size != NULL ? strtoull(size, NULL, 10) : 0};
		code = listing->visit(listing->context, &object, err);
	}
	free(key);
	free(etag);
	free(size);
	return code;
}

/* Objects and groups come apart, each sorted: they are merged by asking for one kind alone. */
static int visit_all(struct listing *listing, const char *xml, bool groups, struct note_error *err)
{
	const char *tag = groups ? "CommonPrefixes" : "Contents";
	const char *end;
	int code = NOTE_OK;
	for (const char *p = xml; code == NOTE_OK && (p = s3_xml_element(p, tag, &end)) != NULL;
	     p = end) {
		char *element = xasprintf("%.*s", (int)(end - p), p);
		code = visit_one(listing, element, groups, err);
		free(element);
	}
	return code;
}

static int take_page(struct listing *listing, const char *xml, bool groups, struct note_error *err)
{
	char *encoding = s3_xml_text(xml, "EncodingType", NULL);
	char *truncated = s3_xml_text(xml, "IsTruncated", NULL);
	char *token = s3_xml_text(xml, "NextContinuationToken", NULL);
	listing->encoded = encoding != NULL && strcmp(encoding, "url") == 0;
	int code = truncated == NULL
			   ? error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				       "the server's answer to a list is no ListBucketResult")
			   : visit_all(listing, xml, groups, err);
	if (code == NOTE_OK && strcmp(truncated, "true") == 0) {
		listing->token = token;
		token = NULL;
		if (listing->token == NULL)
			code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "the server's list does not say how it goes on");
	}
	free(token);
	free(truncated);
	free(encoding);
	return code;
}

int s3_list_page(const char *xml, const char *prefix, bool groups, s3_visit *visit, void *context,
		 char **token, struct note_error *err)
{
	struct listing listing = {.prefix = prefix, .visit = visit, .context = context};
	int code = take_page(&listing, xml, groups, err);
	*token = listing.token;
	return code;
}

static char *page_url(const struct s3_config *config, const char *token, const char *prefix,
		      bool groups)
{
	struct text url = {0};
	char *whole = xasprintf("%s%s", config->prefix, prefix);
	char *encoded = s3_encode(whole);
	text_printf(&url, "%s?", config->base);
	if (token != NULL) {
		char *text = s3_encode(token);
		text_puts(&url, "continuation-token=");
		for (const char *p = text; *p != '\0'; p++)
			text_puts(&url, *p == '/' ? "%2F" : (char[]){*p, '\0'});
		text_puts(&url, "&");
		free(text);
	}
	text_printf(&url,
		    "%sencoding-type=url&list-type=2&prefix=", groups ? "delimiter=%2F&" : "");
	for (const char *p = encoded; *p != '\0'; p++)
		text_puts(&url, *p == '/' ? "%2F" : (char[]){*p, '\0'});
	free(encoded);
	free(whole);
	return url.data;
}

int s3_list(struct s3 *s3, const char *prefix, bool groups, s3_visit *visit, void *context,
	    struct note_error *err)
{
	char *token = NULL;
	int code;
	do {
		struct s3_request request = {.method = S3_GET,
					     .key = xasprintf("?prefix=%s", prefix),
					     .url = page_url(&s3->config, token, prefix, groups)};
		free(token);
		token = NULL;
		code = s3_run(s3, &request, 1, NULL, NULL, err);
		if (code == NOTE_OK && request.code != NOTE_OK)
			code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "%s", request.err.text);
		text_puts(&request.body, "");
		if (code == NOTE_OK)
			code = s3_list_page(request.body.data, s3->config.prefix, groups, visit,
					    context, &token, err);
		s3_request_free(&request);
	} while (code == NOTE_OK && token != NULL);
	free(token);
	return code;
}
