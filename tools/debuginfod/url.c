/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Servers and artifacts as URLs. Specification: RFC 3986; debuginfod(8), "WEBAPI";
 * debuginfod-find(1), DEBUGINFOD_URLS.
 */
#include "tools/debuginfod/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/base/libraries/curl.h"
#include "tools/debuginfod/memory.h"

/* --- encoding --- */

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

char *url_encode_path(const char *path)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = malloc(3 * strlen(path) + 1);
	char *to = out;
	if (out == NULL)
		return NULL;
	for (; *path != '\0'; path++) {
		if (is_unreserved(*path) || *path == '/') {
			*to++ = *path;
		} else {
			*to++ = '%';
			*to++ = digits[(unsigned char)*path >> 4];
			*to++ = digits[(unsigned char)*path & 15];
		}
	}
	*to = '\0';
	return out;
}

/* --- libcurl's URLs: NULL also where it cannot be loaded, which client_open has said --- */

static CURLU *new_url(void)
{
	return curl_library_load(NULL) == NOTE_OK ? libcurl.url() : NULL;
}

static void free_url(CURLU *url)
{
	if (url != NULL)
		libcurl.url_cleanup(url);
}

/* --- servers --- */

static bool has_scheme(const char *word, const char *scheme)
{
	const size_t length = strlen(scheme);
	return strncasecmp(word, scheme, length) == 0 && strncmp(word + length, "://", 3) == 0;
}

/* "http:" of something, which is no host and port. */
static bool is_half_a_scheme(const char *word)
{
	static const char *const schemes[] = {"http:", "https:", "file:"};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const size_t length = strlen(schemes[i]);
		if (strncasecmp(word, schemes[i], length) == 0 &&
		    (word[length] < '0' || word[length] > '9'))
			return true;
	}
	return false;
}

char *url_server(const char *word)
{
	char *out;
	if (has_scheme(word, "http") || has_scheme(word, "https") || has_scheme(word, "file"))
		out = strdup(word);
	/* Of RFC 8089's ways to write a file's URL, the short one. */
	else if (strncasecmp(word, "file:/", 6) == 0)
		out = format_string("file://%s", word + 5);
	else if (strstr(word, "://") != NULL || word[0] == '\0' || is_half_a_scheme(word))
		return NULL;
	else if (word[0] == '/') {
		char *encoded = url_encode_path(word);
		out = encoded != NULL ? format_string("file://%s", encoded) : NULL;
		free(encoded);
	} else {
		out = format_string("http://%s", word);
	}
	if (out == NULL)
		return NULL;
	for (size_t end = strlen(out); end > 0 && out[end - 1] == '/'; end--)
		out[end - 1] = '\0';
	CURLU *parts = new_url();
	/* "file://" alone has lost its slash above; the root directory is no share. */
	if (parts == NULL || strpbrk(out, "?#") != NULL ||
	    libcurl.url_set(parts, CURLUPART_URL, out, 0) != CURLUE_OK) {
		free(out);
		out = NULL;
	}
	free_url(parts);
	return out;
}

static const struct {
	const char *prefix;
	enum ima_policy policy;
} policies[] = {{"ima:enforcing ", IMA_ENFORCING}, {"ima:permissive ", IMA_PERMISSIVE}};

const char *url_without_policy(const char *entry, enum ima_policy *policy)
{
	*policy = IMA_IGNORE;
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (strncmp(entry, policies[i].prefix, strlen(policies[i].prefix)) == 0) {
			*policy = policies[i].policy;
			return entry + strlen(policies[i].prefix);
		}
	return entry;
}

const char *url_policy(const char *word)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		const size_t length = strlen(policies[i].prefix) - 1;
		if (strncmp(word, policies[i].prefix, length) == 0 && word[length] == '\0')
			return policies[i].prefix;
	}
	return NULL;
}

/* --- artifacts --- */

static const char *const artifact_names[] = {
	[ARTIFACT_DEBUGINFO] = "debuginfo",
	[ARTIFACT_EXECUTABLE] = "executable",
	[ARTIFACT_SOURCE] = "source",
	[ARTIFACT_SECTION] = "section",
};

char *url_artifact(const char *base, enum artifact artifact, const char *hex, const char *name)
{
	if (artifact == ARTIFACT_METADATA)
		return format_string("%s/metadata?%s", base, name);
	if (artifact == ARTIFACT_DOCUMENT)
		return format_string("%s/%s", base, name);
	char *encoded = url_encode_path(name != NULL ? name : "");
	const char *slash = name != NULL && name[0] != '/' ? "/" : "";
	char *out = encoded != NULL ? format_string("%s/buildid/%s/%s%s%s", base, hex,
						    artifact_names[artifact], slash, encoded)
				    : NULL;
	free(encoded);
	return out;
}

char *url_share_path(enum artifact artifact, const char *hex, const char *name)
{
	const size_t room = strlen(hex) + (name != NULL ? strlen(name) : 0) + 32;
	char *out = malloc(room);
	if (out == NULL)
		return NULL;
	size_t used = (size_t)snprintf(out, room, "buildid/%s/%s", hex, artifact_names[artifact]);
	const size_t start = used;
	/* Without empty and "." components, each ".." taking the one before it. */
	for (const char *p = name != NULL ? name : ""; *p != '\0';) {
		const size_t length = strcspn(p, "/");
		if (length == 2 && memcmp(p, "..", 2) == 0) {
			while (used > start && out[--used] != '/')
				;
		} else if (length != 0 && (length != 1 || p[0] != '.')) {
			out[used++] = '/';
			memcpy(out + used, p, length);
			used += length;
		}
		p += length;
		p += *p == '/';
	}
	out[used] = '\0';
	return out;
}

/* --- parts of a URL --- */

static char *part_of(const char *url, CURLUPart part, unsigned flags)
{
	char *got = NULL;
	char *out = NULL;
	CURLU *parts = new_url();
	if (parts != NULL && libcurl.url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    libcurl.url_get(parts, part, &got, flags) == CURLUE_OK) {
		out = strdup(got);
		libcurl.free(got);
	}
	free_url(parts);
	return out;
}

char *url_directory(const char *url)
{
	const char *path = url + strlen("file://");
	if (strncasecmp(path, "localhost/", 10) == 0)
		path += 9;
	if (!has_scheme(url, "file") || path[0] != '/' || curl_library_load(NULL) != NOTE_OK)
		return NULL;
	int length = 0;
	char *decoded = libcurl.easy_unescape(NULL, path, 0, &length);
	char *out = NULL;
	if (decoded != NULL && memchr(decoded, '\0', (size_t)length) == NULL)
		out = strdup(decoded);
	libcurl.free(decoded);
	return out;
}

char *url_without_secrets(const char *url)
{
	const char *scheme = strstr(url, "://");
	if (scheme == NULL)
		return strdup(url);
	const char *host = scheme + 3;
	const char *end = host + strcspn(host, "/?#");
	const char *at = memrchr(host, '@', (size_t)(end - host));
	if (at == NULL)
		return strdup(url);
	return format_string("%.*s%s", (int)(host - url), url, at + 1);
}

bool url_same_origin(const char *a, const char *b)
{
	static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		char *one = part_of(a, parts[i], CURLU_DEFAULT_PORT);
		char *other = part_of(b, parts[i], CURLU_DEFAULT_PORT);
		const bool same = one != NULL && other != NULL && strcasecmp(one, other) == 0;
		free(one);
		free(other);
		if (!same)
			return false;
	}
	return true;
}
