/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/elf_maker.h"
#include "tests/unit/unit.h"
#include "tools/base/digest.h"
#include "tools/splitter/elf/elf.h"

static const struct plan_options defaults;
static const struct strip_additions additions = {.link = "x.debug", .crc32 = 0x01020304};

static const char text[] = "some code, sixteen";
static const char note[] = "\0\0\0\4\0\0\0\0\0\0\0\1GNU";
static const char info[] = "debug information";
static const char blob[] = "an embedded archive";

static const struct made_section typical[] = {
	{".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0x1000, text, sizeof(text), 0, 0},
	{".note.x", SHT_NOTE, SHF_ALLOC, 0x2000, note, sizeof(note), 0, 0},
	{".debug_info", SHT_PROGBITS, 0, 0, info, sizeof(info), 0, 0},
	{"pydata", SHT_PROGBITS, 0, 0, blob, sizeof(blob), 0, 0},
	{".gnu.attributes", SHT_GNU_ATTRIBUTES, 0, 0, "A", 1, 0, 0},
	{".comment", SHT_PROGBITS, SHF_MERGE | SHF_STRINGS, 0, "gcc", 4, 0, 0},
};

/* Both files of a made ELF file. */
struct pair {
	uint8_t *bytes;
	struct image *image;
	struct plan plan;
	struct strip_output debug;
	struct strip_output shipped;
	struct image *debug_image;
	struct image *shipped_image;
};

static void open_pair(struct pair *pair, int class, int data, const struct made_section *sections,
		      size_t count, const struct section_edits *edits)
{
	size_t size;
	*pair = (struct pair){.bytes = make_elf(class, data, sections, count, &size)};
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&pair->image, pair->bytes, size, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(image_read_elf(pair->image, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(plan_make(&pair->plan, pair->image, edits, &defaults, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(strip_debug_file(&pair->debug, pair->image, &pair->plan, NULL),
			      NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(
		strip_shipped_file(&pair->shipped, pair->image, &pair->plan, &additions, NULL),
		NOTE_OK);
	image_open_memory(&pair->debug_image, pair->debug.bytes, pair->debug.size, NULL);
	image_open_memory(&pair->shipped_image, pair->shipped.bytes, pair->shipped.size, NULL);
	CU_ASSERT_EQUAL_FATAL(image_read_elf(pair->debug_image, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(image_read_elf(pair->shipped_image, NULL), NOTE_OK);
}

static void close_pair(struct pair *pair)
{
	image_close(pair->debug_image);
	image_close(pair->shipped_image);
	image_close(pair->image);
	plan_free(&pair->plan);
	free(pair->debug.bytes);
	free(pair->shipped.bytes);
	free(pair->bytes);
}

/* The section NAME holds exactly these bytes; SIZE 0: it has no bytes there. */
static void holds(struct image *image, const char *name, const void *bytes, size_t size)
{
	GElf_Shdr shdr;
	if (image_find_section(image, name, &shdr) == 0) {
		CU_FAIL(name);
		return;
	}
	if (size == 0) {
		CU_ASSERT_EQUAL(shdr.sh_type, SHT_NOBITS);
		return;
	}
	CU_ASSERT_NOT_EQUAL(shdr.sh_type, SHT_NOBITS);
	CU_ASSERT_EQUAL_FATAL(shdr.sh_size, size);
	const uint8_t *found = image_bytes(image, shdr.sh_offset, size, name, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(found);
	CU_ASSERT_EQUAL(memcmp(found, bytes, size), 0);
}

static void lacks(struct image *image, const char *name)
{
	CU_ASSERT_EQUAL(image_find_section(image, name, NULL), 0);
}

static void check_pair(int class, int data)
{
	struct pair pair;
	static const uint8_t little[] = "x.debug\0\x04\x03\x02\x01";
	static const uint8_t big[] = "x.debug\0\x01\x02\x03\x04";
	open_pair(&pair, class, data, typical, 6, NULL);
	holds(pair.shipped_image, ".text", text, sizeof(text));
	holds(pair.shipped_image, ".note.x", note, sizeof(note));
	holds(pair.shipped_image, "pydata", blob, sizeof(blob));
	holds(pair.shipped_image, ".gnu.attributes", "A", 1);
	holds(pair.shipped_image, ".gnu_debuglink", data == ELFDATA2MSB ? big : little, 12);
	lacks(pair.shipped_image, ".debug_info");
	lacks(pair.shipped_image, ".comment");
	holds(pair.debug_image, ".text", NULL, 0);
	holds(pair.debug_image, ".note.x", note, sizeof(note));
	holds(pair.debug_image, "pydata", NULL, 0);
	holds(pair.debug_image, ".debug_info", info, sizeof(info));
	holds(pair.debug_image, ".comment", "gcc", 4);
	lacks(pair.debug_image, ".gnu_debuglink");
	CU_ASSERT_EQUAL(pair.debug_image->shnum, pair.image->shnum);
	for (uint64_t i = 1; i < pair.image->shnum; i++) {
		GElf_Shdr before;
		GElf_Shdr after;
		image_shdr(pair.image, i, &before, NULL);
		image_shdr(pair.debug_image, i, &after, NULL);
		CU_ASSERT_EQUAL(before.sh_addr, after.sh_addr);
		CU_ASSERT_EQUAL(before.sh_size, after.sh_size);
		CU_ASSERT_EQUAL(before.sh_flags, after.sh_flags);
		CU_ASSERT_EQUAL(before.sh_name, after.sh_name);
	}
	close_pair(&pair);
}

static void test_two_files_in_each_class_and_order(void)
{
	check_pair(ELFCLASS64, ELFDATA2LSB);
	check_pair(ELFCLASS64, ELFDATA2MSB);
	check_pair(ELFCLASS32, ELFDATA2LSB);
	check_pair(ELFCLASS32, ELFDATA2MSB);
}

static void test_loaded_bytes_stay_where_they_are(void)
{
	struct pair pair;
	GElf_Phdr load;
	open_pair(&pair, ELFCLASS64, ELFDATA2LSB, typical, 6, NULL);
	CU_ASSERT_EQUAL_FATAL(image_phdr(pair.image, 0, &load, NULL), NOTE_OK);
	/* All but the ELF header, which has new tables. */
	CU_ASSERT_EQUAL(memcmp(pair.bytes + 64, pair.shipped.bytes + 64, load.p_filesz - 64), 0);
	close_pair(&pair);
}

static void test_edits_take_the_place_of_contents(void)
{
	struct pair pair;
	static uint8_t longer[] = "debug information with longer paths in it";
	struct section_edit edit = {.section = 3, .bytes = longer, .size = sizeof(longer)};
	const struct section_edits edits = {&edit, 1};
	open_pair(&pair, ELFCLASS64, ELFDATA2LSB, typical, 6, &edits);
	holds(pair.debug_image, ".debug_info", longer, sizeof(longer));
	holds(pair.debug_image, ".comment", "gcc", 4);
	lacks(pair.shipped_image, ".debug_info");
	close_pair(&pair);
}

/* As patchelf leaves it: debug data before the last loaded bytes, and sections renumbered. */
static void test_debug_data_before_loaded_bytes(void)
{
	uint8_t symbols[48] = {0};
	symbols[24 + 6] = 4; /* st_shndx of symbol 1: .data */
	const struct made_section sections[] = {
		{".text", SHT_PROGBITS, SHF_ALLOC, 0x1000, text, sizeof(text), 0, 0},
		{".debug_info", SHT_PROGBITS, 0, 0, info, sizeof(info), 0, 0},
		{".dynsym", SHT_DYNSYM, SHF_ALLOC, 0x2000, symbols, sizeof(symbols), 0, 24},
		{".data", SHT_PROGBITS, SHF_ALLOC, 0x3000, blob, sizeof(blob), 0, 0},
	};
	struct pair pair;
	size_t size;
	GElf_Shdr shdr;
	uint8_t *bytes = make_elf(ELFCLASS64, ELFDATA2LSB, sections, 4, &size);
	struct image *image;
	struct plan plan;
	struct strip_output shipped;
	image_open_memory(&image, bytes, size, NULL);
	CU_ASSERT_EQUAL_FATAL(image_read_elf(image, NULL), NOTE_OK);
	/* The PT_LOAD shall not cover the debug data here. */
	GElf_Phdr load;
	image_phdr(image, 0, &load, NULL);
	load.p_filesz = load.p_memsz = 64;
	image_put_phdr(image, bytes + image->ehdr.e_phoff, &load, NULL);
	CU_ASSERT_EQUAL_FATAL(plan_make(&plan, image, NULL, &defaults, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(strip_shipped_file(&shipped, image, &plan, &additions, NULL),
			      NOTE_OK);
	image_open_memory(&pair.shipped_image, shipped.bytes, shipped.size, NULL);
	CU_ASSERT_EQUAL_FATAL(image_read_elf(pair.shipped_image, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(image_find_section(pair.shipped_image, ".data", &shdr), 3);
	holds(pair.shipped_image, ".data", blob, sizeof(blob));
	symbols[24 + 6] = 3;
	holds(pair.shipped_image, ".dynsym", symbols, sizeof(symbols));
	CU_ASSERT_PTR_NULL(memmem(shipped.bytes, shipped.size, info, sizeof(info)));
	image_close(pair.shipped_image);
	image_close(image);
	plan_free(&plan);
	free(shipped.bytes);
	free(bytes);
}

static void test_refuses_sections_that_overlap(void)
{
	size_t size;
	struct image *image;
	struct plan plan;
	GElf_Shdr shdr;
	struct note_error err;
	uint8_t *bytes = make_elf(ELFCLASS64, ELFDATA2LSB, typical, 6, &size);
	image_open_memory(&image, bytes, size, NULL);
	CU_ASSERT_EQUAL_FATAL(image_read_elf(image, NULL), NOTE_OK);
	for (uint64_t i = 3; i < 6; i++) {
		image_shdr(image, i, &shdr, NULL);
		shdr.sh_offset = 0;
		shdr.sh_size = size;
		image_put_shdr(image, bytes + image->ehdr.e_shoff + i * 64, &shdr, NULL);
	}
	CU_ASSERT_EQUAL(plan_make(&plan, image, NULL, &defaults, &err), NOTE_MALFORMED);
	plan_free(&plan);
	image_close(image);
	free(bytes);
}

static void test_what_debug_sections_are_called(void)
{
	static const char *const yes[] = {".debug_info", ".rela.debug_line",  ".zdebug_str",
					  ".gdb_index",  ".gnu_debugaltlink", ".stabstr",
					  ".comment",    ".gnu.lto_x",        ".rel.debug_info"};
	static const char *const no[] = {
		".text",  ".rela.text",     ".note.stapsdt",         ".gnu_debugdata",
		"pydata", ".gnu_debuglink", ".gnu.build.attributes", ".debugger"};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		CU_ASSERT_TRUE(section_is_debug(yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		CU_ASSERT_FALSE(section_is_debug(no[i]));
}

UNIT_SUITE(strip, UNIT_TEST(test_two_files_in_each_class_and_order),
	   UNIT_TEST(test_loaded_bytes_stay_where_they_are),
	   UNIT_TEST(test_edits_take_the_place_of_contents),
	   UNIT_TEST(test_debug_data_before_loaded_bytes),
	   UNIT_TEST(test_refuses_sections_that_overlap),
	   UNIT_TEST(test_what_debug_sections_are_called))
