/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes into an object store encoded, as Content-Encoding names it (RFC 9110, 8.4). libarchive
 * writes it: a stream of one "file" without a header, through one filter. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/file.h"
#include "tools/base/libraries/archive.h"
#include "tools/share/objects/internal.h"

/* It is worth the reader's time from here on. */
static bool is_worth(uint64_t encoded, uint64_t plain)
{
	return encoded < plain - plain / 16;
}

static la_ssize_t on_write(struct archive *archive, void *context, const void *bytes, size_t size)
{
	struct note_error why;
	if (spool_add(context, bytes, size, &why) == NOTE_OK)
		return (la_ssize_t)size;
	libarchive.set_error(archive, EIO, "%s", why.text);
	return -1;
}

/* The same bytes give the same object: gzip's header has no time. */
static int set_up(struct archive *archive, const char *encoding, struct spool *spool)
{
	if (strcmp(encoding, "zstd") == 0) {
		if (libarchive.write_add_filter_zstd(archive) != ARCHIVE_OK)
			return ARCHIVE_FATAL;
	} else if (libarchive.write_add_filter_gzip(archive) != ARCHIVE_OK ||
		   libarchive.write_set_filter_option(archive, NULL, "timestamp", NULL) !=
			   ARCHIVE_OK) {
		return ARCHIVE_FATAL;
	}
	if (libarchive.write_set_format_raw(archive) != ARCHIVE_OK ||
	    libarchive.write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK)
		return ARCHIVE_FATAL;
	return libarchive.write_open(archive, spool, NULL, on_write, NULL);
}

static int feed(struct archive *archive, int fd, struct note_error *err)
{
	struct archive_entry *entry = libarchive.entry_new();
	uint8_t *buffer = xmalloc(COPY_BUFFER);
	int code = NOTE_OK;
	libarchive.entry_set_filetype(entry, AE_IFREG);
	libarchive.entry_set_pathname(entry, "contents");
	int result = libarchive.write_header(archive, entry);
	for (uint64_t done = 0; code == NOTE_OK && result >= ARCHIVE_OK;) {
		const ssize_t got = file_read_some(fd, buffer, COPY_BUFFER, done);
		if (got < 0)
			code = error_system(err, "read");
		if (got <= 0)
			break;
		done += (uint64_t)got;
		if (libarchive.write_data(archive, buffer, (size_t)got) != got)
			result = ARCHIVE_FATAL;
	}
	if (code == NOTE_OK && result >= ARCHIVE_OK)
		result = libarchive.write_close(archive);
	if (code == NOTE_OK && result < ARCHIVE_OK)
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "encode: %s",
				 libarchive.error_string(archive));
	free(buffer);
	libarchive.entry_free(entry);
	return code;
}

int encode_upload(struct share *share, size_t number, const char *encoding, struct s3_request *put,
		  struct note_error *err)
{
	struct spooled spooled = {0};
	struct spool spool;
	int fd;
	int code = archive_library_load(err);
	if (code == NOTE_OK)
		code = root_open_file(share->root, put->path, &fd, err);
	if (code != NOTE_OK)
		return code;
	struct archive *archive = libarchive.write_new();
	code = archive == NULL ? error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory")
			       : spool_open(share, put->path, number, ".encoded", &spool, err);
	if (code == NOTE_OK) {
		if (set_up(archive, encoding, &spool) < ARCHIVE_OK)
			code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "this libarchive does not encode by %s: %s", encoding,
					 libarchive.error_string(archive));
		else
			code = feed(archive, fd, err);
		const int closed = spool_close(&spool, &spooled, code == NOTE_OK ? err : NULL);
		code = code == NOTE_OK ? closed : code;
	}
	if (archive != NULL)
		libarchive.write_free(archive);
	close(fd);
	if (code == NOTE_OK && is_worth(spooled.size, put->size)) {
		memcpy(put->plain, put->sha256, sizeof(put->plain));
		memcpy(put->sha256, spooled.sha256, sizeof(put->sha256));
		put->size = spooled.size;
		put->encoding = encoding;
		root_remove(share->root, put->path, NULL);
		free(put->path);
		put->path = xstrdup(spooled.path);
	} else if (spooled.path != NULL) {
		root_remove(share->root, spooled.path, NULL);
	}
	spooled_free(&spooled);
	return code;
}
