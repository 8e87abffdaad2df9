/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stacked libarchive readers with bounds of our own: see payload.h. */
#include "tools/release/payload.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/text.h"

#define CHUNK (256 * 1024)

/* What a package may unpack to. Real ones stay below 50 times their size as a whole, members
 * that are ELF files below 20; a bomb wants a thousand times. */
#define FREE_BYTES   (64ull << 20)
#define WHOLE_FACTOR 1000
#define FILE_FACTOR  64

#define LONGEST_PATH 4096

struct stream {
	struct payload_part part; /* what is still to be read of it */
	uint8_t *chunk;
	struct archive *unpacker;
	struct archive *parser;
	uint64_t budget; /* of unpacked bytes, what is left */
	uint64_t file_limit;
	bool burst; /* the budget is spent */
};

static la_ssize_t read_packed(struct archive *archive, void *context, const void **bytes)
{
	struct stream *stream = context;
	struct payload_part *part = &stream->part;
	const size_t want = part->length < CHUNK ? (size_t)part->length : CHUNK;
	ssize_t got = 0;
	do
		got = want != 0 ? pread(part->fd, stream->chunk, want, (off_t)part->offset) : 0;
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		archive_set_error(archive, errno, "read: %s", strerror(errno));
		return -1;
	}
	part->offset += (uint64_t)got;
	part->length -= (uint64_t)got;
	*bytes = stream->chunk;
	return got;
}

static la_ssize_t read_unpacked(struct archive *archive, void *context, const void **bytes)
{
	struct stream *stream = context;
	size_t size = 0;
	la_int64_t offset;
	const int code = archive_read_data_block(stream->unpacker, bytes, &size, &offset);
	if (code == ARCHIVE_EOF)
		return 0;
	if (code != ARCHIVE_OK) {
		const char *text = archive_error_string(stream->unpacker);
		archive_set_error(archive, EINVAL, "%s", text != NULL ? text : "broken");
		return -1;
	}
	if (size > stream->budget) {
		stream->burst = true; /* libarchive replaces the text of some errors */
		archive_set_error(archive, EFBIG, "too large");
		return -1;
	}
	stream->budget -= size;
	return (la_ssize_t)size;
}

/* The decompressors that packages use; none of them runs another program. */
static int open_unpacker(struct stream *stream)
{
	struct archive_entry *entry;
	struct archive *a = stream->unpacker = archive_read_new();
	archive_read_support_filter_none(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_format_raw(a);
	archive_read_support_format_empty(a);
	const int code = archive_read_open(a, stream, NULL, read_packed, NULL);
	return code != ARCHIVE_OK ? code : archive_read_next_header(a, &entry);
}

static int open_parser(struct stream *stream, enum payload_format format)
{
	struct archive *a = stream->parser = archive_read_new();
	archive_read_support_filter_none(a);
	if (format == PAYLOAD_TAR)
		archive_read_support_format_tar(a);
	else
		archive_read_support_format_cpio(a);
	return archive_read_open(a, stream, NULL, read_unpacked, NULL);
}

/* "./usr/bin/x" and "usr/bin/x" as "/usr/bin/x"; NULL for a name that leads elsewhere. */
static char *clean_path(const char *name)
{
	struct text path = {0};
	for (const char *at = name; *at != '\0';) {
		const size_t length = strcspn(at, "/");
		if (length == 2 && at[0] == '.' && at[1] == '.') {
			text_free(&path);
			return NULL;
		}
		if (length != 0 && !(length == 1 && at[0] == '.')) {
			text_puts(&path, "/");
			text_add(&path, at, length);
		}
		at += length;
		at += *at == '/';
	}
	if (path.data == NULL)
		text_puts(&path, "/");
	return path.data;
}

static int broken(struct stream *stream, const char *what, struct note_error *err)
{
	const char *text = archive_error_string(stream->parser);
	if (stream->burst)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "it unpacks to more than %d times its size", WHOLE_FACTOR);
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "%s: %s", what,
			 text != NULL ? text : "broken archive");
}

static bool is_elf(const struct text *data)
{
	return data->size >= 4 && memcmp(data->data, "\177ELF", 4) == 0;
}

/* Reads the current member into DATA, which grows by what really came, whatever the member's
 * header promised; only its beginning where ONLY_ELF is set and it is none. */
