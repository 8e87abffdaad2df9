/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A Debian package. deb(5): an ar archive of debian-binary, control.tar and data.tar, in this
 * order, each tar compressed in one way or another (ar: libnote/static_archive.h). control.tar
 * holds ./control, fields as in deb-control(5).
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/static_archive.h"
#include "tools/base/package/internal.h"
#include "tools/base/text.h"
#include "tools/base/text/control.h"

#define MEMBERS_MOST  64
#define CONTROL_MOST  (1 << 20)
#define CONTROL_CHUNK 4096

static bool is_member(const uint8_t *header, const char *name)
{
	const size_t length = strlen(name);
	return memcmp(header, name, length) == 0 && strchr("./ ", header[length]) != NULL;
}

static int find_members(struct image *image, int fd, struct payload *control, struct payload *data,
			struct note_error *err)
{
	uint64_t at = STATIC_ARCHIVE_MAGIC_SIZE;
	control->length = data->length = 0;
	for (int i = 0; i < MEMBERS_MOST && at < image->size; i++) {
		uint64_t size;
		const uint8_t *header =
			image_bytes(image, at, STATIC_ARCHIVE_HEADER_SIZE, "ar header", err);
		if (header == NULL)
			return err != NULL ? err->code : NOTE_MALFORMED;
		if (!static_archive_header(header, &size))
			return error_set(err, NOTE_MALFORMED, at, "no ar header");
		at += STATIC_ARCHIVE_HEADER_SIZE;
		if (size > image->size - at)
			return error_set(err, NOTE_MALFORMED, at,
					 "a member of %llu bytes ends after the file",
					 (unsigned long long)size);
		const struct payload member = {fd, at, size, PAYLOAD_TAR, NULL};
		if (is_member(header, "control.tar") && control->length == 0)
			*control = member;
		else if (is_member(header, "data.tar") && data->length == 0)
			*data = member;
		at += size + (size & 1);
	}
	if (control->length == 0 || data->length == 0)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "a Debian package without control.tar or data.tar");
	return NOTE_OK;
}

static int parse_control(const struct text *control, struct package_head *head,
			 struct note_error *err)
{
	head->type = "deb";
	head->name = control_field(control->data, control->size, "Package");
	head->version = control_field(control->data, control->size, "Version");
	head->architecture = control_field(control->data, control->size, "Architecture");
	if (head->name == NULL || head->version == NULL || head->architecture == NULL)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "a Debian package whose control file lacks Package, Version or "
				 "Architecture");
	/* "Source: NAME", or "Source: NAME (VERSION)" where that is not the package's own. */
	head->source_name = control_field(control->data, control->size, "Source");
	char *open = head->source_name != NULL ? strstr(head->source_name, " (") : NULL;
	if (open != NULL) {
		head->source_version = xasprintf("%.*s", (int)strcspn(open + 2, ")"), open + 2);
		*open = '\0';
	}
	char *built = control_field(control->data, control->size, "Auto-Built-Package");
	char *type = control_field(control->data, control->size, "Package-Type");
	head->is_debug = (built != NULL && strcmp(built, "debug-symbols") == 0) ||
			 (type != NULL && strcmp(type, "ddeb") == 0) ||
			 ends_with(head->name, "-dbgsym");
	free(built);
	free(type);
	char *dash = strrchr(head->version, '-');
	if (dash != NULL) {
		*dash = '\0';
		head->release = xstrdup(dash + 1);
	}
	return NOTE_OK;
}

static int read_control(const struct payload *payload, struct package_head *head,
			struct note_error *err)
{
	struct payload_reader *reader;
	struct package_file file;
	struct text control = {0};
	int code = payload_open(&reader, payload, err);
	if (code != NOTE_OK)
		return code;
	do
		code = payload_next(reader, &file, err);
	while (code == NOTE_OK && strcmp(file.path, "control") != 0);
	if (code == NOTE_ABSENT)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "a Debian package without a control file");
	for (size_t got = 1; code == NOTE_OK && got != 0;) {
		char chunk[CONTROL_CHUNK];
		code = payload_read(reader, chunk, sizeof(chunk), &got, err);
		text_add(&control, chunk, got);
		if (control.size > CONTROL_MOST)
			code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "a control file of over 1 MiB");
	}
	if (code == NOTE_OK)
		code = parse_control(&control, head, err);
	text_free(&control);
	payload_close(reader);
	return code;
}

int deb_read_head(struct image *image, int fd, struct package_head *head, struct payload *payload,
		  struct note_error *err)
{
	static const char magic[] = STATIC_ARCHIVE_MAGIC "debian-binary";
	struct payload control;
	const uint8_t *start = image_bytes(image, 0, sizeof(magic) - 1, "magic", NULL);
	if (start == NULL || memcmp(start, magic, sizeof(magic) - 1) != 0)
		return NOTE_ABSENT;
	int code = find_members(image, fd, &control, payload, err);
	if (code == NOTE_OK)
		code = read_control(&control, head, err);
	return code;
}
