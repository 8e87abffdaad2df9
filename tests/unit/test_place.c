/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* note_place() on files of known layout, of either class and byte order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/note.h"
#include "unit.h"

#define PAYLOAD "{\"type\":\"test\",\"name\":\"x\"}"
#define VADDR   0x400000

/* A linked file: ELF header, program headers, a build-id note, .gnu.hash, then code; a dynamic
 * section in a second segment; section names and headers at the end. Offsets are fixed. */
enum {
	NOTES = 0x300,
	NOTES_SIZE = 0x24,
	HASH = 0x328,
	HASH_SIZE = 0x100,
	CODE = 0x428,
	CODE_END = 0x800,
	DYNAMIC = 0x1000,
	DYNAMIC_SIZE = 0x40,
	NAMES = 0x1040,
	HEADERS = 0x1080,
	SIZE = 0x1300,
};

struct made {
	uint8_t bytes[SIZE + 64];
	size_t size;
	struct image shape;
	size_t phnum;
	size_t shnum;
};

static void segment(struct made *made, unsigned type, unsigned flags, uint64_t offset,
		    uint64_t size, uint64_t address, uint64_t align)
{
	const GElf_Phdr phdr = {.p_type = type,
				.p_flags = flags,
				.p_offset = offset,
				.p_vaddr = address,
				.p_paddr = address,
				.p_filesz = size,
				.p_memsz = size,
				.p_align = align};
	const size_t size_of = made->shape.is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	image_put_phdr(&made->shape, made->bytes + 64 + made->phnum++ * size_of, &phdr, NULL);
}

static void section(struct made *made, unsigned name, unsigned type, unsigned flags,
		    uint64_t offset, uint64_t size, unsigned link)
{
	const uint64_t address = offset < DYNAMIC ? VADDR + offset : VADDR + 0x1000 + offset;
	const GElf_Shdr shdr = {.sh_name = name,
				.sh_type = type,
				.sh_flags = flags,
				.sh_offset = offset,
				.sh_addr = flags != 0 ? address : 0,
				.sh_size = size,
				.sh_link = link,
				.sh_addralign = flags != 0 ? 4 : 1};
	const size_t size_of = made->shape.is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	image_put_shdr(&made->shape, made->bytes + HEADERS + made->shnum++ * size_of, &shdr, NULL);
}

static void tag(struct made *made, size_t index, uint64_t name, uint64_t value)
{
	const size_t word = made->shape.is_64 ? 8 : 4;
	uint8_t *p = made->bytes + DYNAMIC + index * 2 * word;
	if (made->shape.is_64) {
		image_put64(&made->shape, p, name);
		image_put64(&made->shape, p + word, value);
	} else {
		image_put32(&made->shape, p, (uint32_t)name);
		image_put32(&made->shape, p + word, (uint32_t)value);
	}
}

static void put_ehdr(struct made *made, unsigned type)
{
	const bool is_64 = made->shape.is_64;
	GElf_Ehdr ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', is_64 ? ELFCLASS64 : ELFCLASS32,
				      made->shape.is_big ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT},
			  .e_type = (GElf_Half)type,
			  .e_machine = EM_S390,
			  .e_version = EV_CURRENT,
			  .e_phoff = 64,
			  .e_shoff = HEADERS,
			  .e_ehsize = is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr),
			  .e_phentsize = is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr),
			  .e_phnum = (GElf_Half)made->phnum,
			  .e_shentsize = is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr),
			  .e_shnum = (GElf_Half)made->shnum,
			  .e_shstrndx = 5};
	image_put_ehdr(&made->shape, made->bytes, &ehdr, NULL);
}

