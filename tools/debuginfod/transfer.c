/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One try at one HTTP server. Status codes: RFC 9110; headers X-DEBUGINFOD-*: debuginfod(8).
 *
 * Redirects are followed here and not by libcurl: what the user told us to send to one server
 * (headers, passwords, the client certificate) must not go to another one, and no redirect may
 * lead to another protocol or from https back to http.
 */
#include "tools/debuginfod/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tools/base/retry.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/url.h"

#define REDIRECTS_MOST 8
/* Seconds until a connection stands. */
#define CONNECT_LONGEST 5.0
/* What tells that a directory, or a bucket's prefix, is a share. */
#define SHARE_MARKER "/share.json"
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

static void settle_memory(struct transfer *t)
{
	settle(t, OUTCOME_UNAVAILABLE, "out of memory");
	t->worth_retry = false;
}

/* From inside a callback: settles, and makes libcurl end the transfer. */
#define STOP(t, ...) ((t)->stopped = true, settle(t, __VA_ARGS__))

/* What has a file, or is none, is seen before it is judged. */
static bool is_elf_artifact(const struct transfer *t)
{
	return t->artifact == ARTIFACT_DEBUGINFO || t->artifact == ARTIFACT_EXECUTABLE;
}

/* A page to sign in at, a captive portal: what comes says nothing of the file. */
static void settle_page(struct transfer *t)
{
	char *shown = url_without_secrets(t->url);
	settle(t, OUTCOME_AUTH, "%ld: a web page came, as if to sign in%s%.90s", t->status,
	       t->redirects > 0 ? ", from " : "", t->redirects > 0 && shown != NULL ? shown : "");
	free(shown);
}

/* --- headers --- */

static void forget_answer(struct transfer *t)
{
	t->status = 0;
	t->content_length = t->declared_size = -1;
	t->retry_after = -1;
	t->chunked = t->encoded = t->html = t->xml = t->challenge = t->contradictory = false;
	t->size = -1;
	t->complaint[0] = '\0';
	free(t->signature);
	t->signature = NULL;
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
		t->html = strncasecmp(value, "text/html", 9) == 0 ||
			  strncasecmp(value, "application/xhtml", 17) == 0;
		t->xml = strncasecmp(value, "application/xml", 15) == 0 ||
			 strncasecmp(value, "text/xml", 8) == 0;
	} else if (strcasecmp(name, "www-authenticate") == 0) {
		t->challenge = true;
	} else if (strcasecmp(name, "x-debuginfod-imasignature") == 0) {
		free(t->signature);
		t->signature = strdup(value);
	}
}

/* A source may be a page itself. */
static bool may_be_page(const struct transfer *t)
{
	const char *dot = t->name != NULL ? strrchr(t->name, '.') : NULL;
	return t->artifact == ARTIFACT_SOURCE && t->status == 200 && dot != NULL &&
	       (strncasecmp(dot, ".htm", 4) == 0 || strncasecmp(dot, ".xhtm", 5) == 0);
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
	t->size = size;
	if (t->probing)
		return true;
	if (t->html && !may_be_page(t)) {
		t->stopped = true;
		settle_page(t);
	} else if (t->contradictory)
		STOP(t, OUTCOME_REJECTED, "it gives two lengths, or one that is no number");
	else if (most != 0 && size >= 0 && (uint64_t)size > most)
		STOP(t, OUTCOME_TOO_LARGE, "%lld bytes", (long long)size);
	else if (!t->encoded && t->content_length >= 0 && t->declared_size >= 0 &&
		 t->content_length != t->declared_size)
		STOP(t, OUTCOME_REJECTED, "Content-Length %lld, X-DEBUGINFOD-SIZE %lld",
		     (long long)t->content_length, (long long)t->declared_size);
	else if (t->settings->sizes_only)
		STOP(t, OUTCOME_FOUND, "%ld", t->status);
	return !t->stopped;
}

