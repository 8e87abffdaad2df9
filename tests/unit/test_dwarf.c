/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The DWARF stage on files made here byte by byte: what no compiler makes. */
#include <elf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libnote/image.h"
#include "tests/unit/unit.h"
#include "tools/base/text.h"
#include "tools/splitter/dwarf/dwarf.h"

#define DEST "/usr/src/debug/x-1-1.x86_64"

/* --- making a file --- */

struct file {
	struct text info, abbrev, line, str, line_str;
	bool compressed; /* .debug_info says so */
};

static void u8(struct text *out, unsigned value)
{
	uint8_t byte = (uint8_t)value;
	text_add(out, &byte, 1);
}

static void u16(struct text *out, unsigned value)
{
	u8(out, value);
	u8(out, value >> 8);
}

static void u32(struct text *out, uint32_t value)
{
	u16(out, value);
	u16(out, value >> 16);
}

static void string(struct text *out, const char *text)
{
	text_add(out, text, strlen(text) + 1);
}

/* Puts the number of bytes behind AT + 4 at AT. */
static void set_length(struct text *out, size_t at)
{
	uint32_t length = (uint32_t)(out->size - at - 4);
	for (int i = 0; i < 4; i++)
		out->data[at + (size_t)i] = (char)(length >> (8 * i));
}

static void bytes(struct text *out, size_t count, ...)
{
	va_list args;
	va_start(args, count);
	while (count-- > 0)
		u8(out, va_arg(args, unsigned));
	va_end(args);
}

/* A 64-bit little-endian ELF file of F's sections; the caller frees it. */
static uint8_t *make_elf(const struct file *f, size_t *size)
{
	static const char names[] =
		"\0.debug_info\0.debug_abbrev\0.debug_line\0.debug_str\0.debug_line_str\0.shstrtab";
	const struct text *contents[] = {&f->info, &f->abbrev, &f->line, &f->str, &f->line_str};
	Elf64_Ehdr ehdr = {.e_type = ET_DYN,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_shentsize = sizeof(Elf64_Shdr),
			   .e_shnum = 7,
			   .e_shstrndx = 6};
	Elf64_Shdr shdrs[7] = {0};
	struct text out = {0};
	memcpy(ehdr.e_ident, "\177ELF\2\1\1", 7);
	text_add(&out, &ehdr, sizeof(ehdr));
	for (unsigned i = 1; i < 7; i++) {
		shdrs[i].sh_offset = out.size;
		shdrs[i].sh_size = i < 6 ? contents[i - 1]->size : sizeof(names);
		shdrs[i].sh_type = shdrs[i].sh_size > 0 ? SHT_PROGBITS : SHT_NULL;
		if (i == 1 && f->compressed)
			shdrs[i].sh_flags = SHF_COMPRESSED;
		if (shdrs[i].sh_size > 0)
			text_add(&out, i < 6 ? contents[i - 1]->data : names, shdrs[i].sh_size);
	}
	static const unsigned name_at[] = {0, 1, 13, 27, 39, 50, 66};
	for (unsigned i = 0; i < 7; i++)
		shdrs[i].sh_name = name_at[i];
	ehdr.e_shoff = out.size;
	text_add(&out, shdrs, sizeof(shdrs));
	memcpy(out.data, &ehdr, sizeof(ehdr));
	*size = out.size;
	return (uint8_t *)out.data;
}

static void free_file(struct file *f)
{
	text_free(&f->info);
	text_free(&f->abbrev);
	text_free(&f->line);
	text_free(&f->str);
	text_free(&f->line_str);
}

/* --- running --- */

struct result {
	int code;
	struct note_error err;
	struct section_edits edits;
	struct dwarf_sources sources;
	struct dwarf_summary summary;
};

static struct result run(const struct file *f, const char *build_dir)
{
	struct result result = {0};
	struct image *image;
	struct path_map *map = build_dir != NULL ? path_map_new(build_dir, DEST) : NULL;
	size_t size;
	uint8_t *elf = make_elf(f, &size);
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, elf, size, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(image_read_elf(image, NULL), NOTE_OK);
	result.code = dwarf_rewrite(image, map, &result.edits, &result.sources, &result.summary,
				    &result.err);
	image_close(image);
	path_map_free(map);
	free(elf);
	return result;
}

static void free_result(struct result *result)
{
	section_edits_free(&result->edits);
	dwarf_sources_free(&result->sources);
}

/* Runs and frees the file; what was wrong with the first part that was passed over, if any. */
static int code_of(struct file *f, const char *build_dir)
{
	struct result result = run(f, build_dir);
	CU_ASSERT_EQUAL(result.code, NOTE_OK);
	if (result.summary.unread != 0) {
		result.code = result.summary.first_unread.code;
		CU_ASSERT_NOT_EQUAL(result.summary.first_unread.text[0], '\0');
	}
	free_result(&result);
	free_file(f);
	return result.code;
}

