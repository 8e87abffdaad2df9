/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The variables and files that AWS's own tools read, by name: see config.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "libnote/error.h"
#include "tools/base/text.h"
#include "tools/s3/internal.h"

#define TEXT_MOST (1u << 20)

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

const char *s3_variable(const char *name)
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
	const char *named = s3_variable(name_variable);
	const char *home = s3_variable("HOME");
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

int s3_read_sources(struct s3_sources *sources, struct note_error *err)
{
	const char *profile = s3_variable("AWS_PROFILE");
	if (profile == NULL)
		profile = s3_variable("AWS_DEFAULT_PROFILE");
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

void s3_free_sources(struct s3_sources *sources)
{
	free(sources->config);
	free(sources->credentials);
	free(sources->profile);
	free(sources->section);
}

char *s3_configured(const struct s3_sources *sources, const char *outer, const char *key)
{
	return s3_ini_value(sources->config, sources->section, outer, key);
}

/* --- endpoints and names --- */

char *s3_find_endpoint(const struct s3_sources *sources, const char *service)
{
	const char *ignore = s3_variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	char *name = xasprintf("AWS_ENDPOINT_URL_%s", service);
	char *low = xstrdup(service);
	char *out = NULL;
	for (char *p = low; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	const char *value = s3_variable(name);
	if (value == NULL)
		value = s3_variable("AWS_ENDPOINT_URL");
	if (ignore != NULL && strcasecmp(ignore, "true") == 0)
		value = NULL;
	else if (value == NULL) {
		char *services = s3_configured(sources, NULL, "services");
		if (services != NULL) {
			char *section = xasprintf("services %s", services);
			out = s3_ini_value(sources->config, section, low, "endpoint_url");
			free(section);
			free(services);
		}
		if (out == NULL)
			out = s3_configured(sources, low, "endpoint_url");
		if (out == NULL)
			out = s3_configured(sources, NULL, "endpoint_url");
	}
	if (value != NULL)
		out = xstrdup(value);
	free(name);
	free(low);
	return out;
}

const char *s3_domain(const char *region)
{
	return strncmp(region, "cn-", 3) == 0 ? "amazonaws.com.cn" : "amazonaws.com";
}

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
