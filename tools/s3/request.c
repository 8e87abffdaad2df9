/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One try of one request. Path and query are in the canonical form in which they are signed
 * (sign.c): RFC 3986's encoding in capitals, the query sorted, each name with its '='.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/base/file.h"
#include "tools/base/libraries/curl.h"
#include "tools/base/retry.h"
#include "tools/s3/internal.h"

#define BACKOFF      0.5
#define ANSWER_MOST  (64u << 10)  /* of an error's text */
#define BODY_MOST    (512u << 20) /* of an object that is taken into memory */
#define STALLED      60L          /* seconds without a byte */
#define CONNECT_MOST 30L

/* --- callbacks --- */

static size_t on_body(char *bytes, size_t one, size_t size, void *context)
{
	struct s3_request *r = context;
	long status = 0;
	(void)one;
	libcurl.easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (r->method != S3_GET || status != 200) {
		if (r->answer.size + size <= ANSWER_MOST)
			text_add(&r->answer, bytes, size);
		return size;
	}
	r->moved += size;
	const uint64_t most = r->size != 0 ? r->size : r->path != NULL ? S3_PARTS_MOST : BODY_MOST;
	if (r->moved > most) {
		r->code = error_set(&r->err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				    "more than the %llu bytes that it may have",
				    (unsigned long long)most);
	} else if (r->path == NULL) {
		text_add(&r->body, bytes, size);
	} else {
		r->code = file_write(r->fd, bytes, size, &r->err);
	}
	r->stopped = r->code != NOTE_OK;
	return r->stopped ? 0 : size;
}

/* A header's value. */
static void take_word(char *out, size_t room, const char *value, size_t size)
{
	while (size > 0 && (*value == ' ' || *value == '\t')) {
		value++;
		size--;
	}
	while (size > 0 && strchr("\r\n \t", value[size - 1]) != NULL)
		size--;
	snprintf(out, room, "%.*s", (int)size, value);
}

/* One that no header has but as it should be is 0. */
static uint64_t take_number(const char *value, size_t size)
{
	char word[21], *end;
	take_word(word, sizeof(word), value, size);
	errno = 0;
	const unsigned long long number = strtoull(word, &end, 10);
	return errno == 0 && word[0] >= '0' && word[0] <= '9' && *end == '\0' ? number : 0;
}

static size_t on_header(char *bytes, size_t one, size_t size, void *context)
{
	static const char name[] = "x-amz-bucket-region:", tag[] = "etag:",
			  digest[] = "x-amz-meta-sha256:", encoding[] = "content-encoding:",
			  length[] = "content-length:", put[] = "x-amz-meta-size:";
	struct s3_request *r = context;
	(void)one;
	if (size > sizeof(tag) && strncasecmp(bytes, tag, sizeof(tag) - 1) == 0)
		take_word(r->etag, sizeof(r->etag), bytes + sizeof(tag) - 1,
			  size - sizeof(tag) + 1);
	if (size > sizeof(encoding) && strncasecmp(bytes, encoding, sizeof(encoding) - 1) == 0) {
		take_word(r->told, sizeof(r->told), bytes + sizeof(encoding) - 1,
			  size - sizeof(encoding) + 1);
		r->encoded = true;
	}
	if (r->method == S3_HEAD && size > sizeof(length) &&
	    strncasecmp(bytes, length, sizeof(length) - 1) == 0)
		r->size = take_number(bytes + sizeof(length) - 1, size - sizeof(length) + 1);
	if (r->method == S3_HEAD && size > sizeof(put) &&
	    strncasecmp(bytes, put, sizeof(put) - 1) == 0)
		r->put_size = take_number(bytes + sizeof(put) - 1, size - sizeof(put) + 1);
	if (r->method == S3_HEAD && size > sizeof(digest) &&
	    strncasecmp(bytes, digest, sizeof(digest) - 1) == 0)
		take_word(r->plain, sizeof(r->plain), bytes + sizeof(digest) - 1,
			  size - sizeof(digest) + 1);
	if (size > sizeof(name) && strncasecmp(bytes, name, sizeof(name) - 1) == 0)
		snprintf(r->region, sizeof(r->region), "%.*s", (int)(size - sizeof(name) + 1),
			 bytes + sizeof(name) - 1);
	return size;
}

