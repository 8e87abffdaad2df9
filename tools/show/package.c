/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading .deb and .rpm in place: their members are looked at as those of archives are. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/package/package.h"
#include "tools/show/archive.h"

static const uint8_t rpm_magic[] = {0xed, 0xab, 0xee, 0xdb};
static const char deb_magic[] = "!<arch>\ndebian-binary";

bool package_is_one(struct image *image)
{
	uint8_t head[sizeof(deb_magic) - 1];
	if (image->size < sizeof(head) ||
	    image_copy(image, 0, sizeof(head), head, "package", NULL) != NOTE_OK)
		return false;
	return memcmp(head, deb_magic, sizeof(head)) == 0 ||
	       memcmp(head, rpm_magic, sizeof(rpm_magic)) == 0;
}

static int read_member(void *context, void *buffer, size_t room, size_t *got,
		       struct note_error *err)
{
	return package_read(context, buffer, room, got, err);
}

/* The file of the package at hand. */
static int show_member(struct archive_view *view, struct package *package, const char *name,
		       struct note_error *err)
{
	struct stream *stream;
	int code = stream_open_source(&stream, read_member, package, view->budget, err);
	if (code != NOTE_OK)
		return code;
	code = archive_member(view, stream, name, err);
	stream_close(stream);
	return code;
}

void inspect_package(struct inspection *inspection, const struct record_style *style, int fd,
		     const char *path)
{
	struct package *package;
	struct package_file file;
	struct note_error error;
	struct stream_budget budget = stream_budget_of(fd);
	struct archive_view view = {inspection, style, path, &budget, 0, {0}};
	int code = package_open(&package, fd, &error);
	if (code != NOTE_OK) {
		inspection_fail(inspection, path, NULL, &error);
		return;
	}
	while ((code = package_next(package, &file, &error)) == NOTE_OK) {
		if (file.link != NULL || file.later)
			continue;
		char *name = xstrdup(file.path);
		if (show_member(&view, package, name, &error) != NOTE_OK)
			inspection_fail(inspection, path, name, &error);
		free(name);
	}
	if (code != NOTE_ABSENT)
		inspection_fail(inspection, path, NULL, &error);
	text_free(&view.bytes);
	package_close(package);
}
