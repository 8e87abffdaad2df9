/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Archives by libarchive: see contents.h. None of the decompressors runs another program. */
#include "tools/base/contents/contents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/libraries/archive.h"
#include "tools/base/stream/stream.h"
#include "tools/base/text.h"

#define MOST_PARTS 10000

struct contents {
	struct archive *archive;
	struct stream *stream;
	struct stream *own; /* to be closed, or NULL */
	struct stream_budget *budget;
	uint64_t start; /* of the archive at hand, in the stream's run */
	uint64_t data;  /* where that of the member at hand begins, of the archive */
	uint64_t size;  /* of the member at hand */
	uint64_t given; /* bytes of it */
	unsigned parts; /* archives in a row that were read to their ends */
	bool ended;     /* a read failed for good, and that was told: nothing follows */
	char *path;
	char *hardlink;
};

/* --- what libarchive reads --- */

static la_ssize_t read_stream(struct archive *archive, void *context, const void **bytes)
{
	struct contents *contents = context;
	struct note_error error;
	size_t size;
	if (stream_read(contents->stream, bytes, &size, &error) == NOTE_OK)
		return (la_ssize_t)size;
	libarchive.set_error(archive, EINVAL, "%s", error.text);
	return -1;
}

static la_int64_t skip_stream(struct archive *archive, void *context, la_int64_t request)
{
	struct stream *stream = ((struct contents *)context)->stream;
	(void)archive;
	const uint64_t from = stream_position(stream);
	const uint64_t left = stream_run_size(stream) - from;
	stream_seek(stream, from + ((uint64_t)request < left ? (uint64_t)request : left));
	return (la_int64_t)(stream_position(stream) - from);
}

static la_int64_t seek_stream(struct archive *archive, void *context, la_int64_t offset, int whence)
{
	struct contents *contents = context;
	struct stream *stream = contents->stream;
	const uint64_t from = whence == SEEK_SET   ? contents->start
			      : whence == SEEK_CUR ? stream_position(stream)
						   : stream_run_size(stream);
	la_int64_t to;
	(void)archive;
	if (__builtin_add_overflow((la_int64_t)from, offset, &to) ||
	    to < (la_int64_t)contents->start)
		return ARCHIVE_FATAL;
	stream_seek(stream, (uint64_t)to);
	return (la_int64_t)(stream_position(stream) - contents->start);
}

/* --- opening --- */

static int broken(struct contents *contents, const char *what, struct note_error *err)
{
	const char *why = libarchive.error_string(contents->archive);
	if (contents->budget->burst)
		return stream_too_much(err);
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "%s: %s", what,
			 why != NULL ? why : "it cannot be read");
}

static int open_archive(struct contents *contents, struct note_error *err)
{
	libarchive.read_free(contents->archive);
	struct archive *a = contents->archive = libarchive.read_new();
	contents->start = stream_position(contents->stream);
	libarchive.read_support_format_tar(a);
	libarchive.read_support_format_cpio(a);
	libarchive.read_support_format_zip(a);
	libarchive.read_support_format_empty(a);
	libarchive.read_set_callback_data(a, contents);
	libarchive.read_set_read_callback(a, read_stream);
	if (stream_can_seek(contents->stream)) {
		libarchive.read_set_skip_callback(a, skip_stream);
		libarchive.read_set_seek_callback(a, seek_stream);
	}
	return libarchive.read_open1(a) == ARCHIVE_OK ? NOTE_OK
						      : broken(contents, "the archive", err);
}

int contents_open(struct contents **out, struct stream *stream, struct stream_budget *budget,
		  struct note_error *err)
{
	*out = NULL;
	int code = archive_library_load(err);
	if (code != NOTE_OK)
		return code;
	struct contents *contents = xcalloc(1, sizeof(*contents));
	contents->stream = stream;
	contents->budget = budget;
	code = open_archive(contents, err);
	if (code == NOTE_OK)
		*out = contents;
	else
		contents_close(contents);
	return code;
}

/* STREAM is closed with it, or now. */
static int open_own(struct contents **out, struct stream *stream, struct stream_budget *budget,
		    struct note_error *err)
{
	int code = stream_next_run(stream, err);
	*out = NULL;
	if (code == NOTE_ABSENT)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "the archive: it is empty");
	if (code == NOTE_OK)
		code = contents_open(out, stream, budget, err);
	if (code == NOTE_OK)
		(*out)->own = stream;
	else
		stream_close(stream);
	return code;
}

