/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/compress/deflate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/span.h"

#define LONGEST_CODE   15
#define END_OF_BLOCK   256
#define LENGTH_CODES   286
#define DISTANCE_CODES 30
#define MOST_SYMBOLS   288

/* Codes of so many bits stand in a table; the few that are longer are looked for. A block has some
 * thousand codes: more than that is not worth a larger table. */
#define SHORT_CODE 10

/* What is known of a code by its bits: how many they are with the extra bits behind them (28 at
 * most), and what comes then. */
#define ENTRY_BITS     0x3f
#define ENTRY_RARE     0x40              /* the block's end; with no bits: a long code, or none */
#define ENTRY_DISTANCE (1 << SHORT_CODE) /* comes next: where its entries are */

struct codes {
	uint16_t count[LONGEST_CODE + 1]; /* of each number of bits */
	uint16_t symbols[MOST_SYMBOLS];   /* in the order of their codes */
};

struct walk {
	struct span stream;
	uint64_t at;           /* in bits */
	struct codes codes[2]; /* literals and lengths; distances */
	uint16_t entries[2 << SHORT_CODE];
};

/* The eight bytes from here on; zeros behind the end. */
static uint64_t load(const struct walk *walk, uint64_t byte)
{
	if (span_holds(walk->stream.size, byte, 8))
		return span_u64(walk->stream, byte, false);
	uint64_t bits = 0;
	for (unsigned i = 0; i < 8; i++)
		bits |= (uint64_t)span_u8(walk->stream, byte + i) << (8 * i);
	return bits;
}

static unsigned take(struct walk *walk, unsigned count)
{
	const uint64_t next = load(walk, walk->at / 8) >> walk->at % 8;
	walk->at += count;
	return (unsigned)(next & ((1u << count) - 1));
}

static bool is_inside(const struct walk *walk)
{
	return walk->at <= walk->stream.size * 8;
}

/* Extra bits behind a code: RFC 1951, 3.2.5. */
static unsigned length_extra(unsigned symbol)
{
	return symbol < 265 || symbol == 285 ? 0 : (symbol - 261) / 4;
}

static unsigned distance_extra(unsigned symbol)
{
	return symbol < 4 ? 0 : symbol / 2 - 1;
}

static unsigned entry_of(bool distances, unsigned symbol, unsigned bits)
{
	if (distances)
		return bits + distance_extra(symbol);
	if (symbol == END_OF_BLOCK)
		return bits | ENTRY_RARE;
	return symbol < END_OF_BLOCK ? bits : (bits + length_extra(symbol)) | ENTRY_DISTANCE;
}

static unsigned reversed(unsigned code, unsigned bits)
{
	unsigned result = 0;
	for (unsigned i = 0; i < bits; i++, code >>= 1)
		result = result << 1 | (code & 1);
	return result;
}

/* The canonical codes of COUNT symbols, of so many bits each; false where they are too many. */
static bool set_codes(struct walk *walk, bool distances, const uint8_t *bits, unsigned count)
{
	struct codes *codes = &walk->codes[distances];
	uint16_t *entries = walk->entries + (distances ? ENTRY_DISTANCE : 0);
	unsigned place[LONGEST_CODE + 2] = {0}, code = 0;
	memset(codes->count, 0, sizeof(codes->count));
	for (unsigned i = 0; i < count; i++)
		codes->count[bits[i]]++;
	codes->count[0] = 0;
	for (unsigned i = 1; i <= LONGEST_CODE; i++)
		place[i + 1] = place[i] + codes->count[i];
	for (unsigned i = 0; i < count; i++)
		if (bits[i] != 0)
			codes->symbols[place[bits[i]]++] = (uint16_t)i;
	for (unsigned i = 0; i < 1u << SHORT_CODE; i++)
		entries[i] = ENTRY_RARE;
	for (unsigned length = 1, next = 0; length <= LONGEST_CODE; length++, code <<= 1) {
		if (code + codes->count[length] > 1u << length)
			return false;
		for (unsigned i = 0; length <= SHORT_CODE && i < codes->count[length]; i++) {
			const unsigned entry = entry_of(distances, codes->symbols[next++], length);
			for (unsigned j = reversed(code + i, length); j < 1u << SHORT_CODE;
			     j += 1u << length)
				entries[j] = (uint16_t)entry;
		}
		code += codes->count[length];
	}
	return true;
}

/* The entry of a code of any length; 0 where there is none. */
static unsigned find_code(const struct walk *walk, bool distances, uint64_t next)
{
	const struct codes *codes = &walk->codes[distances];
	unsigned code = 0, first = 0, index = 0;
	for (unsigned length = 1; length <= LONGEST_CODE; length++, next >>= 1) {
		const unsigned count = codes->count[length];
		code = code << 1 | (unsigned)(next & 1);
		first <<= 1;
		if (code < first + count)
			return entry_of(distances, codes->symbols[index + code - first], length);
		first += count;
		index += count;
	}
	return 0;
}

