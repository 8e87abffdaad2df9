/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: .changes and .buildinfo (deb-changes(5), deb-buildinfo(5)): they name files beside
 * themselves, with checksums. The packages among them become inputs of their own, under their own
 * names; a file that is not there or has another checksum is unread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/file.h"
#include "tools/base/text/control.h"
#include "tools/release/inputs/content.h"
#include "tools/release/inputs/input.h"

#define CHANGES_MAX (64 << 20)

/* One line "SHA256 SIZE NAME". */
struct listed {
	char sha256[65];
	uint64_t size;
	const char *name;
};

static bool parse_line(char *line, struct listed *out)
{
	char *save = NULL, *end;
	const char *digest = strtok_r(line, " \t", &save);
	const char *size = strtok_r(NULL, " \t", &save);
	const char *name = strtok_r(NULL, " \t", &save);
	if (name == NULL || strtok_r(NULL, " \t", &save) != NULL || strlen(digest) != 64 ||
	    strspn(digest, "0123456789abcdef") != 64 || size[0] < '0' || size[0] > '9')
		return false;
	memcpy(out->sha256, digest, 65);
	errno = 0;
	out->size = strtoull(size, &end, 10);
	out->name = name;
	return errno == 0 && *end == '\0';
}

static int check_file(const char *path, const struct listed *listed, struct note_error *err)
{
	char digest[65];
	uint64_t size;
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return error_system(err, "open");
	int code = fstat(fd, &st) == 0 ? NOTE_OK : error_system(err, "stat");
	if (code == NOTE_OK && !S_ISREG(st.st_mode))
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not a regular file");
	if (code == NOTE_OK && (uint64_t)st.st_size != listed->size)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "it has %llu bytes, %llu are listed",
				 (unsigned long long)st.st_size, (unsigned long long)listed->size);
	if (code == NOTE_OK)
		code = file_digest(fd, &size, digest, err);
	if (code == NOTE_OK && strcmp(digest, listed->sha256) != 0)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "its SHA-256 is %s, %s is listed", digest, listed->sha256);
	close(fd);
	return code;
}

static void add_listed(struct units *units, const char *directory, const struct listed *listed,
		       units_fail *fail, void *context)
{
	struct note_error err;
	char *path = xasprintf("%s%s", directory, listed->name);
	if (strchr(listed->name, '/') != NULL || strcmp(listed->name, "..") == 0) {
		error_set(&err, NOTE_MALFORMED, NOTE_NO_OFFSET,
			  "'%s': a name that leads out of the directory", listed->name);
		fail(context, path, &err);
	} else if (check_file(path, listed, &err) != NOTE_OK) {
		fail(context, path, &err);
	} else if (is_package_file_name(listed->name)) {
		struct unit *unit = units_append(units, &package_input, units_name(units, path));
		unit->path = xstrdup(path);
	}
	free(path);
}

int changes_add(struct units *units, const char *input, int fd, units_fail *fail, void *context,
		struct note_error *err)
{
	uint8_t *bytes = NULL;
	size_t size, count = 0;
	char *save = NULL;
	struct stat st;
	if (fstat(fd, &st) == 0 && st.st_size > CHANGES_MAX)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "over %d bytes", CHANGES_MAX);
	int code = file_read(fd, &bytes, &size, err);
	if (code != NOTE_OK)
		return code;
	char *sums = control_field((const char *)bytes, size, "Checksums-Sha256");
	const char *slash = strrchr(input, '/');
	char *directory =
		slash != NULL ? xasprintf("%.*s", (int)(slash + 1 - input), input) : xstrdup("");
	if (sums == NULL)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "no field Checksums-Sha256");
	for (char *line = code == NOTE_OK ? strtok_r(sums, "\n", &save) : NULL; line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		struct listed listed;
		if (line[0] == '\0')
			continue;
		if (!parse_line(line, &listed)) {
			code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "Checksums-Sha256: line %zu is not 'SHA256 SIZE NAME'",
					 count + 1);
			break;
		}
		add_listed(units, directory, &listed, fail, context);
		count++;
	}
	free(directory);
	free(sums);
	free(bytes);
	return code;
}
