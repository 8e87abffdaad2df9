/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libnote/check.h"
#include "libnote/core/core.h"
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
		 (int)module->payload_length, module->payload != NULL ? module->payload : "-");
	CU_ASSERT_EQUAL(module->problem, NOTE_OK);
	if (module->payload != NULL && context == NULL)
		CU_ASSERT_EQUAL(memcmp(made.bytes + module->payload_offset, module->payload,
				       module->payload_length),
				0);
	return true;
}

static const char *modules(uint64_t size)
{
	struct image *image;
	uint8_t *copy = malloc(size);
	memcpy(copy, made.bytes, size);
	seen[0] = '\0';
	CU_ASSERT_EQUAL_FATAL(image_open_memory(&image, copy, size, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(image_read_elf(image, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(core_modules(image, see, NULL, NULL), NOTE_OK);
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
	CU_ASSERT_STRING_EQUAL(modules(3 * MADE_PAGE), "/bin/main 400000 {\"name\":\"main\"}\n");
	CU_ASSERT_STRING_EQUAL(modules(MADE_PAGE), "");
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
	int code = process_modules(getpid(), see, &seen, &err);
	CU_ASSERT_EQUAL(code, NOTE_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, path));
	CU_ASSERT_PTR_NOT_NULL(strstr(seen, "libc"));
	CU_ASSERT_EQUAL(process_modules(0x7ffffffe, see, &seen, &err), NOTE_ABSENT);
	CU_ASSERT_EQUAL(process_modules(-1, see, &seen, &err), NOTE_USAGE);
}

UNIT_SUITE(core, UNIT_TEST(test_names_from_nt_file), UNIT_TEST(test_names_from_link_maps),
	   UNIT_TEST(test_no_names), UNIT_TEST(test_cut_short),
	   UNIT_TEST(test_link_maps_in_a_circle), UNIT_TEST(test_hostile_nt_file),
	   UNIT_TEST(test_not_a_core), UNIT_TEST(test_own_process))
