/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The payload of a package: a compressed tar or cpio. libarchive unpacks it; what it gives is
 * counted on its way on, so that the bound holds for members, their headers and what is skipped
 * alike. None of the decompressors that are allowed runs another program. A tar is parsed by a
 * second reader of libarchive; cpio here, since libarchive takes a name of any length into
 * memory.
 *
 * cpio, the "new ASCII" format (cpio(5)): a header of 110 bytes, "070701" (or "070702") and 13
 * numbers of 8 hexadecimal digits: ino, mode, uid, gid, nlink, mtime, filesize, devmajor,
 * devminor, rdevmajor, rdevminor, namesize, check; the name with its NUL, padded to 4 with the
 * header; the contents, padded to 4. "TRAILER!!!" ends it. rpm's stripped entries in its place
 * (rpm's lib/cpio.c): "07070X", the file's number in the header's list as 8 hexadecimal digits,
 * padded to 4; the contents, where that list says that there are some.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/expansion/expansion.h"
#include "tools/base/file.h"
#include "tools/base/libraries/archive.h"
#include "tools/base/package/internal.h"
#include "tools/base/text.h"

#define CHUNK        (64 * 1024)
#define LONGEST_PATH MEMBER_PATH_MOST

struct payload_reader {
	struct payload payload; /* what is still to be read of it */
	uint64_t budget;        /* of unpacked bytes, what is left */
	struct archive *unpacker;
	struct archive *parser; /* of a tar */
	uint64_t left;          /* of a cpio: bytes of the file at hand that were not read */
	unsigned padding;       /* and behind it */
	char *path;             /* of the file at hand */
	char *link;
	char *target; /* of a symbolic link */
	bool every;   /* not regular files alone */
	bool ended;
	bool burst; /* the budget is spent */
	uint8_t chunk[CHUNK];
};

static la_ssize_t read_packed(struct archive *archive, void *context, const void **bytes)
{
	struct payload_reader *reader = context;
	struct payload *payload = &reader->payload;
	const size_t want = payload->length < CHUNK ? (size_t)payload->length : CHUNK;
	const ssize_t got = file_read_some(payload->fd, reader->chunk, want, payload->offset);
	if (got < 0) {
		libarchive.set_error(archive, errno, "read: %s", strerror(errno));
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
	const int code = libarchive.read_data_block(reader->unpacker, bytes, &size, &offset);
	if (code == ARCHIVE_EOF)
		return 0;
	if (code != ARCHIVE_OK) {
		const char *why = libarchive.error_string(reader->unpacker);
		libarchive.set_error(archive, EINVAL, "%s", why != NULL ? why : "broken");
		return -1;
	}
	if (size > reader->budget) {
		reader->burst = true; /* libarchive replaces the text when it was skipping */
		libarchive.set_error(archive, EFBIG, "it unpacks to too much");
		return -1;
	}
	reader->budget -= size;
	return (la_ssize_t)size;
}

static int broken(struct archive *archive, int code, const char *what, struct note_error *err)
{
	const char *why = libarchive.error_string(archive);
	return error_set(err, code, NOTE_NO_OFFSET, "%s: %s", what,
			 why != NULL ? why : "it cannot be read");
}

/* ARCHIVE_EOF where there is nothing in it. */
static int open_unpacker(struct payload_reader *reader)
{
	struct archive_entry *entry;
	struct archive *a = reader->unpacker = libarchive.read_new();
	libarchive.read_support_filter_gzip(a);
	libarchive.read_support_filter_bzip2(a);
	libarchive.read_support_filter_xz(a);
	libarchive.read_support_filter_lzma(a);
	libarchive.read_support_filter_zstd(a);
	libarchive.read_support_format_raw(a);
	libarchive.read_support_format_empty(a);
	const int code = libarchive.read_open(a, reader, NULL, read_packed, NULL);
	return code != ARCHIVE_OK ? code : libarchive.read_next_header(a, &entry);
}

int payload_open(struct payload_reader **out, const struct payload *payload, struct note_error *err)
{
	*out = NULL;
	int code = archive_library_load(err);
	if (code != NOTE_OK) {
		rpm_files_free(payload->files);
		return code;
	}
	struct payload_reader *reader = xcalloc(1, sizeof(*reader));
	reader->payload = *payload;
	reader->budget = expansion_bound(payload->length, EXPANSION_STREAM);
	code = open_unpacker(reader);
	reader->ended = code == ARCHIVE_EOF;
	*out = reader;
	if (reader->ended)
		return NOTE_OK;
	if (code == ARCHIVE_OK && payload->format == PAYLOAD_CPIO)
		return NOTE_OK;
	if (code == ARCHIVE_OK) {
		reader->parser = libarchive.read_new();
		libarchive.read_support_format_tar(reader->parser);
		libarchive.read_support_format_empty(reader->parser);
		if (libarchive.read_open(reader->parser, reader, NULL, read_unpacked, NULL) ==
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
	libarchive.read_free(reader->parser);
	libarchive.read_free(reader->unpacker);
	rpm_files_free(reader->payload.files);
	free(reader->path);
	free(reader->link);
	free(reader->target);
	free(reader);
}

static int bad_name(const char *name, struct note_error *err)
{
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
			 "a file without a name, or with one that leads out of the package: %s",
			 name != NULL ? name : "?");
}

/* Whether what a header promises may come out: else there is no need to unpack it to know. */
static int allow(const struct payload_reader *reader, uint64_t size, struct note_error *err)
{
	return size <= reader->budget ? NOTE_OK
				      : expansion_error(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
							reader->path, EXPANSION_STREAM);
}

/* --- tar --- */

static int tar_broken(struct payload_reader *reader, const char *what, struct note_error *err)
{
	if (reader->burst)
		return expansion_error(err, NOTE_MALFORMED, NOTE_NO_OFFSET, what, EXPANSION_STREAM);
	return broken(reader->parser, NOTE_MALFORMED, what, err);
}

static int take_entry(struct payload_reader *reader, struct archive_entry *entry,
		      struct package_file *file, struct note_error *err)
{
	const char *link = libarchive.entry_hardlink(entry);
	const la_int64_t size = libarchive.entry_size(entry);
	free(reader->path);
	free(reader->link);
	free(reader->target);
	reader->target = NULL;
	reader->path = member_path(libarchive.entry_pathname(entry));
	reader->link = link != NULL ? member_path(link) : NULL;
	if (reader->path == NULL || (link != NULL && reader->link == NULL))
		return bad_name(libarchive.entry_pathname(entry), err);
	*file = (struct package_file){
		.path = reader->path,
		.size = size > 0 ? (uint64_t)size : 0,
		.link = reader->link,
		.mode = link != NULL ? S_IFREG | (libarchive.entry_mode(entry) & 07777)
				     : libarchive.entry_mode(entry),
	};
	if (S_ISLNK(file->mode)) {
		const char *target = libarchive.entry_symlink(entry);
		file->target = reader->target = xstrdup(target != NULL ? target : "");
	}
	return allow(reader, file->size, err);
}

static int tar_next(struct payload_reader *reader, struct package_file *file,
		    struct note_error *err)
{
	struct archive_entry *entry;
	while (true) {
		const int got = libarchive.read_next_header(reader->parser, &entry);
		if (got == ARCHIVE_EOF)
			return NOTE_ABSENT;
		/* A warning is about names that are not of this locale: bytes are what we want. */
		if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
			return tar_broken(reader, "the package's payload", err);
		if (reader->every || libarchive.entry_filetype(entry) == AE_IFREG ||
		    libarchive.entry_hardlink(entry) != NULL)
			return take_entry(reader, entry, file, err);
	}
}

/* --- cpio --- */

#define CPIO_MAGIC      6
#define CPIO_HEADER     110
#define STRIPPED_HEADER 16

enum { CPIO_INO, CPIO_MODE, CPIO_NLINK = 4, CPIO_SIZE = 6, CPIO_DEVICE, CPIO_NAME_SIZE = 11 };

/* Up to SIZE unpacked bytes; fewer only where the payload ends. BYTES may be NULL: skipped. */
static int unpack(struct payload_reader *reader, void *bytes, uint64_t size, uint64_t *got,
		  struct note_error *err)
{
	char sink[4096] = "";
	*got = 0;
	while (*got < size) {
		uint64_t want = size - *got;
		if (bytes == NULL && want > sizeof(sink))
			want = sizeof(sink);
		if (want > SSIZE_MAX)
			want = SSIZE_MAX;
		if (want > reader->budget)
			return expansion_error(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					       "the package's payload", EXPANSION_STREAM);
		const la_ssize_t part = libarchive.read_data(
			reader->unpacker, bytes != NULL ? (char *)bytes + *got : sink,
			(size_t)want);
		if (part < 0)
			return broken(reader->unpacker, NOTE_MALFORMED, "the package's payload",
				      err);
		if (part == 0)
			break;
		*got += (uint64_t)part;
		reader->budget -= (uint64_t)part;
	}
	return NOTE_OK;
}

static int unpack_all(struct payload_reader *reader, void *bytes, uint64_t size,
		      struct note_error *err)
{
	uint64_t got;
	int code = unpack(reader, bytes, size, &got, err);
	if (code == NOTE_OK && got != size)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "the package's payload: it ends too early");
	return code;
}

static bool read_field(const char *header, int field, uint64_t *out)
{
	uint8_t bytes[4];
	char digits[9];
	memcpy(digits, header + CPIO_MAGIC + 8 * field, 8);
	digits[8] = '\0';
	if (hex_decode(digits, bytes, sizeof(bytes)) != 4)
		return false;
	*out = (uint64_t)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
	return true;
}

static int no_header(struct note_error *err)
{
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
			 "the package's payload: no cpio header");
}

/* NAME is what the next file is called. */
static int take_name(struct payload_reader *reader, const char *name, struct note_error *err)
{
	free(reader->path);
	reader->path = member_path(name);
	return reader->path != NULL ? NOTE_OK : bad_name(name, err);
}

static void expect_contents(struct payload_reader *reader, uint64_t size)
{
	reader->left = size;
	reader->padding = (unsigned)(-size & 3);
}

/* What follows the magic of an entry that says all itself. */
static int full_header(struct payload_reader *reader, struct package_file *file, uint64_t *mode,
		       bool *end, struct note_error *err)
{
	char header[CPIO_HEADER];
	char name[LONGEST_PATH + 4];
	uint64_t links, size, device, inode, name_size;
	int code = unpack_all(reader, header + CPIO_MAGIC, sizeof(header) - CPIO_MAGIC, err);
	if (code != NOTE_OK)
		return code;
	if (!read_field(header, CPIO_INO, &inode) || !read_field(header, CPIO_MODE, mode) ||
	    !read_field(header, CPIO_NLINK, &links) || !read_field(header, CPIO_SIZE, &size) ||
	    !read_field(header, CPIO_DEVICE, &device) ||
	    !read_field(header, CPIO_NAME_SIZE, &name_size))
		return no_header(err);
	if (name_size == 0 || name_size > LONGEST_PATH)
		return bad_name(NULL, err);
	code = unpack_all(reader, name, name_size + (-(CPIO_HEADER + name_size) & 3), err);
	if (code != NOTE_OK)
		return code;
	name[name_size - 1] = '\0';
	*end = strcmp(name, "TRAILER!!!") == 0;
	code = take_name(reader, name, err);
	if (code != NOTE_OK)
		return code;
	expect_contents(reader, size);
	*file = (struct package_file){
		.path = reader->path,
		.size = size,
		.inode = device << 32 | inode,
		.later = size == 0 && links > 1,
	};
	return allow(reader, size, err);
}

/* The same of an entry that names a file of the header's list. */
static int stripped_header(struct payload_reader *reader, struct package_file *file, uint64_t *mode,
			   struct note_error *err)
{
	char header[STRIPPED_HEADER];
	uint64_t index;
	int code = unpack_all(reader, header + CPIO_MAGIC, sizeof(header) - CPIO_MAGIC, err);
	if (code != NOTE_OK)
		return code;
	if (!read_field(header, 0, &index))
		return no_header(err);
	const struct rpm_file *listed = rpm_files_get(reader->payload.files, index);
	if (listed == NULL)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "the package's payload: file %llu of a header that lists no such",
				 (unsigned long long)index);
	char *name = xasprintf("%s%s", listed->folder, listed->name);
	code = take_name(reader, name, err);
	free(name);
	if (code != NOTE_OK)
		return code;
	const bool has_contents =
		(S_ISREG(listed->mode) && !listed->later) || S_ISLNK(listed->mode);
	expect_contents(reader, has_contents ? listed->size : 0);
	*mode = listed->mode;
	*file = (struct package_file){
		.path = reader->path,
		.size = has_contents ? listed->size : 0,
		.inode = listed->inode,
		.later = listed->later,
	};
	return allow(reader, file->size, err);
}

