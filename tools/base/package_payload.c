/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The payload of a package: a compressed tar or cpio, unpacked and parsed by libarchive. Two of
 * its readers are stacked, the first only unpacks; what it gives is counted on its way to the
 * second, so that the bound holds for members, their headers and what is skipped alike. None of
 * the decompressors that are allowed runs another program.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/package_internal.h"
#include "tools/base/text.h"

#define CHUNK        (64 * 1024)
#define FREE_BYTES   (UINT64_C(64) << 20)
#define MOST_FACTOR  1000
#define LONGEST_PATH 4096

struct payload_reader {
	struct payload payload; /* what is still to be read of it */
	uint64_t budget;        /* of unpacked bytes, what is left */
	struct archive *unpacker;
	struct archive *parser;
	char *path; /* of the file at hand */
	char *link;
	bool ended;
	uint8_t chunk[CHUNK];
};

static la_ssize_t read_packed(struct archive *archive, void *context, const void **bytes)
{
	struct payload_reader *reader = context;
	struct payload *payload = &reader->payload;
	const size_t want = payload->length < CHUNK ? (size_t)payload->length : CHUNK;
	ssize_t got;
	do
		got = pread(payload->fd, reader->chunk, want, (off_t)payload->offset);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		archive_set_error(archive, errno, "read: %s", strerror(errno));
		return -1;
	}
	payload->offset += (uint64_t)got;
	payload->length -= (uint64_t)got;
	*bytes = reader->chunk;
	return got;
}

static la_ssize_t read_unpacked(struct archive *archive, void *context, const void **bytes)
{
	struct payload_reader *reader = context;
	size_t size = 0;
	la_int64_t offset;
	const int code = archive_read_data_block(reader->unpacker, bytes, &size, &offset);
	if (code == ARCHIVE_EOF)
		return 0;
	if (code != ARCHIVE_OK) {
		const char *why = archive_error_string(reader->unpacker);
		archive_set_error(archive, EINVAL, "%s", why != NULL ? why : "broken");
		return -1;
	}
	if (size > reader->budget) {
		archive_set_error(archive, EFBIG, "it unpacks to over %d times its size",
				  MOST_FACTOR);
		return -1;
	}
	reader->budget -= size;
	return (la_ssize_t)size;
}

static int broken(struct archive *archive, int code, const char *what, struct note_error *err)
{
	const char *why = archive_error_string(archive);
	return error_set(err, code, NOTE_NO_OFFSET, "%s: %s", what,
			 why != NULL ? why : "it cannot be read");
}

/* ARCHIVE_EOF where there is nothing in it. */
static int open_unpacker(struct payload_reader *reader)
{
	struct archive_entry *entry;
	struct archive *a = reader->unpacker = archive_read_new();
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_format_raw(a);
	archive_read_support_format_empty(a);
	const int code = archive_read_open(a, reader, NULL, read_packed, NULL);
	return code != ARCHIVE_OK ? code : archive_read_next_header(a, &entry);
}

int payload_open(struct payload_reader **out, const struct payload *payload, struct note_error *err)
{
	struct payload_reader *reader = xcalloc(1, sizeof(*reader));
	reader->payload = *payload;
	if (__builtin_mul_overflow(payload->length, MOST_FACTOR, &reader->budget) ||
	    __builtin_add_overflow(reader->budget, FREE_BYTES, &reader->budget))
		reader->budget = UINT64_MAX;
	int code = open_unpacker(reader);
	reader->ended = code == ARCHIVE_EOF;
	*out = reader;
	if (reader->ended)
		return NOTE_OK;
	if (code == ARCHIVE_OK) {
		reader->parser = archive_read_new();
		if (payload->format == PAYLOAD_TAR)
			archive_read_support_format_tar(reader->parser);
		else
			archive_read_support_format_cpio(reader->parser);
		archive_read_support_format_empty(reader->parser);
		if (archive_read_open(reader->parser, reader, NULL, read_unpacked, NULL) ==
		    ARCHIVE_OK)
			return NOTE_OK;
		code = broken(reader->parser, NOTE_MALFORMED, "the package's payload", err);
	} else {
		code = broken(reader->unpacker, NOTE_UNSUPPORTED, "the package's payload", err);
	}
	payload_close(reader);
	*out = NULL;
	return code;
}

void payload_close(struct payload_reader *reader)
{
	if (reader == NULL)
		return;
	archive_read_free(reader->parser);
	archive_read_free(reader->unpacker);
	free(reader->path);
	free(reader->link);
	free(reader);
}

/* "./usr/bin/x", "/usr/bin/x" as "usr/bin/x"; NULL for a name that leads elsewhere. */
static char *clean_path(const char *name)
{
	struct text path = {0};
	if (name == NULL || strlen(name) > LONGEST_PATH)
		return NULL;
	text_puts(&path, "");
	while (*name != '\0') {
		const size_t length = strcspn(name, "/");
		if (length == 2 && name[0] == '.' && name[1] == '.') {
			text_free(&path);
			return NULL;
		}
		if (length > 1 || (length == 1 && name[0] != '.')) {
			if (path.size != 0)
				text_puts(&path, "/");
			text_add(&path, name, length);
		}
		name += length;
		name += *name == '/';
	}
	return path.data;
}

static int take_entry(struct payload_reader *reader, struct archive_entry *entry,
		      struct package_file *file, struct note_error *err)
{
	const char *link = archive_entry_hardlink(entry);
	const la_int64_t size = archive_entry_size(entry);
	free(reader->path);
	free(reader->link);
	reader->path = clean_path(archive_entry_pathname(entry));
	reader->link = link != NULL ? clean_path(link) : NULL;
	if (reader->path == NULL || (link != NULL && reader->link == NULL))
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "a file without a name, or with one that leads out of the "
				 "package: %s",
				 archive_entry_pathname(entry) != NULL
					 ? archive_entry_pathname(entry)
					 : "?");
	const bool cpio = reader->payload.format == PAYLOAD_CPIO;
	*file = (struct package_file){
		.path = reader->path,
		.size = size > 0 ? (uint64_t)size : 0,
		.link = reader->link,
		.inode = (uint64_t)archive_entry_ino64(entry),
		.later = cpio && size == 0 && archive_entry_nlink(entry) > 1,
	};
	return NOTE_OK;
}

int payload_next(struct payload_reader *reader, struct package_file *file, struct note_error *err)
{
	struct archive_entry *entry;
	while (!reader->ended) {
		const int got = archive_read_next_header(reader->parser, &entry);
		if (got == ARCHIVE_EOF) {
			reader->ended = true;
			break;
		}
		/* A warning is about names that are not of this locale: bytes are what we want. */
		if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
			return broken(reader->parser, NOTE_MALFORMED, "the package's payload", err);
		if (archive_entry_filetype(entry) == AE_IFREG ||
		    archive_entry_hardlink(entry) != NULL)
			return take_entry(reader, entry, file, err);
	}
	return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no further file");
}

int payload_read(struct payload_reader *reader, void *buffer, size_t room, size_t *got,
		 struct note_error *err)
{
	const la_ssize_t size = archive_read_data(reader->parser, buffer, room);
	*got = size > 0 ? (size_t)size : 0;
	if (size < 0)
		return broken(reader->parser, NOTE_MALFORMED, reader->path, err);
	return NOTE_OK;
}