int contents_open_fd(struct contents **out, int fd, struct stream_budget *budget,
		     struct note_error *err)
{
	struct stream *stream;
	const int code = stream_open_fd(&stream, fd, budget, err);
	*out = NULL;
	return code == NOTE_OK ? open_own(out, stream, budget, err) : code;
}

int contents_open_member(struct contents **out, struct contents *outer, struct note_error *err)
{
	struct stream *stream;
	const int code = contents_stream(outer, &stream, err);
	*out = NULL;
	return code == NOTE_OK ? open_own(out, stream, outer->budget, err) : code;
}

void contents_close(struct contents *contents)
{
	if (contents == NULL)
		return;
	libarchive.read_free(contents->archive);
	stream_close(contents->own);
	free(contents->path);
	free(contents->hardlink);
	free(contents);
}

/* --- archives in a row --- */

/* The kernel's boot configuration at the end of an initrd
 * (Documentation/admin-guide/bootconfig.rst): text, padding, size, checksum, magic. */
static bool is_boot_configuration(struct contents *contents)
{
	static const char magic[] = "#BOOTCONFIG\n";
	char last[sizeof(magic) - 1] = "";
	const void *bytes;
	size_t size = 1;
	if (!stream_back(contents->stream, stream_position(contents->stream) - contents->start))
		return false;
	while (size != 0) {
		if (stream_read(contents->stream, &bytes, &size, NULL) != NOTE_OK)
			return false;
		const size_t part = size < sizeof(last) ? size : sizeof(last);
		memmove(last, last + part, sizeof(last) - part);
		memcpy(last + sizeof(last) - part, (const char *)bytes + size - part, part);
	}
	return memcmp(last, magic, sizeof(last)) == 0;
}

/* What stands behind an archive and is none. */
static int strange_rest(struct contents *contents, uint64_t offset, struct note_error *err)
{
	contents->ended = true;
	if (is_boot_configuration(contents))
		return NOTE_ABSENT;
	return error_set(err, NOTE_MALFORMED, offset,
			 "behind the end of the archive there is something that is no archive: "
			 "not looked at");
}

/* A tar and a cpio have ends of their own. Of a zip its list is at the end of the file. */
static int next_archive(struct contents *contents, struct note_error *err)
{
	struct stream *stream = contents->stream;
	const uint64_t read = stream_position(stream) - contents->start;
	const la_int64_t used = libarchive.filter_bytes(contents->archive, 0);
	if ((libarchive.format(contents->archive) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP)
		return NOTE_ABSENT;
	if ((used < 0 || (uint64_t)used > read || !stream_back(stream, read - (uint64_t)used)))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "what stands behind an archive of its kind is not looked at");
	if (++contents->parts == MOST_PARTS)
		return error_set(err, NOTE_UNSUPPORTED, stream_offset(stream),
				 "more than 10000 archives in a row: the rest is not looked at");
	int code = stream_next_run(stream, err);
	if (code != NOTE_OK)
		return code;
	const uint64_t offset = stream_offset(stream);
	code = open_archive(contents, err);
	if (code != NOTE_OK && !contents->budget->burst &&
	    libarchive.format(contents->archive) == 0)
		return strange_rest(contents, offset, err);
	return code;
}

char *contents_path(const char *name)
{
	char *path = member_path(name);
	if (path == NULL || *path != '\0')
		return path;
	free(path);
	return NULL;
}

/* Whether all that a tar lacks is what fills up its last member to a block of 512 bytes: some
 * programs that make layers of images (umoci insert) end there, and what unpacks layers takes it.
 */
static bool lacks_filling_alone(struct contents *contents)
{
	const uint64_t there = stream_position(contents->stream) - contents->start;
	const void *bytes;
	size_t size;
	uint64_t end;
	return !contents->budget->burst &&
	       (libarchive.format(contents->archive) & ARCHIVE_FORMAT_BASE_MASK) ==
		       ARCHIVE_FORMAT_TAR &&
	       !__builtin_add_overflow(contents->data, contents->size, &end) && there >= end &&
	       there - end < -end % 512 &&
	       stream_read(contents->stream, &bytes, &size, NULL) == NOTE_OK && size == 0;
}

/* The next header, of the archive at hand or one behind it. */
static int next_header(struct contents *contents, struct archive_entry **entry,
		       struct note_error *err)
{
	while (true) {
		const int got = libarchive.read_next_header(contents->archive, entry);
		/* A warning is about names that are not of this locale: bytes are what we want. */
		if (got == ARCHIVE_OK || got == ARCHIVE_WARN)
			return NOTE_OK;
		if (got == ARCHIVE_FATAL && lacks_filling_alone(contents))
			return NOTE_ABSENT;
		if (got != ARCHIVE_EOF)
			return broken(contents, "the archive", err);
		const int code = next_archive(contents, err);
		if (code != NOTE_OK)
			return code;
	}
}

