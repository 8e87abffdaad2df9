/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libnote/image.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file of SIZE bytes counting up from 0, and its image. */
static FILE *counting_file(size_t size, struct image **image)
{
	FILE *file = tmpfile();
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	for (size_t i = 0; i < size; i++)
		fputc((int)(i % 251), file);
	fflush(file);
	CU_ASSERT_EQUAL_FATAL(image_open_fd(image, fileno(file), NULL), NOTE_OK);
	return file;
}

static void holds(struct image *image, uint64_t offset, uint64_t length, uint64_t base)
{
	const uint8_t *bytes = image_bytes(image, offset, length, "test", NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	for (uint64_t i = 0; i < length; i++)
		if (bytes[i] != (base + offset + i) % 251)
			CU_FAIL("wrong byte");
}

static void test_gate(void)
{
	static const uint8_t bytes[10];
	struct image *image;
	struct note_error err = {0};
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, bytes, 10, NULL), NOTE_OK);
	CU_ASSERT_PTR_EQUAL(image_bytes(image, 3, 7, "x", NULL), bytes + 3);
	CU_ASSERT_PTR_NOT_NULL(image_bytes(image, 10, 0, "x", NULL));
	CU_ASSERT_PTR_NULL(image_bytes(image, 3, 8, "some table", &err));
	CU_ASSERT_EQUAL(err.code, NOTE_MALFORMED);
	CU_ASSERT_EQUAL(err.offset, 3);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "some table"));
	CU_ASSERT_PTR_NULL(image_bytes(image, 11, 0, "x", NULL));
	CU_ASSERT_PTR_NULL(image_bytes(image, UINT64_MAX, 2, "x", NULL));
	CU_ASSERT_PTR_NULL(image_bytes(image, 2, UINT64_MAX, "x", NULL));
	image_close(image);
	image_close(NULL);
}