static size_t on_read(char *bytes, size_t one, size_t size, void *context)
{
	struct s3_request *r = context;
	const uint64_t whole = r->path != NULL ? r->size : r->body.size;
	uint64_t take = whole - r->moved;
	ssize_t got;
	if (take > one * size)
		take = one * size;
	if (take == 0)
		return 0;
	if (r->path == NULL) {
		memcpy(bytes, r->body.data + r->moved, take);
		got = (ssize_t)take;
	} else {
		got = file_read_some(r->fd, bytes, take, r->offset + r->moved);
	}
	if (got <= 0) {
		r->code = got < 0 ? error_system(&r->err, "read")
				  : error_set(&r->err, NOTE_SYSTEM, NOTE_NO_OFFSET,
					      "it became shorter while it was read");
		r->stopped = true;
		return CURL_READFUNC_ABORT;
	}
	r->moved += (uint64_t)got;
	return (size_t)got;
}

static int on_seek(void *context, curl_off_t offset, int origin)
{
	struct s3_request *r = context;
	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	r->moved = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* --- one try --- */

static const char *method_name(const struct s3_request *r)
{
	static const char *const names[] = {
		[S3_GET] = "GET",  [S3_HEAD] = "HEAD",     [S3_PUT] = "PUT",
		[S3_COPY] = "PUT", [S3_DELETE] = "DELETE", [S3_POST] = "POST"};
	return names[r->method];
}

static void add_header(struct s3_request *r, const char *format, const char *value)
{
	char *line = xasprintf(format, value);
	r->headers = libcurl.slist_append(r->headers, line);
	free(line);
}

static char *url_of(const struct s3 *s3, const char *key, const char *query)
{
	char *whole = xasprintf("%s%s", s3->config.prefix, key);
	char *encoded = s3_encode(whole);
	char *url = xasprintf("%s/%s%s%s", s3->config.base, encoded, query != NULL ? "?" : "",
			      query != NULL ? query : "");
	free(encoded);
	free(whole);
	return url;
}

static void set_headers(const struct s3 *s3, struct s3_request *r, const char *url)
{
	char digest[65];
	libcurl.slist_free_all(r->headers);
	r->headers = NULL;
	if (r->method == S3_PUT && r->path != NULL)
		memcpy(digest, r->sha256, sizeof(digest));
	else if (r->method == S3_PUT || r->method == S3_POST)
		sha256_hex(r->body.data, r->body.size, digest);
	else
		sha256_hex("", 0, digest);
	add_header(r, "x-amz-content-sha256: %s", digest);
	if (s3->config.token != NULL)
		add_header(r, "x-amz-security-token: %s", s3->config.token);
	if (r->method == S3_PUT && r->query == NULL && r->plain[0] == '\0')
		add_header(r, "x-amz-meta-sha256: %s", digest);
	if (r->method == S3_COPY) {
		char *whole = xasprintf("%s%s%s", s3->config.source, s3->config.prefix, r->from);
		char *encoded = s3_encode(whole);
		add_header(r, "x-amz-copy-source: /%s", encoded);
		free(encoded);
		free(whole);
	}
	r->headers = s3_add_headers(s3, r, r->headers);
	r->headers = s3_sign(&s3->config, "s3", method_name(r), url, digest, r->headers);
	libcurl.easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
}

static void set_method(struct s3_request *r)
{
	if (r->method == S3_DELETE) {
		libcurl.easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, "DELETE");
	} else if (r->method == S3_POST) {
		libcurl.easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.size);
		libcurl.easy_setopt(r->easy, CURLOPT_POSTFIELDS,
				    r->body.data != NULL ? r->body.data : "");
	} else if (r->method == S3_HEAD) {
		libcurl.easy_setopt(r->easy, CURLOPT_NOBODY, 1L);
		/* Google's store tells of what it would decode for others, without a size. */
		libcurl.easy_setopt(r->easy, CURLOPT_ACCEPT_ENCODING, "");
	} else if (r->method == S3_GET) {
		/* What is stored encoded is told so, and libcurl decodes it. */
		libcurl.easy_setopt(r->easy, CURLOPT_ACCEPT_ENCODING, "");
	} else {
		const uint64_t size = r->method == S3_COPY ? 0
				      : r->path != NULL    ? r->size
							   : r->body.size;
		libcurl.easy_setopt(r->easy, CURLOPT_UPLOAD, 1L);
		libcurl.easy_setopt(r->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)size);
		libcurl.easy_setopt(r->easy, CURLOPT_READFUNCTION, on_read);
		libcurl.easy_setopt(r->easy, CURLOPT_READDATA, r);
		libcurl.easy_setopt(r->easy, CURLOPT_SEEKFUNCTION, on_seek);
		libcurl.easy_setopt(r->easy, CURLOPT_SEEKDATA, r);
	}
}

