/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One try at one HTTP server. Status codes: RFC 9110; headers X-DEBUGINFOD-*: debuginfod(8).
 *
 * Redirects are followed here and not by libcurl: what the user told us to send to one server
 * (headers, passwords, the client certificate) must not go to another one, and no redirect may
 * lead to another protocol or from https back to http.
 */
#include "tools/debuginfod/transfer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/base/retry.h"
#include "tools/debuginfod/url.h"

#define REDIRECTS_MOST 8
/* So much of an error page is read to keep the connection; after that closing is cheaper. */
#define DRAINED_MOST (64u << 10)
/* A body must bring so many bytes in each timeout, else it has stalled. */
#define PROGRESS_LEAST 1024u
/* Compressed bodies without a declared size: more than both is a bomb. */
#define INFLATED_MOST (64u << 20)
#define INFLATE_RATIO 100u

__attribute__((format(printf, 3, 4))) static void settle(struct transfer *t, enum outcome outcome,
							 const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(t->text, sizeof(t->text), format, args);
	va_end(args);
	t->outcome = outcome;
	t->worth_retry = outcome == OUTCOME_UNAVAILABLE;
}

/* From inside a callback: settles, and makes libcurl end the transfer. */
#define STOP(t, ...) ((t)->stopped = true, settle(t, __VA_ARGS__))

/* --- headers --- */

static void forget_answer(struct transfer *t)
{
	t->status = 0;
	t->content_length = t->declared_size = -1;
	t->retry_after = -1;
	t->chunked = t->encoded = t->html = t->contradictory = false;
	t->headers_ended = false;
	t->received = t->drained = 0;
}

/* A decimal number alone, or -1. */
static int64_t header_number(const char *value)
{
	char *end;
	if (*value < '0' || *value > '9')
		return -1;
	unsigned long long number = strtoull(value, &end, 10);
	return *end != '\0' || number > INT64_MAX ? -1 : (int64_t)number;
}

static void note_header(struct transfer *t, const char *name, const char *value)
{
	if (strcasecmp(name, "content-length") == 0) {
		const int64_t length = header_number(value);
		if (length < 0 || (t->content_length >= 0 && length != t->content_length))
			t->contradictory = true;
		t->content_length = length;
	} else if (strcasecmp(name, "x-debuginfod-size") == 0) {
		/* With a section out of a package, elfutils' server tells the size of the file that
		 * it lies in. */
		if (t->artifact == ARTIFACT_SECTION)
			return;
		const int64_t size = header_number(value);
		if (size < 0 || (t->declared_size >= 0 && size != t->declared_size))
			t->contradictory = true;
		t->declared_size = size;
	} else if (strcasecmp(name, "retry-after") == 0) {
		t->retry_after = retry_after(value);
	} else if (strcasecmp(name, "transfer-encoding") == 0) {
		t->chunked = true;
	} else if (strcasecmp(name, "content-encoding") == 0) {
		t->encoded = value[0] != '\0' && strcasecmp(value, "identity") != 0;
	} else if (strcasecmp(name, "content-type") == 0) {
		t->html = strncasecmp(value, "text/html", 9) == 0;
	}
}

/* The end of the headers of a good answer. */
static bool headers_will_do(struct transfer *t)
{
	const uint64_t most = t->settings->max_size;
	if (t->chunked)
		t->content_length = -1;
	const int64_t size = t->declared_size >= 0 ? t->declared_size
			     : t->encoded          ? -1
						   : t->content_length;
	const char *dot = t->name != NULL ? strrchr(t->name, '.') : NULL;
	if (t->contradictory)
		STOP(t, OUTCOME_REJECTED, "it gives two lengths, or one that is no number");
	else if (most != 0 && size >= 0 && (uint64_t)size > most)
		STOP(t, OUTCOME_TOO_LARGE, "%lld bytes", (long long)size);
	else if (!t->encoded && t->content_length >= 0 && t->declared_size >= 0 &&
		 t->content_length != t->declared_size)
		STOP(t, OUTCOME_REJECTED, "Content-Length %lld, X-DEBUGINFOD-SIZE %lld",
		     (long long)t->content_length, (long long)t->declared_size);
	/* A login page or a captive portal, with status 200. */
	else if (t->html && (t->artifact == ARTIFACT_SECTION ||
			     (t->artifact == ARTIFACT_SOURCE &&
			      (dot == NULL || (strncasecmp(dot, ".htm", 4) != 0 &&
					       strncasecmp(dot, ".xhtm", 5) != 0)))))
		STOP(t, OUTCOME_REJECTED, "an HTML page came");
	return !t->stopped;
}

