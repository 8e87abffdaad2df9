/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/share/objects/bucket.h"

#include <stdlib.h>
#include <string.h>

#include "tools/share/internal.h"

struct bucket {
	struct s3 *s3;     /* or NULL, then it is */
	struct root *root; /* this directory */
	mode_t mode;
	bool folds_case;
};

int bucket_open(struct bucket **out, const char *location, const struct share *share,
		unsigned parallel, struct note_error *err)
{
	struct bucket *bucket = xcalloc(1, sizeof(*bucket));
	int code;
	*out = bucket;
	if (strncmp(location, "s3://", 5) == 0) {
		code = s3_open(&bucket->s3, location, parallel, err);
		if (code == NOTE_OK)
			s3_set_headers(bucket->s3, share->hooks->headers);
		return code;
	}
	bucket->mode = share->mode;
	code = root_open(&bucket->root, location, err);
	if (code == NOTE_OK && !share->reading)
		bucket_set_mode(bucket, share->mode);
	if (code == NOTE_OK && share->hooks->no_sync)
		root_without_sync(bucket->root);
	if (code == NOTE_OK && !share->reading)
		bucket->folds_case = files_fold_case(bucket->root);
	return code;
}

void bucket_close(struct bucket *bucket)
{
	if (bucket == NULL)
		return;
	s3_close(bucket->s3);
	root_close(bucket->root);
	free(bucket);
}

bool bucket_is_far(const struct bucket *bucket)
{
	return bucket->s3 != NULL;
}

void bucket_set_mode(struct bucket *bucket, mode_t mode)
{
	bucket->mode = mode;
	if (bucket->root != NULL)
		root_set_directory_mode(bucket->root, mode | ((mode & 0444) >> 2));
}

int bucket_judge_key(const struct bucket *bucket, const char *key, struct note_error *err)
{
	return bucket->s3 != NULL ? s3_judge_key(bucket->s3, key, err) : files_judge_key(key, err);
}

bool bucket_folds_case(const struct bucket *bucket)
{
	return bucket->folds_case;
}

int bucket_run(struct bucket *bucket, struct s3_request *requests, size_t count,
	       void (*done)(void *context, struct s3_request *request), void *context,
	       struct note_error *err)
{
	return bucket->s3 != NULL
		       ? s3_run(bucket->s3, requests, count, done, context, err)
		       : files_run(bucket->root, bucket->mode, requests, count, done, context, err);
}

bool bucket_wants_parts(const struct bucket *bucket, uint64_t size)
{
	return bucket->s3 != NULL && s3_wants_parts(bucket->s3, size);
}

int bucket_put_parts(struct bucket *bucket, const struct s3_request *put, struct note_error *err)
{
	return s3_put_parts(bucket->s3, put, err);
}

/* One request alone, to a directory. */
static int run_one(struct bucket *bucket, struct s3_request *request, struct note_error *err)
{
	/* Who changes the share: of no worth after a power cut, and renewed by a thread. */
	const bool steers = request->method != S3_GET && strncmp(request->key, ".lock/", 6) != 0;
	int code = steers ? root_sync(bucket->root, err) : NOTE_OK;
	if (code == NOTE_OK)
		code = files_run(bucket->root, bucket->mode, request, 1, NULL, NULL, err);
	if (code == NOTE_OK && request->code != NOTE_OK) {
		code = request->code;
		if (err != NULL)
			*err = request->err;
	}
	return code == NOTE_OK && steers ? root_sync(bucket->root, err) : code;
}

int bucket_get(struct bucket *bucket, const char *key, struct text *out, struct note_error *err)
{
	if (bucket->s3 != NULL)
		return s3_get(bucket->s3, key, out, err);
	struct s3_request request = {.method = S3_GET, .key = xstrdup(key)};
	int code = run_one(bucket, &request, err);
	*out = request.body;
	request.body = (struct text){0};
	text_puts(out, "");
	s3_request_free(&request);
	return code;
}

int bucket_put(struct bucket *bucket, const char *key, const char *text, struct note_error *err)
{
	if (bucket->s3 != NULL)
		return s3_put(bucket->s3, key, text, err);
	struct s3_request request = {.method = S3_PUT, .key = xstrdup(key)};
	text_puts(&request.body, text);
	int code = run_one(bucket, &request, err);
	s3_request_free(&request);
	return code;
}

int bucket_delete(struct bucket *bucket, const char *key, struct note_error *err)
{
	if (bucket->s3 != NULL)
		return s3_delete(bucket->s3, key, err);
	struct s3_request request = {.method = S3_DELETE, .key = xstrdup(key)};
	int code = run_one(bucket, &request, err);
	s3_request_free(&request);
	return code;
}

int bucket_list(struct bucket *bucket, const char *prefix, bool groups, s3_visit *visit,
		void *context, struct note_error *err)
{
	return bucket->s3 != NULL ? s3_list(bucket->s3, prefix, groups, visit, context, err)
				  : files_list(bucket->root, prefix, groups, visit, context, err);
}