static int read_member(struct stream *stream, const char *path, bool only_elf, struct text *data,
		       struct note_error *err)
{
	static const char zeros[4096];
	for (;;) {
		const void *bytes;
		size_t size;
		la_int64_t offset;
		const int code = archive_read_data_block(stream->parser, &bytes, &size, &offset);
		if (code == ARCHIVE_EOF)
			return NOTE_OK;
		if (code != ARCHIVE_OK)
			return broken(stream, path, err);
		/* A hole (sparse file) is no way round the bound. */
		if (offset < 0 || (uint64_t)offset < data->size ||
		    (uint64_t)offset > stream->file_limit ||
		    size > stream->file_limit - (uint64_t)offset)
			return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "%s: a file of more than %llu bytes in a package of this "
					 "size",
					 path, (unsigned long long)stream->file_limit);
		while (data->size < (uint64_t)offset) {
			const uint64_t hole = (uint64_t)offset - data->size;
			text_add(data, zeros, hole < sizeof(zeros) ? hole : sizeof(zeros));
		}
		text_add(data, bytes, size);
		if (only_elf && data->size >= 4 && !is_elf(data))
			return NOTE_OK;
	}
}

/* Hands over one member if it is wanted; *MORE is false when the visitor has enough. */
static int visit_member(struct stream *stream, const char *path, enum payload_want want,
			const struct payload_visitor *visitor, bool *more, struct note_error *err)
{
	struct text data = {0};
	const int code = read_member(stream, path, want == WANT_IF_ELF, &data, err);
	if (code == NOTE_OK && (want == WANT_ALWAYS || is_elf(&data)))
		*more = visitor->take(visitor->context, path,
				      data.data != NULL ? (const uint8_t *)data.data
							: (const uint8_t *)"",
				      data.size);
	text_free(&data);
	return code;
}

static int visit_entry(struct stream *stream, struct archive_entry *entry,
		       const struct payload_visitor *visitor, bool *more, struct note_error *err)
{
	const char *name = archive_entry_pathname(entry);
	const la_int64_t size = archive_entry_size(entry);
	int code = NOTE_OK;
	if (name == NULL || strlen(name) > LONGEST_PATH)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "a member without a name, or with one over %d bytes",
				 LONGEST_PATH);
	char *path = clean_path(name);
	if (path == NULL)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "%s: a name that leads out of the package", name);
	/* Of a hard link's names, in cpio the last one has the contents. */
	const bool regular =
		archive_entry_filetype(entry) == AE_IFREG || archive_entry_hardlink(entry) != NULL;
	if (regular && size > 0) {
		const enum payload_want want = visitor->want(visitor->context, path);
		if (want != WANT_NOT)
			code = visit_member(stream, path, want, visitor, more, err);
	}
	free(path);
	return code;
}

int payload_members(const struct payload_part *part, enum payload_format format,
		    const struct payload_visitor *visitor, struct note_error *err)
{
	struct stream stream = {.part = *part, .chunk = xmalloc(CHUNK)};
	struct archive_entry *entry;
	bool more = true;
	int code = NOTE_OK, got;
	if (__builtin_mul_overflow(part->length, WHOLE_FACTOR, &stream.budget) ||
	    __builtin_add_overflow(stream.budget, FREE_BYTES, &stream.budget))
		stream.budget = UINT64_MAX;
	if (__builtin_mul_overflow(part->length, FILE_FACTOR, &stream.file_limit) ||
	    __builtin_add_overflow(stream.file_limit, FREE_BYTES, &stream.file_limit))
		stream.file_limit = UINT64_MAX;
	got = open_unpacker(&stream);
	if (got == ARCHIVE_EOF)
		goto out; /* nothing in it */
	if (got != ARCHIVE_OK) {
		const char *text = archive_error_string(stream.unpacker);
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "cannot be unpacked: %s",
				 text != NULL ? text : "?");
		goto out;
	}
	if (open_parser(&stream, format) != ARCHIVE_OK) {
		code = broken(&stream, "the archive in it", err);
		goto out;
	}
	while (code == NOTE_OK && more) {
		got = archive_read_next_header(stream.parser, &entry);
		if (got == ARCHIVE_EOF)
			break;
		/* A warning is about names that are not of this locale: bytes are what we want. */
		if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
			code = broken(&stream, "the archive in it", err);
		else
			code = visit_entry(&stream, entry, visitor, &more, err);
	}
out:
	archive_read_free(stream.parser);
	archive_read_free(stream.unpacker);
	free(stream.chunk);
	return code;
}
