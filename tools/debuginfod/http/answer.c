/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an answer means: its headers and body as they come, and its end. Status codes: RFC 9110;
 * headers X-DEBUGINFOD-*: debuginfod(8).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tools/base/expansion/expansion.h"
#include "tools/base/retry.h"
#include "tools/debuginfod/http/internal.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/url.h"

/* Seconds until a connection stands. */
#define CONNECT_LONGEST 5.0
/* Headers that are kept. */
#define NOTES_MOST (64u << 10)

__attribute__((format(printf, 3, 4))) void answer_settle(struct transfer *t, enum outcome outcome,
							 const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(t->text, sizeof(t->text), format, args);
	va_end(args);
	t->outcome = outcome;
	t->error = outcome_error(outcome);
	t->worth_retry = outcome == OUTCOME_UNAVAILABLE;
}

void answer_out_of_memory(struct transfer *t)
{
	answer_settle(t, OUTCOME_UNAVAILABLE, "out of memory");
	t->error = ENOMEM;
	t->worth_retry = false;
}

/* From inside a callback: settles, and makes libcurl end the transfer. */
#define STOP(t, ...) ((t)->stopped = true, answer_settle(t, __VA_ARGS__))

/* What has a file, or is none, is seen before it is judged. */
static bool is_elf_artifact(const struct transfer *t)
{
	return t->artifact == ARTIFACT_DEBUGINFO || t->artifact == ARTIFACT_EXECUTABLE;
}

/* A page to sign in at, a captive portal: what comes says nothing of the file. */
static void settle_page(struct transfer *t)
{
	char *shown = url_without_secrets(t->url);
	answer_settle(t, OUTCOME_AUTH, "%ld: a web page came, as if to sign in%s%.90s", t->status,
		      t->redirects > 0 ? ", from " : "",
		      t->redirects > 0 && shown != NULL ? shown : "");
	free(shown);
}

/* --- headers --- */

void answer_forget(struct transfer *t)
{
	t->status = 0;
	t->content_length = t->declared_size = -1;
	t->retry_after = -1;
	t->chunked = t->encoded = t->html = t->xml = t->challenge = t->contradictory = false;
	t->size = -1;
	t->complaint[0] = '\0';
	free(t->signature);
	free(t->notes);
	t->signature = t->notes = NULL;
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

/* Keeps what debuginfod servers tell of a file; memory that is short loses a line of it. */
static void keep_note(struct transfer *t, const char *name, const char *value)
{
	if (strncasecmp(name, "x-debuginfod", 12) != 0)
		return;
	char *more = format_string("%s%s: %s\n", t->notes != NULL ? t->notes : "", name, value);
	if (more == NULL || strlen(more) > NOTES_MOST) {
		free(more);
		return;
	}
	free(t->notes);
	t->notes = more;
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
	else if (t->settings->sizes_only && !artifact_is_answer(t->artifact))
		STOP(t, OUTCOME_FOUND, "%ld", t->status);
	return !t->stopped;
}

size_t answer_header(char *bytes, size_t one, size_t size, void *context)
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
		answer_forget(t);
		libcurl.easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);
	} else if (length == 0) {
		/* Early hints and the like are no answer yet. */
		t->headers_ended = t->status >= 200;
		/* Of a changed answer (203) only what it looks like is of interest. */
		return (t->status != 200 && t->status != 203) || headers_will_do(t) ? size : 0;
	} else {
		char *colon = strchr(line, ':');
		if (colon == NULL)
			return size;
		*colon = '\0';
		const char *value = colon + 1 + strspn(colon + 1, " \t");
		note_header(t, line, value);
		keep_note(t, line, value);
	}
	return size;
}

/* --- body --- */

/* What is never markup itself: programs, DWARF, and sources but those that are named so. */
static bool is_no_markup(const struct transfer *t)
{
	if (is_elf_artifact(t) || t->name == NULL)
		return true;
	return t->artifact == ARTIFACT_SECTION
		       ? strncmp(t->name, ".debug_", 7) == 0 || strcmp(t->name, ".gdb_index") == 0
		       : !page_is_name(t->name);
}

