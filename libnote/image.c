/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gate between files and everything else: see image.h. */
#include "image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chunks.h"
#include "error.h"
#include "large.h"

/* Of the pieces that are read the first one is the head: most notes lie in page one. Later ones are
 * a little longer than what was asked for, because what comes next is often near. */
#define HEAD_SIZE  4096
#define CHUNK_SIZE 1024
#define MAX_STRING 65536

static int image_new(struct image **out, uint64_t size, struct note_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return error_system(err, "image");
	(*out)->size = size;
	(*out)->fd = -1;
	return NOTE_OK;
}

int image_open_fd(struct image **out, int fd, struct note_error *err)
{
	struct stat st;
	*out = NULL;
	if (fstat(fd, &st) != 0)
		return error_system(err, "stat");
	if (!S_ISREG(st.st_mode))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not a regular file");
	int code = image_new(out, (uint64_t)st.st_size, err);
	if (code == NOTE_OK)
		(*out)->fd = fd;
	return code;
}

int image_open_memory(struct image **out, const void *bytes, uint64_t size, struct note_error *err)
{
	int code = image_new(out, size, err);
	if (code == NOTE_OK)
		(*out)->memory = bytes != NULL ? bytes : (const uint8_t *)"";
	return code;
}

int image_open_part(struct image **out, struct image *parent, uint64_t offset, uint64_t size,
		    struct note_error *err)
{
	*out = NULL;
	if (offset > parent->size || size > parent->size - offset)
		return error_set(err, NOTE_MALFORMED, offset, "part ends after the file");
	int code = image_new(out, size, err);
	if (code == NOTE_OK && parent->memory != NULL) {
		(*out)->memory = parent->memory + offset;
	} else if (code == NOTE_OK) {
		(*out)->fd = parent->fd;
		(*out)->base = parent->base + offset;
	}
	return code;
}

void image_close(struct image *image)
{
	if (image == NULL)
		return;
	chunks_free(image->chunks);
	free(image);
}

/* Reads LENGTH bytes of the file; one that has shrunk since it was opened is malformed, never a
 * short buffer. */
static int read_exactly(struct image *image, uint64_t offset, uint64_t length, uint8_t *out,
			const char *what, struct note_error *err)
{
	while (length != 0) {
		ssize_t got = pread(image->fd, out, length, (off_t)(image->base + offset));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_system(err, "%s", what);
		if (got == 0)
			return error_set(err, NOTE_MALFORMED, offset,
					 "%s: the file became shorter while it was read", what);
		out += got;
		offset += (uint64_t)got;
		length -= (uint64_t)got;
	}
	return NOTE_OK;
}

/* Reads WANT bytes at START, or what the file has of them, and keeps them. */
static const uint8_t *read_chunk(struct image *image, uint64_t start, uint64_t want,
				 const char *what, struct note_error *err)
{
	if (want > image->size - start)
		want = image->size - start;
	uint8_t *bytes = large_alloc(want);
	if (bytes == NULL) {
		error_system(err, "%s", what);
		return NULL;
	}
	if (read_exactly(image, start, want, bytes, what, err) != NOTE_OK) {
		free(bytes);
		return NULL;
	}
	if (!chunks_add(&image->chunks, start, want, bytes)) {
		free(bytes);
		error_system(err, "%s", what);
		return NULL;
	}
	return bytes;
}

/* The same for what holds [offset, offset + length): bytes at OFFSET. */
static const uint8_t *read_around(struct image *image, uint64_t offset, uint64_t length,
				  const char *what, struct note_error *err)
{
	if (image->chunks == NULL && offset + length <= HEAD_SIZE) {
		const uint8_t *head = read_chunk(image, 0, HEAD_SIZE, what, err);
		return head != NULL ? head + offset : NULL;
	}
	return read_chunk(image, offset, length < CHUNK_SIZE ? CHUNK_SIZE : length, what, err);
}

/* The gate itself. */
static bool lies_inside(const struct image *image, uint64_t offset, uint64_t length,
			const char *what, struct note_error *err)
{
	if (span_holds(image->size, offset, length))
		return true;
	error_set(err, NOTE_MALFORMED, offset,
		  "%s: %llu bytes at this offset end after the file's %llu", what,
		  (unsigned long long)length, (unsigned long long)image->size);
	return false;
}

