/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libnote/check.h"
#include "libnote/pe.h"
#include "made_pe.h"
#include "unit.h"

#include <string.h>

#define SOUND 0x40000040u /* initialized data, readable */

static struct made_pe made;
static char codes[256];

static int add_code(void *context, const struct note_problem *problem)
{
	(void)context;
	strcat(codes, problem->code);
	strcat(codes, " ");
	return 1;
}

static const char *check(void)
{
	struct image *image;
	struct pe pe;
	codes[0] = '\0';
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, made.bytes, MADE_PE_SIZE, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(pe_read(&pe, image, NULL), NOTE_OK);
	CU_ASSERT(pe.is_64);
	CU_ASSERT_EQUAL(pe.machine, 0x8664);
	CU_ASSERT_EQUAL(pe_check(&pe, add_code, NULL, NULL), NOTE_OK);
	image_close(image);
	return codes;
}

static void test_payload(void)
{
	struct image *image;
	struct pe pe;
	const char *payload;
	size_t length;
	uint64_t offset;
	made_pe_begin(&made);
	made_pe_section(&made, ".text", 512, 10, SOUND, "x");
	made_pe_section(&made, ".pkgnote", 1024, 8, SOUND, "{\"a\":1}");
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, made.bytes, MADE_PE_SIZE, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(pe_read(&pe, image, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(pe_package(&pe, &payload, &length, &offset, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(length, 7);
	CU_ASSERT_EQUAL(offset, 1024);
	CU_ASSERT_EQUAL(memcmp(payload, "{\"a\":1}", 7), 0);
	image_close(image);
	CU_ASSERT_STRING_EQUAL(check(), "");
}

static void test_without_nul(void)
{
	made_pe_begin(&made);
	made_pe_section(&made, ".pkgnote", 512, 7, SOUND, "{\"a\":1}");
	CU_ASSERT_STRING_EQUAL(check(), "");
}

static void test_findings(void)
{
	made_pe_begin(&made);
	CU_ASSERT_STRING_EQUAL(check(), "no-note ");
	made_pe_section(&made, ".pkgnote", 512, 2, 0x80000000u | SOUND, "{}");
	CU_ASSERT_STRING_EQUAL(check(), "writable ");
	made_pe_section(&made, ".pkgnote", 1024, 2, SOUND, "{}");
	CU_ASSERT_STRING_EQUAL(check(), "writable duplicate-note ");
	made_pe_begin(&made);
	made_pe_section(&made, ".pkgnote", 512, 2, 0x40000000u, "{}");
	CU_ASSERT_STRING_EQUAL(check(), "not-allocated ");
	made_pe_begin(&made);
	made_pe_section(&made, ".pkgnote", 512, 5, SOUND, "{}");
	made.bytes[512 + 4] = 'x';
	CU_ASSERT_STRING_EQUAL(check(), "bad-padding ");
	made_pe_begin(&made);
	made_pe_section(&made, ".pkgnote", 512, 3, SOUND, "[1]");
	CU_ASSERT_STRING_EQUAL(check(), "not-object ");
}

static void test_not_pe(void)
{
	struct image *image;
	struct pe pe;
	static const uint8_t text[200] = "MZ and text";
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, text, sizeof(text), NULL), NOTE_OK);
	CU_ASSERT_EQUAL(pe_read(&pe, image, NULL), NOTE_ABSENT);
	image_close(image);
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, "MZ", 2, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(pe_read(&pe, image, NULL), NOTE_ABSENT);
	image_close(image);
}

static void test_lies(void)
{
	struct image *image;
	struct pe pe;
	made_pe_begin(&made);
	made_pe_section(&made, ".pkgnote", 512, 0xffffffff, SOUND, "{}");
	image_put32(&made.shape, made.bytes + MADE_PE_TABLE + 16, 0xffffffff);
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, made.bytes, MADE_PE_SIZE, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(pe_read(&pe, image, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(pe_check(&pe, add_code, NULL, NULL), NOTE_MALFORMED);
	image_put16(&made.shape, made.bytes + 0x86, 0xffff);
	CU_ASSERT_EQUAL(pe_read(&pe, image, NULL), NOTE_MALFORMED);
	image_close(image);
}

UNIT_SUITE(pe, UNIT_TEST(test_payload), UNIT_TEST(test_without_nul), UNIT_TEST(test_findings),
	   UNIT_TEST(test_not_pe), UNIT_TEST(test_lies))