static size_t on_header(char *bytes, size_t one, size_t size, void *context)
{
	struct transfer *t = context;
	char line[5120]; /* a signature takes 4,114 digits */
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
		/* Of a changed answer (203) only what it looks like is of interest. */
		return (t->status != 200 && t->status != 203) || headers_will_do(t) ? size : 0;
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

static bool begins_like_a_page(const struct transfer *t)
{
	const char *p = t->beginning;
	while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
		p++;
	return strncasecmp(p, "<!doctype", 9) == 0 || strncasecmp(p, "<html", 5) == 0;
}

/* Stops at the first byte that cannot be right. */
static bool body_will_do(struct transfer *t, const char *bytes, size_t size)
{
	const uint64_t total = t->received + size;
	const uint64_t most = t->settings->max_size;
	curl_off_t on_wire = 0;
	for (size_t i = 0; t->received + i < sizeof(t->beginning) - 1 && i < size; i++)
		t->beginning[t->received + i] = bytes[i];
	if (is_elf_artifact(t) && total >= 9 && begins_like_a_page(t)) {
		t->stopped = true;
		settle_page(t);
	} else if (is_elf_artifact(t) && total >= 4 && memcmp(t->beginning, "\177ELF", 4) != 0)
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
	if (t->status != 200 || t->probing) {
		const size_t used = strlen(t->complaint), room = sizeof(t->complaint) - 1 - used;
		const size_t length = strnlen(bytes, size < room ? size : room);
		memcpy(t->complaint + used, bytes, length);
		t->complaint[used + length] = '\0';
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

/* Seconds until a connection must stand; 0 for never. */
static double connect_limit(const struct transfer_settings *settings)
{
	double limit = CONNECT_LONGEST;
	if (settings->first_byte > 0 && settings->first_byte < limit)
		limit = settings->first_byte;
	if (settings->timeout > 0 && settings->timeout < limit)
		limit = settings->timeout;
	return settings->first_byte > 0 || settings->timeout > 0 ? limit : 0;
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
	const double limit = connect_limit(t->settings);
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
		settle_memory(t);
		return;
	}
	forget_answer(t);
	t->started = t->window = seconds_now();
	t->window_received = 0;
	t->waiting = false;
	if (libcurl.multi_add_handle(multi, t->easy) != CURLM_OK) {
		settle_memory(t);
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
		settle_memory(t);
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
		settle(t, OUTCOME_REJECTED, "%ld without a Location", t->status);
		return false;
	}
	if (t->redirects == REDIRECTS_MOST) {
		settle(t, OUTCOME_REJECTED, "more than %d redirects", REDIRECTS_MOST);
		return false;
	}
	if (strncasecmp(target, "https://", 8) != 0 &&
	    (strncasecmp(target, "http://", 7) != 0 || strncasecmp(t->url, "https://", 8) == 0)) {
		char *shown = url_without_secrets(target);
		settle(t, OUTCOME_REJECTED, "a redirect to %.100s is not followed",
		       shown != NULL ? shown : "?");
		free(shown);
		return false;
	}
	char *url = strdup(target);
	if (url == NULL) {
		settle_memory(t);
		return false;
	}
	t->redirects++;
	free(t->url);
	t->url = url;
	begin(t, multi, t->url, url_same_origin(t->url, t->server->url));
	return t->running;
}

/* An object store says 403 to a reader who may not list what is not there. Where it has given a
 * file to the same reader before, or its share's marker can be read, absent is what it means. */
static bool is_denied_listing(const struct transfer *t)
{
	return t->status == 403 && t->xml && !t->challenge &&
	       strstr(t->complaint, "<Code>AccessDenied</Code>") != NULL;
}

static void settle_denied(struct transfer *t)
{
	if (t->server->gave || t->server->marker == MARKER_THERE)
		settle(t, OUTCOME_ABSENT, "403 AccessDenied: an object store's word for absent");
	else
		settle(t, OUTCOME_AUTH, "403");
}

/* True where the share's marker is asked for. */
static bool probe(struct transfer *t, CURLM *multi)
{
	char *url = format_string("%s" SHARE_MARKER, t->server->url);
	if (url == NULL) {
		settle_memory(t);
		return false;
	}
	free(t->url);
	t->url = url;
	t->probing = true;
	begin(t, multi, t->url, true);
	return t->running;
}

static void settle_proxy(struct transfer *t, long status)
{
	settle(t, status == 407 ? OUTCOME_AUTH : OUTCOME_UNAVAILABLE,
	       status == 407 ? "407: the proxy wants a password (http_proxy, https_proxy)"
			     : "the proxy said %ld",
	       status);
}

static void settle_status(struct transfer *t)
{
	static const struct {
		long status;
		enum outcome outcome;
	} special[] =
		{
			{401, OUTCOME_AUTH},        {403, OUTCOME_AUTH},
			{406, OUTCOME_TOO_LARGE},   {408, OUTCOME_UNAVAILABLE},
			{421, OUTCOME_UNAVAILABLE}, /* this connection is for another host */
			{425, OUTCOME_UNAVAILABLE}, /* too early */
			{429, OUTCOME_UNAVAILABLE}, {511, OUTCOME_AUTH}, /* a captive portal */
			{203, OUTCOME_UNAVAILABLE},                      /* changed on its way */
		};
	if (t->status == 407) {
		settle_proxy(t, t->status);
		return;
	}
	enum outcome outcome = t->status >= 500   ? OUTCOME_UNAVAILABLE
			       : t->status >= 400 ? OUTCOME_ABSENT
						  : OUTCOME_REJECTED;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (special[i].status == t->status)
			outcome = special[i].outcome;
	settle(t, outcome, "%ld%s", t->status, t->status == 203 ? ": changed on its way" : "");
	t->refused = t->status == 429 || (t->status == 503 && t->retry_after >= 0);
}

static bool descriptors_are_short(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return errno == EMFILE;
	close(fd);
	return false;
}

static void settle_failure(struct transfer *t, CURLcode result)
{
	const char *why = t->curl_text[0] != '\0' ? t->curl_text : libcurl.easy_strerror(result);
	long number = 0, proxy = 0;
	libcurl.easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number);
	libcurl.easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	if (proxy >= 400) {
		settle_proxy(t, proxy);
		return;
	}
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
	case CURLE_OUT_OF_MEMORY:
		settle_memory(t);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		settle(t, OUTCOME_UNAVAILABLE, "no connection within %.3g s",
		       connect_limit(t->settings));
		t->worth_retry = false;
		t->silent = true;
		break;
	default:
		settle(t, OUTCOME_UNAVAILABLE, "%s", why);
	}
	/* Without a descriptor for a socket, libcurl could not connect. */
	t->shortage = number == EMFILE || number == ENFILE ||
		      ((result == CURLE_COULDNT_CONNECT || result == CURLE_COULDNT_RESOLVE_HOST ||
			result == CURLE_COULDNT_RESOLVE_PROXY || result == CURLE_OUT_OF_MEMORY) &&
		       descriptors_are_short());
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

/* The end of a question for the share's marker. */
static void settle_probe(struct transfer *t, CURLcode result)
{
	if (t->status != 0 && t->headers_ended)
		t->server->marker = result == CURLE_OK && t->status == 200 && !t->html
					    ? MARKER_THERE
					    : MARKER_NOT;
	settle_denied(t);
}

bool transfer_end(struct transfer *t, CURLM *multi, CURLcode result)
{
	leave(t, multi);
	if (t->stopped)
		return true;
	const bool drained = t->drained > DRAINED_MOST && result == CURLE_WRITE_ERROR;
	if (t->probing) {
		settle_probe(t, result);
		return true;
	}
	/* libcurl takes headers that broke off for an empty body. */
	if (!t->headers_ended && (result == CURLE_OK || drained)) {
		settle(t, OUTCOME_UNAVAILABLE, "closed in the middle of the headers");
		return true;
	}
	if (t->status >= 300 && t->status < 400 && t->status != 304 &&
	    (result == CURLE_OK || drained))
		return !follow(t, multi);
	if (is_denied_listing(t)) {
		if (!t->server->gave && t->server->marker == MARKER_UNKNOWN)
			return !probe(t, multi);
		settle_denied(t);
		return true;
	}
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
	leave(t, multi);
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
	leave(t, multi);
	settle(t, outcome, "%s", text);
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
	t->signature = NULL;
}
