/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/s3/config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libnote/error.h"
#include "tools/base/text.h"

#define TRIES_USUAL 6
#define TRIES_MOST  20
#define TEXT_MOST   (1u << 20)

/* --- INI files --- */

/* One line, its comment and trailing blanks cut off; *NEXT is the one behind it. */
static char *take_line(const char *text, const char **next)
{
	size_t length = strcspn(text, "\r\n");
	*next = text + length + strspn(text + length, "\r\n");
	for (size_t i = 0; i < length; i++)
		if ((text[i] == '#' || text[i] == ';') &&
		    (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\t'))
			length = i;
	while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		length--;
	return xasprintf("%.*s", (int)length, text);
}

/* Where LINE is "[NAME]". */
static bool is_section(const char *line, const char *name)
{
	const size_t length = strlen(line);
	line++;
	const char *start = line + strspn(line, " \t");
	const char *end = line + length - 2;
	while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (size_t)(end - start) == strlen(name) && strncmp(start, name, strlen(name)) == 0;
}

/* The value where LINE is "KEY = VALUE", else NULL; it lies in LINE. */
static const char *value_of(const char *line, const char *key)
{
	line += strspn(line, " \t");
	const size_t length = strlen(key);
	if (strncasecmp(line, key, length) != 0)
		return NULL;
	line += length;
	line += strspn(line, " \t");
	return *line == '=' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

char *s3_ini_value(const char *text, const char *section, const char *outer, const char *key)
{
	bool in_section = false, in_outer = false;
	char *found = NULL;
	while (*text != '\0' && found == NULL) {
		char *line = take_line(text, &text);
		const bool indented = line[0] == ' ' || line[0] == '\t';
		const size_t length = strlen(line);
		const char *value = NULL;
		if (line[0] == '[' && line[length - 1] == ']' && length > 2) {
			in_section = is_section(line, section);
			in_outer = false;
		} else if (in_section && length != 0 && !indented) {
			if (outer == NULL)
				value = value_of(line, key);
			else
				in_outer = value_of(line, outer) != NULL;
		} else if (in_section && in_outer && indented) {
			value = value_of(line, key);
		}
		if (value != NULL && *value != '\0')
			found = xstrdup(value);
		free(line);
	}
	return found;
}

/* --- the environment and the files --- */

struct sources {
	char *config; /* the files' texts, "" where they are not there */
	char *credentials;
	char *profile; /* its name */
	char *section; /* in the config file: "default", "profile NAME" */
	bool named;    /* AWS_PROFILE is set */
};

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The whole of FILE, which may be any (/dev/null is usual), up to TEXT_MOST bytes. */
static char *read_all(FILE *file)
{
	struct text text = {0};
	char buffer[4096];
	size_t got;
	text_puts(&text, "");
	while (text.size < TEXT_MOST && (got = fread(buffer, 1, sizeof(buffer), file)) != 0)
		text_add(&text, buffer, got);
	return text.data;
}

/* The text of the file that VARIABLE or ~/.aws/NAME names. One that a variable names must be
 * there. */
static int read_text(const char *name_variable, const char *name, char **text,
		     struct note_error *err)
{
	const char *named = variable(name_variable);
	const char *home = variable("HOME");
	int code = NOTE_OK;
	char *path = named != NULL  ? xstrdup(named)
		     : home != NULL ? xasprintf("%s/.aws/%s", home, name)
				    : xstrdup("/dev/null");
	FILE *file = fopen(path, "re");
	if (file == NULL && named != NULL)
		code = error_system(err, "%s", path);
	*text = file != NULL ? read_all(file) : xstrdup("");
	if (file != NULL && ferror(file) != 0)
		code = error_system(err, "%s", path);
	if (file != NULL)
		fclose(file);
	free(path);
	return code;
}

static int read_sources(struct sources *sources, struct note_error *err)
{
	const char *profile = variable("AWS_PROFILE");
	if (profile == NULL)
		profile = variable("AWS_DEFAULT_PROFILE");
	sources->named = profile != NULL;
	sources->profile = xstrdup(profile != NULL ? profile : "default");
	sources->section = strcmp(sources->profile, "default") == 0
				   ? xstrdup("default")
				   : xasprintf("profile %s", sources->profile);
	int code = read_text("AWS_CONFIG_FILE", "config", &sources->config, err);
	if (code == NOTE_OK)
		code = read_text("AWS_SHARED_CREDENTIALS_FILE", "credentials",
				 &sources->credentials, err);
	return code;
}

static void free_sources(struct sources *sources)
{
	free(sources->config);
	free(sources->credentials);
	free(sources->profile);
	free(sources->section);
}

static char *configured(const struct sources *sources, const char *outer, const char *key)
{
	return s3_ini_value(sources->config, sources->section, outer, key);
}

/* --- keys --- */

static void keys_from(struct s3_config *config, const char *text, const char *section)
{
	config->access_key = s3_ini_value(text, section, NULL, "aws_access_key_id");
	config->secret_key = s3_ini_value(text, section, NULL, "aws_secret_access_key");
	config->token = s3_ini_value(text, section, NULL, "aws_session_token");
}

static void forget_keys(struct s3_config *config)
{
	free(config->access_key);
	free(config->secret_key);
	free(config->token);
	config->access_key = config->secret_key = config->token = NULL;
}

static int find_keys(struct s3_config *config, const struct sources *sources,
		     struct note_error *err)
{
	static const char *const others[] = {"role_arn", "credential_process", "sso_session",
					     "sso_start_url", "web_identity_token_file"};
	const char *access = variable("AWS_ACCESS_KEY_ID");
	const char *secret = variable("AWS_SECRET_ACCESS_KEY");
	const char *token = variable("AWS_SESSION_TOKEN");
	if (access != NULL && secret != NULL) {
		config->access_key = xstrdup(access);
		config->secret_key = xstrdup(secret);
		config->token = token != NULL ? xstrdup(token) : NULL;
		return NOTE_OK;
	}
	if (access != NULL || secret != NULL)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set");
	keys_from(config, sources->credentials, sources->profile);
	if (config->access_key == NULL || config->secret_key == NULL) {
		forget_keys(config);
		keys_from(config, sources->config, sources->section);
	}
	if (config->access_key != NULL && config->secret_key != NULL)
		return NOTE_OK;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char *value = configured(sources, NULL, others[i]);
		if (value == NULL)
			continue;
		free(value);
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "profile '%s' gets its keys by %s, which is not done here: put "
				 "them into the environment (aws configure export-credentials)",
				 sources->profile, others[i]);
	}
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			 "no keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them "
			 "into ~/.aws/credentials as profile '%s'",
			 sources->profile);
}

