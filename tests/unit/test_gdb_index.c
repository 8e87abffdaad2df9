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

static bool holds(struct made *made)
{
	struct gdb_index index = {.bytes = made->bytes, .size = made->size};
	const struct made before = *made;
	const bool good = gdb_index_mend_units(&index);
	CU_ASSERT_EQUAL(memcmp(&before, made, sizeof(before)), 0);
	return good;
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
			struct gdb_index index = {.bytes = cut, .size = size};
			CU_ASSERT(!gdb_index_mend_units(&index));
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

/* An index of units alone. */
static struct made units_at(uint32_t version, const uint32_t *offsets, size_t count)
{
	struct made made = {0};
	const size_t words = version == 9 ? 7 : 6;
	made.size = 4 * words + 16 * count;
	put(made.bytes, 0, version);
	put(made.bytes, 4, (uint32_t)(4 * words));
	for (size_t i = 2; i < words; i++)
		put(made.bytes, 4 * i, (uint32_t)made.size);
	for (size_t i = 0; i < count; i++)
		put(made.bytes, 4 * words + 16 * i, offsets[i]);
	return made;
}

/* Units at 0, 0x20 and 0x60; the alternate file's at 0 and 0x40. Together: 0 and 1, 2, the
 * alternate's, 4. */
static void test_numbers_of_two_files(void)
{
	static const uint32_t own[] = {0, 0x20, 0x60}, others[] = {0, 0x40};
	static const uint32_t meant[] = {0, 0, 1, UINT32_MAX, 2};
	for (uint32_t version = 7; version <= 9; version++)
		for (uint32_t number = 0; number < 6; number++) {
			struct made made = units_at(version, own, 3);
			struct made shared = units_at(version, others, 2);
			struct gdb_index index = {made.bytes, made.size, shared.bytes, shared.size};
			const size_t address = made.size, pool = address + 20 + 16;
			put(made.bytes, 16, (uint32_t)address + 20);
			for (size_t word = 5; word < (version == 9 ? 7 : 6); word++)
				put(made.bytes, 4 * word, (uint32_t)pool);
			put(made.bytes, address + 16, 4); /* beyond the list */
			put(made.bytes, address + 20, 8); /* two symbols of one vector */
			put(made.bytes, address + 28, 8);
			put(made.bytes, pool, 1);
			put(made.bytes, pool + 4, 0xb0000000u | number);
			memcpy(made.bytes + pool + 8, "x", 2);
			index.size = made.size = pool + 10;
			const struct made before = made;
			const bool known = number < 5 && meant[number] != UINT32_MAX;
			CU_ASSERT_EQUAL(gdb_index_mend_units(&index), known);
			struct made after = before;
			if (known) {
				put(after.bytes, address + 16, 2);
				put(after.bytes, pool + 4, 0xb0000000u | meant[number]);
			}
			CU_ASSERT_EQUAL(memcmp(&after, &made, sizeof(made)), 0);
		}
}

UNIT_SUITE(gdb_index, UNIT_TEST(test_units_are_in_the_lists), UNIT_TEST(test_tables_are_inside),
	   UNIT_TEST(test_versions_that_are_not_known), UNIT_TEST(test_numbers_of_two_files))
