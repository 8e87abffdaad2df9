/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A .deb or .rpm inside an archive, read as it comes; one that is a file is read by
 * base/package, which can go back.
 *
 * deb(5): an ar archive, "!<arch>\n", members with headers of 60 bytes: name (16), ..., size as
 * decimal digits (10, at 48), "`\n"; padded to 2. The files are in data.tar, compressed or not.
 * rpm (docs/manual/format_v4.md): a lead of 96 bytes; a signature header, padded to 8; the header;
 * a compressed cpio. A header: 8 bytes, the number of its entries (16 bytes each), the size of its
 * store. What the cpio leaves out (base/package/payload.c: "07070X") is filled in from the header,
 * so that it is one as others are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libnote/error.h"
#include "libnote/span.h"
#include "tools/base/package/package.h"
#include "tools/show/nested.h"

#define AR_MAGIC_SIZE  8
#define AR_HEADER_SIZE 60
#define LEAD_SIZE      96
#define HEADER_MOST    (64u << 20) /* of rpm's own limit of 256 MiB, what is looked into */
#define STRIPPED_SIZE  16

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
	struct nested part = {.stream = stream, .left = size};
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

/* SIZE bytes, which are not believed before they have come. */
static int take_text(struct stream *stream, struct text *out, uint64_t size, struct note_error *err)
{
	char part[4096];
	int code = NOTE_OK;
	while (code == NOTE_OK && out->size < size) {
		const uint64_t left = size - out->size;
		const size_t want = left < sizeof(part) ? (size_t)left : sizeof(part);
		code = take(stream, part, want, err);
		if (code == NOTE_OK)
			text_add(out, part, want);
	}
	return code;
}

/* The list of files in the header of COUNT entries and STORE bytes. */
static int list_files(struct nested *nested, uint64_t count, uint64_t store, struct note_error *err)
{
	struct text header = {0};
	const uint64_t size = 16 * count + store;
	if (size > HEADER_MOST)
		return take(nested->stream, NULL, size, err);
	int code = take_text(nested->stream, &header, size, err);
	if (code == NOTE_OK && size != 0)
		nested->files = rpm_files_of(header.data, (size_t)count,
					     header.data + (size_t)(16 * count), (size_t)store);
	text_free(&header);
	return code;
}

static int pass_headers(struct nested *nested, struct note_error *err)
{
	uint8_t header[16];
	int code = take(nested->stream, NULL, LEAD_SIZE, err);
	for (int i = 0; code == NOTE_OK && i < 2; i++) {
		code = take(nested->stream, header, sizeof(header), err);
		if (code != NOTE_OK)
			break;
		const struct span span = {header, sizeof(header)};
		const uint64_t count = span_u32(span, 8, true), store = span_u32(span, 12, true);
		if (memcmp(header, "\x8e\xad\xe8", 3) != 0)
			return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "a package with a broken rpm header");
		code = i == 0 ? take(nested->stream, NULL, 16 * count + store + (-store & 7), err)
			      : list_files(nested, count, store, err);
	}
	nested->left = UINT64_MAX;
	return code;
}

/* --- what a payload leaves out --- */

static bool read_index(const char *digits, uint64_t *out)
{
	*out = 0;
	for (int i = 0; i < 8; i++) {
		const int value = hex_value(digits[i]);
		if (value < 0)
			return false;
		*out = *out << 4 | (uint64_t)value;
	}
	return true;
}

/* A header as cpio(5) has it ("070701"), with the name, padded. */
static int write_head(struct nested *nested, const struct rpm_file *file, struct note_error *err)
{
	const bool has_contents = (S_ISREG(file->mode) && !file->later) || S_ISLNK(file->mode);
	const uint64_t size = has_contents ? file->size : 0;
	if (size > UINT32_MAX)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "%.200s: larger than 4 GiB: take the package out and name it",
				 file->name);
	const size_t name = strlen(file->folder) + strlen(file->name) + 2; /* "." and the NUL */
	text_free(&nested->head);
	text_printf(&nested->head,
		    "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08zx%08x.%s%s",
		    (unsigned)file->inode, (unsigned)file->mode, 0u, 0u, file->is_linked ? 2u : 1u,
		    0u, (unsigned)size, (unsigned)(file->inode >> 32), 0u, 0u, 0u, name, 0u,
		    file->folder, file->name);
	text_add(&nested->head, "\0\0\0", 1 + (-(110 + name) & 3));
	nested->head_at = 0;
	nested->through = size + (-size & 3);
	return NOTE_OK;
}

static bool is_stripped(const void *head, size_t size)
{
	return size >= 6 && memcmp(head, "07070X", 6) == 0;
}

/* The next file's header; what is none of a number, as the one at the end, follows as it is. */
static int next_head(struct nested *nested, struct note_error *err)
{
	const void *bytes;
	size_t size;
	char header[STRIPPED_SIZE];
	uint64_t index;
	int code = stream_peek(nested->payload, 6, &bytes, &size, err);
	if (code == NOTE_OK && !is_stripped(bytes, size)) {
		nested->through = UINT64_MAX;
		return NOTE_OK;
	}
	if (code == NOTE_OK)
		code = take(nested->payload, header, sizeof(header), err);
	if (code != NOTE_OK)
		return code;
	const struct rpm_file *file =
		read_index(header + 6, &index) ? rpm_files_get(nested->files, index) : NULL;
	if (file == NULL)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "the package's payload: a file that the header does not list");
	return write_head(nested, file, err);
}

static int read_filled(void *context, void *buffer, size_t room, size_t *got,
		       struct note_error *err)
{
	struct nested *nested = context;
	int code = NOTE_OK;
	*got = 0;
	if (nested->head_at == nested->head.size && nested->through == 0)
		code = next_head(nested, err);
	if (code != NOTE_OK)
		return code;
	if (nested->head_at < nested->head.size) {
		const size_t left = nested->head.size - nested->head_at;
		*got = left < room ? left : room;
		memcpy(buffer, nested->head.data + nested->head_at, *got);
		nested->head_at += *got;
		return NOTE_OK;
	}
	struct nested part = {.stream = nested->payload, .left = nested->through};
	code = read_part(&part, buffer, room, got, err);
	nested->through = part.left;
	return code;
}

int nested_open(struct nested *nested, struct stream *stream, struct stream_budget *budget,
		struct stream **out, struct note_error *err)
{
	const void *head;
	size_t size;
	*nested = (struct nested){.stream = stream, .budget = budget};
	int code = stream_peek(stream, sizeof(rpm_magic), &head, &size, err);
	if (code == NOTE_OK)
		code = memcmp(head, rpm_magic, sizeof(rpm_magic)) == 0
			       ? pass_headers(nested, err)
			       : find_data(stream, &nested->left, err);
	if (code == NOTE_OK)
		code = stream_open_source(&nested->payload, read_part, nested, budget, err);
	if (code == NOTE_OK)
		code = stream_next_run(nested->payload, err);
	if (code == NOTE_OK)
		code = stream_peek(nested->payload, 6, &head, &size, err);
	if (code != NOTE_OK)
		return code;
	*out = nested->payload;
	if (!is_stripped(head, size))
		return NOTE_OK;
	code = stream_open_source(&nested->filled, read_filled, nested, budget, err);
	if (code == NOTE_OK)
		code = stream_next_run(nested->filled, err);
	*out = nested->filled;
	return code;
}

void nested_close(struct nested *nested)
{
	stream_close(nested->filled);
	stream_close(nested->payload);
	rpm_files_free(nested->files);
	text_free(&nested->head);
}
