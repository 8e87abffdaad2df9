/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes as they are in a file or a member, looked at before they are consumed: see internal.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/file.h"
#include "tools/base/stream/internal.h"
#include "tools/base/text.h"

static int read_some(struct source *source, uint8_t *out, size_t room, size_t *got,
		     struct note_error *err)
{
	int code = NOTE_OK;
	*got = 0;
	if (source->fd >= 0) {
		const ssize_t part = file_read_some(source->fd, out, room, source->next);
		if (part < 0)
			return error_system(err, "read");
		*got = (size_t)part;
	} else {
		code = source->read(source->context, out, room, got, err);
	}
	if (code != NOTE_OK)
		return code;
	source->ended = *got == 0;
	source->next += *got;
	if (source->digest != NULL)
		sha256_add(source->digest, out, *got);
	return NOTE_OK;
}

/* Room for more behind the bytes that are there: these go to the front, with what is kept. */
static void make_room(struct source *source)
{
	if (source->block == NULL) {
		source->room = SOURCE_KEPT + SOURCE_BLOCK;
		source->block = xmalloc(source->room);
	}
	if (source->end < source->room)
		return;
	const size_t consumed = source->start - source->first;
	const size_t keep = consumed < SOURCE_KEPT ? consumed : SOURCE_KEPT;
	const size_t from = source->start - keep;
	memmove(source->block, source->block + from, source->end - from);
	source->first = 0;
	source->start = keep;
	source->end -= from;
}

int source_fill(struct source *source, size_t least, size_t most, struct note_error *err)
{
	int code = NOTE_OK;
	while (code == NOTE_OK && source->end - source->start < least && !source->ended) {
		size_t got;
		make_room(source);
		const size_t room = source->room - source->end;
		code = read_some(source, source->block + source->end, room < most ? room : most,
				 &got, err);
		source->end += got;
	}
	return code;
}

size_t source_there(const struct source *source)
{
	return source->end - source->start;
}

const uint8_t *source_bytes(const struct source *source)
{
	return source->block != NULL ? source->block + source->start : (const uint8_t *)"";
}

void source_consume(struct source *source, size_t bytes)
{
	source->start += bytes;
}

bool source_give_back(struct source *source, uint64_t bytes)
{
	if (bytes > source->start - source->first)
		return false;
	source->start -= (size_t)bytes;
	return true;
}

void source_push(struct source *source, const uint8_t *bytes, size_t size)
{
	const size_t there = source_there(source);
	uint8_t *block = xmalloc(SOURCE_KEPT + SOURCE_BLOCK + size + there);
	memcpy(block, bytes, size);
	if (there != 0)
		memcpy(block + size, source_bytes(source), there);
	free(source->block);
	source->block = block;
	source->room = SOURCE_KEPT + SOURCE_BLOCK + size + there;
	source->first = source->start = 0;
	source->end = size + there;
}

uint64_t source_offset(const struct source *source)
{
	return source->next - (source->end - source->start);
}

int source_take(struct source *source, uint8_t *out, size_t room, size_t *got,
		struct note_error *err)
{
	const size_t there = source_there(source);
	*got = 0;
	if (there == 0)
		return source->ended ? NOTE_OK : read_some(source, out, room, got, err);
	*got = there < room ? there : room;
	memcpy(out, source_bytes(source), *got);
	source_consume(source, *got);
	return NOTE_OK;
}

void source_seek(struct source *source, uint64_t offset)
{
	source->next = offset < source->size ? offset : source->size;
	source->first = source->start = source->end = 0;
	source->ended = false;
}

void source_free(struct source *source)
{
	if (source->digest != NULL) {
		char unused[2 * SHA256_SIZE + 1];
		sha256_end(source->digest, unused);
	}
	free(source->block);
}