static const struct section_edit *edit_of(const struct result *result, uint64_t section)
{
	for (size_t i = 0; i < result->edits.count; i++)
		if (result->edits.items[i].section == section)
			return &result->edits.items[i];
	return NULL;
}

/* A version 4 unit with the bytes of its first entry, which begins with code 1. */
static void add_unit(struct file *f, uint32_t abbrevs, const void *entry, size_t size)
{
	size_t at = f->info.size;
	u32(&f->info, 0);
	u16(&f->info, 4);
	u32(&f->info, abbrevs);
	u8(&f->info, 8);
	u8(&f->info, 1);
	text_add(&f->info, entry, size);
	set_length(&f->info, at);
}

/* Code 1: compile unit with name, comp_dir (both inline), stmt_list (sec_offset). */
static void add_inline_abbrev(struct file *f)
{
	bytes(&f->abbrev, 12, 1, 0x11, 0, 0x03, 0x08, 0x1b, 0x08, 0x10, 0x17, 0, 0, 0);
}

/* A version 4 line table with one directory and one file in it. */
static void add_line_table(struct file *f, const char *directory, const char *name)
{
	size_t at = f->line.size;
	u32(&f->line, 0);
	u16(&f->line, 4);
	u32(&f->line, 0);
	size_t header = f->line.size;
	bytes(&f->line, 7, 1, 1, 1, 0xfb, 14, 2, 0);
	string(&f->line, directory);
	u8(&f->line, 0);
	string(&f->line, name);
	bytes(&f->line, 4, 1, 0, 0, 0);
	f->line.data[at + 6] = (char)(f->line.size - header);
	bytes(&f->line, 3, 0, 1, 1); /* the program: end_sequence */
	set_length(&f->line, at);
}

/* --- tests --- */

static void test_inline_names_and_tables_grow(void)
{
	struct file f = {0};
	add_inline_abbrev(&f);
	string(&f.str, "");
	add_line_table(&f, "/b/inc", "a.h");
	size_t second = f.line.size;
	add_line_table(&f, "src", "b.c");
	add_unit(&f, 0, "/b/src/a.c\0/b\0\0\0\0\0", 18);
	char entry[] = "/b/b.c\0/b/longer\0XXXX";
	memcpy(entry + 17, &(uint32_t){(uint32_t)second}, 4);
	add_unit(&f, 0, entry, 21);
	struct result result = run(&f, "/b");
	CU_ASSERT_EQUAL_FATAL(result.code, NOTE_OK);
	CU_ASSERT_EQUAL(result.summary.units, 2);
	CU_ASSERT_EQUAL(result.sources.count, 4);
	const struct section_edit *info = edit_of(&result, 1), *line = edit_of(&result, 3);
	const struct section_edit *abbrev = edit_of(&result, 2), *str = edit_of(&result, 4);
	CU_ASSERT_FATAL(info != NULL && line != NULL && abbrev != NULL && str != NULL);
	CU_ASSERT_EQUAL(info->size, f.info.size);
	CU_ASSERT_PTR_NOT_NULL(memmem(line->bytes, line->size, DEST "/inc", sizeof(DEST "/inc")));
	CU_ASSERT_PTR_NOT_NULL(
		memmem(str->bytes, str->size, DEST "/src/a.c", sizeof(DEST "/src/a.c")));
	/* The second table moved, and the second unit knows where to. */
	uint32_t moved = (uint32_t)(second + strlen(DEST "/inc") - strlen("/b/inc"));
	CU_ASSERT_PTR_NOT_NULL(memmem(info->bytes + f.info.size / 2, f.info.size / 2, &moved, 4));
	free_result(&result);
	/* Without .debug_str one is made for the longer names. */
	text_free(&f.str);
	f.str = (struct text){0};
	result = run(&f, "/b");
	CU_ASSERT_EQUAL_FATAL(result.code, NOTE_OK);
	CU_ASSERT_EQUAL(result.summary.kept, 0);
	info = edit_of(&result, 1), line = edit_of(&result, 3), str = edit_of(&result, 0);
	CU_ASSERT_FATAL(info != NULL && line != NULL && str != NULL);
	CU_ASSERT_EQUAL(info->size, f.info.size);
	CU_ASSERT_STRING_EQUAL(str->name, ".debug_str");
	CU_ASSERT_PTR_NOT_NULL(memmem(line->bytes, line->size, DEST "/inc", sizeof(DEST "/inc")));
	CU_ASSERT_PTR_NOT_NULL(
		memmem(str->bytes, str->size, DEST "/src/a.c", sizeof(DEST "/src/a.c")));
	free_result(&result);
	free_file(&f);
}

