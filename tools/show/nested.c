/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A .deb or .rpm inside an archive, read as it comes; one that is a file is read by
 * base/package, which can go back.
 *
 * deb(5): an ar archive, "!<arch>\n", members with headers of 60 bytes: name (16), ..., size as
 * decimal digits (10, at 48), "`\n"; padded to 2. The files are in data.tar, compressed or not.
 * rpm (docs/manual/format_v4.md): a lead of 96 bytes; a signature header, padded to 8; the header;
 * a compressed cpio. A header: 8 bytes, the number of its entries (16 bytes each), the size of its
 * store.
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/span.h"
#include "tools/show/nested.h"

#define AR_MAGIC_SIZE  8
#define AR_HEADER_SIZE 60
#define LEAD_SIZE      96

static const uint8_t rpm_magic[] = {0xed, 0xab, 0xee, 0xdb};
static const char deb_magic[] = "!<arch>\ndebian-binary";

bool nested_is_package(const void *head, size_t size)
{
	return size >= LEAD_SIZE && (memcmp(head, rpm_magic, sizeof(rpm_magic)) == 0 ||
				     memcmp(head, deb_magic, sizeof(deb_magic) - 1) == 0);
}

static int read_part(void *context, void *buffer, size_t room, size_t *got, struct note_error *err)
{
	struct nested *part = context;
	const void *bytes;
	size_t size;
	*got = 0;
	if (part->left == 0)
		return NOTE_OK;
	const int code = stream_read(part->stream, &bytes, &size, err);
	if (code != NOTE_OK)
		return code;
	if (size == 0 && part->left != UINT64_MAX)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "the package is cut short");
	size_t take = size < room ? size : room;
	take = take < part->left ? take : (size_t)part->left;
	memcpy(buffer, bytes, take);
	stream_back(part->stream, size - take);
	if (part->left != UINT64_MAX)
		part->left -= take;
	*got = take;
	return NOTE_OK;
}

/* SIZE bytes into OUT, or passed over where that is NULL. */
static int take(struct stream *stream, void *out, uint64_t size, struct note_error *err)
{
	struct nested part = {stream, size};
	char sink[4096] = "";
	size_t got = 1;
	int code = NOTE_OK;
	while (code == NOTE_OK && part.left != 0) {
		const uint64_t done = size - part.left;
		code = read_part(&part, out != NULL ? (char *)out + done : sink,
				 out != NULL ? (size_t)part.left : sizeof(sink), &got, err);
	}
	return code;
}

/* The decimal number in a field of SIZE bytes, padded with blanks. */
static bool read_number(const char *field, size_t size, uint64_t *out)
{
	size_t i = 0;
	*out = 0;
	for (; i < size && field[i] >= '0' && field[i] <= '9'; i++)
		*out = 10 * *out + (uint64_t)(field[i] - '0');
	return i != 0 && strspn(field + i, " ") >= size - i;
}

static int find_data(struct stream *stream, uint64_t *out, struct note_error *err)
{
	char header[AR_HEADER_SIZE + 1] = "";
	uint64_t size;
	int code = take(stream, NULL, AR_MAGIC_SIZE, err);
	while (code == NOTE_OK) {
		code = take(stream, header, AR_HEADER_SIZE, err);
		if (code != NOTE_OK)
			break;
		const bool good = memcmp(header + 58, "`\n", 2) == 0;
		header[58] = '\0';
		if (!good || !read_number(header + 48, 10, &size))
			return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "a package with a broken ar header");
		if (strncmp(header, "data.tar", 8) == 0)
			*out = size;
		if (strncmp(header, "data.tar", 8) == 0)
			return NOTE_OK;
		code = take(stream, NULL, size + (size & 1), err);
	}
	return code;
}

static int pass_headers(struct stream *stream, uint64_t *out, struct note_error *err)
{
	uint8_t header[16];
	int code = take(stream, NULL, LEAD_SIZE, err);
	for (int i = 0; code == NOTE_OK && i < 2; i++) {
		code = take(stream, header, sizeof(header), err);
		if (code != NOTE_OK)
			break;
		const struct span span = {header, sizeof(header)};
		const uint64_t store = span_u32(span, 12, true);
		uint64_t size = 16 * (uint64_t)span_u32(span, 8, true) + store;
		if (memcmp(header, "\x8e\xad\xe8", 3) != 0)
			return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "a package with a broken rpm header");
		if (i == 0)
			size += -store & 7;
		code = take(stream, NULL, size, err);
	}
	*out = UINT64_MAX;
	return code;
}

int nested_open(struct nested *nested, struct stream *stream, struct stream_budget *budget,
		struct stream **payload, struct note_error *err)
{
	const void *head;
	size_t size;
	*payload = NULL;
	nested->stream = stream;
	int code = stream_peek(stream, sizeof(rpm_magic), &head, &size, err);
	if (code == NOTE_OK)
		code = memcmp(head, rpm_magic, sizeof(rpm_magic)) == 0
			       ? pass_headers(stream, &nested->left, err)
			       : find_data(stream, &nested->left, err);
	return code == NOTE_OK ? stream_open_source(payload, read_part, nested, budget, err) : code;
}
