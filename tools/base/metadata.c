/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * METADATA: what the package note holds, from the build's surroundings and the options.
 *
 * Sources: os-release(5), a list of shell assignments, for os, osVersion and osCpe; rpmbuild's
 * environment; Debian's changelog (deb-changelog(5), "SOURCE (VERSION) ...") with DEB_HOST_ARCH.
 */
#include "tools/base/metadata.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/root.h"

/* A list of assignments is no longer than this; a payload has to fit a note in page one. */
#define SMALL_FILE (1 << 20)

/* Reads a whole file, a pipe too; NULL after filling ERR. NUL-terminated. */
static char *read_text(const char *path, size_t *size, struct note_error *err)
{
	const bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "re");
	if (file == NULL) {
		error_system(err, "open");
		return NULL;
	}
	struct text text = {0};
	char buffer[4096];
	size_t got;
	while (text.size <= SMALL_FILE && (got = fread(buffer, 1, sizeof(buffer), file)) > 0)
		text_add(&text, buffer, got);
	const bool failed = ferror(file) != 0;
	if (failed)
		error_system(err, "read");
	if (!standard)
		fclose(file);
	if (!failed && text.size > SMALL_FILE)
		error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "longer than %d bytes",
			  SMALL_FILE);
	if (failed || text.size > SMALL_FILE) {
		text_free(&text);
		return NULL;
	}
	text_add(&text, "", 1);
	*size = text.size - 1;
	return text.data;
}

static bool set(struct cli *cli, struct note_package *package, const char *key, const char *value)
{
	struct note_error err;
	if (note_package_set(package, key, value, &err) == NOTE_OK)
		return true;
	cli_failf(cli, NULL, "metadata: %s", err.text);
	return false;
}

/* --- os-release --- */

/* The value of an assignment by os-release(5): in double quotes \ keeps $ " \ ` apart, single
 * quotes hold everything, outside a \ takes the next character. False for anything more. */
static bool unquote(const char *from, const char *end, struct text *out)
{
	char quote = '\0';
	for (const char *p = from; p < end; p++) {
		if (quote == '\0' && (*p == '"' || *p == '\'')) {
			quote = *p;
		} else if (quote != '\0' && *p == quote) {
			quote = '\0';
		} else if (*p == '\\' && quote != '\'') {
			if (++p == end)
				return false;
			if (quote == '"' && strchr("$\"\\`", *p) == NULL)
				text_add(out, "\\", 1);
			text_add(out, p, 1);
		} else if (quote == '\0' && (*p == ' ' || *p == '\t')) {
			return false;
		} else {
			text_add(out, p, 1);
		}
	}
	return quote == '\0';
}

static bool os_release_line(struct cli *cli, const char *path, const char *line, const char *end,
			    struct note_package *package)
{
	static const struct {
		const char *name;
		const char *key;
	} wanted[] = {{"ID", "os"}, {"VERSION_ID", "osVersion"}, {"CPE_NAME", "osCpe"}};
	const char *equals = memchr(line, '=', (size_t)(end - line));
	if (equals == NULL || *line == '#')
		return true;
	while (end > equals && (end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\t'))
		end--;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (strlen(wanted[i].name) != (size_t)(equals - line) ||
		    memcmp(wanted[i].name, line, (size_t)(equals - line)) != 0)
			continue;
		struct text value = {0};
		text_puts(&value, "");
		bool good = unquote(equals + 1, end, &value);
		if (!good)
			cli_failf(cli, path, "%s: the value's quotes are broken", wanted[i].name);
		else if (value.size != 0)
			good = set(cli, package, wanted[i].key, value.data);
		text_free(&value);
		return good;
	}
	return true;
}

static bool from_os_release(struct cli *cli, bool required, struct note_package *package)
{
	static const char *const paths[] = {"/etc/os-release", "/usr/lib/os-release"};
	struct note_error err;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		size_t size;
		char *text = read_text(paths[i], &size, &err);
		if (text == NULL)
			continue;
		bool good = true;
		for (const char *line = text; good && line < text + size;) {
			const char *end = strchr(line, '\n');
			if (end == NULL)
				end = text + size;
			good = os_release_line(cli, paths[i], line, end, package);
			line = end + 1;
		}
		free(text);
		return good;
	}
	if (required)
		cli_failf(cli, paths[0], "%s", err.text);
	return !required;
}

/* --- rpm --- */

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool rpm_is_around(void)
{
	return variable("RPM_PACKAGE_NAME") != NULL;
}

static bool from_rpm(struct cli *cli, struct note_package *package)
{
	static const char *const names[] = {"RPM_PACKAGE_NAME", "RPM_PACKAGE_VERSION",
					    "RPM_PACKAGE_RELEASE", "RPM_ARCH"};
	const char *values[4];
	for (size_t i = 0; i < 4; i++) {
		values[i] = variable(names[i]);
		if (values[i] == NULL) {
			cli_failf(cli, NULL, "--from rpm: %s is not set", names[i]);
			return false;
		}
	}
	char *version = xasprintf("%s-%s", values[1], values[2]);
	bool good = set(cli, package, "type", "rpm") && set(cli, package, "name", values[0]) &&
		    set(cli, package, "version", version) &&
		    set(cli, package, "architecture", values[3]);
	free(version);
	return good;
}