static void test_without_a_map_nothing_changes(void)
{
	struct file f = {0};
	add_inline_abbrev(&f);
	add_line_table(&f, "/b/inc", "a.h");
	add_unit(&f, 0, "/b/src/a.c\0/b\0\0\0\0\0", 18);
	struct result result = run(&f, NULL);
	CU_ASSERT_EQUAL_FATAL(result.code, NOTE_OK);
	CU_ASSERT_EQUAL(result.edits.count, 0);
	CU_ASSERT_TRUE(result.summary.has_dwarf);
	CU_ASSERT_EQUAL_FATAL(result.sources.count, 2);
	CU_ASSERT_STRING_EQUAL(result.sources.items[0].original, "/b/inc/a.h");
	CU_ASSERT_STRING_EQUAL(result.sources.items[1].original, "/b/src/a.c");
	CU_ASSERT_TRUE(result.sources.items[1].primary);
	CU_ASSERT_PTR_NULL(result.sources.items[1].installed);
	free_result(&result);
	free_file(&f);
}

static void test_no_units(void)
{
	struct file f = {0};
	struct result result = run(&f, "/b");
	CU_ASSERT_EQUAL(result.code, NOTE_OK);
	CU_ASSERT_FALSE(result.summary.has_dwarf);
	CU_ASSERT_EQUAL(result.sources.count, 0);
	free_result(&result);
	free_file(&f);
}

static void test_padding_behind_the_units(void)
{
	struct file f = {0};
	add_inline_abbrev(&f);
	add_line_table(&f, "d", "a.h");
	add_unit(&f, 0, "a.c\0/c\0\0\0\0\0", 11);
	u32(&f.info, 0);
	u32(&f.info, 0);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_OK);
}

static void test_lengths_and_offsets_that_lie(void)
{
	struct file f = {0};
	u32(&f.info, 100); /* a unit longer than its section */
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);

	f = (struct file){0}; /* abbreviations outside */
	add_inline_abbrev(&f);
	add_unit(&f, 1000, "a\0b\0\0\0\0\0", 8);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);

	f = (struct file){0}; /* a table without an end */
	bytes(&f.abbrev, 3, 1, 0x11, 0);
	add_unit(&f, 0, "a\0b\0\0\0\0\0", 8);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);

	f = (struct file){0}; /* an entry that ends after its unit */
	add_inline_abbrev(&f);
	add_unit(&f, 0, "a\0b", 3);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);

	f = (struct file){0}; /* a line table outside */
	add_inline_abbrev(&f);
	add_line_table(&f, "d", "a.h");
	add_unit(&f, 0, "a\0b\0\xff\0\0\0", 8);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);

	f = (struct file){0}; /* one inside another */
	add_inline_abbrev(&f);
	add_line_table(&f, "d", "a.h");
	add_unit(&f, 0, "a\0b\0\0\0\0\0", 8);
	add_unit(&f, 0, "a\0b\0\4\0\0\0", 8);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);

	f = (struct file){0}; /* a string outside, and one without an end */
	bytes(&f.abbrev, 8, 1, 0x11, 0, 0x03, 0x0e, 0, 0, 0);
	string(&f.str, "abc");
	text_add(&f.str, "def", 3);
	add_unit(&f, 0, "\4\0\0\0", 4);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);

	f = (struct file){0}; /* a version that nobody knows */
	bytes(&f.info, 12, 8, 0, 0, 0, 6, 0, 0, 0, 0, 0, 8, 0);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_UNSUPPORTED);
}

static void test_compressed_size_that_lies(void)
{
	struct file f = {0};
	Elf64_Chdr chdr = {.ch_type = ELFCOMPRESS_ZLIB, .ch_size = 1ull << 40, .ch_addralign = 1};
	text_add(&f.info, &chdr, sizeof(chdr));
	text_add(&f.info, "x\x9c", 2);
	f.compressed = true;
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);
	chdr.ch_size = 100;
	f = (struct file){.compressed = true};
	text_add(&f.info, &chdr, sizeof(chdr));
	text_add(&f.info, "x\x9c", 2);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);
	f = (struct file){.compressed = true};
	text_add(&f.info, &chdr, 8);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);
}

