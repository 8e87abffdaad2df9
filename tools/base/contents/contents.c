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
#include "tools/base/text.h"

#define CHUNK        (64 * 1024)
#define FREE_BYTES   1000000000u
#define LONGEST_PATH 4096

struct contents {
	struct archive *archive;
	struct contents_budget *budget;
	struct contents *outer; /* whose member is read, or NULL: the file */
	int fd;
	uint64_t at;
	uint64_t size;
	uint64_t counted; /* bytes that came out of the decompressor */
	bool burst;       /* the budget is spent */
	bool ended;       /* a read failed for good, and that was told: nothing follows */
	bool compressed;
	char *path;
	uint8_t chunk[CHUNK];
};

struct contents_budget contents_budget_of(int fd, uint64_t factor)
{
	struct contents_budget budget = {0, (unsigned)factor};
	struct stat st;
	if (fstat(fd, &st) != 0 ||
	    __builtin_mul_overflow((uint64_t)st.st_size, factor, &budget.left))
		budget.left = UINT64_MAX;
	if (budget.left < FREE_BYTES)
		budget.left = FREE_BYTES;
	return budget;
}

static bool spend(struct contents *contents, uint64_t bytes)
{
	if (bytes > contents->budget->left) {
		contents->burst = true;
		contents->budget->left = 0;
		return false;
	}
	contents->budget->left -= bytes;
	return true;
}

/* --- what libarchive reads --- */

static la_ssize_t read_file(struct archive *archive, void *context, const void **bytes)
{
	struct contents *contents = context;
	ssize_t got;
	do
		got = pread(contents->fd, contents->chunk, CHUNK, (off_t)contents->at);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		libarchive.set_error(archive, errno, "read: %s", strerror(errno));
	else
		contents->at += (uint64_t)got;
	*bytes = contents->chunk;
	return got;
}

static la_int64_t skip_file(struct archive *archive, void *context, la_int64_t request)
{
	struct contents *contents = context;
	(void)archive;
	const uint64_t left = contents->at < contents->size ? contents->size - contents->at : 0;
	const uint64_t step = (uint64_t)request < left ? (uint64_t)request : left;
	contents->at += step;
	return (la_int64_t)step;
}

static la_int64_t seek_file(struct archive *archive, void *context, la_int64_t offset, int whence)
{
	struct contents *contents = context;
	const la_int64_t from = whence == SEEK_SET   ? 0
				: whence == SEEK_CUR ? (la_int64_t)contents->at
						     : (la_int64_t)contents->size;
	la_int64_t to;
	(void)archive;
	if (__builtin_add_overflow(from, offset, &to) || to < 0)
		return ARCHIVE_FATAL;
	contents->at = (uint64_t)to;
	return to;
}

static la_ssize_t read_member(struct archive *archive, void *context, const void **bytes)
{
	struct contents *contents = context;
	struct note_error error;
	size_t got;
	*bytes = contents->chunk;
	if (contents_read(contents->outer, contents->chunk, CHUNK, &got, &error) == NOTE_OK)
		return (la_ssize_t)got;
	libarchive.set_error(archive, EINVAL, "%s", error.text);
	return -1;
}

/* --- opening --- */

static int broken(struct contents *contents, const char *what, struct note_error *err)
{
	const char *why = libarchive.error_string(contents->archive);
	const struct contents *outer = contents->outer;
	if (contents->burst || (outer != NULL && outer->burst))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "it unpacks to more than %u times its size and 1 GB: "
				 "--max-expansion allows more",
				 contents->budget->factor);
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "%s: %s", what,
			 why != NULL ? why : "it cannot be read");
}

static int open_archive(struct contents *contents, struct note_error *err)
{
	struct archive *a = contents->archive = libarchive.read_new();
	libarchive.read_support_filter_gzip(a);
	libarchive.read_support_filter_bzip2(a);
	libarchive.read_support_filter_xz(a);
	libarchive.read_support_filter_lzma(a);
	libarchive.read_support_filter_zstd(a);
	libarchive.read_support_filter_lz4(a);
	libarchive.read_support_format_tar(a);
	libarchive.read_support_format_cpio(a);
	libarchive.read_support_format_zip(a);
	libarchive.read_support_format_empty(a);
	/* An .apk is three tars in a row; so may be any other. */
	libarchive.read_set_option(a, "tar", "read_concatenated_archives", "1");
	libarchive.read_set_callback_data(a, contents);
	libarchive.read_set_read_callback(a, contents->outer != NULL ? read_member : read_file);
	if (contents->outer == NULL) {
		libarchive.read_set_skip_callback(a, skip_file);
		libarchive.read_set_seek_callback(a, seek_file);
	}
	if (libarchive.read_open1(a) != ARCHIVE_OK)
		return broken(contents, "the archive", err);
	contents->compressed = libarchive.filter_count(a) > 1;
	return NOTE_OK;
}

static int open_any(struct contents **out, struct contents *contents, struct note_error *err)
{
	const int code = open_archive(contents, err);
	*out = contents;
	if (code != NOTE_OK) {
		contents_close(contents);
		*out = NULL;
	}
	return code;
}