/* Block type 1. */
static bool fixed_codes(struct walk *walk)
{
	uint8_t bits[MOST_SYMBOLS];
	for (unsigned i = 0; i < sizeof(bits); i++)
		bits[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	if (!set_codes(walk, false, bits, sizeof(bits)))
		return false;
	memset(bits, 5, DISTANCE_CODES);
	return set_codes(walk, true, bits, DISTANCE_CODES);
}

/* Block type 2: how long the codes are, in a code of its own. */
static bool dynamic_codes(struct walk *walk)
{
	static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
					  11, 4,  12, 3, 13, 2, 14, 1, 15};
	uint8_t bits[LENGTH_CODES + DISTANCE_CODES + 138] = {0}, short_bits[19] = {0};
	const unsigned lengths = take(walk, 5) + 257, distances = take(walk, 5) + 1;
	const unsigned short_count = take(walk, 4) + 4;
	uint8_t symbols[1 << 7] = {0}; /* of the code of codes, by its next seven bits */
	unsigned done = 0, code = 0;
	if (lengths > LENGTH_CODES || distances > DISTANCE_CODES)
		return false;
	for (unsigned i = 0; i < short_count; i++)
		short_bits[order[i]] = (uint8_t)take(walk, 3);
	for (unsigned length = 1; length <= 7; length++, code <<= 1)
		for (unsigned symbol = 0; symbol < 19; symbol++) {
			if (short_bits[symbol] != length)
				continue;
			if (code >= 1u << length)
				return false;
			for (unsigned j = reversed(code++, length); j < sizeof(symbols);
			     j += 1u << length)
				symbols[j] = (uint8_t)symbol;
		}
	while (done < lengths + distances && is_inside(walk)) {
		const unsigned symbol = symbols[load(walk, walk->at / 8) >> walk->at % 8 & 0x7f];
		if (short_bits[symbol] == 0)
			return false;
		walk->at += short_bits[symbol];
		if (symbol < 16) {
			bits[done++] = (uint8_t)symbol;
			continue;
		}
		if (symbol == 16 && done == 0)
			return false;
		const uint8_t again = symbol == 16 ? bits[done - 1] : 0;
		for (unsigned i = symbol == 16   ? 3 + take(walk, 2)
				  : symbol == 17 ? 3 + take(walk, 3)
						 : 11 + take(walk, 7);
		     i > 0; i--)
			bits[done++] = again;
	}
	return done == lengths + distances && set_codes(walk, false, bits, lengths) &&
	       set_codes(walk, true, bits + lengths, distances);
}

/* The codes of a block up to its end. Of the 64 bits that come 56 are there: enough for two codes,
 * which are 48 at most, a length and its distance. */
static bool pass_codes(struct walk *walk)
{
	uint64_t byte = walk->at / 8, next = load(walk, byte++) >> walk->at % 8;
	unsigned there = 8 - walk->at % 8, table = 0;
	next &= 0xff >> walk->at % 8;
	while (byte <= walk->stream.size + 8) {
		next |= load(walk, byte) << there;
		byte += (63 - there) / 8;
		there |= 56;
		for (unsigned i = 0; i < 2; i++) {
			unsigned entry = walk->entries[table | (next & (ENTRY_DISTANCE - 1))];
			if ((entry & ENTRY_RARE) != 0)
				entry = find_code(walk, table != 0, next);
			if (entry == 0)
				return false;
			next >>= entry & ENTRY_BITS;
			there -= entry & ENTRY_BITS;
			table = entry & ENTRY_DISTANCE;
			if ((entry & ENTRY_RARE) != 0) {
				walk->at = byte * 8 - there;
				return is_inside(walk);
			}
		}
	}
	return false;
}

/* Block type 0: bytes as they are. */
static bool pass_bytes(struct walk *walk)
{
	walk->at = (walk->at + 7) / 8 * 8;
	const unsigned size = take(walk, 16), check = take(walk, 16);
	walk->at += (uint64_t)size * 8;
	return is_inside(walk) && (size ^ check) == 0xffff;
}

/* To the end of the last block. Where its header is, in bits. */
static bool pass_blocks(struct walk *walk, uint64_t *last)
{
	for (;;) {
		*last = walk->at;
		const bool is_last = take(walk, 1) != 0;
		const unsigned type = take(walk, 2);
		const bool passed = type == 0   ? pass_bytes(walk)
				    : type == 1 ? fixed_codes(walk) && pass_codes(walk)
				    : type == 2 ? dynamic_codes(walk) && pass_codes(walk)
						: false;
		if (!passed || is_last)
			return passed;
	}
}

int deflate_open(uint8_t *bytes, uint64_t *size, struct note_error *err)
{
	static const uint8_t no_bytes[] = {0, 0, 0xff, 0xff};
	struct walk *walk = malloc(sizeof(*walk));
	uint64_t last;
	if (walk == NULL)
		return error_system(err, "deflate");
	walk->stream = span_of(bytes, *size);
	walk->at = 0;
	const bool passed = pass_blocks(walk, &last);
	const uint64_t end = walk->at;
	free(walk);
	if (!passed || (end + 7) / 8 != *size)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "deflate: not a stream");
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
	const uint64_t base = 65521, size = second_size % base;
	const uint64_t low = (first & 0xffff) + base - 1;
	const uint64_t high = (first >> 16) + (second >> 16) + size * low;
	return (uint32_t)((high % base) << 16 | (low + (second & 0xffff)) % base);
}