/* A version 5 list that says it has 2^60 entries of no size. */
static void test_endless_file_list(void)
{
	struct file f = {0};
	add_inline_abbrev(&f);
	u32(&f.line, 0);
	u16(&f.line, 5);
	bytes(&f.line, 2, 8, 0);
	u32(&f.line, 40);
	bytes(&f.line, 7, 1, 1, 1, 0xfb, 14, 1, 0 /* formats */);
	for (int i = 0; i < 8; i++)
		u8(&f.line, 0xff);
	u8(&f.line, 0x0f);
	for (int i = 0; i < 40; i++)
		u8(&f.line, 0);
	set_length(&f.line, 0);
	add_unit(&f, 0, "a\0b\0\0\0\0\0", 8);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

/* What would take hours if each unit read the table anew. */
static void test_many_units_with_one_large_table(void)
{
	struct timespec start;
	struct file f = {0};
	for (unsigned code = 2; code < 100000; code++) {
		/* Codes that do not count from 1, of three bytes. */
		bytes(&f.abbrev, 3, 0x80 | (code & 0x7f), 0x80 | ((code >> 7) & 0x7f), code >> 14);
		bytes(&f.abbrev, 4, 0x24, 0, 0, 0);
	}
	bytes(&f.abbrev, 8, 1, 0x11, 0, 0x03, 0x08, 0, 0, 0);
	for (int i = 0; i < 50000; i++)
		add_unit(&f, 0, "a", 2);
	clock_gettime(CLOCK_MONOTONIC, &start);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_OK);
	CU_ASSERT(seconds_since(&start) < 5);
}

/* Each unit with a table that begins a declaration later: all but the first overlap. */
static void test_overlapping_tables(void)
{
	struct timespec start;
	struct file f = {0};
	for (unsigned i = 0; i < 50000; i++)
		bytes(&f.abbrev, 5, 1, 0x11, 0, 0, 0);
	u8(&f.abbrev, 0);
	for (uint32_t i = 0; i < 50000; i++)
		add_unit(&f, 5 * i, "", 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);
	CU_ASSERT(seconds_since(&start) < 5);
}

/* Attributes without a value cost a unit nothing, and the reader much. */
static void test_too_many_attributes(void)
{
	struct file f = {0};
	bytes(&f.abbrev, 3, 1, 0x11, 0);
	for (int i = 0; i < 100000; i++)
		bytes(&f.abbrev, 2, 0x3f, 0x19); /* DW_FORM_flag_present */
	bytes(&f.abbrev, 3, 0, 0, 0);
	for (int i = 0; i < 1000; i++)
		add_unit(&f, 0, "", 0);
	CU_ASSERT_EQUAL(code_of(&f, "/b"), NOTE_MALFORMED);
}

/* Version 5: a string of which every tail is a path below the build directory, and a file for each
 * of them; each long path would be made anew. */
static void test_tails_of_a_long_string(void)
{
	enum { COUNT = 100000 };
	struct timespec start;
	struct file f = {0};
	add_inline_abbrev(&f);
	for (int i = 0; i < COUNT; i++)
		text_add(&f.line_str, i % 50 == 0 ? "/b" : "/c", 2);
	u8(&f.line_str, 0);
	u32(&f.line, 0);
	u16(&f.line, 5);
	bytes(&f.line, 2, 8, 0);
	size_t header = f.line.size;
	u32(&f.line, 0);
	bytes(&f.line, 6, 1, 1, 1, 0xfb, 14, 1);
	bytes(&f.line, 2, 0, 0);                             /* no directories */
	bytes(&f.line, 6, 1, 1, 0x1f, 0x80 | (COUNT & 0x7f), /* files: path, line_strp */
	      0x80 | ((COUNT >> 7) & 0x7f), COUNT >> 14);
	for (uint32_t i = 0; i < COUNT; i++)
		u32(&f.line, 2 * i);
	uint32_t length = (uint32_t)(f.line.size - header - 4);
	memcpy(f.line.data + header, &length, 4);
	set_length(&f.line, 0);
	add_unit(&f, 0, "a\0b\0\0\0\0\0", 8);
	clock_gettime(CLOCK_MONOTONIC, &start);
	int code = code_of(&f, "/b");
	CU_ASSERT(code == NOTE_OK || code == NOTE_MALFORMED);
	CU_ASSERT(seconds_since(&start) < 5);
}

UNIT_SUITE(dwarf, UNIT_TEST(test_inline_names_and_tables_grow),
	   UNIT_TEST(test_without_a_map_nothing_changes), UNIT_TEST(test_no_units),
	   UNIT_TEST(test_padding_behind_the_units), UNIT_TEST(test_lengths_and_offsets_that_lie),
	   UNIT_TEST(test_compressed_size_that_lies), UNIT_TEST(test_endless_file_list),
	   UNIT_TEST(test_many_units_with_one_large_table), UNIT_TEST(test_overlapping_tables),
	   UNIT_TEST(test_too_many_attributes), UNIT_TEST(test_tails_of_a_long_string))