const uint8_t *image_bytes(struct image *image, uint64_t offset, uint64_t length, const char *what,
			   struct note_error *err)
{
	if (!lies_inside(image, offset, length, what, err))
		return NULL;
	if (image->memory != NULL)
		return image->memory + offset;
	if (length == 0)
		return (const uint8_t *)"";
	const uint8_t *bytes = chunks_find(image->chunks, offset, length);
	return bytes != NULL ? bytes : read_around(image, offset, length, what, err);
}

int image_span(struct image *image, uint64_t offset, uint64_t length, const char *what,
	       struct span *out, struct note_error *err)
{
	struct note_error local;
	*out = (struct span){image_bytes(image, offset, length, what, &local), length};
	if (out->bytes != NULL)
		return NOTE_OK;
	out->size = 0;
	if (err != NULL)
		*err = local;
	return local.code;
}

int image_whole(struct image *image, struct span *out, struct note_error *err)
{
	return image_span(image, 0, image->size, "file", out, err);
}

int image_copy(struct image *image, uint64_t offset, uint64_t length, void *out, const char *what,
	       struct note_error *err)
{
	if (!lies_inside(image, offset, length, what, err))
		return NOTE_MALFORMED;
	const uint8_t *bytes = image->memory != NULL ? image->memory + offset
						     : chunks_find(image->chunks, offset, length);
	/* The head is kept: it will be asked for again. */
	if (bytes == NULL && offset + length <= HEAD_SIZE) {
		bytes = read_around(image, offset, length, what, err);
		if (bytes == NULL)
			return err != NULL ? err->code : NOTE_SYSTEM;
	}
	if (bytes == NULL)
		return read_exactly(image, offset, length, out, what, err);
	memcpy(out, bytes, length);
	return NOTE_OK;
}

/* LENGTH bytes at OFFSET, which lie inside. Of a file, read as the window of twice that size that
 * starts at a multiple of it: strings that begin one byte after the other do not cost a piece each.
 */
static const uint8_t *string_part(struct image *image, uint64_t offset, uint64_t length,
				  const char *what, struct note_error *err)
{
	if (image->memory != NULL || length <= CHUNK_SIZE)
		return image_bytes(image, offset, length, what, err);
	const uint8_t *bytes = chunks_find(image->chunks, offset, length);
	if (bytes != NULL)
		return bytes;
	uint64_t unit = CHUNK_SIZE;
	while (unit < length)
		unit *= 2;
	const uint64_t start = offset & ~(unit - 1);
	bytes = read_chunk(image, start, 2 * unit, what, err);
	return bytes != NULL ? bytes + (offset - start) : NULL;
}

const char *image_string(struct image *image, uint64_t offset, uint64_t limit, const char *what,
			 struct note_error *err)
{
	if (limit > image->size)
		limit = image->size;
	/* Read by growing pieces: a string table may be large, a name is short. */
	for (uint64_t length = 128; offset < limit && length <= MAX_STRING; length *= 4) {
		if (length > limit - offset)
			length = limit - offset;
		const uint8_t *bytes = string_part(image, offset, length, what, err);
		if (bytes == NULL)
			return NULL;
		if (memchr(bytes, '\0', length) != NULL)
			return (const char *)bytes;
		if (length == limit - offset)
			break;
	}
	if (offset < limit && limit - offset > MAX_STRING)
		error_set(err, NOTE_UNSUPPORTED, offset, "%s: string of more than %u bytes", what,
			  MAX_STRING);
	else
		error_set(err, NOTE_MALFORMED, offset, "%s: string without an end", what);
	return NULL;
}

bool align_up(uint64_t value, uint64_t alignment, uint64_t *out)
{
	if (alignment <= 1) {
		*out = value;
		return true;
	}
	if ((alignment & (alignment - 1)) != 0 || __builtin_add_overflow(value, alignment - 1, out))
		return false;
	*out &= ~(alignment - 1);
	return true;
}
