/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public reading API, as a program uses it. */
#include "libnote/libnote.h"
#include "made_core.h"
#include "made_pe.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct made_core core;
static struct made_pe pe;
static char said[4096];

static void say(const char *text)
{
	strncat(said, text, sizeof(said) - strlen(said) - 1);
	strncat(said, " ", sizeof(said) - strlen(said) - 1);
}

static int say_entry(void *context, const struct note_entry *entry)
{
	(void)context;
	say(entry->owner);
	say(entry->type_name != NULL ? entry->type_name : "?");
	return 1;
}

static int say_problem(void *context, const struct note_problem *problem)
{
	say(problem->code);
	return context == NULL; /* goes on, or ends at once */
}

static int say_module(void *context, const struct note_module *module)
{
	char text[200];
	snprintf(text, sizeof(text), "%s@%llx:%.*s", module->path,
		 (unsigned long long)module->address, (int)module->payload_length, module->payload);
	say(text);
	CU_ASSERT_EQUAL(module->build_id_size, 8);
	CU_ASSERT_EQUAL(note_module_check(module, say_problem, NULL, NULL), NOTE_OK);
	return context == NULL;
}

static struct note_file *open_page(uint64_t offset)
{
	struct note_file *file = NULL;
	CU_ASSERT_EQUAL_FATAL(note_file_open_memory(&file, core.bytes + offset, MADE_PAGE, NULL),
			      NOTE_OK);
	return file;
}

static void test_elf_file(void)
{
	for (int kind = 0; kind < 4; kind++) {
		struct note_package *package = NULL;
		const uint8_t *id;
		const char *json;
		size_t size;
		make_core(&core, kind & 1, kind & 2, 0);
		struct note_file *file = open_page(MADE_PAGE);
		CU_ASSERT_EQUAL(note_file_kind(file), NOTE_KIND_EXECUTABLE);
		CU_ASSERT_EQUAL(note_file_class(file), kind & 1 ? 64 : 32);
		CU_ASSERT_EQUAL(note_file_is_big_endian(file), (kind & 2) != 0);
		CU_ASSERT_STRING_EQUAL(note_file_machine(file), "none");
		CU_ASSERT_EQUAL(note_file_build_id(file, &id, &size, NULL), NOTE_OK);
		CU_ASSERT_EQUAL(size, 8);
		CU_ASSERT_EQUAL(note_file_payload(file, &json, &size, NULL), NOTE_OK);
		CU_ASSERT_EQUAL(size, 15);
		CU_ASSERT_EQUAL(note_file_package(file, &package, NULL), NOTE_OK);
		said[0] = '\0';
		CU_ASSERT_EQUAL(note_file_notes(file, say_entry, NULL, NULL), NOTE_OK);
		CU_ASSERT_STRING_EQUAL(said, "GNU NT_GNU_BUILD_ID FDO NT_FDO_PACKAGING_METADATA ");
		said[0] = '\0';
		CU_ASSERT_EQUAL(note_file_check(file, say_problem, NULL, NULL), NOTE_OK);
		CU_ASSERT_STRING_EQUAL(said, "");
		CU_ASSERT_EQUAL(note_file_modules(file, say_module, NULL, NULL), NOTE_USAGE);
		CU_ASSERT_EQUAL(note_file_members(file, NULL, NULL, NULL), NOTE_USAGE);
		note_file_close(file);
		CU_ASSERT_STRING_EQUAL(note_package_get(package, "name"), "main"); /* outlives it */
		note_package_free(package);
	}
	note_file_close(NULL);
}

