/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs of bytes, and the way back in them: see stream.h. */
#include "tools/base/stream/stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libnote/error.h"
#include "tools/base/expansion/expansion.h"
#include "tools/base/stream/internal.h"
#include "tools/base/text.h"

#define BLOCK     65536
#define HEAD      512
#define MOST_PEEK 4096

struct stream {
	struct source source;
	struct stream_budget *budget;
	struct unpacker *unpacker; /* of a packed run that has not ended */
	bool packed;
	bool begun;
	uint64_t base;   /* where the run begins in the file */
	uint8_t *recent; /* a block that was read, and the one before it */
	size_t first, at, end;
	uint64_t read;           /* bytes of the run that came into RECENT */
	struct note_error error; /* of the next read */
	int code;
};

/* --- what may be unpacked --- */

struct stream_budget stream_budget_of(int fd)
{
	struct stat st;
	const uint64_t size = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	return (struct stream_budget){.left = expansion_bound(size, EXPANSION_STREAM),
				      .held = expansion_bound(size, EXPANSION_MEMORY)};
}

bool stream_spend(struct stream_budget *budget, uint64_t bytes)
{
	if (bytes > budget->left) {
		budget->burst = true;
		budget->left = 0;
		return false;
	}
	budget->left -= bytes;
	return true;
}

int stream_too_much(struct note_error *err)
{
	return expansion_error(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, NULL, EXPANSION_STREAM);
}

int stream_too_large(struct note_error *err)
{
	return expansion_error(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, NULL, EXPANSION_MEMORY);
}

/* --- opening --- */

int stream_open_fd(struct stream **out, int fd, struct stream_budget *budget,
		   struct note_error *err)
{
	struct stat st;
	*out = NULL;
	if (fstat(fd, &st) != 0)
		return error_system(err, "stat");
	struct stream *stream = *out = xcalloc(1, sizeof(*stream));
	stream->source.fd = fd;
	stream->source.size = (uint64_t)st.st_size;
	stream->budget = budget;
	return NOTE_OK;
}

int stream_open_source(struct stream **out, stream_source *read, void *context,
		       struct stream_budget *budget, struct note_error *err)
{
	struct stream *stream = *out = xcalloc(1, sizeof(*stream));
	(void)err;
	stream->source.fd = -1;
	stream->source.read = read;
	stream->source.context = context;
	stream->budget = budget;
	return NOTE_OK;
}

void stream_close(struct stream *stream)
{
	if (stream == NULL)
		return;
	unpacker_close(stream->unpacker);
	source_free(&stream->source);
	free(stream->recent);
	free(stream);
}

void stream_hash(struct stream *stream)
{
	stream->source.digest = sha256_begin();
}

int stream_digest(struct stream *stream, char out[65], struct note_error *err)
{
	struct source *source = &stream->source;
	int code = NOTE_OK;
	unpacker_close(stream->unpacker);
	stream->unpacker = NULL;
	while (code == NOTE_OK && !source->ended) {
		source_consume(source, source_there(source));
		code = source_fill(source, 1, SOURCE_BLOCK, err);
	}
	sha256_end(source->digest, out);
	source->digest = NULL;
	return code;
}

/* --- runs --- */

bool stream_is_packed(const struct stream *stream)
{
	return stream->packed;
}

bool stream_can_seek(const struct stream *stream)
{
	return !stream->packed && stream->source.fd >= 0 && stream->source.digest == NULL;
}

uint64_t stream_offset(const struct stream *stream)
{
	return stream->packed || !stream->begun ? source_offset(&stream->source)
						: stream->base + stream_position(stream);
}

uint64_t stream_position(const struct stream *stream)
{
	return stream->read - (stream->end - stream->at);
}

/* The source behind any zeros; *LEFT tells whether there is more. */
static int pass_zeros(struct source *source, bool *left, struct note_error *err)
{
	*left = false;
	while (true) {
		const int code = source_fill(source, 1, SOURCE_BLOCK, err);
		if (code != NOTE_OK)
			return code;
		const uint8_t *bytes = source_bytes(source);
		const size_t there = source_there(source);
		size_t zeros = 0;
		while (zeros < there && bytes[zeros] == 0)
			zeros++;
		source_consume(source, zeros);
		*left = zeros < there;
		if (*left || there == 0)
			return NOTE_OK;
	}
}

static int begin_run(struct stream *stream, struct note_error *err)
{
	struct source *source = &stream->source;
	int code = source_fill(source, 16, HEAD, err);
	if (code != NOTE_OK)
		return code;
	const enum packing packing = packing_of(source_bytes(source), source_there(source));
	stream->begun = true;
	stream->packed = packing != NOT_PACKED;
	stream->base = source_offset(source);
	stream->first = stream->at = stream->end = 0;
	stream->read = 0;
	return stream->packed ? unpacker_open(&stream->unpacker, packing, source, err) : NOTE_OK;
}

/* Of what is packed the members and frames that follow each other are one run, whatever zeros are
 * between them. */
static int go_on(struct stream *stream, struct note_error *err)
{
	struct source *source = &stream->source;
	bool left;
	unpacker_close(stream->unpacker);
	stream->unpacker = NULL;
	int code = pass_zeros(source, &left, err);
	if (code == NOTE_OK && left)
		code = source_fill(source, 16, SOURCE_BLOCK, err);
	if (code != NOTE_OK || !left)
		return code;
	const enum packing packing = packing_of(source_bytes(source), source_there(source));
	return packing != NOT_PACKED ? unpacker_open(&stream->unpacker, packing, source, err)
				     : NOTE_OK;
}

/* --- reading --- */

