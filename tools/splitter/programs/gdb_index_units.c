/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Units in an index (GDB manual, "Index Section Format"); all its integers are little-endian.
 *
 * A table of addresses and a table of symbols name units by number: those of the index's own list,
 * then its type units. Where there is an alternate file gdb 18 numbers the units of both files by
 * their offsets, whichever file they are in, but lists each file's by themselves; what reads that,
 * gdb 18 too, shows one unit for another, or ends with an internal error. Both lists together tell
 * which was meant. Of two units at the same offset it is this file's: no entry leads into the
 * alternate file.
 */
#include <stdlib.h>

#include "libnote/span.h"
#include "tools/base/text.h"
#include "tools/splitter/programs/gdb_index.h"

enum { CU_ENTRY = 16, TU_ENTRY = 24, ADDRESS_ENTRY = 20, SYMBOL_ENTRY = 8 };
#define UNIT_NUMBER  0xffffffu /* the rest of such a word tells the symbol's kind */
#define IN_ALTERNATE UINT32_MAX

struct tables {
	struct span units, types, addresses, symbols;
	uint64_t addresses_at, pool_at; /* in the index */
	struct span pool;
};

/* What lies from the offset in the header's word FROM to that in its word TO. */
static bool table(struct span index, unsigned from, unsigned to, struct span *out)
{
	const uint64_t begin = span_u32(index, 4 * from, false);
	const uint64_t end = span_u32(index, 4 * to, false);
	return begin <= end && span_part(index, begin, end - begin, out);
}

static bool read_tables(struct span index, struct tables *out)
{
	/* 9 has a table of shortcuts before the pool. */
	const unsigned pool = span_u32(index, 0, false) >= 9 ? 6 : 5;
	if (!span_holds(index.size, 0, 4 * (pool + 1)) || !table(index, 1, 2, &out->units) ||
	    !table(index, 2, 3, &out->types) || !table(index, 3, 4, &out->addresses) ||
	    !table(index, 4, 5, &out->symbols))
		return false;
	out->addresses_at = span_u32(index, 12, false);
	out->pool_at = span_u32(index, 4 * pool, false);
	out->pool = span_rest(index, out->pool_at);
	return true;
}

static int by_number(const void *a, const void *b)
{
	const uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;
	return (one > two) - (one < two);
}

/* Where symbols' units stand in the pool, each place once: symbols share them. */
static uint32_t *vectors_of(const struct tables *tables, size_t *count)
{
	uint32_t *vectors = xmalloc((tables->symbols.size / SYMBOL_ENTRY + 1) * sizeof(*vectors));
	size_t found = 0, unique = 0;
	for (uint64_t at = 0; at < tables->symbols.size; at += SYMBOL_ENTRY) {
		const uint32_t name = span_u32(tables->symbols, at, false);
		const uint32_t vector = span_u32(tables->symbols, at + 4, false);
		if (name != 0 || vector != 0) /* else an empty slot */
			vectors[found++] = vector;
	}
	if (found > 1)
		qsort(vectors, found, sizeof(*vectors), by_number);
	for (size_t i = 0; i < found; i++)
		if (unique == 0 || vectors[i] != vectors[unique - 1])
			vectors[unique++] = vectors[i];
	*count = unique;
	return vectors;
}

/* A number in the index: CONTEXT, its offset, and which of its bits are the number. */
typedef bool visit(void *context, uint64_t offset, uint32_t mask);

static bool each_number(const struct tables *tables, visit *see, void *context)
{
	size_t count;
	bool good = true;
	for (uint64_t at = 0; good && at < tables->addresses.size; at += ADDRESS_ENTRY)
		good = see(context, tables->addresses_at + at + 16, UINT32_MAX);
	if (!good)
		return false;
	uint32_t *vectors = vectors_of(tables, &count);
	for (size_t i = 0; good && i < count; i++) {
		/* How many, then so many words. */
		const uint64_t words = span_u32(tables->pool, vectors[i], false);
		good = span_holds(tables->pool.size, vectors[i], 4 + 4 * words);
		for (uint64_t word = 1; good && word <= words; word++)
			good = see(context, tables->pool_at + vectors[i] + 4 * word, UNIT_NUMBER);
	}
	free(vectors);
	return good;
}

struct numbers {
	struct span index;
	uint64_t units;        /* so many are listed, type units too */
	const uint32_t *meant; /* by number in both files: that in the list, or IN_ALTERNATE */
	uint64_t known;        /* so many of them */
	struct output *out;    /* NULL: to look only */
};

static bool is_listed(void *context, uint64_t offset, uint32_t mask)
{
	const struct numbers *numbers = context;
	return (span_u32(numbers->index, offset, false) & mask) < numbers->units;
}

static bool put_meant(void *context, uint64_t offset, uint32_t mask)
{
	const struct numbers *numbers = context;
	const uint32_t word = span_u32(numbers->index, offset, false), number = word & mask;
	if (number >= numbers->known || numbers->meant[number] == IN_ALTERNATE)
		return false;
	if (numbers->out != NULL)
		output_u32(numbers->out, offset, (word & ~mask) | numbers->meant[number], false);
	return true;
}

/* The numbers of UNITS and of the ALTERNATE's by offset, as one list: which of UNITS each is. */
static uint32_t *merge(struct span units, struct span alternate)
{
	const uint64_t own = units.size / CU_ENTRY, others = alternate.size / CU_ENTRY;
	uint32_t *meant = xmalloc((own + others + 1) * sizeof(*meant));
	uint64_t i = 0, j = 0;
	while (i < own || j < others) {
		const uint64_t here = span_u64(units, i * CU_ENTRY, false);
		const uint64_t there = span_u64(alternate, j * CU_ENTRY, false);
		if (i < own && j < others && here == there) {
			meant[i + j] = meant[i + j + 1] = (uint32_t)i;
			i++;
			j++;
		} else if (j == others || (i < own && here < there)) {
			meant[i + j] = (uint32_t)i;
			i++;
		} else {
			meant[i + j] = IN_ALTERNATE;
			j++;
		}
	}
	return meant;
}

bool gdb_index_mend_units(struct gdb_index *made)
{
	struct tables tables, shared;
	struct output out = {made->bytes, made->size, false};
	struct numbers numbers = {.index = span_of(made->bytes, made->size)};
	const struct span alternate = span_of(made->shared, made->shared_size);
	const uint32_t version = span_u32(numbers.index, 0, false);
	if (version < 7 || version > 9)
		return true;
	if (!read_tables(numbers.index, &tables))
		return false;
	numbers.units = tables.units.size / CU_ENTRY + tables.types.size / TU_ENTRY;
	if (each_number(&tables, is_listed, &numbers))
		return true;
	if (made->shared == NULL || tables.types.size != 0 || !read_tables(alternate, &shared))
		return false;
	uint32_t *meant = merge(tables.units, shared.units);
	numbers.meant = meant;
	numbers.known = (tables.units.size + shared.units.size) / CU_ENTRY;
	/* Nothing is changed that would not be right as a whole. */
	const bool mended = each_number(&tables, put_meant, &numbers);
	numbers.out = mended ? &out : NULL;
	const bool written = mended && each_number(&tables, put_meant, &numbers);
	free(meant);
	return written && !out.missed;
}
