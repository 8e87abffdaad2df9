/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libnote/note.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* An ELF file in memory, of either class and byte order: header, program headers, section
 * headers, then what the tests put behind them. */
struct made {
	uint8_t bytes[8192];
	struct image shape; /* class and byte order, for image_put* */
	uint64_t used;
	uint64_t phnum;
	uint64_t shnum;
};

#define BODY 2048

static void begin(struct made *made, bool is_64, bool is_big)
{
	memset(made, 0, sizeof(*made));
	made->shape.is_64 = is_64;
	made->shape.is_big = is_big;
	made->used = BODY;
	made->shnum = 1;
}

static void segment(struct made *made, uint64_t offset, uint64_t size, uint64_t alignment)
{
	const size_t phsize = made->shape.is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	GElf_Phdr phdr = {.p_type = PT_NOTE,
			  .p_offset = offset,
			  .p_vaddr = offset,
			  .p_filesz = size,
			  .p_memsz = size,
			  .p_align = alignment};
	image_put_phdr(&made->shape, made->bytes + 64 + made->phnum++ * phsize, &phdr, NULL);
}

static void section(struct made *made, uint64_t offset, uint64_t size, uint64_t alignment)
{
	const size_t shsize = made->shape.is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	GElf_Shdr shdr = {.sh_type = SHT_NOTE,
			  .sh_offset = offset,
			  .sh_size = size,
			  .sh_addralign = alignment};
	image_put_shdr(&made->shape, made->bytes + 1024 + made->shnum++ * shsize, &shdr, NULL);
}

/* Adds a note; returns its offset. */
static uint64_t note(struct made *made, const char *owner, uint32_t type, const char *desc,
		     uint32_t size, uint64_t alignment)
{
	const uint64_t at = made->used;
	const uint32_t name_size = owner[0] == '\0' ? 0 : (uint32_t)strlen(owner) + 1;
	uint64_t desc_at, end;
	uint8_t *p = made->bytes + at;
	image_put32(&made->shape, p, name_size);
	image_put32(&made->shape, p + 4, size);
	image_put32(&made->shape, p + 8, type);
	memcpy(p + 12, owner, name_size);
	align_up(12 + name_size, alignment, &desc_at);
	memcpy(p + desc_at, desc, size);
	align_up(desc_at + size, alignment, &end);
	made->used += end;
	return at;
}

static struct image *end(struct made *made)
{
	const bool is_64 = made->shape.is_64;
	struct image *image = NULL;
	GElf_Ehdr ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', is_64 ? ELFCLASS64 : ELFCLASS32,
				      made->shape.is_big ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT},
			  .e_type = ET_DYN,
			  .e_version = EV_CURRENT,
			  .e_phoff = made->phnum != 0 ? 64 : 0,
			  .e_phnum = (uint16_t)made->phnum,
			  .e_shoff = made->shnum > 1 ? 1024 : 0,
			  .e_shnum = (uint16_t)(made->shnum > 1 ? made->shnum : 0),
			  .e_phentsize = is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr),
			  .e_shentsize = is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)};
	image_put_ehdr(&made->shape, made->bytes, &ehdr, NULL);
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, made->bytes, made->used, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(image_read_elf(image, NULL), NOTE_OK);
	return image;
}

struct seen {
	struct elf_note notes[64];
	char owners[64][64];
	size_t count;
};

static bool see(void *context, const struct elf_note *found)
{
	struct seen *seen = context;
	if (seen->count < 64) {
		seen->notes[seen->count] = *found;
		strcpy(seen->owners[seen->count], found->owner);
	}
	return ++seen->count < 64;
}