/* Stops at the first byte that cannot be right. */
static bool body_will_do(struct transfer *t, const char *bytes, size_t size)
{
	const uint64_t total = t->received + size;
	const uint64_t most = t->settings->max_size;
	curl_off_t on_wire = 0;
	for (size_t i = 0; t->received + i < sizeof(t->beginning) - 1 && i < size; i++)
		t->beginning[t->received + i] = bytes[i];
	/* So many bytes tell, or it is at its end. */
	const bool told = total >= sizeof(t->beginning) - 1 || (int64_t)total == t->content_length;
	if (told && is_no_markup(t) && page_begins(t->beginning)) {
		t->stopped = true;
		settle_page(t);
	} else if (is_elf_artifact(t) && total >= 4 && memcmp(t->beginning, "\177ELF", 4) != 0 &&
		   (told || strchr(" \t\r\n<\xef", t->beginning[0]) == NULL))
		STOP(t, OUTCOME_REJECTED, "not an ELF file");
	else if (t->declared_size >= 0 && total > (uint64_t)t->declared_size)
		STOP(t, OUTCOME_REJECTED, "more than the %lld bytes of X-DEBUGINFOD-SIZE",
		     (long long)t->declared_size);
	else if (most != 0 && total > most)
		STOP(t, OUTCOME_TOO_LARGE, "more than %llu bytes", (unsigned long long)most);
	else if (t->encoded && t->declared_size < 0 &&
		 total > expansion_bound(0, EXPANSION_MEMORY)) {
		libcurl.easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &on_wire);
		if (total > expansion_bound((uint64_t)on_wire, EXPANSION_MEMORY))
			STOP(t, OUTCOME_REJECTED,
			     "a decompression bomb: %llu bytes out of %lld (--max-expansion)",
			     (unsigned long long)total, (long long)on_wire);
	}
	return !t->stopped;
}

size_t answer_body(char *bytes, size_t one, size_t size, void *context)
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
		t->error = EIO;
		t->worth_retry = false;
		return 0;
	}
	t->received += size;
	*t->settings->bytes += size;
	return size;
}

/* --- its end --- */

/* An object store says 403 to a reader who may not list what is not there. Where it has given a
 * file to the same reader before, or its share's marker can be read, absent is what it means. */
bool answer_denies_listing(const struct transfer *t)
{
	return t->status == 403 && t->xml && !t->challenge &&
	       strstr(t->complaint, "<Code>AccessDenied</Code>") != NULL;
}

void answer_denied(struct transfer *t)
{
	if (t->server->gave || t->server->marker == MARKER_THERE)
		answer_settle(t, OUTCOME_ABSENT,
			      "403 AccessDenied: an object store's word for absent");
	else
		answer_settle(t, OUTCOME_AUTH, "403");
}

/* Seconds until a connection must stand; 0 for never. */
double transfer_connect_limit(const struct transfer_settings *settings)
{
	double limit = CONNECT_LONGEST;
	if (settings->first_byte > 0 && settings->first_byte < limit)
		limit = settings->first_byte;
	if (settings->timeout > 0 && settings->timeout < limit)
		limit = settings->timeout;
	return settings->first_byte > 0 || settings->timeout > 0 ? limit : 0;
}

static void settle_proxy(struct transfer *t, long status)
{
	answer_settle(t, status == 407 ? OUTCOME_AUTH : OUTCOME_UNAVAILABLE,
		      status == 407 ? "407: the proxy wants a password (http_proxy, https_proxy)"
				    : "the proxy said %ld",
		      status);
}

void answer_status(struct transfer *t)
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
	answer_settle(t, outcome, "%ld%s", t->status,
		      t->status == 203 ? ": changed on its way" : "");
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

static int failure_error(CURLcode result)
{
	static const struct {
		CURLcode result;
		int error;
	} known[] = {
		{CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH},
		{CURLE_COULDNT_RESOLVE_PROXY, EHOSTUNREACH},
		{CURLE_URL_MALFORMAT, EINVAL},
		{CURLE_COULDNT_CONNECT, ECONNREFUSED},
		{CURLE_PEER_FAILED_VERIFICATION, ECONNREFUSED},
		{CURLE_OPERATION_TIMEDOUT, ETIME},
		{CURLE_OUT_OF_MEMORY, ENOMEM},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].result == result)
			return known[i].error;
	return ECONNRESET;
}

