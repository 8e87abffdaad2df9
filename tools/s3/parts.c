/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A large file in parts, several at a time: each is tried again by itself, and files beyond what
 * one request takes can be stored at all. The object appears when the last request says which parts
 * it is of. Specification: Amazon S3 API Reference, CreateMultipartUpload, UploadPart,
 * CompleteMultipartUpload, AbortMultipartUpload.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/s3/internal.h"

#define PARTS_MOST 10000u
#define CHUNK      (256 * 1024)

bool s3_wants_parts(const struct s3 *s3, uint64_t size)
{
	return size > s3->config.parts_from;
}

/* A value of a query. */
static char *encode_value(const char *value)
{
	struct text out = {0};
	char *encoded = s3_encode(value);
	text_puts(&out, "");
	for (const char *p = encoded; *p != '\0'; p++)
		text_puts(&out, *p == '/' ? "%2F" : (char[]){*p, '\0'});
	free(encoded);
	return out.data;
}

/* The upload's word, encoded, for free(). */
static int begin(struct s3 *s3, const struct s3_request *put, char **upload, struct note_error *err)
{
	struct s3_request request = {.method = S3_POST,
				     .key = xstrdup(put->key),
				     .query = xstrdup("uploads="),
				     .size = put->size,
				     .encoding = put->encoding};
	memcpy(request.plain, put->encoding != NULL ? put->plain : put->sha256,
	       sizeof(request.plain));
	*upload = NULL;
	int code = s3_run(s3, &request, 1, NULL, NULL, err);
	if (code == NOTE_OK && request.code != NOTE_OK)
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "%s", request.err.text);
	text_puts(&request.answer, "");
	char *word = code == NOTE_OK ? s3_xml_text(request.answer.data, "UploadId", NULL) : NULL;
	if (code == NOTE_OK && word == NULL)
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
				 "POST %.60s: the server gives no UploadId", put->key);
	if (word != NULL)
		*upload = encode_value(word);
	free(word);
	s3_request_free(&request);
	return code;
}

/* What is sent is signed with its digest. */
static int digest_part(int fd, struct s3_request *part, char *chunk, struct note_error *err)
{
	struct sha256 *sha256 = sha256_begin();
	uint64_t done = 0;
	int code = NOTE_OK;
	while (code == NOTE_OK && done < part->size) {
		const uint64_t left = part->size - done;
		const ssize_t got = pread(fd, chunk, left < CHUNK ? (size_t)left : CHUNK,
					  (off_t)(part->offset + done));
		if (got <= 0)
			code = got < 0 ? error_system(err, "read")
				       : error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
						   "it became shorter while it was read");
		else
			sha256_add(sha256, chunk, (size_t)got);
		done += got > 0 ? (uint64_t)got : 0;
	}
	sha256_end(sha256, part->sha256);
	return code;
}

static int make_parts(const struct s3_request *put, const char *upload, uint64_t size,
		      struct s3_request *parts, size_t count, struct note_error *err)
{
	int fd;
	int code = root_open_file(put->root, put->path, &fd, err);
	if (code != NOTE_OK)
		return code;
	char *chunk = xmalloc(CHUNK);
	for (size_t i = 0; code == NOTE_OK && i < count; i++) {
		const uint64_t offset = i * size, left = put->size - offset;
		parts[i] = (struct s3_request){
			.method = S3_PUT,
			.key = xstrdup(put->key),
			.root = put->root,
			.path = xstrdup(put->path),
			.offset = offset,
			.size = left < size ? left : size,
			.query = xasprintf("partNumber=%zu&uploadId=%s", i + 1, upload)};
		code = digest_part(fd, &parts[i], chunk, err);
	}
	free(chunk);
	close(fd);
	return code;
}

/* An answer may have been lost, and the upload be done: the whole object is there then. */
static int is_whole(void *context, const struct s3_object *object, struct note_error *err)
{
	struct s3_request *request = context;
	(void)err;
	if (strcmp(object->key, request->key) == 0 && object->size == request->size)
		request->owner = request;
	return NOTE_OK;
}

static int finish(struct s3 *s3, const struct s3_request *put, const char *upload,
		  const struct s3_request *parts, size_t count, struct note_error *err)
{
	struct s3_request request = {.method = S3_POST,
				     .key = xstrdup(put->key),
				     .size = put->size,
				     .query = xasprintf("uploadId=%s", upload)};
	text_puts(&request.body, "<CompleteMultipartUpload "
				 "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
	for (size_t i = 0; i < count; i++)
		text_printf(&request.body,
			    "<Part><PartNumber>%zu</PartNumber><ETag>%s</ETag></Part>", i + 1,
			    parts[i].etag);
	text_puts(&request.body, "</CompleteMultipartUpload>");
	int code = s3_run(s3, &request, 1, NULL, NULL, err);
	if (code == NOTE_OK && request.code == NOTE_ABSENT) {
		if (request.tried > 1)
			code = s3_list(s3, put->key, false, is_whole, &request, err);
		if (code == NOTE_OK && request.owner == NULL)
			code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
					 "POST %.60s: the upload is gone", put->key);
	}
	s3_request_free(&request);
	return code;
}

static void give_up(struct s3 *s3, const struct s3_request *put, const char *upload)
{
	struct s3_request request = {.method = S3_DELETE,
				     .key = xstrdup(put->key),
				     .query = xasprintf("uploadId=%s", upload)};
	s3_run(s3, &request, 1, NULL, NULL, NULL);
	s3_request_free(&request);
}

int s3_put_parts(struct s3 *s3, const struct s3_request *put, struct note_error *err)
{
	uint64_t size = s3->config.part;
	char *upload;
	if (put->size / size >= PARTS_MOST)
		size = (put->size / PARTS_MOST / (1u << 20) + 1) << 20;
	const size_t count = (size_t)((put->size + size - 1) / size);
	int code = begin(s3, put, &upload, err);
	if (code != NOTE_OK)
		return code;
	struct s3_request *parts = xcalloc(count, sizeof(*parts));
	code = make_parts(put, upload, size, parts, count, err);
	if (code == NOTE_OK)
		code = s3_run(s3, parts, count, NULL, NULL, err);
	for (size_t i = 0; code == NOTE_OK && i < count; i++)
		if (parts[i].code != NOTE_OK || parts[i].etag[0] == '\0')
			code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
					 "PUT %.60s: part %zu of %zu was not taken", put->key,
					 i + 1, count);
	if (code == NOTE_OK)
		code = finish(s3, put, upload, parts, count, err);
	if (code != NOTE_OK)
		give_up(s3, put, upload);
	for (size_t i = 0; i < count; i++)
		s3_request_free(&parts[i]);
	free(parts);
	free(upload);
	return code;
}
