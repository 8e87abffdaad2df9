/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading for verify: control files, lists, and ELF files whose tables lie. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/elf_maker.h"
#include "tests/unit/unit.h"
#include "tools/base/text.h"
#include "tools/base/text/control.h"
#include "tools/release/checks/debuginfo.h"
#include "tools/release/inputs/input.h"

static void expect_field(const char *text, const char *name, const char *wanted)
{
	char *value = control_field(text, strlen(text), name);
	if (wanted == NULL) {
		CU_ASSERT_PTR_NULL(value);
	} else {
		CU_ASSERT_PTR_NOT_NULL_FATAL(value);
		CU_ASSERT_STRING_EQUAL(value, wanted);
	}
	free(value);
}

static void test_control_fields(void)
{
	static const char text[] =
		"Package: t\nVERSION:\t1:2 \nEmpty:\nLines: a\n b\n  c \nLast: x";
	expect_field(text, "Package", "t");
	expect_field(text, "Version", "1:2");
	expect_field(text, "Empty", "");
	expect_field(text, "Lines", "a\nb\nc");
	expect_field(text, "Last", "x");
	expect_field(text, "Pack", NULL);
	expect_field(text, "b", NULL);
	expect_field("", "Package", NULL);
}

static void test_lists_of_build_ids(void)
{
	CU_ASSERT_TRUE(build_ids_is_list("abcd1234\n", 9));
	CU_ASSERT_TRUE(build_ids_is_list("# a list\n\n  ABCD # this\n", 24));
	CU_ASSERT_FALSE(build_ids_is_list("abcd123\n", 8));
	CU_ASSERT_FALSE(build_ids_is_list("hello\n", 6));
	CU_ASSERT_FALSE(build_ids_is_list("\n# nothing\n", 11));
	CU_ASSERT_FALSE(build_ids_is_list("", 0));
}

/* A file of two allocated sections and a debuglink of SIZE bytes at LINK. */
static uint8_t *made(const char *link, size_t link_size, size_t *size)
{
	static const char text[16] = "text";
	const struct made_section sections[] = {
		{".text", 1, 6, 0x1000, text, sizeof(text), 0, 0},
		{".data", 1, 3, 0x2000, text, sizeof(text), 0, 0},
		{".gnu_debuglink", 1, 0, 0, link, link_size, 0, 0},
	};
	return make_elf(ELFCLASS64, ELFDATA2LSB, sections, link != NULL ? 3 : 2, size);
}

static struct elf_artifact read_made(const char *link, size_t link_size)
{
	struct elf_artifact artifact = {0};
	struct image *image = NULL;
	size_t size;
	uint8_t *bytes = made(link, link_size, &size);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, bytes, size, NULL), NOTE_OK);
	artifact_read(&artifact, image);
	image_close(image);
	free(bytes);
	return artifact;
}

static void test_facts_of_a_file(void)
{
	struct elf_artifact artifact = read_made("t.debug\0\x78\x56\x34\x12", 12);
	CU_ASSERT_PTR_NULL(artifact.problem);
	CU_ASSERT_STRING_EQUAL(artifact.debuglink, "t.debug");
	CU_ASSERT_EQUAL(artifact.debuglink_crc, 0x12345678);
	CU_ASSERT_EQUAL(artifact.section_count, 2);
	CU_ASSERT_STRING_EQUAL(artifact.names + artifact.sections[0].name, ".text");
	CU_ASSERT_EQUAL(artifact.kind, KIND_LINKED);
	CU_ASSERT_STRING_EQUAL(artifact.build_id, "");
	CU_ASSERT_PTR_NOT_NULL(artifact.build_id_problem);
	artifact_free(&artifact);
}

static void test_debuglinks_that_lie(void)
{
	static const struct {
		const char *bytes;
		size_t size;
	} cases[] = {
		{"t.debug", 7},               /* no NUL */
		{"t.debug\0", 8},             /* no CRC */
		{"t.debug\0\1\2\3", 11},      /* three bytes of one */
		{"t.debugs\0\0\0\1\2\3", 15}, /* the same behind padding */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct elf_artifact artifact = read_made(cases[i].bytes, cases[i].size);
		CU_ASSERT_PTR_NOT_NULL(artifact.problem);
		artifact_free(&artifact);
	}
}

/* Every byte of the headers changed in every simple way: read or refused, nothing else. */
static void test_headers_that_lie(void)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
	size_t size;
	uint8_t *bytes = made("t.debug\0\1\2\3\4", 12, &size);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	for (size_t at = 0; at < size; at++) {
		const uint8_t old = bytes[at];
		for (size_t v = 0; v < sizeof(values); v++) {
			struct elf_artifact artifact = {0};
			struct debug_facts facts;
			struct image *image = NULL;
			bytes[at] = values[v];
			CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, bytes, size, NULL),
					      NOTE_OK);
			artifact_read(&artifact, image);
			debug_read(&facts, &artifact, image);
			CU_ASSERT_PTR_NOT_NULL(facts.problem); /* it has no DWARF at least */
			debug_facts_free(&facts);
			artifact_free(&artifact);
			image_close(image);
		}
		bytes[at] = old;
	}
	free(bytes);
}

UNIT_SUITE(release, UNIT_TEST(test_control_fields), UNIT_TEST(test_lists_of_build_ids),
	   UNIT_TEST(test_facts_of_a_file), UNIT_TEST(test_debuglinks_that_lie),
	   UNIT_TEST(test_headers_that_lie))