/* PADDING: the bytes after the code are zero and free. */
static void make(struct made *made, bool is_64, bool is_big, bool padding)
{
	static const char names[] = "\0.note.gnu.build-id\0.gnu.hash\0.text\0.dynamic\0.shstrtab";
	memset(made, 0, sizeof(*made));
	made->shape.is_64 = is_64;
	made->shape.is_big = is_big;
	segment(made, PT_LOAD, PF_R | PF_X, 0, padding ? CODE_END : DYNAMIC, VADDR, 0x1000);
	segment(made, PT_LOAD, PF_R | PF_W, DYNAMIC, DYNAMIC_SIZE, VADDR + 0x2000, 0x1000);
	segment(made, PT_DYNAMIC, PF_R | PF_W, DYNAMIC, DYNAMIC_SIZE, VADDR + 0x2000, 8);
	segment(made, PT_NOTE, PF_R, NOTES, NOTES_SIZE, VADDR + NOTES, 4);
	const size_t end = 64 + 4 * (is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
	memset(made->bytes + end, 0x33, NOTES - end);
	image_put32(&made->shape, made->bytes + NOTES, 4);
	image_put32(&made->shape, made->bytes + NOTES + 4, 20);
	image_put32(&made->shape, made->bytes + NOTES + 8, NT_GNU_BUILD_ID);
	memcpy(made->bytes + NOTES + 12, "GNU", 4);
	memset(made->bytes + NOTES + 16, 0xab, 20);
	memset(made->bytes + HASH, 0x11, HASH_SIZE);
	memset(made->bytes + CODE, 0x22, (padding ? CODE_END : DYNAMIC) - CODE);
	tag(made, 0, DT_GNU_HASH, VADDR + HASH);
	tag(made, 1, DT_INIT, VADDR + CODE);
	memcpy(made->bytes + NAMES, names, sizeof(names));
	section(made, 0, SHT_NULL, 0, 0, 0, 0);
	section(made, 1, SHT_NOTE, SHF_ALLOC, NOTES, NOTES_SIZE, 0);
	section(made, 20, SHT_GNU_HASH, SHF_ALLOC, HASH, HASH_SIZE, 0);
	section(made, 30, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, CODE,
		(padding ? CODE_END : DYNAMIC) - CODE, 0);
	section(made, 36, SHT_DYNAMIC, SHF_ALLOC | SHF_WRITE, DYNAMIC, DYNAMIC_SIZE, 5);
	section(made, 45, SHT_STRTAB, 0, NAMES, sizeof(names), 0);
	section(made, 30, SHT_PROGBITS, SHF_ALLOC, end, NOTES - end, 0);
	put_ehdr(made, ET_DYN);
	made->size = HEADERS + made->shnum * (is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr));
}

static int place(const struct made *made, int replace, uint8_t **out, size_t *size,
		 struct note_error *err)
{
	const struct note_place_options options = {.size = sizeof(options), .existing = replace};
	void *file = NULL;
	int code = note_place(made->bytes, made->size, PAYLOAD, &options, &file, size, err);
	*out = file;
	return code;
}

