/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libnote/core/core.h"
#include "libnote/judge/check.h"
#include "made_core.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct made_core made;

/* What was seen: "PATH ADDRESS PAYLOAD\n" for each module. */
static char seen[4096];

static bool see(void *context, struct module *module)
{
	const size_t used = strlen(seen);
	(void)context;
	snprintf(seen + used, sizeof(seen) - used, "%s %llx %.*s\n",
		 module->path != NULL ? module->path : "?", (unsigned long long)module->address,
		 module->lack != NULL ? 99 : (int)module->payload.size,
		 module->lack != NULL            ? module->lack
		 : module->payload.bytes != NULL ? (const char *)module->payload.bytes
						 : "-");
	CU_ASSERT_EQUAL(module->problem, NOTE_OK);
	if (module->payload.bytes != NULL && context == NULL)
		CU_ASSERT_EQUAL(memcmp(made.bytes + module->payload_offset, module->payload.bytes,
				       module->payload.size),
				0);
	return true;
}

static int code;
static struct note_error why;

static const char *modules(uint64_t size)
{
	struct image *image;
	uint8_t *copy = malloc(size);
	memcpy(copy, made.bytes, size);
	seen[0] = '\0';
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, copy, size, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(image_read_elf(image, NULL), NOTE_OK);
	code = core_modules(image, see, NULL, &why);
	image_close(image);
	free(copy);
	return seen;
}

#define BOTH(main, library) \
	main " 400000 {\"name\":\"main\"}\n" library " 700000 {\"name\":\"library\"}\n"

static void test_names_from_nt_file(void)
{
	for (int kind = 0; kind < 4; kind++) {
		make_core(&made, kind & 1, kind & 2, MADE_FILES | MADE_AUXV | MADE_NAME);
		CU_ASSERT_STRING_EQUAL(modules(MADE_SIZE), BOTH("/bin/main", "/lib/library.so"));
	}
}

static void test_names_from_link_maps(void)
{
	for (int kind = 0; kind < 4; kind++) {
		make_core(&made, kind & 1, kind & 2, MADE_AUXV | MADE_NAME);
		CU_ASSERT_STRING_EQUAL(modules(MADE_SIZE), BOTH("/bin/made", "/lib/made.so"));
	}
}

static void test_no_names(void)
{
	make_core(&made, true, false, 0);
	CU_ASSERT_STRING_EQUAL(modules(MADE_SIZE), BOTH("?", "?"));
	make_core(&made, true, false, MADE_AUXV | MADE_NAME);
	/* No path in memory: the name that the kernel kept. */
	memset(made.bytes + 2 * MADE_PAGE, 0, MADE_PAGE);
	made_word(&made, made.bytes + 2 * MADE_PAGE, DT_NULL);
	CU_ASSERT_STRING_EQUAL(modules(MADE_SIZE), BOTH("made", "?"));
}

static void test_cut_short(void)
{
	make_core(&made, true, false, MADE_FILES);
	CU_ASSERT_STRING_EQUAL(modules(MADE_SIZE), BOTH("/bin/main", "/lib/library.so"));
	CU_ASSERT_EQUAL(code, NOTE_OK);
	CU_ASSERT_STRING_EQUAL(
		modules(3 * MADE_PAGE),
		"/bin/main 400000 {\"name\":\"main\"}\n/lib/library.so 700000 cut-short\n");
	CU_ASSERT_EQUAL(code, NOTE_MALFORMED);
	CU_ASSERT_STRING_EQUAL(why.text, "cut short: 12288 of 16384 bytes are there");
	CU_ASSERT_STRING_EQUAL(modules(MADE_PAGE),
			       "/bin/main 400000 cut-short\n/lib/library.so 700000 cut-short\n");
	/* The names are cut too. */
	modules(1024);
	CU_ASSERT_EQUAL(code, NOTE_MALFORMED);
}

/* What the core of a process has where coredump_filter leaves first pages out. */
static void test_without_first_pages(void)
{
	make_core(&made, true, false, MADE_FILES);
	GElf_Phdr none = {.p_type = PT_LOAD,
			  .p_offset = 3 * MADE_PAGE,
			  .p_vaddr = MADE_LIBRARY,
			  .p_memsz = MADE_PAGE,
			  .p_flags = PF_R};
	image_put_phdr(&made.shape, made.bytes + 64 + 3 * sizeof(none), &none, NULL);
	/* No code: it is no module. */
	CU_ASSERT_STRING_EQUAL(modules(MADE_SIZE), "/bin/main 400000 {\"name\":\"main\"}\n");
	CU_ASSERT_EQUAL(code, NOTE_OK);
	none.p_flags = PF_R | PF_X;
	image_put_phdr(&made.shape, made.bytes + 64 + 3 * sizeof(none), &none, NULL);
	CU_ASSERT_STRING_EQUAL(
		modules(MADE_SIZE),
		"/bin/main 400000 {\"name\":\"main\"}\n/lib/library.so 700000 no-first-page\n");
	CU_ASSERT_EQUAL(code, NOTE_ABSENT);
}

