/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading .deb and .rpm in place: libarchive streams the entries, each ELF file or PE image is in
 * memory while it is looked at, and nothing is unpacked to disk.
 *
 * A .deb is an `ar` archive of debian-binary, control.tar.* and data.tar.* (deb(5)): a second
 * archive is read out of the entry of the first. An .rpm is headers and a compressed cpio archive,
 * which libarchive knows.
 */
#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/show/inspect.h"

/* An entry larger than this is refused: a compressed one may claim any size. */
#define MAX_ENTRY ((size_t)2 << 30)

#define BLOCK 65536

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

struct package {
	struct inspection *inspection;
	const struct record_style *style;
	const char *path;
	uint8_t *bytes; /* of the entry at hand; kept from one to the next */
	size_t room;
};

static void failed(struct package *package, const char *member, struct archive *archive)
{
	struct note_error error;
	const char *why = archive_error_string(archive);
	error_set(&error, NOTE_MALFORMED, NOTE_NO_OFFSET, "package: %s",
		  why != NULL ? why : "cannot be read");
	inspection_fail(package->inspection, package->path, member, &error);
}

/* Reads until SIZE bytes are there or the entry ends; the number that is there, or -1. */
static ssize_t read_up_to(struct package *package, struct archive *archive, size_t have,
			  size_t size)
{
	while (have < size) {
		if (have == package->room) {
			package->room = package->room != 0 ? 2 * package->room : BLOCK;
			package->bytes = xrealloc(package->bytes, package->room);
		}
		size_t want = package->room - have;
		if (want > size - have)
			want = size - have;
		la_ssize_t got = archive_read_data(archive, package->bytes + have, want);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

/* A regular file of the package: its head says whether the rest matters. */
static void show_entry(struct package *package, struct archive *archive, const char *name)
{
	struct image *image;
	struct note_error error;
	ssize_t have = read_up_to(package, archive, 0, 4);
	if (have >= 4 && memcmp(package->bytes, ELFMAG, SELFMAG) != 0 &&
	    memcmp(package->bytes, "MZ", 2) != 0)
		return;
	if (have == 4)
		have = read_up_to(package, archive, 4, MAX_ENTRY + 1);
	if (have < 0) {
		failed(package, name, archive);
		return;
	}
	if ((size_t)have > MAX_ENTRY) {
		error_set(&error, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "larger than 2 GiB");
		inspection_fail(package->inspection, package->path, name, &error);
		return;
	}
	if (image_open_memory(&image, package->bytes, (uint64_t)have, &error) == NOTE_OK) {
		inspect_image(package->inspection, package->style, image, package->path, name);
		image_close(image);
	}
}

/* "./usr/bin/x" of a .deb and "/usr/bin/x" are one name: "usr/bin/x". */
static const char *entry_name(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	if (name == NULL)
		name = archive_entry_pathname_utf8(entry);
	if (name == NULL)
		return "?";
	while (name[0] == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	return name;
}

static void show_entries(struct package *package, struct archive *archive)
{
	struct archive_entry *entry;
	int code;
	while ((code = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
	       code == ARCHIVE_WARN) {
		if (archive_entry_filetype(entry) != AE_IFREG ||
		    archive_entry_hardlink(entry) != NULL)
			continue;
		char *name = xstrdup(entry_name(entry));
		show_entry(package, archive, name);
		free(name);
	}
	if (code != ARCHIVE_EOF)
		failed(package, NULL, archive);
}

static struct archive *new_reader(bool package)
{
	struct archive *archive = archive_read_new();
	if (archive == NULL)
		return NULL;
	archive_read_support_filter_all(archive);
	if (package) {
		archive_read_support_format_ar(archive);
		archive_read_support_format_cpio(archive);
	} else {
		archive_read_support_format_tar(archive);
		archive_read_support_format_empty(archive);
	}
	return archive;
}

/* libarchive's way to read an archive inside the entry of another one. */
struct nested {
	struct archive *outer;
	uint8_t block[BLOCK];
};

static la_ssize_t read_nested(struct archive *inner, void *context, const void **block)
{
	struct nested *nested = context;
	la_ssize_t got = archive_read_data(nested->outer, nested->block, sizeof(nested->block));
	*block = nested->block;
	if (got < 0)
		archive_set_error(inner, archive_errno(nested->outer), "%s",
				  archive_error_string(nested->outer));
	return got < 0 ? ARCHIVE_FATAL : got;
}

static void show_data_member(struct package *package, struct archive *outer)
{
	struct nested *nested = xmalloc(sizeof(*nested));
	struct archive *inner = new_reader(false);
	nested->outer = outer;
	if (inner != NULL &&
	    archive_read_open(inner, nested, NULL, read_nested, NULL) == ARCHIVE_OK)
		show_entries(package, inner);
	else
		failed(package, NULL, inner != NULL ? inner : outer);
	archive_read_free(inner);
	free(nested);
}

/* The outer `ar` of a .deb. */
static void show_deb(struct package *package, struct archive *archive)
{
	struct archive_entry *entry;
	bool found = false;
	int code;
	while ((code = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
	       code == ARCHIVE_WARN) {
		if (strncmp(entry_name(entry), "data.tar", 8) != 0)
			continue;
		found = true;
		show_data_member(package, archive);
	}
	if (code != ARCHIVE_EOF) {
		failed(package, NULL, archive);
	} else if (!found) {
		struct note_error error;
		error_set(&error, NOTE_MALFORMED, NOTE_NO_OFFSET, "package: no data.tar in it");
		inspection_fail(package->inspection, package->path, NULL, &error);
	}
}

void inspect_package(struct inspection *inspection, const struct record_style *style, int fd,
		     const char *path)
{
	struct package package = {.inspection = inspection, .style = style, .path = path};
	struct archive *archive = new_reader(true);
	uint8_t magic[4] = {0};
	const bool rpm = pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
			 memcmp(magic, rpm_magic, sizeof(magic)) == 0;
	if (archive != NULL && lseek(fd, 0, SEEK_SET) == 0 &&
	    archive_read_open_fd(archive, fd, BLOCK) == ARCHIVE_OK) {
		(rpm ? show_entries : show_deb)(&package, archive);
	} else {
		failed(&package, NULL, archive);
	}
	archive_read_free(archive);
	free(package.bytes);
}
