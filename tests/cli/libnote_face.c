/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libnote does with sizes, NULLs and options of a caller; says what is not as the header says,
 * and how much was asked. */
#include <libnote.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int asked, wrong;

static void want(int holds, const char *what)
{
	asked++;
	if (holds)
		return;
	wrong++;
	printf("not so: %s\n", what);
}

#define WANT(it) want(it, #it)

static int visit_entry(void *context, const struct note_entry *entry)
{
	(void)context, (void)entry;
	return 1;
}

static int visit_problem(void *context, const struct note_problem *problem)
{
	(void)context, (void)problem;
	return 1;
}

static int visit_module(void *context, const struct note_module *module)
{
	(void)context, (void)module;
	return 1;
}

static void sizes(void)
{
	struct note_file *file = NULL;
	struct note_error err = NOTE_ERROR_INIT;
	WANT(note_file_open(&file, "/nothing/there", &err) == NOTE_SYSTEM);
	WANT(err.code == NOTE_SYSTEM && err.system != 0 && err.size == sizeof(err));
	WANT(strstr(err.text, "No such file or directory") != NULL);
	/* Never set, too small, or what stood in memory: nothing is written. */
	static const size_t bad[] = {0, 8, sizeof(err) - 1, (size_t)-1};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0x5a, sizeof(err));
		err.size = bad[i];
		WANT(note_file_open(&file, "/nothing/there", &err) == NOTE_USAGE);
		WANT(err.code == 0x5a5a5a5a && err.text[0] == 0x5a);
	}
	struct {
		struct note_error err;
		char later[64];
	} larger = {NOTE_ERROR_INIT, "later"};
	larger.err.size = sizeof(larger);
	WANT(note_file_open(&file, "/nothing/there", &larger.err) == NOTE_SYSTEM);
	WANT(larger.err.size == sizeof(larger) && strcmp(larger.later, "later") == 0);
	struct {
		struct note_place_options known;
		int later[2];
	} options = {{sizeof(options), 0, 0}, {0, 0}};
	void *out;
	size_t size;
	struct note_error why = NOTE_ERROR_INIT;
	WANT(note_place("x", 1, "{}", &options.known, &out, &size, &why) == NOTE_UNSUPPORTED);
	WANT(strstr(why.text, "neither an ELF file") != NULL);
	options.later[0] = 1;
	WANT(note_place("x", 1, "{}", &options.known, &out, &size, &why) == NOTE_UNSUPPORTED);
	WANT(strstr(why.text, "does not know") != NULL && out == NULL);
	options.known.size = 4;
	WANT(note_place("x", 1, "{}", &options.known, &out, &size, &why) == NOTE_USAGE);
}

static void nulls_of_files(const char *program)
{
	struct note_file *file;
	struct note_package *package;
	const uint8_t *id;
	const char *text;
	size_t size;
	struct note_error err = NOTE_ERROR_INIT;
	WANT(note_file_open(NULL, program, &err) == NOTE_USAGE && err.code == NOTE_USAGE);
	WANT(note_file_open(&file, NULL, NULL) == NOTE_USAGE && file == NULL);
	WANT(note_file_open_fd(NULL, 0, NULL) == NOTE_USAGE);
	WANT(note_file_open_memory(&file, NULL, 1, NULL) == NOTE_USAGE);
	WANT(note_file_open_memory(&file, NULL, 0, NULL) == NOTE_ABSENT);
	WANT(note_file_kind(NULL) == NOTE_KIND_OTHER && note_file_class(NULL) == 0);
	WANT(strcmp(note_file_machine(NULL), "none") == 0 && note_file_is_big_endian(NULL) == 0);
	WANT(note_file_machine_number(NULL) == 0);
	WANT(note_file_open(&file, program, &err) == NOTE_OK);
	WANT(note_file_machine_number(file) != 0);
	WANT(note_file_notes(NULL, visit_entry, NULL, NULL) == NOTE_USAGE);
	WANT(note_file_notes(file, NULL, NULL, NULL) == NOTE_USAGE);
	WANT(note_file_build_id(file, NULL, &size, NULL) == NOTE_USAGE);
	WANT(note_file_build_id(file, &id, NULL, NULL) == NOTE_USAGE);
	WANT(note_file_payload(file, NULL, &size, NULL) == NOTE_USAGE);
	WANT(note_file_payload(NULL, &text, &size, NULL) == NOTE_USAGE);
	WANT(note_file_package(file, NULL, NULL) == NOTE_USAGE);
	WANT(note_file_package(NULL, &package, NULL) == NOTE_USAGE && package == NULL);
	WANT(note_file_members(file, NULL, NULL, NULL) == NOTE_USAGE);
	WANT(note_file_modules(NULL, visit_module, NULL, NULL) == NOTE_USAGE);
	WANT(note_process_modules(1, NULL, NULL, NULL) == NOTE_USAGE);
	WANT(note_file_check(file, NULL, NULL, NULL) == NOTE_USAGE);
	WANT(note_file_check(NULL, visit_problem, NULL, NULL) == NOTE_USAGE);
	WANT(note_module_check(NULL, visit_problem, NULL, NULL) == NOTE_USAGE);
	note_file_close(file);
	note_file_close(NULL);
}