static void set_options(const struct s3 *s3, struct s3_request *r)
{
	CURL *easy = r->easy;
	libcurl.easy_setopt(easy, CURLOPT_PRIVATE, r);
	libcurl.easy_setopt(easy, CURLOPT_ERRORBUFFER, r->curl_text);
	libcurl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	libcurl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	libcurl.easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	libcurl.easy_setopt(easy, CURLOPT_USERAGENT, "pkgnote/" PKGNOTE_VERSION);
	libcurl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_MOST);
	libcurl.easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	libcurl.easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, STALLED);
	if (s3->config.ca_file != NULL)
		libcurl.easy_setopt(easy, CURLOPT_CAINFO, s3->config.ca_file);
	libcurl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	libcurl.easy_setopt(easy, CURLOPT_WRITEDATA, r);
	libcurl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	libcurl.easy_setopt(easy, CURLOPT_HEADERDATA, r);
}

static int open_file(struct s3_request *r)
{
	if (r->path == NULL)
		return NOTE_OK;
	if (r->method == S3_PUT)
		return root_open_file(r->root, r->path, &r->fd, &r->err);
	int code = root_remove(r->root, r->path, &r->err); /* what an earlier try began */
	return code == NOTE_OK ? root_create_file(r->root, r->path, 0600, &r->fd, &r->err) : code;
}

bool s3_begin(struct s3 *s3, struct s3_request *r, CURLM *multi)
{
	r->fd = -1;
	r->moved = 0;
	r->stopped = false;
	r->tried++;
	r->curl_text[0] = r->region[0] = r->etag[0] = r->told[0] = '\0';
	text_free(&r->answer);
	if (r->method == S3_HEAD) {
		r->plain[0] = '\0';
		r->encoded = false;
		r->size = r->put_size = 0;
	}
	if (r->method == S3_GET)
		text_free(&r->body);
	r->code = open_file(r);
	if (r->code != NOTE_OK)
		return false;
	r->easy = libcurl.easy_init();
	if (r->easy == NULL) {
		r->code = error_set(&r->err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory");
		return false;
	}
	char *url = r->url != NULL ? xstrdup(r->url) : url_of(s3, r->key, r->query);
	set_options(s3, r);
	set_method(r);
	libcurl.easy_setopt(r->easy, CURLOPT_URL, url);
	set_headers(s3, r, url);
	free(url);
	libcurl.multi_add_handle(multi, r->easy);
	return true;
}

void s3_end(struct s3_request *r, CURLM *multi)
{
	if (r->easy != NULL) {
		libcurl.multi_remove_handle(multi, r->easy);
		libcurl.easy_cleanup(r->easy);
		r->easy = NULL;
	}
	libcurl.slist_free_all(r->headers);
	r->headers = NULL;
	if (r->fd >= 0 && r->path != NULL && close(r->fd) != 0 && r->code == NOTE_OK)
		r->code = error_system(&r->err, "write");
	r->fd = -1;
}

/* --- what came of it --- */

static bool is_passing(CURLcode result)
{
	switch (result) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_SSL_CONNECT_ERROR:
		return true;
	default:
		return false;
	}
}

/* What the server says as TAG, fit for a message, or NULL. */
static char *answer_text(const struct s3_request *r, const char *tag)
{
	char *text = r->answer.data != NULL ? s3_xml_text(r->answer.data, tag, NULL) : NULL;
	char *line = text != NULL ? name_to_line(text) : NULL;
	free(text);
	return line;
}