static size_t on_header(char *bytes, size_t one, size_t size, void *context)
{
	struct transfer *t = context;
	char line[512];
	(void)one;
	size_t length = size < sizeof(line) - 1 ? size : sizeof(line) - 1;
	memcpy(line, bytes, length);
	while (length > 0 && strchr("\r\n \t", line[length - 1]) != NULL)
		length--;
	line[length] = '\0';
	if (strncmp(line, "HTTP/", 5) == 0) {
		forget_answer(t);
		libcurl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
	} else if (length == 0) {
		t->headers_ended = true;
		return t->status != 200 || headers_will_do(t) ? size : 0;
	} else {
		char *colon = strchr(line, ':');
		if (colon == NULL)
			return size;
		*colon = '\0';
		note_header(t, line, colon + 1 + strspn(colon + 1, " \t"));
	}
	return size;
}

/* --- body --- */

static bool is_elf_artifact(const struct transfer *t)
{
	return t->artifact == ARTIFACT_DEBUGINFO || t->artifact == ARTIFACT_EXECUTABLE;
}

/* Stops at the first byte that cannot be right. */
static bool body_will_do(struct transfer *t, const char *bytes, size_t size)
{
	const uint64_t total = t->received + size;
	const uint64_t most = t->settings->max_size;
	curl_off_t on_wire = 0;
	for (size_t i = 0; t->received + i < 4 && i < size; i++)
		t->magic[t->received + i] = (uint8_t)bytes[i];
	if (is_elf_artifact(t) && total >= 4 && memcmp(t->magic, "\177ELF", 4) != 0)
		STOP(t, OUTCOME_REJECTED, "not an ELF file");
	else if (t->declared_size >= 0 && total > (uint64_t)t->declared_size)
		STOP(t, OUTCOME_REJECTED, "more than the %lld bytes of X-DEBUGINFOD-SIZE",
		     (long long)t->declared_size);
	else if (most != 0 && total > most)
		STOP(t, OUTCOME_TOO_LARGE, "more than %llu bytes", (unsigned long long)most);
	else if (t->encoded && t->declared_size < 0 && total > INFLATED_MOST) {
		libcurl.easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &on_wire);
		if (total / INFLATE_RATIO > (uint64_t)on_wire)
			STOP(t, OUTCOME_REJECTED, "a decompression bomb: %llu bytes out of %lld",
			     (unsigned long long)total, (long long)on_wire);
	}
	return !t->stopped;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *context)
{
	struct transfer *t = context;
	struct note_error err;
	(void)one;
	if (t->status != 200) {
		t->drained += size;
		return t->drained > DRAINED_MOST ? 0 : size;
	}
	if (t->stage == NULL && !t->body(t)) {
		if (t->stopped)
			return 0;
		t->waiting = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (!body_will_do(t, bytes, size))
		return 0;
	if (staging_write(t->stage, bytes, size, &err) != NOTE_OK) {
		STOP(t, OUTCOME_UNAVAILABLE, "%s", err.text);
		t->worth_retry = false;
		return 0;
	}
	t->received += size;
	*t->settings->bytes += size;
	return size;
}

/* --- the request --- */

static void set_headers(struct transfer *t, bool trusted)
{
	char line[64];
	libcurl.slist_free_all(t->headers);
	t->headers = NULL;
	for (struct curl_slist *h = trusted ? t->server->headers : NULL; h != NULL; h = h->next)
		t->headers = libcurl.slist_append(t->headers, h->data);
	if (t->settings->max_size != 0) {
		snprintf(line, sizeof(line), "X-DEBUGINFOD-MAXSIZE: %llu",
			 (unsigned long long)t->settings->max_size);
		t->headers = libcurl.slist_append(t->headers, line);
	}
	libcurl.easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	libcurl.easy_setopt(t->easy, CURLOPT_NETRC,
			    trusted ? (long)CURL_NETRC_OPTIONAL : (long)CURL_NETRC_IGNORED);
	libcurl.easy_setopt(t->easy, CURLOPT_SSLCERT, trusted ? t->settings->certificate : NULL);
	libcurl.easy_setopt(t->easy, CURLOPT_SSLKEY, trusted ? t->settings->key : NULL);
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
	libcurl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	libcurl.easy_setopt(easy, CURLOPT_HEADERDATA, t);
	libcurl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	libcurl.easy_setopt(easy, CURLOPT_WRITEDATA, t);
	/* Our own clock does this; libcurl's 300 seconds for connecting would cut in. */
	libcurl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			    t->settings->timeout > 0 ? (long)((t->settings->timeout + 5) * 1000)
						     : 24L * 3600 * 1000);
}