static void test_file_by_pieces(void)
{
	struct image *image;
	FILE *file = counting_file(30000, &image);
	uint8_t out[100];
	CU_ASSERT_EQUAL(image->size, 30000);
	const uint8_t *head = image_bytes(image, 0, 16, "x", NULL);
	holds(image, 0, 16, 0);
	holds(image, 20000, 3000, 0);
	holds(image, 22999, 1, 0);
	holds(image, 4090, 100, 0);
	holds(image, 29999, 1, 0);
	holds(image, 0, 30000, 0);
	CU_ASSERT_EQUAL(image_copy(image, 10000, 100, out, "x", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(out[99], 10099 % 251);
	CU_ASSERT_EQUAL(image_copy(image, 29999, 2, out, "x", NULL), NOTE_MALFORMED);
	CU_ASSERT_EQUAL(head[15], 15); /* what was given stays */
	image_close(image);
	fclose(file);
}

static void test_parts(void)
{
	struct image *image, *part, *inner;
	FILE *file = counting_file(30000, &image);
	CU_ASSERT_EQUAL(image_open_part(&part, image, 5000, 25001, NULL), NOTE_MALFORMED);
	CU_ASSERT_PTR_NULL(part);
	CU_ASSERT_EQUAL_FATAL(image_open_part(&part, image, 5000, 20000, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(image_open_part(&inner, part, 1000, 10, NULL), NOTE_OK);
	holds(part, 0, 100, 5000);
	holds(part, 19990, 10, 5000);
	holds(inner, 0, 10, 6000);
	CU_ASSERT_PTR_NULL(image_bytes(inner, 0, 11, "x", NULL));
	CU_ASSERT_PTR_NULL(image_bytes(part, 19990, 11, "x", NULL));
	image_close(inner);
	image_close(part);
	image_close(image);
	fclose(file);
}

static void test_file_that_shrinks(void)
{
	struct image *image;
	struct note_error err = {0};
	FILE *file = counting_file(30000, &image);
	CU_ASSERT_EQUAL(ftruncate(fileno(file), 100), 0);
	CU_ASSERT_PTR_NULL(image_bytes(image, 20000, 10, "x", &err));
	CU_ASSERT_EQUAL(err.code, NOTE_MALFORMED);
	image_close(image);
	fclose(file);
}

static void test_not_regular(void)
{
	struct image *image;
	int ends[2];
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	CU_ASSERT_EQUAL(image_open_fd(&image, ends[0], NULL), NOTE_UNSUPPORTED);
	CU_ASSERT_PTR_NULL(image);
	CU_ASSERT_EQUAL(image_open_fd(&image, -1, NULL), NOTE_SYSTEM);
	close(ends[0]);
	close(ends[1]);
}

static void test_strings(void)
{
	static const char bytes[] = "abc\0def";
	struct image *image;
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, bytes, 7, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(image_string(image, 1, 7, "x", NULL), "bc");
	CU_ASSERT_PTR_NULL(image_string(image, 1, 3, "x", NULL));
	CU_ASSERT_PTR_NULL(image_string(image, 4, 7, "x", NULL));
	CU_ASSERT_PTR_NULL(image_string(image, 4, 100, "x", NULL));
	CU_ASSERT_PTR_NULL(image_string(image, 7, 7, "x", NULL));
	image_close(image);
}

static void test_align_up(void)
{
	uint64_t out;
	CU_ASSERT(align_up(5, 4, &out) && out == 8);
	CU_ASSERT(align_up(8, 8, &out) && out == 8);
	CU_ASSERT(align_up(5, 0, &out) && out == 5);
	CU_ASSERT_FALSE(align_up(5, 3, &out));
	CU_ASSERT_FALSE(align_up(UINT64_MAX, 4, &out));
}

static void test_integers_round_trip(void)
{
	for (int big = 0; big < 2; big++) {
		const struct image shape = {.is_big = big};
		uint8_t p[9] = {0};
		image_put64(&shape, p + 1, 0x0102030405060708);
		CU_ASSERT_EQUAL(p[1], big ? 1 : 8);
		CU_ASSERT_EQUAL(image_u64(&shape, p + 1), 0x0102030405060708);
		image_put32(&shape, p + 1, 0x01020304);
		CU_ASSERT_EQUAL(image_u32(&shape, p + 1), 0x01020304);
		image_put16(&shape, p + 1, 0x0102);
		CU_ASSERT_EQUAL(p[1], big ? 1 : 2);
		CU_ASSERT_EQUAL(image_u16(&shape, p + 1), 0x0102);
	}
}

static void test_headers_round_trip(void)
{
	for (int kind = 0; kind < 4; kind++) {
		const struct image shape = {.is_64 = kind & 1, .is_big = kind & 2};
		uint8_t bytes[1024] = {0};
		struct image *image;
		GElf_Ehdr ehdr = {
			.e_ident = {0x7f, 'E', 'L', 'F', kind & 1 ? 2 : 1, kind & 2 ? 2 : 1, 1},
			.e_type = ET_DYN,
			.e_version = 1,
			.e_shoff = 100,
			.e_shentsize = kind & 1 ? 64 : 40,
			.e_shnum = 0,
			.e_shstrndx = SHN_XINDEX};
		/* Extended numbering: the counts stand in section 0. */
		GElf_Shdr zero = {.sh_size = 3, .sh_link = 2}, out;
		GElf_Shdr names = {
			.sh_type = SHT_STRTAB, .sh_offset = 600, .sh_size = 12, .sh_name = 1};
		const size_t each = kind & 1 ? 64 : 40;
		memcpy(bytes + 600, "\0names\0more\0", 12);
		image_put_ehdr(&shape, bytes, &ehdr, NULL);
		image_put_shdr(&shape, bytes + 100, &zero, NULL);
		image_put_shdr(&shape, bytes + 100 + 2 * each, &names, NULL);
		CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, bytes, 1024, NULL), NOTE_OK);
		CU_ASSERT_EQUAL(image_read_elf(image, NULL), NOTE_OK);
		CU_ASSERT_EQUAL(image->shnum, 3);
		CU_ASSERT_EQUAL(image->shstrndx, 2);
		CU_ASSERT_EQUAL(image_find_section(image, "names", &out), 2);
		CU_ASSERT_EQUAL(out.sh_offset, 600);
		CU_ASSERT_EQUAL(image_find_section(image, "ames", NULL), 0);
		CU_ASSERT_EQUAL(image_section_type(image, 2), SHT_STRTAB);
		CU_ASSERT_EQUAL(image_shdr(image, 3, &out, NULL), NOTE_USAGE);
		image_close(image);
		ehdr.e_shoff = (uint64_t)1 << 32;
		CU_ASSERT_EQUAL(image_put_ehdr(&shape, bytes, &ehdr, NULL),
				kind & 1 ? NOTE_OK : NOTE_UNSUPPORTED);
	}
}

UNIT_SUITE(image, UNIT_TEST(test_gate), UNIT_TEST(test_file_by_pieces), UNIT_TEST(test_parts),
	   UNIT_TEST(test_file_that_shrinks), UNIT_TEST(test_not_regular), UNIT_TEST(test_strings),
	   UNIT_TEST(test_align_up), UNIT_TEST(test_integers_round_trip),
	   UNIT_TEST(test_headers_round_trip))
