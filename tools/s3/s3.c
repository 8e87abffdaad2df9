/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many requests side by side, and those that are made alone. */
#include "tools/s3/s3.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/libraries/curl.h"
#include "tools/base/retry.h"
#include "tools/s3/internal.h"

int s3_open(struct s3 **out, const char *url, unsigned parallel, struct note_error *err)
{
	struct s3 *s3 = xcalloc(1, sizeof(*s3));
	*out = NULL;
	int code = s3_configure(&s3->config, url, err);
	if (code == NOTE_OK)
		code = curl_library_load(err);
	if (code != NOTE_OK) {
		s3_config_free(&s3->config);
		free(s3);
		return code;
	}
	s3->parallel = parallel != 0 ? parallel : 1;
	s3->multi = libcurl.multi_init();
	libcurl.multi_setopt(s3->multi, CURLMOPT_MAXCONNECTS, (long)s3->parallel);
	*out = s3;
	return NOTE_OK;
}

void s3_close(struct s3 *s3)
{
	if (s3 == NULL)
		return;
	libcurl.multi_cleanup(s3->multi);
	s3_config_free(&s3->config);
	free(s3);
}

void s3_set_headers(struct s3 *s3, const struct strings *headers)
{
	s3->headers = headers;
}

int s3_judge_key(const struct s3 *s3, const char *key, struct note_error *err)
{
	const char *end = key + strlen(key);
	const size_t length = strlen(s3->config.prefix) + (size_t)(end - key);
	if (length > S3_KEY_MOST)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "a key of %zu bytes: an object store takes %u at most", length,
				 S3_KEY_MOST);
	for (const char *p = key; p < end;) {
		const size_t step = utf8_length(p, end);
		if (step == 0)
			return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "its name is not UTF-8: an object store does not take it");
		p += step;
	}
	return NOTE_OK;
}

/* --- many --- */

struct run {
	struct s3 *s3;
	CURLM *multi;
	struct s3_request *requests;
	size_t count;
	size_t next;                 /* the first that has not begun */
	struct s3_request **waiting; /* to be made again, at most PARALLEL */
	size_t waiting_count;
	size_t running; /* with those that wait */
	bool failed;
	void (*done)(void *context, struct s3_request *request);
	void *context;
};

static void finish(struct run *run, struct s3_request *r)
{
	if (r->code != NOTE_OK && r->code != NOTE_ABSENT)
		run->failed = true;
	run->running--;
	if (run->done != NULL)
		run->done(run->context, r);
}

#define RENEWED_BEFORE 300  /* seconds before keys that are given for a while expire */
#define RENEW_PAUSE    30.0 /* between two tries; those that are there may still do */

static void renew(struct s3 *s3)
{
	struct note_error err;
	if (s3->config.expires == 0 || time(NULL) < s3->config.expires - RENEWED_BEFORE ||
	    seconds_now() < s3->renew_not_before)
		return;
	if (s3_renew_keys(&s3->config, &err) != NOTE_OK)
		s3->renew_not_before = seconds_now() + RENEW_PAUSE;
}

static void start(struct run *run, struct s3_request *r)
{
	renew(run->s3);
	if (!s3_begin(run->s3, r, run->multi)) {
		s3_end(r, run->multi);
		finish(run, r);
	}
}

/* Begins what may begin; the seconds until there is more to do. */
static double feed(struct run *run)
{
	double wait = 1;
	const double now = seconds_now();
	for (size_t i = 0; i < run->waiting_count;) {
		struct s3_request *r = run->waiting[i];
		if (r->not_before <= now || run->failed) {
			run->waiting[i] = run->waiting[--run->waiting_count];
			if (run->failed)
				finish(run, r);
			else
				start(run, r);
			continue;
		}
		wait = r->not_before - now < wait ? r->not_before - now : wait;
		i++;
	}
	while (!run->failed && run->running < run->s3->parallel && run->next < run->count) {
		run->running++;
		start(run, &run->requests[run->next++]);
	}
	return wait;
}

static void collect(struct run *run)
{
	CURLMsg *message;
	int left;
	while ((message = libcurl.multi_info_read(run->multi, &left)) != NULL) {
		struct s3_request *r = NULL;
		const CURLcode result = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		libcurl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &r);
		const bool again = s3_judge(run->s3, r, result);
		s3_end(r, run->multi);
		if (again)
			run->waiting[run->waiting_count++] = r;
		else
			finish(run, r);
	}
}

int s3_run(struct s3 *s3, struct s3_request *requests, size_t count,
	   void (*done)(void *context, struct s3_request *request), void *context,
	   struct note_error *err)
{
	struct run run = {.s3 = s3,
			  .requests = requests,
			  .count = count,
			  .done = done,
			  .context = context,
			  .multi = s3->multi};
	int code = NOTE_OK;
	run.waiting = xcalloc(s3->parallel, sizeof(struct s3_request *));
	for (size_t i = 0; i < count; i++) {
		requests[i].fd = -1;
		requests[i].code = error_set(&requests[i].err, NOTE_SYSTEM, NOTE_NO_OFFSET,
					     "not done: another request failed");
	}
	while (run.running != 0 || (run.next < count && !run.failed)) {
		int alive;
		const double wait = feed(&run);
		libcurl.multi_perform(run.multi, &alive);
		collect(&run);
		if (run.running != 0)
			libcurl.multi_poll(run.multi, NULL, 0, (int)(wait * 1000) + 1, NULL);
	}
	free(run.waiting);
	for (size_t i = 0; i < count && i < run.next; i++)
		if (requests[i].code != NOTE_OK && requests[i].code != NOTE_ABSENT) {
			code = requests[i].code;
			if (err != NULL)
				*err = requests[i].err;
			break;
		}
	return code;
}

static int run_one(struct s3 *s3, struct s3_request *request, struct note_error *err)
{
	int code = s3_run(s3, request, 1, NULL, NULL, err);
	if (code == NOTE_OK && request->code != NOTE_OK) { /* absent */
		code = request->code;
		if (err != NULL)
			*err = request->err;
	}
	return code;
}

int s3_get(struct s3 *s3, const char *key, struct text *out, struct note_error *err)
{
	struct s3_request request = {.method = S3_GET, .key = xstrdup(key)};
	*out = (struct text){0};
	int code = run_one(s3, &request, err);
	if (code == NOTE_OK) {
		*out = request.body;
		request.body = (struct text){0};
		text_puts(out, ""); /* a NUL at its end, also where it is empty */
	}
	s3_request_free(&request);
	return code;
}

int s3_put(struct s3 *s3, const char *key, const char *text, struct note_error *err)
{
	struct s3_request request = {.method = S3_PUT, .key = xstrdup(key)};
	text_puts(&request.body, text);
	int code = run_one(s3, &request, err);
	s3_request_free(&request);
	return code;
}

int s3_delete(struct s3 *s3, const char *key, struct note_error *err)
{
	struct s3_request request = {.method = S3_DELETE, .key = xstrdup(key)};
	int code = run_one(s3, &request, err);
	s3_request_free(&request);
	return code;
}
