/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units in an index (GDB manual, "Index Section Format"); all its integers are little-endian. */
#include "tools/splitter/programs/gdb_index.h"

enum { CU_ENTRY = 16, TU_ENTRY = 24, ADDRESS_ENTRY = 20, SYMBOL_ENTRY = 8 };
#define UNIT_NUMBER 0xffffffu /* the rest of such a word tells the symbol's kind */

/* What lies from the offset in the header's word FROM to that in its word TO. */
static bool table(struct span index, unsigned from, unsigned to, struct span *out)
{
	const uint64_t begin = span_u32(index, 4 * from, false);
	const uint64_t end = span_u32(index, 4 * to, false);
	return begin <= end && span_part(index, begin, end - begin, out);
}

static bool addresses_name_units(struct span addresses, uint64_t units)
{
	for (uint64_t at = 0; at < addresses.size; at += ADDRESS_ENTRY)
		if (span_u32(addresses, at + 16, false) >= units)
			return false;
	return true;
}

/* A symbol's units: how many, then that many words, at OFFSET of POOL. */
static bool vector_names_units(struct span pool, uint64_t offset, uint64_t units)
{
	const uint64_t count = span_u32(pool, offset, false);
	if (!span_holds(pool.size, offset, 4 + 4 * count))
		return false;
	for (uint64_t i = 1; i <= count; i++)
		if ((span_u32(pool, offset + 4 * i, false) & UNIT_NUMBER) >= units)
			return false;
	return true;
}

static bool symbols_name_units(struct span symbols, struct span pool, uint64_t units)
{
	for (uint64_t at = 0; at < symbols.size; at += SYMBOL_ENTRY) {
		const uint32_t name = span_u32(symbols, at, false);
		const uint32_t vector = span_u32(symbols, at + 4, false);
		if ((name != 0 || vector != 0) && !vector_names_units(pool, vector, units))
			return false;
	}
	return true;
}

bool gdb_index_names_its_units(struct span index)
{
	const uint32_t version = span_u32(index, 0, false);
	const unsigned pool_at = version >= 9 ? 6 : 5; /* 9 has a table of shortcuts before it */
	struct span units, types, addresses, symbols, pool;
	if (version < 7 || version > 9)
		return true;
	if (!span_holds(index.size, 0, 4 * (pool_at + 1)) || !table(index, 1, 2, &units) ||
	    !table(index, 2, 3, &types) || !table(index, 3, 4, &addresses) ||
	    !table(index, 4, 5, &symbols))
		return false;
	pool = span_rest(index, span_u32(index, 4 * pool_at, false));
	const uint64_t count = units.size / CU_ENTRY + types.size / TU_ENTRY;
	return addresses_name_units(addresses, count) && symbols_name_units(symbols, pool, count);
}
