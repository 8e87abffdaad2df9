/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/s3/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libnote/error.h"
#include "tools/base/text.h"
#include "tools/s3/internal.h"

#define TRIES_USUAL 6
#define TRIES_MOST  20
#define LEAST_PART  (5u << 20) /* but for the last one of a file */
#define USUAL_FROM  (64u << 20)
#define USUAL_PART  (16u << 20)

/* --- the endpoint --- */

/* A name that can stand before the host: DNS, and no dots, which no certificate would match. */
static bool is_host_label(const char *bucket)
{
	const size_t length = strlen(bucket);
	return length >= 3 && length <= 63 && bucket[0] != '-' && bucket[length - 1] != '-' &&
	       strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

/* The bucket goes before the host at AWS, and into the path at an endpoint that was named,
 * unless the profile says otherwise. */
static int find_base(struct s3_config *config, const struct s3_sources *sources,
		     struct note_error *err)
{
	char *endpoint = s3_find_endpoint(sources, "S3");
	char *style = s3_configured(sources, "s3", "addressing_style");
	const bool named = endpoint != NULL;
	int code = NOTE_OK;
	if (!named)
		endpoint = xasprintf("https://s3.%s.%s", config->region, s3_domain(config->region));
	size_t length = strlen(endpoint);
	while (length > 0 && endpoint[length - 1] == '/')
		endpoint[--length] = '\0';
	const size_t scheme = strncmp(endpoint, "https://", 8) == 0  ? 8
			      : strncmp(endpoint, "http://", 7) == 0 ? 7
								     : 0;
	const bool before = style != NULL && strcmp(style, "virtual") == 0 ? true
			    : style != NULL && strcmp(style, "path") == 0  ? false
									   : !named;
	if (scheme == 0 || endpoint[scheme] == '\0' || strpbrk(endpoint, "?#@ ") != NULL)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "the endpoint '%.100s' is no http or https URL of a server",
				 endpoint);
	else if (before && is_host_label(config->bucket))
		config->base = xasprintf("%.*s%s.%s", (int)scheme, endpoint, config->bucket,
					 endpoint + scheme);
	else
		config->base = xasprintf("%s/%s", endpoint, config->bucket);
	free(style);
	free(endpoint);
	return code;
}

static int find_region(struct s3_config *config, const struct s3_sources *sources,
		       struct note_error *err)
{
	const char *region = s3_variable("AWS_REGION");
	if (region == NULL)
		region = s3_variable("AWS_DEFAULT_REGION");
	config->region = region != NULL ? xstrdup(region) : s3_configured(sources, NULL, "region");
	if (config->region == NULL)
		config->region = xstrdup("us-east-1");
	for (const char *p = config->region; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "'%.60s' is no region", config->region);
	return NOTE_OK;
}

/* --- files in parts --- */

/* "64MB", "8388608"; USUAL where it is not said. Units are powers of 1024, as AWS's tools take
 * them. */
static int find_size(const struct s3_sources *sources, const char *key, uint64_t usual,
		     uint64_t *out, struct note_error *err)
{
	static const char units[] = "KMGT";
	char *text = s3_configured(sources, "s3", key), *end;
	*out = usual;
	if (text == NULL)
		return NOTE_OK;
	unsigned long long number = strtoull(text, &end, 10);
	const char *unit = *end != '\0' ? strchr(units, toupper((unsigned char)*end)) : NULL;
	const bool plain = *end == '\0';
	if (unit != NULL)
		number <<= 10 * (unit - units + 1);
	const bool good =
		isdigit((unsigned char)text[0]) && number >= LEAST_PART &&
		number <= S3_OBJECT_MOST &&
		(plain || (unit != NULL && (end[1] == '\0' || strcasecmp(end + 1, "B") == 0 ||
					    strcasecmp(end + 1, "iB") == 0)));
	int code = good ? NOTE_OK
			: error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				    "%s '%.40s' is no size from 5MB to 5GB", key, text);
	if (good)
		*out = number;
	free(text);
	return code;
}

/* --- the URL --- */

static int take_url(struct s3_config *config, const char *url, struct note_error *err)
{
	const char *bucket = url + strlen("s3://");
	const size_t length = strcspn(bucket, "/");
	const char *prefix = bucket + length + strspn(bucket + length, "/");
	size_t end = strlen(prefix);
	while (end > 0 && prefix[end - 1] == '/')
		end--;
	config->bucket = xasprintf("%.*s", (int)length, bucket);
	config->prefix = end != 0 ? xasprintf("%.*s/", (int)end, prefix) : xstrdup("");
	config->source = xasprintf("%s/", config->bucket);
	if (length < 3 || length > 255 || bucket[0] == '.' ||
	    strspn(bucket, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") !=
		    length)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "'%.100s' is no bucket's name",
				 config->bucket);
	char *walled = xasprintf("/%s", config->prefix);
	const bool odd = strstr(walled, "/../") != NULL || strstr(walled, "/./") != NULL ||
			 strstr(config->prefix, "//") != NULL;
	free(walled);
	return odd ? error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
			       "a prefix without '.', '..' and empty parts is wanted")
		   : NOTE_OK;
}

int s3_renew_keys(struct s3_config *config, struct note_error *err)
{
	struct s3_sources sources = {0};
	struct s3_config fresh = *config;
	fresh.access_key = fresh.secret_key = fresh.token = NULL;
	fresh.expires = 0;
	int code = s3_read_sources(&sources, err);
	if (code == NOTE_OK)
		code = s3_find_keys(&fresh, &sources, err);
	s3_free_sources(&sources);
	if (code != NOTE_OK)
		return code;
	s3_forget_keys(config);
	*config = fresh;
	return NOTE_OK;
}

int s3_configure(struct s3_config *config, const char *url, struct note_error *err)
{
	struct s3_sources sources = {0};
	*config = (struct s3_config){.tries = TRIES_USUAL};
	const char *attempts = s3_variable("AWS_MAX_ATTEMPTS");
	const char *bundle = s3_variable("AWS_CA_BUNDLE");
	if (attempts != NULL && atoi(attempts) >= 1)
		config->tries = atoi(attempts) < TRIES_MOST ? (unsigned)atoi(attempts) : TRIES_MOST;
	config->ca_file = bundle != NULL ? xstrdup(bundle) : NULL;
	int code = take_url(config, url, err);
	if (code == NOTE_OK)
		code = s3_read_sources(&sources, err);
	if (code == NOTE_OK)
		code = find_region(config, &sources, err);
	if (code == NOTE_OK)
		code = find_base(config, &sources, err);
	if (code == NOTE_OK)
		code = find_size(&sources, "multipart_threshold", USUAL_FROM, &config->parts_from,
				 err);
	if (code == NOTE_OK)
		code = find_size(&sources, "multipart_chunksize", USUAL_PART, &config->part, err);
	if (code == NOTE_OK)
		code = s3_find_keys(config, &sources, err);
	s3_free_sources(&sources);
	if (code != NOTE_OK)
		s3_config_free(config);
	return code;
}

void s3_config_free(struct s3_config *config)
{
	free(config->bucket);
	free(config->prefix);
	free(config->base);
	free(config->source);
	free(config->region);
	free(config->ca_file);
	s3_forget_keys(config);
	*config = (struct s3_config){0};
}
