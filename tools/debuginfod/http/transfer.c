/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One try at one HTTP server: the request, its time, its end. What comes: answer.c.
 *
 * Redirects are followed here and not by libcurl: what the user told us to send to one server
 * (headers, passwords, the client certificate) must not go to another one, and no redirect may
 * lead to another protocol or from https back to http.
 */
#include "tools/debuginfod/http/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tools/base/retry.h"
#include "tools/debuginfod/http/internal.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/url.h"

#define REDIRECTS_MOST 8
/* What tells that a directory, or a bucket's prefix, is a share. */
#define SHARE_MARKER "/share.json"
/* A body must bring so many bytes in each timeout, else it has stalled. */
#define PROGRESS_LEAST 1024u

/* --- the request --- */

static bool add_header(struct transfer *t, const char *line)
{
	struct curl_slist *more = libcurl.slist_append(t->headers, line);
	if (more != NULL)
		t->headers = more;
	return more != NULL;
}

/* False where memory is short. */
static bool set_headers(struct transfer *t, bool trusted)
{
	char line[64];
	libcurl.slist_free_all(t->headers);
	t->headers = NULL;
	for (struct curl_slist *h = trusted ? t->server->headers : NULL; h != NULL; h = h->next)
		if (!add_header(t, h->data))
			return false;
	if (t->settings->max_size != 0) {
		snprintf(line, sizeof(line), "X-DEBUGINFOD-MAXSIZE: %llu",
			 (unsigned long long)t->settings->max_size);
		if (!add_header(t, line))
			return false;
	}
	libcurl.easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	libcurl.easy_setopt(t->easy, CURLOPT_NETRC,
			    trusted ? (long)CURL_NETRC_OPTIONAL : (long)CURL_NETRC_IGNORED);
	libcurl.easy_setopt(t->easy, CURLOPT_SSLCERT, trusted ? t->settings->certificate : NULL);
	libcurl.easy_setopt(t->easy, CURLOPT_SSLKEY, trusted ? t->settings->key : NULL);
	return true;
}

static void set_options(struct transfer *t)
{
	CURL *easy = t->easy;
	libcurl.easy_reset(easy);
	t->curl_text[0] = '\0';
	libcurl.easy_setopt(easy, CURLOPT_PRIVATE, t);
	libcurl.easy_setopt(easy, CURLOPT_ERRORBUFFER, t->curl_text);
	libcurl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	libcurl.easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	libcurl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	libcurl.easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	libcurl.easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	libcurl.easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	libcurl.easy_setopt(easy, CURLOPT_FILETIME, 1L);
	libcurl.easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	/* One connection for all, where the server will; what is asked first finds out. */
	libcurl.easy_setopt(easy, CURLOPT_PIPEWAIT,
			    strncasecmp(t->server->url, "https:", 6) == 0 ? 1L : 0L);
	libcurl.easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
	libcurl.easy_setopt(easy, CURLOPT_BUFFERSIZE, 128L << 10);
	libcurl.easy_setopt(easy, CURLOPT_USERAGENT, t->settings->user_agent);
	/* NULL would take away libcurl's own list. */
	if (t->settings->ca_file != NULL)
		libcurl.easy_setopt(easy, CURLOPT_CAINFO, t->settings->ca_file);
	if (t->settings->ca_directory != NULL)
		libcurl.easy_setopt(easy, CURLOPT_CAPATH, t->settings->ca_directory);
	libcurl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, answer_header);
	libcurl.easy_setopt(easy, CURLOPT_HEADERDATA, t);
	libcurl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_body);
	libcurl.easy_setopt(easy, CURLOPT_WRITEDATA, t);
	const double limit = transfer_connect_limit(t->settings);
	libcurl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			    limit > 0 ? (long)(limit * 1000) + 1 : 24L * 3600 * 1000);
}

/* Out of libcurl's hands, and no longer under way. */
static void leave(struct transfer *t, CURLM *multi)
{
	libcurl.multi_remove_handle(multi, t->easy);
	if (t->running) {
		--*t->settings->under_way;
		server_ended(t->server);
	}
	t->running = t->waiting = false;
}

static void begin(struct transfer *t, CURLM *multi, const char *url, bool trusted)
{
	if (!set_headers(t, trusted) ||
	    libcurl.easy_setopt(t->easy, CURLOPT_URL, url) != CURLE_OK) {
		answer_out_of_memory(t);
		return;
	}
	answer_forget(t);
	t->started = t->window = seconds_now();
	t->window_received = 0;
	t->waiting = false;
	if (libcurl.multi_add_handle(multi, t->easy) != CURLM_OK) {
		answer_out_of_memory(t);
		return;
	}
	t->running = true;
	++*t->settings->under_way;
	server_started(t->server, t->started);
}

void transfer_start(struct transfer *t, CURLM *multi)
{
	if (t->easy == NULL)
		t->easy = libcurl.easy_init();
	free(t->url);
	t->url = url_artifact(t->server->url, t->artifact, t->hex, t->name);
	if (t->easy == NULL || t->url == NULL) {
		answer_out_of_memory(t);
		return;
	}
	set_options(t);
	t->redirects = 0;
	t->stopped = t->probing = t->refused = t->silent = t->shortage = false;
	t->text[0] = '\0';
	memset(t->beginning, 0, sizeof(t->beginning));
	begin(t, multi, t->url, true);
}

/* --- what it means --- */

