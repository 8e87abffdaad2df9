/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * AWS Signature Version 4, in headers: an HMAC-SHA256, by a key that is derived of the secret one,
 * the day, region and service, of the request in its canonical form. libcurl signs too, and in each
 * version otherwise: what it makes of the path (7.88, 8.14), of the key's name (8.23). Path and
 * query of the URL are in canonical form (request.c).
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "tools/base/digest.h"
#include "tools/base/libraries/curl.h"
#include "tools/base/text.h"
#include "tools/s3/internal.h"

#define HMAC_SIZE SHA256_SIZE

struct moment {
	char whole[17]; /* 20261129T010203Z */
	char day[9];
};

static void take_moment(struct moment *out)
{
	const time_t now = time(NULL);
	struct tm tm;
	gmtime_r(&now, &tm);
	strftime(out->whole, sizeof(out->whole), "%Y%m%dT%H%M%SZ", &tm);
	memcpy(out->day, out->whole, 8);
	out->day[8] = '\0';
}

/* As a client sends it: without the port that goes without saying. */
static char *host_of(const char *url, const char **path)
{
	const bool secure = strncasecmp(url, "https:", 6) == 0;
	const char *start = strstr(url, "://");
	const char *host = start != NULL ? start + 3 : url;
	const size_t length = strcspn(host, "/?");
	const char *usual = secure ? ":443" : ":80";
	const size_t tail = strlen(usual);
	const bool is_usual = length > tail && strncmp(host + length - tail, usual, tail) == 0;
	*path = host + length;
	return xasprintf("%.*s", (int)(is_usual ? length - tail : length), host);
}

static bool is_signed(const char *header)
{
	return strncasecmp(header, "x-amz-", 6) == 0 || strncasecmp(header, "x-goog-", 7) == 0 ||
	       strncasecmp(header, "host:", 5) == 0;
}

/* "name:value": the name in lower case, blanks of the value once. */
static char *canonical_header(const char *header)
{
	struct text out = {0};
	const size_t name = strcspn(header, ":");
	for (size_t i = 0; i < name; i++) {
		const char c = header[i];
		text_add(&out, (char[]){c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c}, 1);
	}
	text_puts(&out, ":");
	const char *p = header + name + (header[name] == ':');
	p += strspn(p, " \t");
	while (*p != '\0') {
		const size_t word = strcspn(p, " \t");
		text_add(&out, p, word);
		p += word;
		const size_t blanks = strspn(p, " \t");
		if (blanks != 0 && p[blanks] != '\0')
			text_puts(&out, " ");
		p += blanks;
	}
	return out.data;
}

static int by_name(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	const size_t x_name = strcspn(x, ":"), y_name = strcspn(y, ":");
	const int order = memcmp(x, y, x_name < y_name ? x_name : y_name);
	return order != 0 ? order : (x_name > y_name) - (x_name < y_name);
}

/* What is signed of HEADERS: lines to OUT, and their names with ';' between them to NAMES. */
static void put_headers(struct text *out, struct text *names, const struct curl_slist *headers)
{
	struct strings lines = {0};
	for (; headers != NULL; headers = headers->next)
		if (is_signed(headers->data))
			strings_take(&lines, canonical_header(headers->data));
	if (lines.count > 1)
		qsort(lines.items, lines.count, sizeof(*lines.items), by_name);
	for (size_t i = 0; i < lines.count; i++) {
		text_printf(out, "%s\n", lines.items[i]);
		text_printf(names, "%s%.*s", i != 0 ? ";" : "", (int)strcspn(lines.items[i], ":"),
			    lines.items[i]);
	}
	strings_free(&lines);
}

/* The signature of the canonical REQUEST, as digits. */
static void sign(const struct s3_config *config, const char *service, const struct moment *moment,
		 const struct text *request, char out[2 * HMAC_SIZE + 1])
{
	const char *const scope[] = {moment->day, config->region, service, "aws4_request"};
	char digest[2 * SHA256_SIZE + 1];
	uint8_t key[HMAC_SIZE], next[HMAC_SIZE];
	char *secret = xasprintf("AWS4%s", config->secret_key);
	sha256_hex(request->data, request->size, digest);
	char *text = xasprintf("AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", moment->whole,
			       moment->day, config->region, service, digest);
	for (size_t i = 0; i < sizeof(scope) / sizeof(scope[0]); i++) {
		hmac_sha256(i == 0 ? (const void *)secret : key,
			    i == 0 ? strlen(secret) : sizeof(key), scope[i], strlen(scope[i]),
			    next);
		memcpy(key, next, sizeof(key));
	}
	hmac_sha256(key, sizeof(key), text, strlen(text), next);
	hex_encode(next, sizeof(next), out);
	explicit_bzero(secret, strlen(secret));
	explicit_bzero(key, sizeof(key));
	free(secret);
	free(text);
}

static struct curl_slist *add(struct curl_slist *headers, char *line)
{
	headers = libcurl.slist_append(headers, line);
	free(line);
	return headers;
}

struct curl_slist *s3_sign(const struct s3_config *config, const char *service, const char *method,
			   const char *url, const char *digest, struct curl_slist *headers)
{
	struct moment moment;
	struct text request = {0}, names = {0};
	char signature[2 * HMAC_SIZE + 1];
	const char *path;
	char *host = host_of(url, &path);
	const size_t length = strcspn(path, "?");
	take_moment(&moment);
	headers = add(headers, xasprintf("Host: %s", host));
	headers = add(headers, xasprintf("x-amz-date: %s", moment.whole));
	text_printf(&request, "%s\n%s%.*s\n%s\n", method, length == 0 ? "/" : "", (int)length, path,
		    path[length] == '?' ? path + length + 1 : "");
	put_headers(&request, &names, headers);
	text_printf(&request, "\n%s\n%s", names.data, digest);
	sign(config, service, &moment, &request, signature);
	headers = add(headers, xasprintf("Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/%s/%s/"
					 "aws4_request, SignedHeaders=%s, Signature=%s",
					 config->access_key, moment.day, config->region, service,
					 names.data, signature));
	text_free(&request);
	text_free(&names);
	free(host);
	return headers;
}