static void test_every_class_and_order(void)
{
	static struct made made;
	for (int kind = 0; kind < 4; kind++) {
		struct seen seen = {0};
		const uint8_t *id;
		size_t size;
		const char *payload;
		uint64_t at;
		begin(&made, kind & 1, kind & 2);
		note(&made, "GNU", 1, "0123456789abcdef", 16, 4);
		note(&made, "GNU", NT_GNU_BUILD_ID, "\1\2\3\4\5", 5, 4);
		const uint64_t third = note(&made, "FDO", NOTE_TYPE_PACKAGE, "{}\0\0", 4, 4);
		segment(&made, BODY, made.used - BODY, 4);
		struct image *image = end(&made);
		CU_ASSERT_EQUAL(elf_notes(image, see, &seen, NULL), NOTE_OK);
		CU_ASSERT_EQUAL(seen.count, 3);
		CU_ASSERT_EQUAL(seen.notes[2].offset, third);
		CU_ASSERT_EQUAL(seen.notes[2].size, 20);
		CU_ASSERT(seen.notes[2].in_segment);
		CU_ASSERT_EQUAL(elf_build_id(image, &id, &size, &at, NULL), NOTE_OK);
		CU_ASSERT_EQUAL(size, 5);
		CU_ASSERT_EQUAL(memcmp(id, "\1\2\3\4\5", 5), 0);
		CU_ASSERT_EQUAL(elf_package(image, &payload, &size, NULL, NULL), NOTE_OK);
		CU_ASSERT_EQUAL(size, 2);
		CU_ASSERT_EQUAL(memcmp(payload, "{}", 2), 0);
		image_close(image);
	}
}