/* The server's word on a failure; true where it may pass. */
static bool judge_answer(const struct s3 *s3, struct s3_request *r, long status)
{
	char *word = answer_text(r, "Code");
	char *message = answer_text(r, "Message");
	char *region = answer_text(r, "Region");
	const char *name = word != NULL ? word : "";
	const char *where = region != NULL ? region : r->region;
	const bool passing = status >= 500 || status == 429 || status == 408 || status == 200 ||
			     strcmp(name, "RequestTimeout") == 0 || strcmp(name, "SlowDown") == 0;
	if (strcmp(name, "NoSuchBucket") == 0)
		r->code = error_set(&r->err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				    "there is no bucket '%s': it is not made here",
				    s3->config.bucket);
	else if (status == 404)
		r->code = error_set(&r->err, NOTE_ABSENT, NOTE_NO_OFFSET, "%s: 404", r->key);
	else if ((status / 100 == 3 || status == 400) && where[0] != '\0' &&
		 strcmp(where, s3->config.region) != 0)
		r->code = error_set(&r->err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				    "the bucket is in region %.40s, not in %s: set AWS_REGION",
				    where, s3->config.region);
	else
		r->code = error_set(&r->err, NOTE_SYSTEM, NOTE_NO_OFFSET,
				    "%s %.60s: %ld%s%.40s%s%.100s", method_name(r), r->key, status,
				    name[0] != '\0' ? " " : "", name, message != NULL ? ": " : "",
				    message != NULL ? message : "");
	free(word);
	free(message);
	free(region);
	return passing && status != 501;
}

/* libcurl's decoders take what they cannot read for a failure to write, too; ours has said so. */
static bool is_undecodable(const struct s3_request *r, CURLcode result, long status)
{
	return r->method == S3_GET && status == 200 &&
	       (result == CURLE_BAD_CONTENT_ENCODING || result == CURLE_WRITE_ERROR);
}

/* Whether this libcurl can read what is encoded so: else nothing is known of it. */
static bool is_decoded_here(const char *encoding)
{
	static const struct {
		const char *name;
		int feature;
	} known[] = {{"gzip", CURL_VERSION_LIBZ},
		     {"x-gzip", CURL_VERSION_LIBZ},
		     {"deflate", CURL_VERSION_LIBZ},
		     {"zstd", CURL_VERSION_ZSTD},
		     {"br", CURL_VERSION_BROTLI}};
	const curl_version_info_data *info = libcurl.version_info(CURLVERSION_NOW);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(encoding, known[i].name) == 0)
			return (info->features & known[i].feature) != 0;
	return false;
}

static void judge_undecodable(struct s3_request *r, CURLcode result)
{
	char *name = name_to_line(r->told);
	if (!is_decoded_here(r->told))
		r->code = error_set(&r->err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				    "its Content-Encoding, '%s', is none that this libcurl decodes",
				    name);
	else
		r->code = error_set(&r->err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				    "it is not %s, as its Content-Encoding says: %.100s", name,
				    result == CURLE_WRITE_ERROR ? "bytes behind its end"
				    : r->curl_text[0] != '\0'   ? r->curl_text
								: libcurl.easy_strerror(result));
	free(name);
}

bool s3_judge(const struct s3 *s3, struct s3_request *r, CURLcode result)
{
	long status = 0;
	bool passing = false;
	if (r->stopped)
		return false; /* CODE is set */
	libcurl.easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	/* A copy, and the making of one object of parts, that fails late has begun with 200. */
	const bool late = (r->method == S3_COPY || r->method == S3_POST) &&
			  r->answer.data != NULL && strstr(r->answer.data, "<Error>") != NULL;
	if (is_undecodable(r, result, status)) {
		judge_undecodable(r, result);
		return false;
	}
	if (result != CURLE_OK) {
		passing = is_passing(result);
		r->code = error_set(&r->err, NOTE_SYSTEM, NOTE_NO_OFFSET, "%s %.100s: %.100s",
				    method_name(r), r->key,
				    r->curl_text[0] != '\0' ? r->curl_text
							    : libcurl.easy_strerror(result));
	} else if (status / 100 != 2 || late) {
		if (r->method == S3_DELETE && status == 404)
			return false; /* gone already */
		passing = judge_answer(s3, r, status);
	}
	if (!passing || r->tried >= s3->config.tries)
		return false;
	r->not_before = seconds_now() + 0.05 + retry_wait(BACKOFF, r->tried, retry_random());
	return true;
}

void s3_request_free(struct s3_request *request)
{
	free(request->key);
	free(request->path);
	free(request->from);
	free(request->url);
	free(request->query);
	text_free(&request->body);
	text_free(&request->answer);
	*request = (struct s3_request){0};
}
