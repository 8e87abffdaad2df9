/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes that travel with their length. Readers are handed a struct span and ask it for integers,
 * text and parts by offset; writers are handed a struct output in the same way. An offset out of a
 * file may be any number: what lies outside is read as zero, and is not written but remembered.
 * So no code but this (span.c too) and the gate (image.c) makes a pointer from a number of a file.
 *
 * Sums of such numbers: __builtin_add_overflow(), or span_holds(), which cannot wrap.
 *
 * Internal to the project (the tools share it), not installed.
 */
#ifndef NOTE_SPAN_H
#define NOTE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *bytes; /* not aligned; may be NULL where SIZE is 0 */
	uint64_t size;
};

/* SIZE bytes of a caller's. */
static inline struct span span_of(const void *bytes, uint64_t size)
{
	return (struct span){(const uint8_t *)bytes, size};
}

/* Whether LENGTH bytes at OFFSET lie inside SIZE. */
static inline bool span_holds(uint64_t size, uint64_t offset, uint64_t length)
{
	return offset <= size && length <= size - offset;
}

/* LENGTH bytes at OFFSET of WHOLE. False, and *OUT empty, where they do not lie inside. */
static inline bool span_part(struct span whole, uint64_t offset, uint64_t length, struct span *out)
{
	*out = (struct span){NULL, 0};
	if (!span_holds(whole.size, offset, length))
		return false;
	if (length != 0)
		*out = (struct span){whole.bytes + offset, length};
	return true;
}

/* What follows OFFSET: empty where that is behind the end. */
struct span span_rest(struct span whole, uint64_t offset);

/* At most the first LENGTH bytes. */
struct span span_first(struct span whole, uint64_t length);

/* Integers at OFFSET, in the byte order that BIG says; 0 where they do not lie inside. */
#define SPAN_HOST_IS_BIG (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
static inline uint8_t span_u8(struct span span, uint64_t offset)
{
	return offset < span.size ? span.bytes[offset] : 0;
}

static inline uint16_t span_u16(struct span span, uint64_t offset, bool big)
{
	uint16_t value = 0;
	if (span_holds(span.size, offset, sizeof(value)))
		memcpy(&value, span.bytes + offset, sizeof(value));
	return big == SPAN_HOST_IS_BIG ? value : __builtin_bswap16(value);
}

static inline uint32_t span_u32(struct span span, uint64_t offset, bool big)
{
	uint32_t value = 0;
	if (span_holds(span.size, offset, sizeof(value)))
		memcpy(&value, span.bytes + offset, sizeof(value));
	return big == SPAN_HOST_IS_BIG ? value : __builtin_bswap32(value);
}

static inline uint64_t span_u64(struct span span, uint64_t offset, bool big)
{
	uint64_t value = 0;
	if (span_holds(span.size, offset, sizeof(value)))
		memcpy(&value, span.bytes + offset, sizeof(value));
	return big == SPAN_HOST_IS_BIG ? value : __builtin_bswap64(value);
}

/* A word of 8 bytes (WIDE) or 4. */
static inline uint64_t span_word(struct span span, uint64_t offset, bool wide, bool big)
{
	return wide ? span_u64(span, offset, big) : span_u32(span, offset, big);
}

/* The NUL-terminated string at OFFSET; NULL where its NUL does not lie inside. */
const char *span_string(struct span span, uint64_t offset);

/* The number of bytes at OFFSET up to a NUL or the end. */
uint64_t span_length(struct span span, uint64_t offset);

/* Whether LENGTH bytes at OFFSET lie inside and equal BYTES. */
bool span_equal(struct span span, uint64_t offset, const void *bytes, uint64_t length);

/* Whether all of it is zero. */
bool span_is_zero(struct span span);

/* A new file, or a part of it, under way. */
struct output {
	uint8_t *bytes;
	uint64_t size;
	bool missed; /* something was to be written outside: the caller looks once, at the end */
};

void output_u16(struct output *out, uint64_t offset, uint16_t value, bool big);
void output_u32(struct output *out, uint64_t offset, uint32_t value, bool big);
void output_u64(struct output *out, uint64_t offset, uint64_t value, bool big);
void output_word(struct output *out, uint64_t offset, uint64_t value, bool wide, bool big);

/* All of FROM to OFFSET; they do not overlap. */
void output_copy(struct output *out, uint64_t offset, struct span from);

/* LENGTH bytes at OFFSET become BYTE. */
void output_fill(struct output *out, uint64_t offset, uint64_t length, uint8_t byte);

/* Where to write LENGTH bytes at OFFSET, NULL (and missed) where that is outside. */
uint8_t *output_at(struct output *out, uint64_t offset, uint64_t length);

/* What stands there. */
struct span output_span(const struct output *out);

#endif