static void test_sections_alone(void)
{
	static struct made made;
	struct seen seen = {0};
	begin(&made, true, false);
	const uint64_t first = note(&made, "GNU", 1, "abcd", 4, 4);
	const uint64_t middle = made.used;
	note(&made, "FDO", NOTE_TYPE_PACKAGE, "{}", 3, 4);
	section(&made, middle, made.used - middle, 4);
	section(&made, first, middle - first, 4);
	struct image *image = end(&made);
	CU_ASSERT_EQUAL(elf_notes(image, see, &seen, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(seen.count, 2);
	CU_ASSERT(!seen.notes[0].in_segment);
	CU_ASSERT_EQUAL(seen.notes[0].section, 2);
	CU_ASSERT_EQUAL(seen.notes[1].section, 1);
	image_close(image);
}

static void test_each_note_once(void)
{
	static struct made made;
	struct seen seen = {0};
	begin(&made, true, false);
	note(&made, "A", 1, "abcd", 4, 4);
	const uint64_t middle = made.used;
	note(&made, "B", 2, "abcd", 4, 4);
	const uint64_t last = made.used;
	note(&made, "C", 3, "abcd", 4, 4);
	segment(&made, middle, last - middle, 4);
	segment(&made, BODY, last - BODY, 4);
	segment(&made, BODY, made.used - BODY, 4);
	section(&made, middle, made.used - middle, 4);
	struct image *image = end(&made);
	CU_ASSERT_EQUAL(elf_notes(image, see, &seen, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(seen.count, 3);
	CU_ASSERT_STRING_EQUAL(seen.owners[0], "B");
	CU_ASSERT_STRING_EQUAL(seen.owners[1], "A");
	CU_ASSERT_STRING_EQUAL(seen.owners[2], "C");
	CU_ASSERT_EQUAL(seen.notes[0].section, 1);
	image_close(image);
}

static void test_alignment_8(void)
{
	static struct made made;
	struct seen seen = {0};
	begin(&made, true, false);
	note(&made, "GNU", 5, "123456789012", 12, 8);
	note(&made, "GNU", 5, "12345678", 8, 8);
	segment(&made, BODY, made.used - BODY, 8);
	struct image *image = end(&made);
	CU_ASSERT_EQUAL(elf_notes(image, see, &seen, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(seen.count, 2);
	CU_ASSERT_EQUAL(seen.notes[0].size, 32);
	CU_ASSERT_EQUAL(seen.notes[1].alignment, 8);
	image_close(image);
}

/* As mold writes it: notes padded to 4 in a segment of alignment 8. */
static void test_mixed_alignment(void)
{
	static struct made made;
	struct seen seen = {0};
	begin(&made, true, false);
	note(&made, "GNU", 5, "0123456789abcdef", 16, 8);
	note(&made, "GNU", 3, "0123456789abcdefghij", 20, 4);
	note(&made, "FDO", NOTE_TYPE_PACKAGE, "{\"a\":1}\0\0\0\0", 12, 4);
	note(&made, "GNU", 1, "0123456789ab", 12, 4);
	made.used += made.used % 8;
	note(&made, "GNU", 5, "0123456789abcdef", 16, 8);
	segment(&made, BODY, made.used - BODY, 8);
	struct image *image = end(&made);
	CU_ASSERT_EQUAL(elf_notes(image, see, &seen, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(seen.count, 5);
	CU_ASSERT_EQUAL(seen.notes[2].type, NOTE_TYPE_PACKAGE);
	CU_ASSERT_EQUAL(seen.notes[2].alignment, 4);
	CU_ASSERT_EQUAL(seen.notes[4].type, 5);
	image_close(image);
}

static void test_owner_without_nul(void)
{
	static struct made made;
	struct seen seen = {0};
	begin(&made, false, true);
	const uint64_t at = note(&made, "CORE", 1, "abcd", 4, 4);
	image_put32(&made.shape, made.bytes + at, 4);
	memmove(made.bytes + at + 16, made.bytes + at + 20, 4);
	note(&made, "", 7, "", 0, 4);
	segment(&made, BODY, 20, 4);
	segment(&made, made.used - 12, 12, 4);
	struct image *image = end(&made);
	CU_ASSERT_EQUAL(elf_notes(image, see, &seen, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(seen.count, 2);
	CU_ASSERT_STRING_EQUAL(seen.owners[0], "CORE");
	CU_ASSERT_STRING_EQUAL(seen.owners[1], "");
	image_close(image);
}

static void test_broken_notes(void)
{
	static struct made made;
	struct seen seen = {0};
	struct note_error err = {0};
	begin(&made, true, false);
	note(&made, "A", 1, "abcd", 4, 4);
	const uint64_t bad = note(&made, "B", 1, "abcd", 4, 4);
	const uint64_t good = note(&made, "C", 1, "abcd", 4, 4);
	image_put32(&made.shape, made.bytes + bad + 4, 0xffffffff);
	segment(&made, BODY, good - BODY, 4);
	segment(&made, good, made.used - good, 4);
	segment(&made, UINT64_MAX - 8, 16, 4);
	segment(&made, BODY, made.used, 4);
	struct image *image = end(&made);
	CU_ASSERT_EQUAL(elf_notes(image, see, &seen, &err), NOTE_MALFORMED);
	CU_ASSERT_EQUAL(err.offset, bad);
	CU_ASSERT_EQUAL(seen.count, 2);
	CU_ASSERT_STRING_EQUAL(seen.owners[1], "C");
	CU_ASSERT_EQUAL(elf_build_id(image, NULL, NULL, NULL, NULL), NOTE_MALFORMED);
	image_close(image);
}

static void test_absent(void)
{
	static struct made made;
	struct note_error err = {0};
	begin(&made, true, false);
	note(&made, "XXX", NT_GNU_BUILD_ID, "abcd", 4, 4);
	note(&made, "XXX", NOTE_TYPE_PACKAGE, "{}", 3, 4);
	segment(&made, BODY, made.used - BODY, 4);
	struct image *image = end(&made);
	CU_ASSERT_EQUAL(elf_build_id(image, NULL, NULL, NULL, &err), NOTE_ABSENT);
	CU_ASSERT_EQUAL(elf_package(image, NULL, NULL, NULL, &err), NOTE_ABSENT);
	image_close(image);
}

UNIT_SUITE(note, UNIT_TEST(test_every_class_and_order), UNIT_TEST(test_sections_alone),
	   UNIT_TEST(test_each_note_once), UNIT_TEST(test_alignment_8),
	   UNIT_TEST(test_mixed_alignment), UNIT_TEST(test_owner_without_nul),
	   UNIT_TEST(test_broken_notes), UNIT_TEST(test_absent))
