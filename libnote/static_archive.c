/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading static archives: see static_archive.h. */
#include "static_archive.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

#define MAX_NAME 4096

struct reader {
	struct image *image;
	bool thin;
	uint64_t names; /* where the table of long names lies, and its size */
	uint64_t names_size;
	char name[MAX_NAME];
};

static bool has_magic(struct image *image, const char *magic)
{
	char bytes[STATIC_ARCHIVE_MAGIC_SIZE];
	return image->size >= STATIC_ARCHIVE_MAGIC_SIZE &&
	       image_copy(image, 0, STATIC_ARCHIVE_MAGIC_SIZE, bytes, "archive", NULL) == NOTE_OK &&
	       memcmp(bytes, magic, STATIC_ARCHIVE_MAGIC_SIZE) == 0;
}

bool static_archive_is_thin(struct image *image)
{
	return has_magic(image, "!<thin>\n");
}

bool static_archive_is_one(struct image *image)
{
	return has_magic(image, STATIC_ARCHIVE_MAGIC) || static_archive_is_thin(image);
}

/* Decimal digits, then spaces, in LENGTH characters. */
static bool read_number(const char *text, size_t length, uint64_t *out)
{
	size_t i = 0;
	*out = 0;
	for (; i < length && text[i] >= '0' && text[i] <= '9'; i++)
		*out = *out * 10 + (uint64_t)(text[i] - '0');
	if (i == 0)
		return false;
	while (i < length && text[i] == ' ')
		i++;
	return i == length;
}

bool static_archive_header(const uint8_t *header, uint64_t *size)
{
	const char *digits = (const char *)header + STATIC_ARCHIVE_SIZE_AT;
	return memcmp(digits + STATIC_ARCHIVE_SIZE_DIGITS, "`\n", 2) == 0 &&
	       read_number(digits, STATIC_ARCHIVE_SIZE_DIGITS, size);
}

static int keep_name(struct reader *reader, const char *name, size_t length)
{
	memcpy(reader->name, name, length);
	reader->name[length] = '\0';
	return NOTE_OK;
}

/* A name in the table ends with "/\n". */
static int long_name(struct reader *reader, uint64_t at, uint64_t header, struct note_error *err)
{
	char part[MAX_NAME];
	if (at >= reader->names_size)
		return error_set(err, NOTE_MALFORMED, header, "archive: no long name %llu",
				 (unsigned long long)at);
	uint64_t size = reader->names_size - at;
	if (size > sizeof(part))
		size = sizeof(part);
	int code = image_copy(reader->image, reader->names + at, size, part, "archive", err);
	if (code != NOTE_OK)
		return code;
	const char *end = memchr(part, '\n', size);
	size_t length = end != NULL ? (size_t)(end - part) : size - 1;
	if (length > 0 && part[length - 1] == '/')
		length--;
	return keep_name(reader, part, length);
}

/* BSD: the name takes the first bytes of the member, which begins behind it then. */
static int inline_name(struct reader *reader, uint64_t length, uint64_t *offset, uint64_t *size,
		       struct note_error *err)
{
	if (length >= MAX_NAME || length > *size)
		return error_set(err, NOTE_MALFORMED, *offset, "archive: member name of %llu bytes",
				 (unsigned long long)length);
	int code = image_copy(reader->image, *offset, length, reader->name, "archive", err);
	reader->name[length] = '\0';
	*offset += length;
	*size -= length;
	return code;
}

static int read_name(struct reader *reader, const char *header, uint64_t at, uint64_t *offset,
		     uint64_t *size, struct note_error *err)
{
	uint64_t number;
	if (memcmp(header, "#1/", 3) == 0 && read_number(header + 3, 13, &number))
		return inline_name(reader, number, offset, size, err);
	if (header[0] == '/' && read_number(header + 1, 15, &number))
		return long_name(reader, number, at, err);
	size_t length = 16;
	while (length > 0 && header[length - 1] == ' ')
		length--;
	if (length > 1 && header[length - 1] == '/')
		length--;
	return keep_name(reader, header, length);
}

static bool is_table(const char *header)
{
	return memcmp(header, "/ ", 2) == 0 || memcmp(header, "// ", 3) == 0 ||
	       memcmp(header, "/SYM64/ ", 8) == 0;
}

/* BSD's symbol tables. */
static bool is_symbol_name(const char *name)
{
	return strncmp(name, "__.SYMDEF", 9) == 0;
}

static int visit_member(struct reader *reader, uint64_t offset, uint64_t size,
			static_archive_visit *visit, void *context, bool *going,
			struct note_error *err)
{
	struct static_archive_member member = {.name = reader->name, .offset = offset};
	if (!reader->thin) {
		int code = image_open_part(&member.image, reader->image, offset, size, err);
		if (code != NOTE_OK)
			return code;
	}
	*going = visit(context, &member);
	image_close(member.image);
	return NOTE_OK;
}

int static_archive_members(struct image *image, static_archive_visit *visit, void *context,
			   struct note_error *err)
{
	struct reader reader = {.image = image, .thin = static_archive_is_thin(image)};
	char header[STATIC_ARCHIVE_HEADER_SIZE];
	bool going = true;
	int code = NOTE_OK;
	if (!static_archive_is_one(image))
		return error_set(err, NOTE_ABSENT, 0, "not an archive");
	for (uint64_t at = STATIC_ARCHIVE_MAGIC_SIZE; going && at < image->size;) {
		uint64_t offset = at + STATIC_ARCHIVE_HEADER_SIZE, size, stored;
		code = image_copy(image, at, STATIC_ARCHIVE_HEADER_SIZE, header, "archive member",
				  err);
		if (code != NOTE_OK)
			return code;
		if (!static_archive_header((const uint8_t *)header, &size))
			return error_set(err, NOTE_MALFORMED, at, "archive: broken member header");
		const bool table = is_table(header);
		stored = reader.thin && !table ? 0 : size;
		if (stored > image->size - offset)
			return error_set(err, NOTE_MALFORMED, at,
					 "archive: member of %llu bytes ends after the file",
					 (unsigned long long)size);
		at = offset + stored + stored % 2;
		if (memcmp(header, "// ", 3) == 0) {
			reader.names = offset;
			reader.names_size = size;
		}
		if (table)
			continue;
		code = read_name(&reader, header, at, &offset, &size, err);
		if (code == NOTE_OK && !is_symbol_name(reader.name))
			code = visit_member(&reader, offset, size, visit, context, &going, err);
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}
