/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A package's contents on their way into an object store, many side by side. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/pool.h"
#include "tools/share/objects/internal.h"

char *content_key(const struct record *record, const struct record_file *file)
{
	if (strncmp(file->path, "source/", 7) != 0)
		return xstrdup(file->path);
	return xasprintf("source/%s/%s", record->package, file->path + 7);
}

static enum phase phase_of(const struct record_file *file, const struct upload *upload)
{
	char hex[129];
	const char *kind = build_id_path(file->path, hex);
	if (kind == NULL || strcmp(kind, "debuginfo") != 0)
		return PHASE_FIRST;
	return upload->alternate ? PHASE_NEEDS_ALTERNATE : PHASE_DEBUG;
}

static void sent(void *context, struct s3_request *request)
{
	struct sending *sending = context;
	const struct share_hooks *hooks = sending->share->hooks;
	if (request->code == NOTE_OK)
		sending->bytes += request->size;
	if (hooks->progress != NULL)
		hooks->progress(hooks->context, ++sending->done, sending->total);
}

static struct s3_request upload_of(struct share *share, const struct record *record,
				   const struct record_file *file, const struct upload *upload)
{
	struct s3_request request = {.method = S3_PUT,
				     .key = content_key(record, file),
				     .root = share->root,
				     .path = xstrdup(upload->path),
				     .size = file->size};
	memcpy(request.sha256, file->sha256, sizeof(request.sha256));
	return request;
}

/* Large files go one after another, each in parts, when the others have gone. */
static int send_large(struct sending *sending, struct s3_request *requests, size_t count,
		      struct note_error *err)
{
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < count; i++) {
		code = lease_holds(sending->share, err);
		if (code == NOTE_OK)
			code = bucket_put_parts(objects_of(sending->share)->bucket, &requests[i],
						err);
		requests[i].code = code;
		sent(sending, &requests[i]);
	}
	return code;
}

/* Files side by side, into the spool. */
struct encoding {
	struct share *share;
	struct s3_request *requests;
	const size_t *numbers;
};

static void encode_one(void *context, size_t index, unsigned worker)
{
	struct encoding *encoding = context;
	struct s3_request *put = &encoding->requests[index];
	(void)worker;
	put->code = encode_upload(encoding->share, encoding->numbers[index],
				  encoding->share->hooks->encoding, put, &put->err);
}

static int encode_all(struct share *share, const struct record *record, struct s3_request *requests,
		      const size_t *numbers, size_t count, struct note_error *err)
{
	struct encoding encoding = {share, requests, numbers};
	if (share->hooks->encoding == NULL)
		return NOTE_OK;
	pool_run(share->hooks->jobs, count, encode_one, NULL, &encoding);
	for (size_t i = 0; i < count; i++)
		if (requests[i].code != NOTE_OK)
			return error_set(err, requests[i].code, NOTE_NO_OFFSET, "%.100s: %s",
					 record->files[numbers[i]].path, requests[i].err.text);
	return NOTE_OK;
}

/* The large last. */
static size_t sort_large(const struct bucket *bucket, struct s3_request *requests, size_t count)
{
	size_t small = 0;
	for (size_t i = 0; i < count; i++)
		if (!bucket_wants_parts(bucket, requests[i].size)) {
			const struct s3_request request = requests[i];
			requests[i] = requests[small];
			requests[small++] = request;
		}
	return small;
}

int send_phase(struct sending *sending, enum phase phase, struct note_error *err)
{
	struct share *share = sending->share;
	const struct record *record = sending->record;
	const struct upload *uploads = sending->uploads;
	struct bucket *bucket = objects_of(share)->bucket;
	struct s3_request *requests = xcalloc(record->count, sizeof(*requests));
	size_t *numbers = xcalloc(record->count, sizeof(*numbers));
	size_t count = 0;
	for (size_t i = 0; i < record->count; i++) {
		const struct record_file *file = &record->files[i];
		if (uploads[i].there || phase_of(file, &uploads[i]) != phase)
			continue;
		numbers[count] = i;
		requests[count++] = upload_of(share, record, file, &uploads[i]);
	}
	int code = encode_all(share, record, requests, numbers, count, err);
	const size_t small = sort_large(bucket, requests, count);
	if (code == NOTE_OK)
		code = lease_holds(share, err);
	if (code == NOTE_OK)
		code = bucket_run(bucket, requests, small, sent, sending, err);
	if (code == NOTE_OK)
		code = send_large(sending, requests + small, count - small, err);
	for (size_t i = 0; i < count; i++)
		s3_request_free(&requests[i]);
	free(numbers);
	free(requests);
	return code;
}