/* The next header, of whatever kind of file; its name is reader->path, cleaned. */
static int cpio_header(struct payload_reader *reader, struct package_file *file, uint64_t *mode,
		       bool *end, struct note_error *err)
{
	char magic[CPIO_MAGIC];
	int code = unpack_all(reader, NULL, reader->left, err);
	if (code == NOTE_OK)
		code = unpack_all(reader, NULL, reader->padding, err);
	reader->left = reader->padding = 0;
	if (code == NOTE_OK)
		code = unpack_all(reader, magic, sizeof(magic), err);
	if (code != NOTE_OK)
		return code;
	*end = false;
	if (memcmp(magic, "07070X", CPIO_MAGIC) == 0)
		return stripped_header(reader, file, mode, err);
	if (memcmp(magic, "070701", CPIO_MAGIC) == 0 || memcmp(magic, "070702", CPIO_MAGIC) == 0)
		return full_header(reader, file, mode, end, err);
	return no_header(err);
}

/* A symbolic link's contents are its target. */
static int take_target(struct payload_reader *reader, struct package_file *file,
		       struct note_error *err)
{
	if (reader->left > LONGEST_PATH)
		return bad_name(file->path, err);
	free(reader->target);
	reader->target = xcalloc(1, (size_t)reader->left + 1);
	file->target = reader->target;
	const int code = unpack_all(reader, reader->target, reader->left, err);
	reader->left = 0;
	return code;
}

