/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file is: see content.h. Kernel modules are compressed whole, by xz, gzip or zstd. */
#include "tools/release/inputs/content.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/expansion/expansion.h"
#include "tools/base/libraries/archive.h"
#include "tools/base/text.h"

#define CHUNK (256 * 1024)

static bool begins(const void *head, size_t size, const char *magic, size_t length)
{
	return size >= length && memcmp(head, magic, length) == 0;
}

enum content content_of(const char *path, const void *head, size_t size)
{
	if (begins(head, size, ELFMAG, SELFMAG))
		return CONTENT_ELF;
	if (begins(head, size, "MZ", 2))
		return CONTENT_PE;
	if (size == 0)
		return CONTENT_OTHER;
	if (ends_with(path, ".ko.xz") || ends_with(path, ".ko.gz") || ends_with(path, ".ko.zst"))
		return CONTENT_MODULE;
	if (begins(head, size, "!<arch>\n", 8))
		return is_package_file_name(path) ? CONTENT_PACKAGE : CONTENT_STATIC;
	if (begins(head, size, "!<thin>\n", 8))
		return CONTENT_STATIC;
	return begins(head, size, "\xed\xab\xee\xdb", 4) ? CONTENT_PACKAGE : CONTENT_OTHER;
}

bool content_is_read(enum content content)
{
	return content == CONTENT_ELF || content == CONTENT_PE || content == CONTENT_MODULE;
}

const char *content_passed_over(enum content content)
{
	if (content == CONTENT_STATIC)
		return "a static archive: its members count where they are linked in";
	if (content == CONTENT_PACKAGE)
		return "a package inside: to be verified as an input of its own";
	return NULL;
}

/* The packed bytes, given to libarchive in one piece. */
struct piece {
	const void *bytes;
	size_t size;
};

static la_ssize_t give(struct archive *archive, void *context, const void **bytes)
{
	struct piece *piece = context;
	const size_t size = piece->size;
	(void)archive;
	*bytes = piece->bytes;
	piece->size = 0;
	return (la_ssize_t)size;
}

static int read_all(struct archive *archive, struct text *out, uint64_t limit,
		    struct note_error *err)
{
	char *chunk = xmalloc(CHUNK);
	int code = NOTE_OK;
	la_ssize_t got;
	while (code == NOTE_OK && (got = libarchive.read_data(archive, chunk, CHUNK)) != 0) {
		if (got < 0)
			code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "compressed, and broken: %s",
					 libarchive.error_string(archive));
		else if ((uint64_t)got > limit - out->size)
			code = expansion_error(err, NOTE_MALFORMED, NOTE_NO_OFFSET, NULL,
					       EXPANSION_MEMORY);
		else
			text_add(out, chunk, (size_t)got);
	}
	free(chunk);
	return code;
}

int content_unpack(uint8_t **out, size_t *out_size, const void *packed, size_t size, uint64_t limit,
		   struct note_error *err)
{
	struct piece piece = {packed, size};
	struct archive_entry *entry;
	struct text text = {0};
	*out = NULL;
	*out_size = 0;
	int code = archive_library_load(err);
	if (code != NOTE_OK)
		return code;
	struct archive *archive = libarchive.read_new();
	libarchive.read_support_filter_gzip(archive);
	libarchive.read_support_filter_xz(archive);
	libarchive.read_support_filter_zstd(archive);
	libarchive.read_support_format_raw(archive);
	libarchive.read_support_format_empty(archive);
	if (libarchive.read_open(archive, &piece, NULL, give, NULL) != ARCHIVE_OK ||
	    libarchive.read_next_header(archive, &entry) != ARCHIVE_OK)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "not compressed as its name says");
	else
		code = read_all(archive, &text, limit, err);
	libarchive.read_free(archive);
	if (code == NOTE_OK) {
		*out = (uint8_t *)text.data;
		*out_size = text.size;
	} else {
		text_free(&text);
	}
	return code;
}

bool is_package_file_name(const char *name)
{
	return ends_with(name, ".deb") || ends_with(name, ".udeb") || ends_with(name, ".ddeb") ||
	       ends_with(name, ".rpm");
}