/* --- deb --- */

#define CHANGELOG "debian/changelog"

static bool deb_is_around(void)
{
	return variable("DEB_HOST_ARCH") != NULL && access(CHANGELOG, R_OK) == 0;
}

static bool from_deb(struct cli *cli, struct note_package *package)
{
	struct note_error err;
	size_t size;
	const char *architecture = variable("DEB_HOST_ARCH");
	if (architecture == NULL) {
		cli_failf(cli, NULL, "--from deb: DEB_HOST_ARCH is not set");
		return false;
	}
	/* Changelogs grow for decades and only the first line counts. */
	char line[4096];
	FILE *file = fopen(CHANGELOG, "re");
	if (file == NULL) {
		error_system(&err, "open");
		cli_fail(cli, CHANGELOG, &err);
		return false;
	}
	do {
		if (fgets(line, sizeof(line), file) == NULL)
			line[0] = '\0';
	} while (line[0] == '\n');
	fclose(file);
	char *name_end = strchr(line, ' ');
	char *version = name_end != NULL && name_end[1] == '(' ? name_end + 2 : NULL;
	size = version != NULL ? strcspn(version, ") \n") : 0;
	if (size == 0 || version[size] != ')') {
		cli_failf(cli, CHANGELOG, "it does not begin with 'SOURCE (VERSION)'");
		return false;
	}
	*name_end = '\0';
	version[size] = '\0';
	return set(cli, package, "type", "deb") && set(cli, package, "name", line) &&
	       set(cli, package, "version", version) &&
	       set(cli, package, "architecture", architecture);
}

/* --- together --- */

static bool from_surroundings(struct cli *cli, const struct metadata *metadata,
			      struct note_package *package)
{
	if (metadata->from.count == 0)
		return from_os_release(cli, false, package) &&
		       (!rpm_is_around() || from_rpm(cli, package)) &&
		       (rpm_is_around() || !deb_is_around() || from_deb(cli, package));
	for (size_t i = 0; i < metadata->from.count; i++) {
		const char *source = metadata->from.items[i];
		bool good;
		if (strcmp(source, "os-release") == 0) {
			good = from_os_release(cli, true, package);
		} else if (strcmp(source, "rpm") == 0) {
			good = from_rpm(cli, package);
		} else if (strcmp(source, "deb") == 0) {
			good = from_deb(cli, package);
		} else {
			cli_usage(cli, "--from wants one of rpm|deb|os-release, not '%s'", source);
			return false;
		}
		if (!good)
			return false;
	}
	return true;
}

static bool from_payload(struct cli *cli, const char *path, struct note_package **package)
{
	struct note_error err;
	size_t size;
	char *text = read_text(path, &size, &err);
	if (text == NULL) {
		cli_fail(cli, path, &err);
		return false;
	}
	/* A file ends with a newline; UAPI.8 lets white space follow the object. */
	int code = note_package_parse(package, text, size, &err);
	free(text);
	if (code == NOTE_OK)
		return true;
	cli_fail(cli, path, &err);
	return false;
}

static bool apply_pairs(struct cli *cli, const struct metadata *metadata,
			struct note_package *package)
{
	for (size_t i = 0; i < metadata->pairs.count; i++) {
		const char *pair = metadata->pairs.items[i];
		const char *equals = strchr(pair, '=');
		if (equals == NULL || equals == pair) {
			cli_usage(cli, "-k wants KEY=VALUE, not '%s'", pair);
			return false;
		}
		char *key = xstrdup(pair);
		key[equals - pair] = '\0';
		const bool good = set(cli, package, key, equals[1] != '\0' ? equals + 1 : NULL);
		free(key);
		if (!good)
			return false;
	}
	return true;
}

bool metadata_build(struct cli *cli, const struct metadata *metadata,
		    const struct metadata_default *extra, size_t count, char **payload)
{
	struct note_package *package = NULL;
	struct note_error err;
	bool good = false;
	*payload = NULL;
	if (metadata->payload != NULL) {
		if (!from_payload(cli, metadata->payload, &package))
			return false;
	} else {
		if (note_package_new(&package, &err) != NOTE_OK) {
			cli_fail(cli, NULL, &err);
			return false;
		}
		if (!from_surroundings(cli, metadata, package))
			goto out;
		for (size_t i = 0; i < count; i++)
			if (!set(cli, package, extra[i].key, extra[i].value))
				goto out;
	}
	if (!apply_pairs(cli, metadata, package))
		goto out;
	const char *json = note_package_json(package);
	if (json != NULL && strcmp(json, "{}") == 0) {
		cli_failf(cli, NULL,
			  "metadata: there is nothing to say; -k, --payload or --from "
			  "give the note its keys");
	} else {
		*payload = xstrdup(json != NULL ? json : "");
		good = json != NULL;
	}
out:
	note_package_free(package);
	return good;
}

void metadata_free(struct metadata *metadata)
{
	strings_free(&metadata->pairs);
	strings_free(&metadata->from);
}
