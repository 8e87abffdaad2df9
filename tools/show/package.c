/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading .deb and .rpm in place: each ELF file or PE image is in memory while it is looked at,
 * and of other files no more than their first bytes. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/package/package.h"
#include "tools/show/inspect.h"

/* A file larger than this is refused: a compressed one may claim any size. */
#define MAX_FILE ((uint64_t)2 << 30)

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

/* Adds up to SIZE bytes of the file at hand to BYTES. */
static int read_up_to(struct package *package, struct text *bytes, size_t size,
		      struct note_error *err)
{
	char block[16384];
	size_t got = 1;
	int code = NOTE_OK;
	while (code == NOTE_OK && got != 0 && bytes->size < size) {
		const size_t left = size - bytes->size;
		code = package_read(package, block, left < sizeof(block) ? left : sizeof(block),
				    &got, err);
		if (code == NOTE_OK)
			text_add(bytes, block, got);
	}
	return code;
}

/* A file of the package: its head says whether the rest matters. */
static int show_member(struct inspection *inspection, const struct record_style *style,
		       struct package *package, const struct package_file *file, const char *path,
		       struct text *bytes, struct note_error *err)
{
	struct image *image;
	bytes->size = 0;
	int code = read_up_to(package, bytes, SELFMAG, err);
	if (code != NOTE_OK || bytes->size < SELFMAG ||
	    (memcmp(bytes->data, ELFMAG, SELFMAG) != 0 && memcmp(bytes->data, "MZ", 2) != 0))
		return code;
	if (file->size > MAX_FILE)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "larger than 2 GiB");
	code = read_up_to(package, bytes, file->size, err);
	if (code == NOTE_OK)
		code = image_open_memory(&image, bytes->data, bytes->size, err);
	if (code == NOTE_OK) {
		inspect_image(inspection, style, image, path, file->path);
		image_close(image);
	}
	return code;
}

void inspect_package(struct inspection *inspection, const struct record_style *style, int fd,
		     const char *path)
{
	struct package *package;
	struct package_file file;
	struct note_error error;
	struct text bytes = {0};
	int code = package_open(&package, fd, &error);
	if (code != NOTE_OK) {
		inspection_fail(inspection, path, NULL, &error);
		return;
	}
	while ((code = package_next(package, &file, &error)) == NOTE_OK) {
		if (file.link != NULL || file.later)
			continue;
		char *name = xstrdup(file.path);
		if (show_member(inspection, style, package, &file, path, &bytes, &error) != NOTE_OK)
			inspection_fail(inspection, path, name, &error);
		free(name);
	}
	if (code != NOTE_ABSENT)
		inspection_fail(inspection, path, NULL, &error);
	text_free(&bytes);
	package_close(package);
}
