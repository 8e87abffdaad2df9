/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libnote/judge/check.h"
#include "libnote/pe/pe.h"
#include "made_pe.h"
#include "unit.h"

#include <stdlib.h>
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

#define OPTIONAL (0x80 + 24)

static uint32_t word(const uint8_t *bytes, uint32_t at)
{
	return image_u32(&made.shape, bytes + at);
}

/* Stamps the first SIZE bytes of what was made. */
static int place(size_t size, const char *payload, int replace, uint8_t **out, size_t *out_size)
{
	const struct note_place_options options = {.size = sizeof(options), .existing = replace};
	void *file;
	int code = note_place(made.bytes, size, payload, &options, &file, out_size, NULL);
	*out = file;
	return code;
}

static void test_place(void)
{
	uint8_t *file;
	size_t size;
	made_pe_begin_linked(&made);
	made_pe_section(&made, ".text", 512, 3, 0x60000020, "x");
	CU_ASSERT_EQUAL_FATAL(place(1024, "{\"a\":\"b\"}", 0, &file, &size), NOTE_OK);
	CU_ASSERT_EQUAL(size, 1536);
	const uint32_t entry = made.table + 40;
	CU_ASSERT_EQUAL(memcmp(file + entry, ".pkgnote", 8), 0);
	CU_ASSERT_EQUAL(word(file, entry + 8), 9);
	CU_ASSERT_EQUAL(word(file, entry + 12), 0x2000);
	CU_ASSERT_EQUAL(word(file, entry + 16), 512);
	CU_ASSERT_EQUAL(word(file, entry + 20), 1024);
	CU_ASSERT_EQUAL(word(file, entry + 36), SOUND);
	CU_ASSERT_EQUAL(word(file, OPTIONAL + 56), 0x3000);
	CU_ASSERT_EQUAL(word(file, OPTIONAL + 8), 512);
	CU_ASSERT_EQUAL(word(file, OPTIONAL + 64), 0);
	CU_ASSERT_EQUAL(memcmp(file + 1024, "{\"a\":\"b\"}", 10), 0);
	CU_ASSERT_EQUAL(memcmp(file + 512, made.bytes + 512, 512), 0);
	free(file);
}

/* The checksum of a few words, by hand: 1 + 0xffff folds to 1. */
static void test_place_checksum(void)
{
	uint8_t *file;
	size_t size;
	uint32_t sum = 0;
	made_pe_begin_linked(&made);
	made_pe_section(&made, ".text", 512, 3, 0x60000020, "x");
	image_put32(&made.shape, made.bytes + OPTIONAL + 64, 77);
	CU_ASSERT_EQUAL_FATAL(place(1024, "{}", 0, &file, &size), NOTE_OK);
	const uint32_t found = word(file, OPTIONAL + 64);
	memset(file + OPTIONAL + 64, 0, 4);
	for (size_t i = 0; i < size; i += 2) {
		sum += file[i] + 256u * file[i + 1];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	CU_ASSERT_EQUAL(found, sum + size);
	free(file);
}

static void test_place_several(void)
{
	uint8_t *file;
	size_t size;
	made_pe_begin_linked(&made);
	made_pe_section(&made, ".pkgnote", 512, 2, SOUND, "{}");
	made_pe_section(&made, ".pkgnote", 1024, 2, SOUND, "{}");
	CU_ASSERT_EQUAL_FATAL(place(MADE_PE_SIZE, "{\"a\":\"b\"}", 0, &file, &size), NOTE_OK);
	CU_ASSERT(size == MADE_PE_SIZE && memcmp(file, made.bytes, size) == 0);
	free(file);
	CU_ASSERT_EQUAL_FATAL(place(MADE_PE_SIZE, "{\"a\":\"b\"}", 1, &file, &size), NOTE_OK);
	CU_ASSERT_EQUAL(size, 1024);
	CU_ASSERT_EQUAL(image_u16(&made.shape, file + 0x86), 1);
	CU_ASSERT_EQUAL(memcmp(file + 512, "{\"a\":\"b\"}", 10), 0);
	free(file);
	/* One that others follow would leave a hole. */
	made_pe_begin_linked(&made);
	made_pe_section(&made, ".pkgnote", 512, 2, SOUND, "{}");
	made_pe_section(&made, ".text", 1024, 3, 0x60000020, "x");
	char longer[700];
	memset(longer, ' ', sizeof(longer));
	memcpy(longer, "{}", 2);
	longer[sizeof(longer) - 1] = '\0';
	CU_ASSERT_EQUAL(place(MADE_PE_SIZE, longer, 1, &file, &size), NOTE_UNSUPPORTED);
	CU_ASSERT_PTR_NULL(file);
}

/* Headers are full, and the debug directory lies in a section that has no bytes in the file. */
static void test_place_without_raw_data(void)
{
	uint8_t *file;
	size_t size;
	for (uint32_t at = 0; at < 0x1000; at += 0x20) {
		made_pe_begin_linked(&made);
		made_pe_section(&made, ".bss", 0, 0x1000, 0xc0000080, "");
		const uint32_t end = made.table + 40, entry = made.table;
		image_put32(&made.shape, made.bytes + entry + 12, 0x1000);
		image_put32(&made.shape, made.bytes + entry + 16, 0x7fffffff);
		image_put32(&made.shape, made.bytes + OPTIONAL + 60, end);
		image_put32(&made.shape, made.bytes + OPTIONAL + 112 + 48, 0x1000 + at);
		image_put32(&made.shape, made.bytes + OPTIONAL + 112 + 52, 28);
		CU_ASSERT_EQUAL(place(end, "{}", 0, &file, &size), NOTE_UNSUPPORTED);
		free(file);
	}
}

/* Each word of the headers once as each of some numbers: none leads outside (the sanitizers look),
 * and what comes out holds the note. */
static void test_place_any_headers(void)
{
	static const uint32_t values[] = {0,     1,     0x1ff,      0x200,      0x400,
					  0x5f8, 0x600, 0x7fffffff, 0x80000000, 0xffffffff};
	unsigned done = 0;
	for (int full = 0; full < 2; full++)
		for (size_t at = 0x3c; at < MADE_PE_TABLE + 240 + 80; at += 4)
			for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
				uint8_t *file;
				size_t size;
				made_pe_begin_linked(&made);
				made_pe_section(&made, ".text", 512, 3, 0x60000020, "x");
				made_pe_section(&made, full ? ".data" : ".pkgnote", 1024, 2, SOUND,
						"{}");
				if (full)
					image_put32(&made.shape, made.bytes + OPTIONAL + 60,
						    made.table + 80);
				image_put32(&made.shape, made.bytes + at, values[i]);
				if (place(MADE_PE_SIZE, "{\"a\":\"b\"}", 1, &file, &size) !=
				    NOTE_OK)
					continue;
				CU_ASSERT_PTR_NOT_NULL(memmem(file, size, "{\"a\":\"b\"}", 9));
				free(file);
				done++;
			}
	CU_ASSERT(done > 100);
}

UNIT_SUITE(pe, UNIT_TEST(test_place_without_raw_data), UNIT_TEST(test_place_any_headers),
	   UNIT_TEST(test_payload), UNIT_TEST(test_without_nul), UNIT_TEST(test_findings),
	   UNIT_TEST(test_not_pe), UNIT_TEST(test_lies), UNIT_TEST(test_place),
	   UNIT_TEST(test_place_checksum), UNIT_TEST(test_place_several))
