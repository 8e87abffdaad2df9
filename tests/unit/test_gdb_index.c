/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tools/splitter/programs/programs.h"

static void put(uint8_t *bytes, size_t at, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		bytes[at + i] = (uint8_t)(value >> 8 * i);
}

struct made {
	uint8_t bytes[256];
	size_t size, address, vector;
};

/* Two units and a type unit, one entry of addresses, a symbol of one unit and an empty slot. */
static struct made make(uint32_t version)
{
	struct made made = {0};
	const bool shortcuts = version == 9;
	size_t at = shortcuts ? 28 : 24;
	put(made.bytes, 0, version);
	put(made.bytes, 4, (uint32_t)at);
	at += 2 * 16;
	put(made.bytes, 8, (uint32_t)at);
	at += 24;
	put(made.bytes, 12, (uint32_t)at);
	made.address = at + 16;
	at += 20;
	put(made.bytes, 16, (uint32_t)at);
	put(made.bytes, at, 8); /* the name, behind the vector that the pool begins with */
	at += 2 * 8;
	put(made.bytes, 20, (uint32_t)at);
	if (shortcuts) {
		at += 8;
		put(made.bytes, 24, (uint32_t)at);
	}
	put(made.bytes, at, 1);
	made.vector = at + 4;
	memcpy(made.bytes + at + 8, "main", 5);
	made.size = at + 13;
	return made;
}

static bool holds(const struct made *made)
{
	return gdb_index_names_its_units(span_of(made->bytes, made->size));
}

static void test_units_are_in_the_lists(void)
{
	for (uint32_t version = 7; version <= 9; version++) {
		struct made made = make(version);
		CU_ASSERT(holds(&made));
		put(made.bytes, made.address, 2);
		put(made.bytes, made.vector, 0xf0000002u); /* with the symbol's kind */
		CU_ASSERT(holds(&made));
		put(made.bytes, made.address, 3);
		CU_ASSERT(!holds(&made));
		made = make(version);
		put(made.bytes, made.vector, 0x90000003u);
		CU_ASSERT(!holds(&made));
	}
}

static void test_tables_are_inside(void)
{
	for (uint32_t version = 7; version <= 9; version++) {
		const struct made whole = make(version);
		for (size_t size = 4; size < whole.size - 5; size++) {
			/* On the heap, to its byte: the sanitizers see what is read beyond. */
			uint8_t *cut = malloc(size);
			memcpy(cut, whole.bytes, size);
			CU_ASSERT(!gdb_index_names_its_units(span_of(cut, size)));
			free(cut);
		}
		for (size_t at = 4; at < (version == 9 ? 28 : 24); at += 4) {
			struct made broken = whole;
			put(broken.bytes, at, 0xffffffffu);
			CU_ASSERT(!holds(&broken));
		}
		struct made many = whole;
		put(many.bytes, many.vector - 4, 0xffffffffu);
		CU_ASSERT(!holds(&many));
	}
}

static void test_versions_that_are_not_known(void)
{
	struct made made = make(8);
	put(made.bytes, made.address, 9);
	put(made.bytes, 0, 10);
	CU_ASSERT(holds(&made));
	put(made.bytes, 0, 6);
	CU_ASSERT(holds(&made));
}

UNIT_SUITE(gdb_index, UNIT_TEST(test_units_are_in_the_lists), UNIT_TEST(test_tables_are_inside),
	   UNIT_TEST(test_versions_that_are_not_known))