static void begin(struct transfer *t, CURLM *multi, const char *url, bool trusted)
{
	libcurl.easy_setopt(t->easy, CURLOPT_URL, url);
	set_headers(t, trusted);
	forget_answer(t);
	t->started = t->window = seconds_now();
	t->window_received = 0;
	t->running = true;
	t->waiting = false;
	libcurl.multi_add_handle(multi, t->easy);
}

void transfer_start(struct transfer *t, CURLM *multi)
{
	if (t->easy == NULL)
		t->easy = libcurl.easy_init();
	if (t->easy == NULL) {
		settle(t, OUTCOME_UNAVAILABLE, "out of memory");
		return;
	}
	set_options(t);
	free(t->url);
	t->url = url_artifact(t->server->url, t->artifact, t->hex, t->name);
	t->redirects = 0;
	t->stopped = false;
	t->text[0] = '\0';
	begin(t, multi, t->url, true);
}

/* --- what it means --- */

/* True where a redirect is followed; otherwise the transfer is settled. */
static bool follow(struct transfer *t, CURLM *multi)
{
	char *target = NULL;
	libcurl.easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &target);
	if (target == NULL) {
		settle(t, OUTCOME_REJECTED, "%ld without a Location", t->status);
	} else if (t->redirects == REDIRECTS_MOST) {
		settle(t, OUTCOME_REJECTED, "more than %d redirects", REDIRECTS_MOST);
	} else if (strncasecmp(target, "https://", 8) != 0 &&
		   (strncasecmp(target, "http://", 7) != 0 ||
		    strncasecmp(t->url, "https://", 8) == 0)) {
		char *shown = url_without_secrets(target);
		settle(t, OUTCOME_REJECTED, "a redirect to %.100s is not followed", shown);
		free(shown);
	} else {
		t->redirects++;
		free(t->url);
		t->url = xstrdup(target);
		begin(t, multi, t->url, url_same_origin(t->url, t->server->url));
		return true;
	}
	return false;
}

static void settle_status(struct transfer *t)
{
	static const struct {
		long status;
		enum outcome outcome;
	} special[] = {
		{401, OUTCOME_AUTH},        {403, OUTCOME_AUTH},
		{407, OUTCOME_AUTH}, /* the proxy's word, which says nothing of the artifact */
		{406, OUTCOME_TOO_LARGE},   {408, OUTCOME_UNAVAILABLE},
		{429, OUTCOME_UNAVAILABLE},
	};
	enum outcome outcome = t->status >= 500   ? OUTCOME_UNAVAILABLE
			       : t->status >= 400 ? OUTCOME_ABSENT
						  : OUTCOME_REJECTED;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (special[i].status == t->status)
			outcome = special[i].outcome;
	settle(t, outcome, "%ld", t->status);
}