static void nulls_of_payloads(void)
{
	struct note_package *package;
	void *out;
	size_t size;
	WANT(note_package_new(NULL, NULL) == NOTE_USAGE);
	WANT(note_package_parse(&package, NULL, 2, NULL) == NOTE_USAGE && package == NULL);
	WANT(note_package_parse(&package, NULL, 0, NULL) == NOTE_MALFORMED);
	WANT(note_package_new(&package, NULL) == NOTE_OK);
	WANT(note_package_set(NULL, "a", "b", NULL) == NOTE_USAGE);
	WANT(note_package_set(package, NULL, "b", NULL) == NOTE_USAGE);
	WANT(note_package_set(package, "a", NULL, NULL) == NOTE_OK);
	WANT(note_package_get(NULL, "a") == NULL && note_package_get(package, NULL) == NULL);
	WANT(note_package_json(NULL) == NULL);
	note_package_free(package);
	note_package_free(NULL);
	WANT(note_payload_check("{}", 2, NULL, NULL, NULL) == NOTE_USAGE);
	WANT(note_payload_check(NULL, 2, visit_problem, NULL, NULL) == NOTE_USAGE);
	WANT(note_place("x", 1, NULL, NULL, &out, &size, NULL) == NOTE_USAGE);
	WANT(note_place(NULL, 1, "{}", NULL, &out, &size, NULL) == NOTE_USAGE);
	WANT(note_place("x", 1, "{}", NULL, NULL, &size, NULL) == NOTE_USAGE);
	WANT(note_place("x", 1, "{}", NULL, &out, NULL, NULL) == NOTE_USAGE);
	WANT(note_file_place(NULL, "{}", NULL, NULL) == NOTE_USAGE);
	WANT(note_file_place("/nothing/there", NULL, NULL, NULL) == NOTE_USAGE);
	WANT(note_file_place("/nothing/there", "{}", NULL, NULL) == NOTE_SYSTEM);
	WANT(note_place_build_id("x", 1, NULL, 4, &out, &size, NULL) == NOTE_USAGE);
	WANT(note_object(NULL, "x86_64", NULL, 0, &out, &size, NULL) == NOTE_USAGE);
	WANT(note_object("{}", NULL, NULL, 0, &out, &size, NULL) == NOTE_USAGE);
	WANT(note_object("{}", "x86_64", NULL, 0, &out, &size, NULL) == NOTE_OK);
	free(out);
}

int main(int argc, char **argv)
{
	(void)argc;
	setlocale(LC_ALL, "");
	sizes();
	nulls_of_files(argv[0]);
	nulls_of_payloads();
	WANT(strcmp(note_version(), NOTE_VERSION) == 0);
	WANT(strcmp(note_code_name(NOTE_OK), "NOTE_OK") == 0);
	WANT(strcmp(note_code_name(NOTE_USAGE), "NOTE_USAGE") == 0);
	WANT(strcmp(note_code_name(1), "NOTE_?") == 0 && strcmp(note_code_name(-6), "NOTE_?") == 0);
	printf("%d asked, %d not so\n", asked, wrong);
	return wrong != 0 || asked < 60;
}