int contents_open(struct contents **out, int fd, struct contents_budget *budget,
		  struct note_error *err)
{
	struct stat st;
	*out = NULL;
	const int code = archive_library_load(err);
	if (code != NOTE_OK)
		return code;
	if (fstat(fd, &st) != 0)
		return error_system(err, "stat");
	struct contents *contents = xcalloc(1, sizeof(*contents));
	contents->fd = fd;
	contents->size = (uint64_t)st.st_size;
	contents->budget = budget;
	return open_any(out, contents, err);
}

int contents_open_member(struct contents **out, struct contents *outer, struct note_error *err)
{
	struct contents *contents = xcalloc(1, sizeof(*contents));
	contents->outer = outer;
	contents->fd = -1;
	contents->budget = outer->budget;
	return open_any(out, contents, err);
}

void contents_close(struct contents *contents)
{
	if (contents == NULL)
		return;
	libarchive.read_free(contents->archive);
	free(contents->path);
	free(contents);
}

/* --- reading --- */

/* What the decompressor gave since the last time. */
static bool count_unpacked(struct contents *contents)
{
	if (!contents->compressed)
		return true;
	const la_int64_t all = libarchive.filter_bytes(contents->archive, 0);
	const uint64_t more = all > 0 && (uint64_t)all > contents->counted
				      ? (uint64_t)all - contents->counted
				      : 0;
	contents->counted += more;
	return spend(contents, more);
}

/* Reads over the rest of a compressed member piece by piece, since libarchive would not stop. */
static int pass_over(struct contents *contents, struct note_error *err)
{
	const void *bytes;
	size_t size;
	la_int64_t offset;
	int code = ARCHIVE_OK;
	while (contents->compressed && code == ARCHIVE_OK) {
		code = libarchive.read_data_block(contents->archive, &bytes, &size, &offset);
		if (!count_unpacked(contents))
			return broken(contents, "the archive", err);
	}
	return code == ARCHIVE_OK || code == ARCHIVE_EOF || code == ARCHIVE_WARN
		       ? NOTE_OK
		       : broken(contents, "the archive", err);
}

char *contents_path(const char *name)
{
	struct text path = {0};
	if (name == NULL || strlen(name) > LONGEST_PATH)
		return NULL;
	while (*name != '\0') {
		const size_t length = strcspn(name, "/");
		if (length == 2 && name[0] == '.' && name[1] == '.') {
			text_free(&path);
			return NULL;
		}
		if (length > 1 || (length == 1 && name[0] != '.')) {
			text_puts(&path, path.size != 0 ? "/" : "");
			text_add(&path, name, length);
		}
		name += length;
		name += *name == '/';
	}
	return path.data;
}

int contents_next(struct contents *contents, struct contents_entry *out, struct note_error *err)
{
	struct archive_entry *entry;
	if (contents->ended)
		return NOTE_ABSENT;
	if (contents->path != NULL && pass_over(contents, err) != NOTE_OK)
		return err != NULL ? err->code : NOTE_MALFORMED;
	const int got = libarchive.read_next_header(contents->archive, &entry);
	if (got == ARCHIVE_EOF)
		return NOTE_ABSENT;
	/* A warning is about names that are not of this locale: bytes are what we want. */
	if ((got != ARCHIVE_OK && got != ARCHIVE_WARN) || !count_unpacked(contents))
		return broken(contents, "the archive", err);
	const char *name = libarchive.entry_pathname(entry);
	const la_int64_t size = libarchive.entry_size(entry);
	free(contents->path);
	contents->path = contents_path(name);
	*out = (struct contents_entry){
		.path = contents->path,
		.name = name != NULL ? name : "",
		.size = size > 0 ? (uint64_t)size : 0,
		.is_directory = libarchive.entry_filetype(entry) == AE_IFDIR,
		.is_file = libarchive.entry_filetype(entry) == AE_IFREG &&
			   libarchive.entry_hardlink(entry) == NULL,
		.symlink = libarchive.entry_filetype(entry) == AE_IFLNK
				   ? libarchive.entry_symlink(entry)
				   : NULL,
	};
	if (contents->path == NULL)
		contents->path = xstrdup("");
	return NOTE_OK;
}

int contents_read(struct contents *contents, void *buffer, size_t room, size_t *got,
		  struct note_error *err)
{
	*got = 0;
	const la_ssize_t size = libarchive.read_data(contents->archive, buffer, room);
	contents->ended = size == ARCHIVE_FATAL;
	if (size < 0)
		return broken(contents, "the member", err);
	/* Holes and what is packed in a zip come out here alone. */
	if (!count_unpacked(contents) ||
	    (!contents->compressed && !spend(contents, (uint64_t)size))) {
		contents->ended = true;
		return broken(contents, "the member", err);
	}
	*got = (size_t)size;
	return NOTE_OK;
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

bool contents_is_one(int fd, const char *name)
{
	uint8_t head[512] = {0};
	const ssize_t got = pread(fd, head, sizeof(head), 0);
	if (got < 22)
		return false;
	if (memcmp(head, "PK\x03\x04", 4) == 0 || memcmp(head, "PK\x05\x06", 4) == 0 ||
	    memcmp(head, "07070", 5) == 0 || memcmp(head + 257, "ustar", 5) == 0)
		return true;
	return contents_is_name(name);
}