/* One of more than 100 KB: CURLE_TOO_LARGE, which libcurl before 8.6 calls lack of memory. */
static bool is_header_too_long(const struct transfer *t, CURLcode result)
{
	return (int)result == 100 ||
	       (result == CURLE_OUT_OF_MEMORY && t->status != 0 && !t->headers_ended);
}

void answer_failure(struct transfer *t, CURLcode result)
{
	const char *why = t->curl_text[0] != '\0' ? t->curl_text : libcurl.easy_strerror(result);
	long number = 0, proxy = 0;
	libcurl.easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &number);
	libcurl.easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	if (proxy >= 400) {
		settle_proxy(t, proxy);
		return;
	}
	if (is_header_too_long(t, result)) {
		answer_settle(t, OUTCOME_REJECTED, "a header that is too long");
		return;
	}
	switch (result) {
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: anything that is no answer */
	case CURLE_WEIRD_SERVER_REPLY:
		answer_settle(t, OUTCOME_REJECTED, "%s", why);
		break;
	case CURLE_URL_MALFORMAT:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CIPHER:
		/* Another try ends the same. */
		answer_settle(t, OUTCOME_UNAVAILABLE, "%s", why);
		t->worth_retry = false;
		break;
	case CURLE_OUT_OF_MEMORY:
		answer_out_of_memory(t);
		break;
	case CURLE_WRITE_ERROR:
		/* Not by us, who would have said why: by what unpacks the body. */
		answer_settle(t, t->encoded ? OUTCOME_REJECTED : OUTCOME_UNAVAILABLE, "%s",
			      t->encoded ? "its compressed body is broken" : why);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		answer_settle(t, OUTCOME_UNAVAILABLE, "no connection within %.3g s",
			      transfer_connect_limit(t->settings));
		t->worth_retry = false;
		t->silent = true;
		break;
	default:
		answer_settle(t, OUTCOME_UNAVAILABLE, "%s", why);
	}
	if (t->outcome == OUTCOME_UNAVAILABLE)
		t->error = failure_error(result);
	/* Without a descriptor for a socket, libcurl could not connect. */
	t->shortage = number == EMFILE || number == ENFILE ||
		      ((result == CURLE_COULDNT_CONNECT || result == CURLE_COULDNT_RESOLVE_HOST ||
			result == CURLE_COULDNT_RESOLVE_PROXY || result == CURLE_OUT_OF_MEMORY) &&
		       descriptors_are_short());
}

/* A good answer that has ended: is it all there? */
void answer_good(struct transfer *t)
{
	const int64_t received = (int64_t)t->received;
	long version = 0;
	libcurl.easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
	const bool framed = t->chunked || t->content_length >= 0 || t->declared_size >= 0 ||
			    version >= CURL_HTTP_VERSION_2_0;
	if (t->declared_size >= 0 && received != t->declared_size)
		answer_settle(t, OUTCOME_REJECTED, "%lld bytes instead of X-DEBUGINFOD-SIZE's %lld",
			      (long long)received, (long long)t->declared_size);
	else if (!t->encoded && t->content_length >= 0 && received != t->content_length)
		answer_settle(t, OUTCOME_REJECTED, "%lld bytes instead of Content-Length's %lld",
			      (long long)received, (long long)t->content_length);
	/* An ELF file says itself whether it is complete. */
	else if (!framed && !is_elf_artifact(t))
		answer_settle(t, OUTCOME_REJECTED,
			      "no length: nothing tells whether all of it came");
	else
		answer_settle(t, OUTCOME_FOUND, "%ld", t->status);
}

/* The end of a question for the share's marker. */
void answer_marker(struct transfer *t, CURLcode result)
{
	if (t->status != 0 && t->headers_ended)
		t->server->marker = result == CURLE_OK && t->status == 200 && !t->html
					    ? MARKER_THERE
					    : MARKER_NOT;
	answer_denied(t);
}
