/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading tar, zip and cpio in place: each ELF file or PE image is in memory while it is looked at,
 * or, where it is large, in a file without a name; of others no more than their first bytes.
 * Archives and packages inside are looked into, once; and what is compressed, as far as it is such
 * a file. */
#include "tools/show/archive.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/container/container.h"
#include "tools/base/stored/stored.h"
#include "tools/show/nested.h"

#define MAX_FILE ((uint64_t)2 << 30)
#define MAX_KEPT ((uint64_t)16 << 20) /* in memory */

/* Adds what comes next in STREAM to BYTES until these are SIZE. */
static int read_up_to(struct stream *stream, struct text *bytes, uint64_t size,
		      struct note_error *err)
{
	const void *block = "";
	size_t got = 1;
	int code = NOTE_OK;
	while (code == NOTE_OK && got != 0 && bytes->size < size) {
		code = stream_read(stream, &block, &got, err);
		const uint64_t left = size - bytes->size;
		const size_t part = code != NOTE_OK ? 0 : got < left ? got : (size_t)left;
		text_add(bytes, block, part);
		if (part < got && code == NOTE_OK)
			stream_back(stream, got - part);
	}
	return code;
}

/* The file whose first bytes are at hand and whose others are in STREAM goes to a file without a
 * name: an image is read in any order. */
static int spool(struct archive_view *view, struct stream *stream, int out, uint64_t *size,
		 struct note_error *err)
{
	const void *block;
	size_t got = view->bytes.size;
	int code = stored_add(out, view->bytes.data, got, 0, err);
	*size = got;
	while (code == NOTE_OK && got != 0) {
		code = stream_read(stream, &block, &got, err);
		if (code == NOTE_OK)
			code = stored_add(out, block, got, *size, err);
		*size += got;
		if (code == NOTE_OK && *size > view->budget->held)
			code = stream_too_large(err);
		else if (code == NOTE_OK && *size > MAX_FILE)
			code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "larger than 2 GiB");
	}
	return code == NOTE_OK ? stored_end(out, *size, err) : code;
}

static void show_image(struct archive_view *view, struct image *image, const char *member)
{
	inspect_image(view->inspection, view->style, image, view->path, member);
	image_close(image);
}

static int show_spooled(struct archive_view *view, struct stream *stream, int fd,
			const char *member, struct note_error *err)
{
	struct image *image;
	uint64_t size;
	int code = spool(view, stream, fd, &size, err);
	if (code == NOTE_OK)
		code = image_open_fd(&image, fd, err);
	if (code == NOTE_OK)
		show_image(view, image, member);
	return code;
}

static int show_file(struct archive_view *view, struct stream *stream, const char *member,
		     struct note_error *err)
{
	struct text *bytes = &view->bytes;
	struct image *image;
	int fd;
	bytes->size = 0;
	const uint64_t held = view->budget->held;
	const uint64_t most = held < MAX_FILE ? held : MAX_FILE;
	int code = read_up_to(stream, bytes, MAX_KEPT, err);
	if (code == NOTE_OK && bytes->size == MAX_KEPT && stored_begin(&fd, NULL) == NOTE_OK) {
		code = show_spooled(view, stream, fd, member, err);
		close(fd);
		return code;
	}
	/* The rest, where there is no place for files. */
	if (code == NOTE_OK)
		code = read_up_to(stream, bytes, most + 1, err);
	if (code == NOTE_OK && bytes->size > MAX_FILE)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "larger than 2 GiB");
	if (code == NOTE_OK && bytes->size > held)
		return stream_too_large(err);
	if (code == NOTE_OK)
		code = image_open_memory(&image, bytes->data, bytes->size, err);
	if (code == NOTE_OK)
		show_image(view, image, member);
	return code;
}

static int show_nested(struct archive_view *view, struct stream *stream, const char *member,
		       struct note_error *err)
{
	struct contents *inner;
	const int code = contents_open(&inner, stream, view->budget, err);
	if (code != NOTE_OK)
		return code;
	archive_walk(view, inner, member);
	contents_close(inner);
	return NOTE_OK;
}

static int show_package(struct archive_view *view, struct stream *stream, const char *member,
			struct note_error *err)
{
	struct nested nested;
	struct stream *files;
	int code = nested_open(&nested, stream, view->budget, &files, err);
	if (code == NOTE_OK)
		code = show_nested(view, files, member, err);
	nested_close(&nested);
	return code == NOTE_ABSENT ? NOTE_OK : code; /* a package without files */
}

