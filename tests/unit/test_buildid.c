/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/elf/elf.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/elf_maker.h"
#include "tests/unit/unit.h"

static const struct plan_options defaults;

/* Type 3, owner GNU, with an id of SIZE bytes of FILL. */
static size_t make_note(uint8_t *out, size_t size, int fill)
{
	memset(out, 0, 128);
	out[0] = 4;
	out[4] = (uint8_t)size;
	out[8] = 3;
	memcpy(out + 12, "GNU", 4);
	memset(out + 16, fill, size);
	return 16 + (size + 3) / 4 * 4;
}

/* The id of a file with these contents, computed with SEED; its size in *SIZE. */
static void compute(size_t id_size, int fill, const char *code, const char *debug, const char *seed,
		    struct build_id *id)
{
	uint8_t note[128];
	const struct made_section sections[] = {
		{".note.gnu.build-id", SHT_NOTE, SHF_ALLOC, 0x200, note,
		 make_note(note, id_size, fill), 0, 0},
		{".text", SHT_PROGBITS, SHF_ALLOC, 0x1000, code, strlen(code), 0, 0},
		{".debug_info", SHT_PROGBITS, 0, 0, debug, strlen(debug), 0, 0},
	};
	size_t size;
	struct image *image;
	struct plan plan;
	uint8_t *bytes = make_elf(ELFCLASS64, ELFDATA2LSB, sections, 3, &size);
	image_open_memory(&image, bytes, size, NULL);
	CU_ASSERT_EQUAL_FATAL(image_read_elf(image, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(plan_make(&plan, image, NULL, &defaults, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(build_id_find(image, id, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(id->size, id_size);
	CU_ASSERT_EQUAL(id->bytes[0], fill);
	CU_ASSERT_EQUAL_FATAL(build_id_compute(image, &plan, seed, id, NULL), NOTE_OK);
	plan_free(&plan);
	image_close(image);
	free(bytes);
}

static bool equal(const struct build_id *a, const struct build_id *b)
{
	return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static void test_what_the_id_depends_on(void)
{
	struct build_id base;
	struct build_id other;
	compute(20, 7, "code", "debug", "1-1", &base);
	compute(20, 9, "code", "debug", "1-1", &other);
	CU_ASSERT_TRUE(equal(&base, &other)); /* not the old id */
	compute(20, 7, "code", "debug", "1-2", &other);
	CU_ASSERT_FALSE(equal(&base, &other));
	compute(20, 7, "code", "debug", NULL, &other);
	CU_ASSERT_FALSE(equal(&base, &other));
	compute(20, 7, "Code", "debug", "1-1", &other);
	CU_ASSERT_FALSE(equal(&base, &other));
	compute(20, 7, "code", "debuG", "1-1", &other);
	CU_ASSERT_FALSE(equal(&base, &other));
}

static void test_the_size_stays(void)
{
	static const size_t sizes[] = {8, 16, 20, 32, 64};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct build_id id;
		static const uint8_t zeros[BUILD_ID_MAX];
		compute(sizes[i], 1, "code", "debug", "s", &id);
		CU_ASSERT_EQUAL(id.size, sizes[i]);
		/* No part is left unfilled. */
		CU_ASSERT_NOT_EQUAL(memcmp(id.bytes + id.size - 8, zeros, 8), 0);
	}
}

static void test_none_and_too_long(void)
{
	uint8_t note[128];
	size_t size;
	struct image *image;
	struct build_id id;
	struct made_section section = {".note.gnu.build-id",   SHT_NOTE, SHF_ALLOC, 0x200, note,
				       make_note(note, 68, 1), 0,        0};
	for (int i = 0; i < 2; i++) {
		uint8_t *bytes = make_elf(ELFCLASS64, ELFDATA2LSB, &section, 1, &size);
		image_open_memory(&image, bytes, size, NULL);
		CU_ASSERT_EQUAL_FATAL(image_read_elf(image, NULL), NOTE_OK);
		CU_ASSERT_EQUAL(build_id_find(image, &id, NULL),
				i == 0 ? NOTE_UNSUPPORTED : NOTE_ABSENT);
		image_close(image);
		free(bytes);
		note[8] = 1; /* another type of note */
	}
}

UNIT_SUITE(buildid, UNIT_TEST(test_what_the_id_depends_on), UNIT_TEST(test_the_size_stays),
	   UNIT_TEST(test_none_and_too_long))