static int cpio_next(struct payload_reader *reader, struct package_file *file,
		     struct note_error *err)
{
	while (true) {
		uint64_t mode;
		bool end;
		int code = cpio_header(reader, file, &mode, &end, err);
		if (code != NOTE_OK)
			return code;
		if (end)
			return NOTE_ABSENT;
		file->mode = (uint32_t)mode;
		if ((mode & S_IFMT) == S_IFREG)
			return NOTE_OK;
		if (reader->every)
			return S_ISLNK(mode) ? take_target(reader, file, err) : NOTE_OK;
	}
}

/* --- either --- */

void payload_every(struct payload_reader *reader)
{
	reader->every = true;
}

int payload_next(struct payload_reader *reader, struct package_file *file, struct note_error *err)
{
	int code = NOTE_ABSENT;
	if (!reader->ended)
		code = reader->payload.format == PAYLOAD_TAR ? tar_next(reader, file, err)
							     : cpio_next(reader, file, err);
	if (code == NOTE_ABSENT) {
		reader->ended = true;
		error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no further file");
	}
	return code;
}

int payload_read(struct payload_reader *reader, void *buffer, size_t room, size_t *got,
		 struct note_error *err)
{
	*got = 0;
	if (reader->payload.format == PAYLOAD_CPIO) {
		const uint64_t want = room < reader->left ? room : reader->left;
		int code = unpack_all(reader, buffer, want, err);
		if (code == NOTE_OK) {
			*got = (size_t)want;
			reader->left -= want;
		}
		return code;
	}
	const la_ssize_t size = libarchive.read_data(reader->parser, buffer, room);
	if (size < 0)
		return tar_broken(reader, reader->path, err);
	*got = (size_t)size;
	return NOTE_OK;
}