static void test_core(void)
{
	struct note_file *file;
	make_core(&core, true, false, MADE_FILES);
	CU_ASSERT_EQUAL_FATAL(note_file_open_memory(&file, core.bytes, MADE_SIZE, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(note_file_kind(file), NOTE_KIND_CORE);
	said[0] = '\0';
	CU_ASSERT_EQUAL(note_file_modules(file, say_module, NULL, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(said, "/bin/main@400000:{\"name\":\"main\"} "
				     "/lib/library.so@700000:{\"name\":\"library\"} ");
	said[0] = '\0';
	CU_ASSERT_EQUAL(note_file_modules(file, say_module, said, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(said, "/bin/main@400000:{\"name\":\"main\"} "); /* ended */
	note_file_close(file);
}

static void test_pe(void)
{
	struct note_file *file;
	const char *json;
	const uint8_t *id;
	size_t size;
	made_pe_begin(&pe);
	made_pe_section(&pe, ".pkgnote", 512, 2, 0x40000040u, "{}");
	CU_ASSERT_EQUAL_FATAL(note_file_open_memory(&file, pe.bytes, MADE_PE_SIZE, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(note_file_kind(file), NOTE_KIND_PE);
	CU_ASSERT_EQUAL(note_file_class(file), 64);
	CU_ASSERT_STRING_EQUAL(note_file_machine(file), "x86_64");
	CU_ASSERT_EQUAL(note_file_payload(file, &json, &size, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(size, 2);
	CU_ASSERT_EQUAL(note_file_build_id(file, &id, &size, NULL), NOTE_ABSENT);
	said[0] = '\0';
	CU_ASSERT_EQUAL(note_file_check(file, say_problem, NULL, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(said, "");
	note_file_close(file);
}

static int say_member(void *context, const char *name, struct note_file *member)
{
	(void)context;
	say(name);
	CU_ASSERT_EQUAL(note_file_kind(member), NOTE_KIND_EXECUTABLE);
	CU_ASSERT_EQUAL(note_file_class(member), 64);
	return 1;
}

static void test_archive(void)
{
	static char bytes[8 + 3 * 60 + 30 + 2 * MADE_PAGE];
	struct note_file *file;
	size_t at = 8;
	make_core(&core, true, false, 0);
	memcpy(bytes, "!<arch>\n", 8);
	at += (size_t)sprintf(bytes + at, "%-48s%-10d`\n%s", "//", 28,
			      "a_long_name_for_a_member.o/\n");
	for (int i = 0; i < 2; i++) {
		at += (size_t)sprintf(bytes + at, "%-48s%-10d`\n", i == 0 ? "short.o/" : "/0",
				      (int)MADE_PAGE);
		memcpy(bytes + at, core.bytes + MADE_PAGE, MADE_PAGE);
		at += MADE_PAGE;
	}
	CU_ASSERT_EQUAL_FATAL(note_file_open_memory(&file, bytes, at, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(note_file_kind(file), NOTE_KIND_ARCHIVE);
	CU_ASSERT_EQUAL(note_file_class(file), 0);
	said[0] = '\0';
	CU_ASSERT_EQUAL(note_file_members(file, say_member, NULL, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(said, "short.o a_long_name_for_a_member.o ");
	note_file_close(file);
	CU_ASSERT_EQUAL_FATAL(note_file_open_memory(&file, bytes, at - 10, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(note_file_members(file, say_member, NULL, NULL), NOTE_MALFORMED);
	note_file_close(file);
}

static void test_refused(void)
{
	struct note_file *file;
	struct note_error err = {0};
	CU_ASSERT_EQUAL(note_file_open(&file, "/nowhere/at/all", &err), NOTE_SYSTEM);
	CU_ASSERT(err.system != 0);
	CU_ASSERT_PTR_NULL(file);
	CU_ASSERT_EQUAL(note_file_open(&file, "/", &err), NOTE_UNSUPPORTED);
	CU_ASSERT_EQUAL(note_file_open_memory(&file, "text", 4, &err), NOTE_ABSENT);
	CU_ASSERT_EQUAL(note_file_open_memory(&file, NULL, 0, &err), NOTE_ABSENT);
	CU_ASSERT_EQUAL(note_file_open_memory(&file,
					      "\x7f"
					      "ELF\2\1\1\0\0\0\0\0\0\0\0\0\0\0\0",
					      20, &err),
			NOTE_MALFORMED);
	CU_ASSERT_PTR_NULL(file);
}

static void test_payload_check(void)
{
	static const char text[] = "{\"a\":1,\"a\":\"\\n\"}";
	said[0] = '\0';
	CU_ASSERT_EQUAL(note_payload_check(text, strlen(text), say_problem, NULL, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(said, "duplicate-key control-character ");
	said[0] = '\0';
	CU_ASSERT_EQUAL(note_payload_check(text, strlen(text), say_problem, said, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(said, "duplicate-key ");
	said[0] = '\0';
	CU_ASSERT_EQUAL(note_payload_check("[]", 2, say_problem, NULL, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(said, "not-object ");
}

static int count_module(void *context, const struct note_module *module)
{
	(void)module;
	return ++*(int *)context < 1000;
}

static void test_process(void)
{
	int count = 0;
	CU_ASSERT_EQUAL(note_process_modules(getpid(), count_module, &count, NULL), NOTE_OK);
	CU_ASSERT(count >= 2);
	CU_ASSERT_EQUAL(note_process_modules(0, count_module, &count, NULL), NOTE_USAGE);
}

static void test_open_by_path_and_descriptor(void)
{
	struct note_file *file;
	const uint8_t *one, *two;
	size_t size_one = 0, size_two = 0;
	FILE *self = fopen("/proc/self/exe", "rb");
	CU_ASSERT_PTR_NOT_NULL_FATAL(self);
	CU_ASSERT_EQUAL_FATAL(note_file_open(&file, "/proc/self/exe", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(note_file_kind(file), NOTE_KIND_EXECUTABLE);
	const int code = note_file_build_id(file, &one, &size_one, NULL);
	struct note_file *again;
	CU_ASSERT_EQUAL_FATAL(note_file_open_fd(&again, fileno(self), NULL), NOTE_OK);
	CU_ASSERT_EQUAL(note_file_build_id(again, &two, &size_two, NULL), code);
	CU_ASSERT_EQUAL(size_one, size_two);
	if (code == NOTE_OK)
		CU_ASSERT_EQUAL(memcmp(one, two, size_one), 0);
	note_file_close(file);
	note_file_close(again);
	fclose(self);
}

UNIT_SUITE(file, UNIT_TEST(test_elf_file), UNIT_TEST(test_core), UNIT_TEST(test_pe),
	   UNIT_TEST(test_archive), UNIT_TEST(test_refused), UNIT_TEST(test_payload_check),
	   UNIT_TEST(test_process), UNIT_TEST(test_open_by_path_and_descriptor))
