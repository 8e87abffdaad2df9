/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/compress/deflate.h"

#include <stdbool.h>
#include <string.h>
#include <zlib.h>

/* What is unpacked is of no interest: it goes here, again and again; as much as zlib looks back. */
#define WINDOW (32u << 10)

/* What inflate() tells in data_type. */
#define UNUSED_BITS 7
#define IN_LAST     64
#define AT_HEADER   128

/* Where the last block's header begins and where the stream ends, in bits. */
static int find_last(uint8_t *bytes, uint64_t size, uint64_t *last, uint64_t *end,
		     struct note_error *err)
{
	uint8_t window[WINDOW];
	z_stream z = {.next_in = bytes, .avail_in = (uInt)size};
	int result = Z_OK;
	if (z.avail_in != size)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "deflate: over 4 GB");
	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "deflate: out of memory");
	*last = *end = 0;
	while (result == Z_OK) {
		z.next_out = window;
		z.avail_out = sizeof(window);
		result = inflate(&z, Z_BLOCK);
		if (result != Z_OK || (z.data_type & AT_HEADER) == 0)
			continue;
		*end = 8 * (size - z.avail_in) - (z.data_type & UNUSED_BITS);
		if ((z.data_type & IN_LAST) == 0)
			*last = *end;
	}
	inflateEnd(&z);
	if (result == Z_MEM_ERROR)
		return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "deflate: out of memory");
	if (result != Z_STREAM_END || z.avail_in != 0)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "deflate: not a stream");
	return NOTE_OK;
}

int deflate_open(uint8_t *bytes, uint64_t *size, struct note_error *err)
{
	static const uint8_t no_bytes[] = {0, 0, 0xff, 0xff};
	uint64_t last, end;
	const int code = find_last(bytes, *size, &last, &end, err);
	if (code != NOTE_OK)
		return code;
	bytes[last / 8] &= (uint8_t) ~(1u << last % 8);
	/* Three zero bits are the header of a block of bytes; so are those that fill the byte. */
	if ((end + 3 + 7) / 8 > *size)
		bytes[(*size)++] = 0;
	memcpy(&bytes[*size], no_bytes, sizeof(no_bytes));
	*size += sizeof(no_bytes);
	return NOTE_OK;
}

uint32_t adler32_join(uint32_t first, uint32_t second, uint64_t second_size)
{
	return (uint32_t)adler32_combine(first, second, (z_off_t)second_size);
}