static bool is_squashfs(const void *head, size_t size)
{
	return size >= 96 && memcmp(head, "hsqs", 4) == 0;
}

/* By its first bytes, unpacked, and its name. */
static int show_by_head(struct archive_view *view, struct stream *stream, const char *member,
			const char *head, size_t size, struct note_error *err)
{
	const bool package = nested_is_package(head, size);
	int code;
	if (size >= SELFMAG && (memcmp(head, ELFMAG, SELFMAG) == 0 || memcmp(head, "MZ", 2) == 0))
		return show_file(view, stream, member, err);
	if (is_squashfs(head, size))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "a squashfs image in an archive: not looked into; take it out "
				 "and name it");
	if (!package && !contents_is_head(head, size) && !contents_is_name(member))
		return NOTE_OK;
	if (view->depth > 0)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "%s in an archive in an archive: not looked into; take it out "
				 "and name it",
				 package ? "a package" : "an archive");
	view->depth++;
	code = package ? show_package(view, stream, member, err)
		       : show_nested(view, stream, member, err);
	view->depth--;
	return code;
}

int archive_member(struct archive_view *view, struct stream *stream, const char *member,
		   struct note_error *err)
{
	const void *head;
	size_t size = 0;
	int code = stream_next_run(stream, err);
	if (code == NOTE_ABSENT)
		return NOTE_OK;
	const bool packed = stream_is_packed(stream);
	if (code == NOTE_OK)
		code = stream_peek(stream, 512, &head, &size, err);
	/* Of what looks compressed, and is not, nothing is known. */
	if (code != NOTE_OK)
		return packed && !view->budget->burst && !contents_is_name(member) ? NOTE_OK : code;
	return show_by_head(view, stream, member, head, size, err);
}

int archive_contents_member(struct archive_view *view, struct contents *contents,
			    const char *member, struct note_error *err)
{
	struct stream *stream;
	int code = contents_stream(contents, &stream, err);
	if (code != NOTE_OK)
		return code;
	code = archive_member(view, stream, member, err);
	stream_close(stream);
	return code;
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
			code = archive_contents_member(view, contents, member, &error);
		if (code != NOTE_OK)
			inspection_fail(view->inspection, view->path, member, &error);
		free(name);
		free(member);
	}
	if (code != NOTE_ABSENT)
		inspection_fail(view->inspection, view->path, within, &error);
}

/* --- images, and archives that are none --- */

static int show_layer_member(void *context, struct contents *contents, const char *name,
			     const char *layer, struct stream_budget *budget,
			     struct note_error *err)
{
	struct archive_view *view = context;
	const struct record_style *whole = view->style;
	struct record_style style = *whole;
	style.layer = layer;
	view->style = &style;
	view->budget = budget;
	const int code = archive_contents_member(view, contents, name, err);
	view->style = whole;
	return code;
}

static void tell_failure(void *context, const char *what, const struct note_error *error)
{
	const struct archive_view *view = context;
	inspection_fail(view->inspection, view->path, what, error);
}

static void tell(void *context, const char *what)
{
	const struct archive_view *view = context;
	inspection_say(view->inspection, view->path, what);
}

void inspect_layout(struct inspection *inspection, const struct record_style *style,
		    struct root *root, const char *path)
{
	struct archive_view view = {inspection, style, path, NULL, 0, {0}};
	const struct container_view hooks = {&view, show_layer_member, tell_failure, tell};
	container_read_layout(&hooks, root);
	text_free(&view.bytes);
}

void inspect_archive(struct inspection *inspection, const struct record_style *style, int fd,
		     const char *path)
{
	struct stream_budget budget = stream_budget_of(fd);
	struct archive_view view = {inspection, style, path, &budget, 0, {0}};
	const struct container_view hooks = {&view, show_layer_member, tell_failure, tell};
	struct contents *contents;
	struct note_error error;
	const bool image = container_read(&hooks, fd, &budget);
	const int code = image ? NOTE_OK : contents_open_fd(&contents, fd, &budget, &error);
	if (code != NOTE_OK)
		inspection_fail(inspection, path, NULL, &error);
	else if (!image)
		archive_walk(&view, contents, NULL);
	if (!image)
		contents_close(contents);
	text_free(&view.bytes);
}