static void settle_failure(struct transfer *t, CURLcode result)
{
	const char *why = t->curl_text[0] != '\0' ? t->curl_text : libcurl.easy_strerror(result);
	switch (result) {
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: anything that is no answer */
	case CURLE_WEIRD_SERVER_REPLY:
		settle(t, OUTCOME_REJECTED, "%s", why);
		break;
	case CURLE_URL_MALFORMAT:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CIPHER:
		/* Another try ends the same. */
		settle(t, OUTCOME_UNAVAILABLE, "%s", why);
		t->worth_retry = false;
		break;
	default:
		settle(t, OUTCOME_UNAVAILABLE, "%s", why);
	}
}

/* A good answer that has ended: is it all there? */
static void settle_body(struct transfer *t)
{
	const int64_t received = (int64_t)t->received;
	long version = 0;
	libcurl.easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
	const bool framed = t->chunked || t->content_length >= 0 || t->declared_size >= 0 ||
			    version >= CURL_HTTP_VERSION_2_0;
	if (t->declared_size >= 0 && received != t->declared_size)
		settle(t, OUTCOME_REJECTED, "%lld bytes instead of X-DEBUGINFOD-SIZE's %lld",
		       (long long)received, (long long)t->declared_size);
	else if (!t->encoded && t->content_length >= 0 && received != t->content_length)
		settle(t, OUTCOME_REJECTED, "%lld bytes instead of Content-Length's %lld",
		       (long long)received, (long long)t->content_length);
	/* An ELF file says itself whether it is complete. */
	else if (!framed && !is_elf_artifact(t))
		settle(t, OUTCOME_REJECTED, "no length: nothing tells whether all of it came");
	else
		settle(t, OUTCOME_FOUND, "%ld", t->status);
}

bool transfer_end(struct transfer *t, CURLM *multi, CURLcode result)
{
	libcurl.multi_remove_handle(multi, t->easy);
	t->running = t->waiting = false;
	if (t->stopped)
		return true;
	const bool drained = t->drained > DRAINED_MOST && result == CURLE_WRITE_ERROR;
	/* libcurl takes headers that broke off for an empty body. */
	if (!t->headers_ended && (result == CURLE_OK || drained)) {
		settle(t, OUTCOME_UNAVAILABLE, "closed in the middle of the headers");
		return true;
	}
	if (t->status >= 300 && t->status < 400 && t->status != 304 &&
	    (result == CURLE_OK || drained))
		return !follow(t, multi);
	/* The status of an error answer counts even where its page broke off. */
	if (t->status >= 400 || ((result == CURLE_OK || drained) && t->status != 200))
		settle_status(t);
	else if (result != CURLE_OK)
		settle_failure(t, result);
	else
		settle_body(t);
	return true;
}

void transfer_refuse(struct transfer *t, enum outcome outcome, const char *text)
{
	STOP(t, outcome, "%s", text);
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
	libcurl.multi_remove_handle(multi, t->easy);
	t->running = t->waiting = false;
	if (!t->stopped)
		settle_failure(t, result);
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
	libcurl.multi_remove_handle(multi, t->easy);
	t->running = t->waiting = false;
	settle(t, outcome, "%s", text);
}

bool transfer_stalled(struct transfer *t, CURLM *multi, double now, double *next)
{
	char text[64];
	const double timeout = t->settings->timeout;
	if (!t->running || t->waiting || timeout <= 0)
		return false;
	if (now >= t->window + timeout) {
		if (t->received < t->window_received + PROGRESS_LEAST) {
			snprintf(text, sizeof(text), "no progress for %.3g s", timeout);
			transfer_stop(t, multi, OUTCOME_UNAVAILABLE, text);
			return true;
		}
		t->window = now;
		t->window_received = t->received;
	}
	if (t->window + timeout < *next)
		*next = t->window + timeout;
	return false;
}

void transfer_clear(struct transfer *t, CURLM *multi)
{
	if (t->running)
		libcurl.multi_remove_handle(multi, t->easy);
	t->running = false;
	libcurl.easy_cleanup(t->easy);
	t->easy = NULL;
	libcurl.slist_free_all(t->headers);
	t->headers = NULL;
	free(t->url);
	t->url = NULL;
}