/* A second PT_LOAD of the program in its first page: mapped whole, one page further on. */
static void test_mapped_twice(void)
{
	for (int kind = 0; kind < 8; kind++) {
		make_core(&made, kind & 1, kind & 2, MADE_FILES);
		uint8_t *main = made.bytes + MADE_PAGE, *library = made.bytes + 3 * MADE_PAGE;
		made_segment(&made, main, 3, PT_LOAD, 0x800, MADE_MAIN + 0x1800, 16);
		/* The mapping that NT_FILE called the library is the program's. */
		memcpy(library, main, MADE_PAGE);
		made_segment(&made, main, 3, PT_LOAD, 0x800, MADE_LIBRARY + 0x800, 16);
		char *name = memmem(made.bytes, MADE_PAGE, "/lib/library.so", 16);
		memcpy(name, "/bin/main", 10);
		memcpy(library, main, MADE_PAGE);
		if (kind & 4) /* only the second one was written to the core */
			made_segment(&made, made.bytes, 1, PT_LOAD, MADE_PAGE, MADE_MAIN, 0);
		CU_ASSERT_STRING_EQUAL(modules(MADE_SIZE),
				       "/bin/main 400000 {\"name\":\"main\"}\n");
		CU_ASSERT_EQUAL(code, NOTE_OK);
	}
}

static bool count_module(void *context, struct module *module)
{
	(void)module;
	return ++*(unsigned *)context != 0;
}

/* Segments that are all the same page: what is read stays in proportion to the file. */
static void test_shared_bytes(void)
{
	const size_t count = 60000, start = (64 + count * sizeof(Elf64_Phdr) + 4095) / 4096 * 4096;
	const size_t notes = 64 << 10, size = start + MADE_PAGE + notes;
	uint8_t *core = calloc(1, size);
	struct image *image;
	made.shape = (struct image){.is_64 = true};
	made_header(&made, core, ET_CORE, EM_X86_64, (uint16_t)count);
	for (unsigned i = 0; i < count; i++)
		made_segment(&made, core, i, PT_LOAD, start, 0x100000 * ((uint64_t)i + 1),
			     MADE_PAGE + notes);
	made_header(&made, core + start, ET_DYN, EM_X86_64, 17);
	made_segment(&made, core + start, 0, PT_LOAD, 0, 0, MADE_PAGE + notes);
	for (unsigned i = 1; i < 17; i++)
		made_segment(&made, core + start, i, PT_NOTE, MADE_PAGE, MADE_PAGE, notes);
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, core, size, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(image_read_elf(image, NULL), NOTE_OK);
	unsigned visited = 0;
	CU_ASSERT_EQUAL(core_modules(image, count_module, &visited, &why), NOTE_UNSUPPORTED);
	CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "share their bytes"));
	CU_ASSERT(visited < 100);
	image_close(image);
	free(core);
}

static void test_link_maps_in_a_circle(void)
{
	make_core(&made, true, false, MADE_AUXV);
	made_word(&made, made.bytes + 2 * MADE_PAGE + 768 + 24, MADE_DATA + 512);
	CU_ASSERT_STRING_EQUAL(modules(MADE_SIZE), BOTH("/bin/made", "/lib/made.so"));
}

static void test_hostile_nt_file(void)
{
	struct image *image;
	struct note_error err = {0};
	make_core(&made, true, false, MADE_FILES);
	image_put64(&made.shape, made.bytes + 1024 + 20, UINT64_MAX / 3);
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, made.bytes, MADE_SIZE, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(image_read_elf(image, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(core_modules(image, see, NULL, &err), NOTE_MALFORMED);
	image_close(image);
}

static void test_not_a_core(void)
{
	struct image *image;
	make_core(&made, true, false, 0);
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, made.bytes + MADE_PAGE, MADE_PAGE, NULL),
			      NOTE_OK);
	CU_ASSERT_EQUAL(image_read_elf(image, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(core_modules(image, see, NULL, NULL), NOTE_UNSUPPORTED);
	image_close(image);
}

static void test_own_process(void)
{
	char path[4096];
	struct note_error err = {0};
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	CU_ASSERT_FATAL(length > 0);
	path[length] = '\0';
	seen[0] = '\0';
	code = process_modules(getpid(), see, &seen, &err);
	CU_ASSERT_EQUAL(code, NOTE_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, path));
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "libc"));
	CU_ASSERT_EQUAL(process_modules(0x7ffffffe, see, &seen, &err), NOTE_ABSENT);
	CU_ASSERT_EQUAL(process_modules(-1, see, &seen, &err), NOTE_USAGE);
}

UNIT_SUITE(core, UNIT_TEST(test_without_first_pages), UNIT_TEST(test_mapped_twice),
	   UNIT_TEST(test_shared_bytes), UNIT_TEST(test_names_from_nt_file),
	   UNIT_TEST(test_names_from_link_maps), UNIT_TEST(test_no_names),
	   UNIT_TEST(test_cut_short), UNIT_TEST(test_link_maps_in_a_circle),
	   UNIT_TEST(test_hostile_nt_file), UNIT_TEST(test_not_a_core), UNIT_TEST(test_own_process))