static int read_packed(struct stream *stream, uint8_t *out, size_t room, size_t *got,
		       struct note_error *err)
{
	int code = NOTE_OK;
	*got = 0;
	while (code == NOTE_OK && *got == 0 && stream->unpacker != NULL) {
		code = unpacker_read(stream->unpacker, out, room, got, err);
		if (code == NOTE_OK && *got == 0)
			code = go_on(stream, err);
	}
	if (code == NOTE_OK && !stream_spend(stream->budget, *got))
		code = stream_too_much(err);
	return code;
}

/* A new block behind the last one. What came before an error is given first. */
static int refill(struct stream *stream, size_t most, struct note_error *err)
{
	if (stream->code != NOTE_OK) {
		if (err != NULL)
			*err = stream->error;
		return stream->code;
	}
	if (stream->recent == NULL)
		stream->recent = xmalloc(2 * (size_t)BLOCK);
	if (stream->end > BLOCK) {
		const size_t from =
			stream->end - BLOCK < stream->at ? stream->end - BLOCK : stream->at;
		memmove(stream->recent, stream->recent + from, stream->end - from);
		stream->first = 0;
		stream->at -= from;
		stream->end -= from;
	}
	size_t got = 1, all = 0;
	while (stream->code == NOTE_OK && got != 0 && all < most &&
	       stream->end < 2 * (size_t)BLOCK) {
		size_t room = 2 * (size_t)BLOCK - stream->end;
		room = room < most - all ? room : most - all;
		uint8_t *out = stream->recent + stream->end;
		stream->code = stream->packed ? read_packed(stream, out, room, &got, &stream->error)
					      : source_take(&stream->source, out, room, &got,
							    &stream->error);
		if (stream->code != NOTE_OK)
			got = 0;
		stream->end += got;
		stream->read += got;
		all += got;
	}
	if (all == 0 && stream->code != NOTE_OK && err != NULL)
		*err = stream->error;
	return all == 0 ? stream->code : NOTE_OK;
}

int stream_read(struct stream *stream, const void **bytes, size_t *size, struct note_error *err)
{
	int code = NOTE_OK;
	*bytes = "";
	*size = 0;
	if (stream->at == stream->end)
		code = refill(stream, BLOCK, err);
	if (code != NOTE_OK || stream->recent == NULL)
		return code;
	*bytes = stream->recent + stream->at;
	*size = stream->end - stream->at;
	stream->at = stream->end;
	return NOTE_OK;
}

int stream_peek(struct stream *stream, size_t least, const void **bytes, size_t *size,
		struct note_error *err)
{
	size_t before = SIZE_MAX;
	int code = NOTE_OK;
	least = least < MOST_PEEK ? least : MOST_PEEK;
	while (code == NOTE_OK && stream->end - stream->at < least && stream->end != before) {
		before = stream->end;
		code = refill(stream, least - (stream->end - stream->at), err);
	}
	*size = stream->end - stream->at;
	*bytes = stream->recent != NULL ? stream->recent + stream->at : (const uint8_t *)"";
	return *size != 0 ? NOTE_OK : code;
}

bool stream_back(struct stream *stream, uint64_t bytes)
{
	if (bytes <= stream->at - stream->first) {
		stream->at -= (size_t)bytes;
		return true;
	}
	if (!stream_can_seek(stream) || bytes > stream_position(stream))
		return false;
	stream_seek(stream, stream_position(stream) - bytes);
	return true;
}

void stream_seek(struct stream *stream, uint64_t position)
{
	const uint64_t size = stream_run_size(stream);
	stream->read = position < size ? position : size;
	stream->first = stream->at = stream->end = 0;
	source_seek(&stream->source, stream->base + stream->read);
}

uint64_t stream_run_size(const struct stream *stream)
{
	const uint64_t size = stream->source.size;
	return size > stream->base ? size - stream->base : 0;
}

/* Of the run at hand what comes next and is not zero: false where that is nothing. */
static int pass_zeros_of_run(struct stream *stream, bool *left, struct note_error *err)
{
	const void *bytes;
	size_t size = 1;
	int code;
	*left = false;
	while ((code = stream_read(stream, &bytes, &size, err)) == NOTE_OK && size != 0) {
		const uint8_t *byte = bytes;
		size_t zeros = 0;
		while (zeros < size && byte[zeros] == 0)
			zeros++;
		if (zeros == size)
			continue;
		stream_back(stream, size - zeros);
		*left = true;
		break;
	}
	return code;
}

int stream_next_run(struct stream *stream, struct note_error *err)
{
	struct source *source = &stream->source;
	bool left;
	if (!stream->begun) {
		const int code = source_fill(source, 16, HEAD, err);
		if (code != NOTE_OK)
			return code;
		return source_there(source) == 0 ? NOTE_ABSENT : begin_run(stream, err);
	}
	int code = pass_zeros_of_run(stream, &left, err);
	if (code != NOTE_OK)
		return code;
	if (left && stream->packed)
		return NOTE_OK; /* the same run, further on */
	if (left) {
		/* As it is: from here on something packed may stand. */
		const size_t there = stream->end - stream->at;
		const uint64_t offset = stream_offset(stream);
		const enum packing packing = packing_of(stream->recent + stream->at, there);
		if (packing == NOT_PACKED)
			return NOTE_OK;
		if (source->fd >= 0 && source->digest == NULL)
			source_seek(source, offset);
		else
			source_push(source, stream->recent + stream->at, there);
		return begin_run(stream, err);
	}
	if (!stream->packed)
		return NOTE_ABSENT;
	code = pass_zeros(source, &left, err);
	if (code != NOTE_OK)
		return code;
	return left ? begin_run(stream, err) : NOTE_ABSENT;
}