int contents_next(struct contents *contents, struct contents_entry *out, struct note_error *err)
{
	struct archive_entry *entry;
	if (contents->ended)
		return NOTE_ABSENT;
	const int code = next_header(contents, &entry, err);
	if (code != NOTE_OK) {
		contents->ended = true;
		return code;
	}
	const char *name = libarchive.entry_pathname(entry);
	const la_int64_t size = libarchive.entry_size(entry);
	const la_int64_t data = libarchive.filter_bytes(contents->archive, 0);
	contents->data = data > 0 ? (uint64_t)data : 0;
	contents->size = size > 0 ? (uint64_t)size : 0;
	contents->given = 0;
	free(contents->path);
	free(contents->hardlink);
	contents->path = contents_path(name);
	/* In a cpio the last name of a file comes with what is in it. */
	contents->hardlink = size > 0 ? NULL : contents_path(libarchive.entry_hardlink(entry));
	*out = (struct contents_entry){
		.path = contents->path,
		.name = name != NULL ? name : "",
		.size = contents->size,
		.is_directory = libarchive.entry_filetype(entry) == AE_IFDIR,
		.is_file =
			libarchive.entry_filetype(entry) == AE_IFREG && contents->hardlink == NULL,
		.hardlink = contents->hardlink,
		.symlink = libarchive.entry_filetype(entry) == AE_IFLNK
				   ? libarchive.entry_symlink(entry)
				   : NULL,
	};
	return NOTE_OK;
}

int contents_read(struct contents *contents, void *buffer, size_t room, size_t *got,
		  struct note_error *err)
{
	*got = 0;
	const uint64_t left = contents->size - contents->given;
	la_ssize_t size = libarchive.read_data(contents->archive, buffer, room);
	contents->ended = size == ARCHIVE_FATAL;
	/* The bytes that came before are in BUFFER. */
	if (size == ARCHIVE_FATAL && left <= room && lacks_filling_alone(contents))
		size = (la_ssize_t)left;
	if (size < 0)
		return broken(contents, "the member", err);
	/* Holes and what is packed in a zip come out here alone. */
	if (!stream_is_packed(contents->stream) &&
	    !stream_spend(contents->budget, (uint64_t)size)) {
		contents->ended = true;
		return broken(contents, "the member", err);
	}
	*got = (size_t)size;
	contents->given += *got;
	return NOTE_OK;
}

static int read_member(void *context, void *buffer, size_t room, size_t *got,
		       struct note_error *err)
{
	return contents_read(context, buffer, room, got, err);
}

int contents_stream(struct contents *contents, struct stream **out, struct note_error *err)
{
	return stream_open_source(out, read_member, contents, contents->budget, err);
}

/* --- what is one --- */

bool contents_is_name(const char *name)
{
	static const char *const ends[] = {
		".tar",     ".tgz",      ".tbz2",    ".txz",     ".tzst",     ".zip",
		".jar",     ".whl",      ".apk",     ".ipk",     ".conda",    ".cpio",
		".war",     ".ear",      ".tar.gz",  ".tar.xz",  ".tar.zst",  ".tar.bz2",
		".tar.lz4", ".tar.lzma", ".cpio.gz", ".cpio.xz", ".cpio.zst",
	};
	const size_t length = strlen(name);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const size_t end = strlen(ends[i]);
		if (length >= end && strcasecmp(name + length - end, ends[i]) == 0)
			return true;
	}
	return false;
}

bool contents_is_head(const void *head, size_t size)
{
	const char *bytes = head;
	return (size >= 22 &&
		(memcmp(bytes, "PK\x03\x04", 4) == 0 || memcmp(bytes, "PK\x05\x06", 4) == 0)) ||
	       (size >= 26 && memcmp(bytes, "07070", 5) == 0) ||
	       (size >= 512 && memcmp(bytes + 257, "ustar", 5) == 0);
}

bool contents_is_one(int fd, const char *name)
{
	uint8_t head[512];
	const ssize_t got = pread(fd, head, sizeof(head), 0);
	return got > 0 && contents_begins(head, (size_t)got, name);
}

bool contents_begins(const void *head, size_t size, const char *name)
{
	return size >= 22 && (contents_is_head(head, size) || contents_is_name(name));
}
