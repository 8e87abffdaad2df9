/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading tar, zip and cpio in place: each ELF file or PE image is in memory while it is looked at,
 * and of other files no more than their first bytes. Archives inside are looked into, once. */
#include "tools/show/archive.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"

#define MAX_FILE ((uint64_t)2 << 30)

/* Adds bytes of the member at hand to BYTES until these are SIZE. */
int archive_read(struct contents *contents, struct text *bytes, uint64_t size,
		 struct note_error *err)
{
	char block[16384];
	size_t got = 1;
	int code = NOTE_OK;
	while (code == NOTE_OK && got != 0 && bytes->size < size) {
		const uint64_t left = size - bytes->size;
		code = contents_read(contents, block,
				     left < sizeof(block) ? (size_t)left : sizeof(block), &got,
				     err);
		if (code == NOTE_OK)
			text_add(bytes, block, got);
	}
	return code;
}

/* Its head says whether the rest matters. */
static int show_file(struct archive_view *view, struct contents *contents, const char *member,
		     struct note_error *err)
{
	struct text *bytes = &view->bytes;
	struct image *image;
	bytes->size = 0;
	int code = archive_read(contents, bytes, SELFMAG, err);
	if (code != NOTE_OK || bytes->size < SELFMAG ||
	    (memcmp(bytes->data, ELFMAG, SELFMAG) != 0 && memcmp(bytes->data, "MZ", 2) != 0))
		return code;
	code = archive_read(contents, bytes, MAX_FILE + 1, err);
	if (code == NOTE_OK && bytes->size > MAX_FILE)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "larger than 2 GiB");
	if (code == NOTE_OK)
		code = image_open_memory(&image, bytes->data, bytes->size, err);
	if (code == NOTE_OK) {
		inspect_image(view->inspection, view->style, image, view->path, member);
		image_close(image);
	}
	return code;
}

static bool ends_with(const char *name, const char *end)
{
	const size_t length = strlen(name), wanted = strlen(end);
	return length >= wanted && strcmp(name + length - wanted, end) == 0;
}

static int show_nested(struct archive_view *view, struct contents *contents, const char *member,
		       struct note_error *err)
{
	struct contents *inner;
	if (view->depth > 0)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "an archive in an archive in an archive: not looked into; take it "
				 "out and name it");
	const int code = contents_open_member(&inner, contents, err);
	if (code != NOTE_OK)
		return code;
	view->depth++;
	archive_walk(view, inner, member);
	view->depth--;
	contents_close(inner);
	return NOTE_OK;
}

int archive_member(struct archive_view *view, struct contents *contents, const char *member,
		   struct note_error *err)
{
	if (contents_is_name(member))
		return show_nested(view, contents, member, err);
	if (ends_with(member, ".deb") || ends_with(member, ".rpm"))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "a package in an archive: not looked into; take it out and name "
				 "it");
	return show_file(view, contents, member, err);
}

void archive_walk(struct archive_view *view, struct contents *contents, const char *within)
{
	struct contents_entry entry;
	struct note_error error;
	int code;
	while ((code = contents_next(contents, &entry, &error)) == NOTE_OK) {
		if (!entry.is_file)
			continue;
		char *name = xstrdup(entry.path != NULL ? entry.path : entry.name);
		char *member = within != NULL ? xasprintf("%s: %s", within, name) : xstrdup(name);
		if (entry.path == NULL)
			code = error_set(&error, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "a name that leads out of the archive, or none: not "
					 "looked at");
		else
			code = archive_member(view, contents, member, &error);
		if (code != NOTE_OK)
			inspection_fail(view->inspection, view->path, member, &error);
		free(name);
		free(member);
	}
	if (code != NOTE_ABSENT)
		inspection_fail(view->inspection, view->path, within, &error);
}