/* True where a redirect is followed; otherwise the transfer is settled. */
static bool follow(struct transfer *t, CURLM *multi)
{
	char *target = NULL;
	libcurl.easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &target);
	if (target == NULL) {
		answer_settle(t, OUTCOME_REJECTED, "%ld without a Location", t->status);
		return false;
	}
	if (t->redirects == REDIRECTS_MOST) {
		answer_settle(t, OUTCOME_REJECTED, "more than %d redirects", REDIRECTS_MOST);
		return false;
	}
	if (strncasecmp(target, "https://", 8) != 0 &&
	    (strncasecmp(target, "http://", 7) != 0 || strncasecmp(t->url, "https://", 8) == 0)) {
		char *shown = url_without_secrets(target);
		answer_settle(t, OUTCOME_REJECTED, "a redirect to %.100s is not followed",
			      shown != NULL ? shown : "?");
		free(shown);
		return false;
	}
	char *url = strdup(target);
	if (url == NULL) {
		answer_out_of_memory(t);
		return false;
	}
	t->redirects++;
	free(t->url);
	t->url = url;
	begin(t, multi, t->url, url_same_origin(t->url, t->server->url));
	return t->running;
}

/* True where the share's marker is asked for. */
static bool probe(struct transfer *t, CURLM *multi)
{
	char *url = format_string("%s" SHARE_MARKER, t->server->url);
	if (url == NULL) {
		answer_out_of_memory(t);
		return false;
	}
	free(t->url);
	t->url = url;
	t->probing = true;
	begin(t, multi, t->url, true);
	return t->running;
}

bool transfer_end(struct transfer *t, CURLM *multi, CURLcode result)
{
	curl_off_t modified = -1;
	leave(t, multi);
	if (t->stopped)
		return true;
	libcurl.easy_getinfo(t->easy, CURLINFO_FILETIME_T, &modified);
	t->modified = modified;
	const bool drained = t->drained > DRAINED_MOST && result == CURLE_WRITE_ERROR;
	if (t->probing) {
		answer_marker(t, result);
		return true;
	}
	/* libcurl takes headers that broke off for an empty body. */
	if (!t->headers_ended && (result == CURLE_OK || drained)) {
		answer_settle(t, OUTCOME_UNAVAILABLE, "closed in the middle of the headers");
		return true;
	}
	if (t->status >= 300 && t->status < 400 && t->status != 304 &&
	    (result == CURLE_OK || drained))
		return !follow(t, multi);
	if (answer_denies_listing(t)) {
		if (!t->server->gave && t->server->marker == MARKER_UNKNOWN)
			return !probe(t, multi);
		answer_denied(t);
		return true;
	}
	/* The status of an error answer counts even where its page broke off. */
	if (t->status >= 400 || ((result == CURLE_OK || drained) && t->status != 200))
		answer_status(t);
	else if (result != CURLE_OK)
		answer_failure(t, result);
	else
		answer_good(t);
	return true;
}

void transfer_refuse(struct transfer *t, enum outcome outcome, const char *text)
{
	t->stopped = true;
	answer_settle(t, outcome, "%s", text);
	t->worth_retry = false;
}

bool transfer_resume(struct transfer *t, CURLM *multi)
{
	t->waiting = false;
	t->window = seconds_now();
	t->window_received = t->received;
	CURLcode result = libcurl.easy_pause(t->easy, CURLPAUSE_CONT);
	if (result == CURLE_OK && !t->stopped)
		return true;
	leave(t, multi);
	if (!t->stopped)
		answer_failure(t, result);
	return false;
}

double transfer_age(const struct transfer *t)
{
	return seconds_now() - t->started;
}

void transfer_stop(struct transfer *t, CURLM *multi, enum outcome outcome, const char *text)
{
	if (!t->running)
		return;
	leave(t, multi);
	answer_settle(t, outcome, "%s", text);
}

/* Stops it where MOMENT has come; otherwise that is when to look again. */
static bool stop_at(struct transfer *t, CURLM *multi, double now, double moment, double *next,
		    const char *what, double seconds)
{
	char text[64];
	if (now < moment) {
		if (moment < *next)
			*next = moment;
		return false;
	}
	snprintf(text, sizeof(text), "no %s for %.3g s", what, seconds);
	transfer_stop(t, multi, OUTCOME_UNAVAILABLE, text);
	t->error = ETIME;
	return true;
}

bool transfer_stalled(struct transfer *t, CURLM *multi, double now, double *next)
{
	const double timeout = t->settings->timeout, first = t->settings->first_byte;
	if (!t->running || t->waiting)
		return false;
	if (!t->headers_ended) {
		const double limit =
			first > 0 && (timeout <= 0 || first < timeout) ? first : timeout;
		if (limit <= 0 ||
		    !stop_at(t, multi, now, t->started + limit, next, "answer", limit))
			return false;
		t->silent = true;
		t->worth_retry = false;
		return true;
	}
	if (timeout <= 0)
		return false;
	if (now >= t->window + timeout && t->received >= t->window_received + PROGRESS_LEAST) {
		t->window = now;
		t->window_received = t->received;
	}
	return stop_at(t, multi, now, t->window + timeout, next, "progress", timeout);
}

bool transfer_has_body(const struct transfer *t)
{
	return t->running && t->headers_ended && t->status == 200 && !t->probing;
}

void transfer_clear(struct transfer *t, CURLM *multi)
{
	if (t->running)
		leave(t, multi);
	libcurl.easy_cleanup(t->easy);
	t->easy = NULL;
	libcurl.slist_free_all(t->headers);
	t->headers = NULL;
	free(t->url);
	t->url = NULL;
	free(t->signature);
	free(t->notes);
	t->signature = t->notes = NULL;
}