/* --- the endpoint --- */

/* NULL: AWS's own. */
static char *find_endpoint(const struct sources *sources)
{
	const char *ignore = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	const char *value = variable("AWS_ENDPOINT_URL_S3");
	char *out = NULL;
	if (ignore != NULL && strcasecmp(ignore, "true") == 0)
		return NULL;
	if (value == NULL)
		value = variable("AWS_ENDPOINT_URL");
	if (value != NULL)
		return xstrdup(value);
	char *services = configured(sources, NULL, "services");
	if (services != NULL) {
		char *section = xasprintf("services %s", services);
		out = s3_ini_value(sources->config, section, "s3", "endpoint_url");
		free(section);
		free(services);
	}
	if (out == NULL)
		out = configured(sources, "s3", "endpoint_url");
	return out != NULL ? out : configured(sources, NULL, "endpoint_url");
}

/* A name that can stand before the host: DNS, and no dots, which no certificate would match. */
static bool is_host_label(const char *bucket)
{
	const size_t length = strlen(bucket);
	return length >= 3 && length <= 63 && bucket[0] != '-' && bucket[length - 1] != '-' &&
	       strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

/* The bucket goes before the host at AWS, and into the path at an endpoint that was named,
 * unless the profile says otherwise. */
static int find_base(struct s3_config *config, const struct sources *sources,
		     struct note_error *err)
{
	char *endpoint = find_endpoint(sources);
	char *style = configured(sources, "s3", "addressing_style");
	const bool named = endpoint != NULL;
	int code = NOTE_OK;
	if (!named)
		endpoint = xasprintf("https://s3.%s.amazonaws.com", config->region);
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

static int find_region(struct s3_config *config, const struct sources *sources,
		       struct note_error *err)
{
	const char *region = variable("AWS_REGION");
	if (region == NULL)
		region = variable("AWS_DEFAULT_REGION");
	config->region = region != NULL ? xstrdup(region) : configured(sources, NULL, "region");
	if (config->region == NULL)
		config->region = xstrdup("us-east-1");
	for (const char *p = config->region; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "'%.60s' is no region", config->region);
	return NOTE_OK;
}

/* --- the URL --- */

char *s3_encode(const char *key)
{
	struct text out = {0};
	text_puts(&out, "");
	for (const char *p = key; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) || strchr("-._~/", *p) != NULL)
			text_add(&out, p, 1);
		else
			text_printf(&out, "%%%02X", (unsigned)(unsigned char)*p);
	}
	return out.data;
}

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

int s3_configure(struct s3_config *config, const char *url, struct note_error *err)
{
	struct sources sources = {0};
	*config = (struct s3_config){.tries = TRIES_USUAL};
	const char *attempts = variable("AWS_MAX_ATTEMPTS");
	const char *bundle = variable("AWS_CA_BUNDLE");
	if (attempts != NULL && atoi(attempts) >= 1)
		config->tries = atoi(attempts) < TRIES_MOST ? (unsigned)atoi(attempts) : TRIES_MOST;
	config->ca_file = bundle != NULL ? xstrdup(bundle) : NULL;
	int code = take_url(config, url, err);
	if (code == NOTE_OK)
		code = read_sources(&sources, err);
	if (code == NOTE_OK)
		code = find_region(config, &sources, err);
	if (code == NOTE_OK)
		code = find_base(config, &sources, err);
	if (code == NOTE_OK)
		code = find_keys(config, &sources, err);
	free_sources(&sources);
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
	forget_keys(config);
	*config = (struct s3_config){0};
}
