/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/relocs/crel.h"

#include <stdbool.h>

#include "libnote/error.h"

struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

/* The bytes of one number, of which the result is the value: unsigned, or signed in two's
 * complement. Bits above the 64th are dropped. */
static uint64_t read_number(struct reader *reader, bool is_signed)
{
	uint64_t value = 0;
	for (unsigned shift = 0;; shift += 7) {
		if (reader->at == reader->end) {
			reader->failed = true;
			return 0;
		}
		const uint8_t byte = *reader->at++;
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) != 0)
			continue;
		if (is_signed && (byte & 0x40) != 0 && shift + 7 < 64)
			value |= UINT64_MAX << (shift + 7);
		return value;
	}
}

static void put_signed(struct text *out, int64_t value)
{
	for (;;) {
		const uint8_t low = (uint8_t)((uint64_t)value & 0x7f);
		value = value < 0 ? ~(~value >> 7) : value >> 7;
		const bool last =
			(value == 0 && (low & 0x40) == 0) || (value == -1 && (low & 0x40) != 0);
		const uint8_t byte = last ? low : low | 0x80;
		text_add(out, &byte, 1);
		if (last)
			return;
	}
}

/* One relocation; *OLD and *NOW are the symbol of the one before. All but the symbol is copied. */
static bool renumber_one(struct text *out, struct reader *reader, bool has_addends, uint32_t *old,
			 uint32_t *now, const uint32_t *to, uint64_t count)
{
	const uint8_t *start = reader->at;
	const uint8_t flags = start < reader->end ? *start : 0;
	read_number(reader, false); /* what is left of the offset */
	const uint8_t *symbol = reader->at;
	if ((flags & 1) != 0)
		*old += (uint32_t)read_number(reader, true);
	const uint8_t *rest = reader->at;
	if ((flags & 2) != 0)
		read_number(reader, true);
	if (has_addends && (flags & 4) != 0)
		read_number(reader, true);
	if (reader->failed || (*old != 0 && (*old >= count || to[*old] == 0)))
		return false;
	const uint32_t fresh = *old != 0 ? to[*old] : 0;
	const uint8_t head = (uint8_t)((flags & ~1) | (fresh != *now ? 1 : 0));
	text_add(out, &head, 1);
	text_add(out, start + 1, (size_t)(symbol - start) - 1);
	if (fresh != *now)
		put_signed(out, (int64_t)fresh - (int64_t)*now);
	text_add(out, rest, (size_t)(reader->at - rest));
	*now = fresh;
	return true;
}

int crel_renumber(struct text *out, const uint8_t *bytes, uint64_t size, const uint32_t *to,
		  uint64_t count, struct note_error *err)
{
	struct reader reader = {bytes, bytes + size, false};
	uint32_t old = 0;
	uint32_t now = 0;
	const uint64_t head = read_number(&reader, false);
	text_add(out, bytes, (size_t)(reader.at - bytes));
	for (uint64_t i = 0; !reader.failed && i < head / 8; i++)
		if (!renumber_one(out, &reader, (head & 4) != 0, &old, &now, to, count) &&
		    !reader.failed)
			return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "a relocation needs a section that is moved out");
	if (reader.failed)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "compact relocations (CREL) are cut short");
	return NOTE_OK;
}