static void check_note(const uint8_t *file, size_t size, uint64_t where)
{
	struct image *image = NULL;
	const char *payload = NULL;
	size_t length = 0;
	uint64_t offset = 0;
	CU_ASSERT_EQUAL(image_open_memory(&image, file, size, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(image_read_elf(image, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(elf_package(image, &payload, &length, &offset, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(length, strlen(PAYLOAD));
	CU_ASSERT_EQUAL(memcmp(payload, PAYLOAD, length), 0);
	CU_ASSERT_EQUAL(offset, where + 16);
	image_close(image);
}

static void test_table_moves_to_the_padding(void)
{
	for (int kind = 0; kind < 4; kind++) {
		struct made made;
		struct note_error err = {.code = 0};
		uint8_t *file;
		size_t size;
		const bool is_64 = kind & 1, is_big = kind & 2;
		make(&made, is_64, is_big, true);
		CU_ASSERT_EQUAL_FATAL(place(&made, 0, &file, &size, &err), NOTE_OK);
		/* The notes are known ones and free bytes are in page one: the notes move there. */
		check_note(file, size, CODE_END + NOTES_SIZE);
		CU_ASSERT_EQUAL(memcmp(file + CODE, made.bytes + CODE, CODE_END - CODE), 0);
		CU_ASSERT_EQUAL(memcmp(file + HASH, made.bytes + HASH, HASH_SIZE), 0);
		free(file);
		/* A note that nobody knows stays where it is: the table moves. */
		memcpy(made.bytes + NOTES + 12, "XYZ", 4);
		CU_ASSERT_EQUAL_FATAL(place(&made, 0, &file, &size, &err), NOTE_OK);
		check_note(file, size, NOTES + NOTES_SIZE);
		CU_ASSERT_EQUAL(memcmp(file + NOTES, made.bytes + NOTES, NOTES_SIZE), 0);
		CU_ASSERT_EQUAL(memcmp(file + CODE_END, made.bytes + HASH, HASH_SIZE), 0);
		const uint8_t *value = file + DYNAMIC + (is_64 ? 8 : 4);
		CU_ASSERT_EQUAL(is_64 ? image_u64(&made.shape, value)
				      : image_u32(&made.shape, value),
				VADDR + CODE_END);
		free(file);
	}
}

/* A symbol of code's in the table, or a tag that nobody knows, keeps it where it is. */
static void test_pinned_tables_stay(void)
{
	struct made made;
	struct note_error err = {.code = 0};
	uint8_t *file;
	size_t size;
	make(&made, true, false, true);
	memcpy(made.bytes + NOTES + 12, "XYZ", 4);
	tag(&made, 2, 0x6000001eu, VADDR + HASH + 8);
	CU_ASSERT_EQUAL(place(&made, 0, &file, &size, &err), NOTE_UNSUPPORTED);
	CU_ASSERT_PTR_NULL(file);
	CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "no room"));
}

/* Bytes that no header speaks of, between the notes and the table, are room, whatever they are: but
 * not where a dynamic tag or the entry point says that something is there. */
static void test_bytes_of_nobody(void)
{
	struct made made;
	struct note_error err = {.code = 0};
	uint8_t *file;
	size_t size;
	make(&made, true, false, true);
	memcpy(made.bytes + NOTES + 12, "XYZ", 4);
	const char fill[] = {'X', 'Z', 1};
	for (size_t i = 0; i < sizeof(fill); i++) {
		memset(made.bytes + NOTES + NOTES_SIZE, fill[i], HASH - NOTES - NOTES_SIZE);
		CU_ASSERT_EQUAL_FATAL(place(&made, 0, &file, &size, &err), NOTE_OK);
		check_note(file, size, NOTES + NOTES_SIZE);
		free(file);
	}
	tag(&made, 1, DT_INIT, VADDR + NOTES + NOTES_SIZE + 1);
	CU_ASSERT_EQUAL(place(&made, 0, &file, &size, &err), NOTE_UNSUPPORTED);
	tag(&made, 1, DT_INIT, VADDR + CODE);
	/* A value is no address: an odd tag, here. */
	tag(&made, 2, 0x6000001fu, VADDR + HASH + 8);
	CU_ASSERT_EQUAL_FATAL(place(&made, 0, &file, &size, &err), NOTE_OK);
	free(file);
}

static void test_no_room(void)
{
	struct made made;
	struct note_error err = {.code = 0};
	uint8_t *file;
	size_t size;
	make(&made, true, false, false);
	memcpy(made.bytes + NOTES + 12, "XYZ", 4); /* cannot move, so no program header fits */
	CU_ASSERT_EQUAL(place(&made, 0, &file, &size, &err), NOTE_UNSUPPORTED);
	memcpy(made.bytes + NOTES + 12, "GNU", 4);
	put_ehdr(&made, ET_REL);
	CU_ASSERT_EQUAL(place(&made, 0, &file, &size, &err), NOTE_UNSUPPORTED);
	put_ehdr(&made, ET_CORE);
	CU_ASSERT_EQUAL(place(&made, 0, &file, &size, &err), NOTE_UNSUPPORTED);
}

static void test_twice_and_replace(void)
{
	struct made made;
	struct note_error err = {.code = 0};
	uint8_t *once;
	void *twice;
	size_t size, twice_size;
	const struct note_place_options replace = {.size = sizeof(replace),
						   .existing = NOTE_EXISTING_REPLACE};
	make(&made, true, true, true);
	CU_ASSERT_EQUAL_FATAL(place(&made, 0, &once, &size, &err), NOTE_OK);
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL_FATAL(note_place(once, size, PAYLOAD, i == 0 ? NULL : &replace,
						 &twice, &twice_size, &err),
				      NOTE_OK);
		CU_ASSERT_EQUAL(twice_size, size);
		CU_ASSERT_EQUAL(memcmp(once, twice, size), 0);
		free(twice);
	}
	CU_ASSERT_EQUAL(note_place(once, size, "{\"a\":\"b\"}", NULL, &twice, &twice_size, &err),
			NOTE_OK);
	CU_ASSERT_EQUAL(memcmp(once, twice, size), 0);
	free(twice);
	CU_ASSERT_EQUAL(note_place(once, size, "{\"a\":\"longer than before, by a good deal\"}",
				   &replace, &twice, &twice_size, &err),
			NOTE_OK);
	CU_ASSERT_NOT_EQUAL(memcmp(once, twice, size), 0);
	free(twice);
	free(once);
}

static void test_bad_payloads(void)
{
	static const char *const bad[] = {"", "{", "[]", "{\"a\":1,}", "{\"a\":\"\x01\"}"};
	struct made made;
	struct note_error err = {.code = 0};
	void *file;
	size_t size;
	make(&made, true, false, true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CU_ASSERT_EQUAL(note_place(made.bytes, made.size, bad[i], NULL, &file, &size, &err),
				NOTE_USAGE);
		CU_ASSERT_PTR_NULL(file);
		CU_ASSERT_EQUAL(err.code, NOTE_USAGE);
	}
	CU_ASSERT_EQUAL(note_place(made.bytes, made.size, "{", NULL, &file, &size, NULL),
			NOTE_USAGE);
}

/* Each header field in turn gets a value that lies. */
static void test_lying_headers(void)
{
	static const uint64_t lies[] = {UINT64_MAX, UINT64_MAX - 8, SIZE + 1, 1u << 31, 0xffff};
	struct made made;
	struct note_error err = {.code = 0};
	for (int kind = 0; kind < 2; kind++) {
		make(&made, kind != 0, false, true);
		const size_t word = kind != 0 ? 8 : 4;
		for (size_t at = 24; at < 64 + 4 * 56; at += 4)
			for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
				struct made liar = made;
				uint8_t *file;
				size_t size;
				memcpy(liar.bytes + at, &lies[i], word);
				if (place(&liar, 0, &file, &size, &err) == NOTE_OK)
					free(file);
				else
					CU_ASSERT_PTR_NULL(file);
			}
	}
	for (size_t length = 0; length < made.size; length += 7) {
		struct made cut = made;
		uint8_t *file;
		size_t size;
		cut.size = length;
		/* A copy of its own, so that a read behind the end is seen. */
		uint8_t *copy = malloc(length + 1);
		memcpy(copy, cut.bytes, length);
		void *out = NULL;
		CU_ASSERT_NOT_EQUAL(note_place(copy, length, PAYLOAD, NULL, &out, &size, &err),
				    NOTE_OK);
		(void)file;
		free(copy);
	}
}

UNIT_SUITE(place, UNIT_TEST(test_table_moves_to_the_padding), UNIT_TEST(test_pinned_tables_stay),
	   UNIT_TEST(test_bytes_of_nobody), UNIT_TEST(test_no_room),
	   UNIT_TEST(test_twice_and_replace), UNIT_TEST(test_bad_payloads),
	   UNIT_TEST(test_lying_headers))
