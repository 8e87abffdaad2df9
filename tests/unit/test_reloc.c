/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What relocation types do to their places, among them those that no compiler here makes. */
#include <string.h>

#include "tests/unit/unit.h"
#include "tools/splitter/elf/elf.h"
#include "tools/splitter/relocs/reloc_types.h"

#define LOONGARCH 258

static const struct image little = {.is_64 = true};
static const struct image big = {.is_64 = true, .is_big = true};

/* Applies TYPE of MACHINE; what the place (8 bytes) then reads as little-endian number. */
static uint64_t apply(const struct image *image, unsigned machine, uint32_t type, uint64_t place,
		      uint64_t value)
{
	uint8_t bytes[8];
	struct reloc_kind kind;
	image_put64(&little, bytes, place);
	CU_ASSERT_FATAL(reloc_find(machine, type, &kind));
	CU_ASSERT(reloc_apply(image, &kind, bytes, sizeof(bytes), 0, value));
	return image_u64(&little, bytes);
}

static void test_plain_types(void)
{
	CU_ASSERT_EQUAL(apply(&little, EM_X86_64, 10, 0xffffffffffffffff, 0x12345678),
			0xffffffff12345678);
	CU_ASSERT_EQUAL(apply(&little, EM_X86_64, 1, 7, 0x123456789abcdef0), 0x123456789abcdef0);
	CU_ASSERT_EQUAL(apply(&big, EM_S390, 4, 0, 0x12345678), 0x78563412);
	CU_ASSERT_EQUAL(apply(&big, EM_PPC64, 3, 0, 0x1234), 0x3412);
	CU_ASSERT_EQUAL(apply(&little, EM_AARCH64, 258, 0, (uint64_t)-2), 0xfffffffe);
}

static void test_sums_and_differences(void)
{
	CU_ASSERT_EQUAL(apply(&little, EM_RISCV, 35, 0xffffffff00000010, 0x20), 0xffffffff00000030);
	CU_ASSERT_EQUAL(apply(&little, EM_RISCV, 39, 0x10, 0x11), 0xffffffff);
	CU_ASSERT_EQUAL(apply(&little, EM_RISCV, 53, 0x4142, 0x3f), 0x417f); /* the opcode stays */
	CU_ASSERT_EQUAL(apply(&little, EM_RISCV, 52, 0x417f, 0x3e), 0x4141);
	CU_ASSERT_EQUAL(apply(&little, LOONGARCH, 50, 1, 0x20), 0x21);
	CU_ASSERT_EQUAL(apply(&little, LOONGARCH, 49, 0xaa000001, 0x20000), 0xaa020001);
	CU_ASSERT_EQUAL(apply(&little, LOONGARCH, 54, 0xaa000001, 2), 0xaaffffff);
	CU_ASSERT_EQUAL(apply(&little, LOONGARCH, 105, 0xc1, 2), 0xc3);
	CU_ASSERT_EQUAL(apply(&little, LOONGARCH, 56, 5, 6), UINT64_MAX);
}

/* The length stays, and halfway through a pair the number may not fit. */
static void test_uleb128(void)
{
	CU_ASSERT_EQUAL(apply(&little, EM_RISCV, 60, 0xee0080, 0x85), 0xee0185);
	CU_ASSERT_EQUAL(apply(&little, EM_RISCV, 61, 0xee0185, 0x05), 0xee0180);
	const uint64_t halfway = apply(&little, EM_RISCV, 60, 0xaa00, 0x12345);
	CU_ASSERT_EQUAL(apply(&little, EM_RISCV, 61, halfway, 0x12340), 0xaa05);
	CU_ASSERT_EQUAL(apply(&little, LOONGARCH, 107, 0x0180, 0x81), 0x0281);
	CU_ASSERT_EQUAL(apply(&little, LOONGARCH, 108, 0x0281, 0x81), 0x0180);
}

static void test_what_is_refused(void)
{
	uint8_t bytes[4] = {0x80, 0x80, 0x80, 0x80};
	struct reloc_kind kind;
	CU_ASSERT(!reloc_find(EM_X86_64, 2, &kind)); /* relative to its place */
	CU_ASSERT(!reloc_find(EM_MIPS, 2, &kind));
	CU_ASSERT(!reloc_knows(EM_MIPS));
	CU_ASSERT(reloc_find(EM_X86_64, 0, &kind) && kind.operation == RELOC_NONE);
	CU_ASSERT_FATAL(reloc_find(EM_X86_64, 10, &kind));
	CU_ASSERT(reloc_apply(&little, &kind, bytes, 4, 0, 0x80808080));
	CU_ASSERT(!reloc_apply(&little, &kind, bytes, 4, 1, 1));
	CU_ASSERT(!reloc_apply(&little, &kind, bytes, 4, UINT64_MAX, 1));
	CU_ASSERT(!reloc_apply(&little, &kind, bytes, 4, 0, 0x100000000));
	CU_ASSERT_FATAL(reloc_find(EM_RISCV, 60, &kind));
	CU_ASSERT(!reloc_apply(&little, &kind, bytes, 4, 0, 1)); /* it does not end */
}

UNIT_SUITE(reloc, UNIT_TEST(test_plain_types), UNIT_TEST(test_sums_and_differences),
	   UNIT_TEST(test_uleb128), UNIT_TEST(test_what_is_refused))
