/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gate between files and everything else: see image.h. */
#include "image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

/* A piece of a file that was read. The first one is the head: most notes lie in page one. */
struct image_chunk {
	struct image_chunk *next;
	uint64_t offset;
	uint64_t size;
	uint8_t bytes[];
};

#define HEAD_SIZE 4096

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
	if (code == NOTE_OK) {
		(*out)->parent = parent;
		(*out)->base = offset;
	}
	return code;
}

void image_close(struct image *image)
{
	if (image == NULL)
		return;
	for (struct image_chunk *chunk = image->chunks, *next; chunk != NULL; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(image);
}

/* Reads [offset, offset + length) of the file into a new chunk; a file that has shrunk since
 * it was opened is malformed, never a short buffer. */
static const uint8_t *read_chunk(struct image *image, uint64_t offset, uint64_t length,
				 const char *what, struct note_error *err)
{
	uint64_t want = length;
	if (image->chunks == NULL && offset + length <= HEAD_SIZE) {
		want = image->size < HEAD_SIZE ? image->size : HEAD_SIZE;
		offset = 0;
	}
	struct image_chunk *chunk = malloc(sizeof(*chunk) + want);
	if (chunk == NULL) {
		error_system(err, "%s", what);
		return NULL;
	}
	chunk->offset = offset;
	chunk->size = 0;
	while (chunk->size < want) {
		ssize_t got = pread(image->fd, chunk->bytes + chunk->size, want - chunk->size,
				    (off_t)(offset + chunk->size));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			error_system(err, "%s", what);
		else if (got == 0)
			error_set(err, NOTE_MALFORMED, offset + chunk->size,
				  "%s: the file became shorter while it was read", what);
		if (got <= 0) {
			free(chunk);
			return NULL;
		}
		chunk->size += (uint64_t)got;
	}
	chunk->next = image->chunks;
	image->chunks = chunk;
	return chunk->bytes;
}

const uint8_t *image_bytes(struct image *image, uint64_t offset, uint64_t length, const char *what,
			   struct note_error *err)
{
	if (offset > image->size || length > image->size - offset) {
		error_set(err, NOTE_MALFORMED, offset,
			  "%s: %llu bytes at this offset end after the file's %llu", what,
			  (unsigned long long)length, (unsigned long long)image->size);
		return NULL;
	}
	if (image->memory != NULL)
		return image->memory + offset;
	if (length == 0)
		return (const uint8_t *)"";
	if (image->parent != NULL)
		return image_bytes(image->parent, image->base + offset, length, what, err);
	for (struct image_chunk *chunk = image->chunks; chunk != NULL; chunk = chunk->next)
		if (offset >= chunk->offset && offset - chunk->offset <= chunk->size &&
		    length <= chunk->size - (offset - chunk->offset))
			return chunk->bytes + (offset - chunk->offset);
	const uint8_t *bytes = read_chunk(image, offset, length, what, err);
	if (bytes != NULL && image->chunks->offset != offset)
		bytes += offset - image->chunks->offset;
	return bytes;
}

const char *image_string(struct image *image, uint64_t offset, uint64_t limit, const char *what,
			 struct note_error *err)
{
	if (limit > image->size)
		limit = image->size;
	/* Read by growing pieces: a string table may be large, a name is short. */
	for (uint64_t length = 128; offset < limit; length *= 4) {
		if (length > limit - offset)
			length = limit - offset;
		const uint8_t *bytes = image_bytes(image, offset, length, what, err);
		if (bytes == NULL)
			return NULL;
		if (memchr(bytes, '\0', length) != NULL)
			return (const char *)bytes;
		if (length == limit - offset)
			break;
	}
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
