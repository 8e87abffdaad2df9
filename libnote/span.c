/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes with their length: see span.h. */
#include "span.h"

#include <string.h>

struct span span_rest(struct span whole, uint64_t offset)
{
	struct span rest;
	span_part(whole, offset, offset < whole.size ? whole.size - offset : 0, &rest);
	return rest;
}

struct span span_first(struct span whole, uint64_t length)
{
	return (struct span){whole.bytes, length < whole.size ? length : whole.size};
}

const char *span_string(struct span span, uint64_t offset)
{
	const struct span rest = span_rest(span, offset);
	if (rest.size == 0 || memchr(rest.bytes, '\0', rest.size) == NULL)
		return NULL;
	return (const char *)rest.bytes;
}

uint64_t span_length(struct span span, uint64_t offset)
{
	const struct span rest = span_rest(span, offset);
	return rest.size != 0 ? strnlen((const char *)rest.bytes, rest.size) : 0;
}

bool span_equal(struct span span, uint64_t offset, const void *bytes, uint64_t length)
{
	struct span part;
	return span_part(span, offset, length, &part) &&
	       (length == 0 || memcmp(part.bytes, bytes, length) == 0);
}

bool span_is_zero(struct span span)
{
	for (uint64_t i = 0; i < span.size; i++)
		if (span.bytes[i] != 0)
			return false;
	return true;
}

uint8_t *output_at(struct output *out, uint64_t offset, uint64_t length)
{
	if (!span_holds(out->size, offset, length)) {
		out->missed = true;
		return NULL;
	}
	return out->bytes + offset;
}

static void write_at(struct output *out, uint64_t offset, const void *from, uint64_t length)
{
	uint8_t *to = output_at(out, offset, length);
	if (to != NULL && length != 0)
		memcpy(to, from, length);
}

void output_u16(struct output *out, uint64_t offset, uint16_t value, bool big)
{
	value = big == SPAN_HOST_IS_BIG ? value : __builtin_bswap16(value);
	write_at(out, offset, &value, sizeof(value));
}

void output_u32(struct output *out, uint64_t offset, uint32_t value, bool big)
{
	value = big == SPAN_HOST_IS_BIG ? value : __builtin_bswap32(value);
	write_at(out, offset, &value, sizeof(value));
}

void output_u64(struct output *out, uint64_t offset, uint64_t value, bool big)
{
	value = big == SPAN_HOST_IS_BIG ? value : __builtin_bswap64(value);
	write_at(out, offset, &value, sizeof(value));
}

void output_word(struct output *out, uint64_t offset, uint64_t value, bool wide, bool big)
{
	if (wide)
		output_u64(out, offset, value, big);
	else if (value <= UINT32_MAX)
		output_u32(out, offset, (uint32_t)value, big);
	else
		out->missed = true;
}

void output_copy(struct output *out, uint64_t offset, struct span from)
{
	write_at(out, offset, from.bytes, from.size);
}

void output_fill(struct output *out, uint64_t offset, uint64_t length, uint8_t byte)
{
	uint8_t *to = output_at(out, offset, length);
	if (to != NULL && length != 0)
		memset(to, byte, length);
}

struct span output_span(const struct output *out)
{
	return (struct span){out->bytes, out->size};
}
