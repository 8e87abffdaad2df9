/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libnote_memory FILE...: libnote with all that it offers on each FILE, once for each allocation
 * that it makes, which fails, and once more with all that follow it. Memory that is short is
 * NOTE_SYSTEM (or NULL where a function says so): never an end, a crash, a wrong answer.
 */
#include <errno.h>
#include <libnote.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static long allowed = -1; /* allocations before they fail; -1: all are good */
static int only_one;      /* those after it are good again */
static long made;

static int fails(void)
{
	made++;
	if (allowed < 0 || (only_one ? made != allowed + 1 : made <= allowed))
		return 0;
	errno = ENOMEM;
	return 1;
}

/* In place of the C library's, also for the libraries that libnote uses. */
void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

static int short_of_memory; /* calls that said so */
static int bad;

/* CODE of the call WHAT: a failure may only be one of memory, as long as all was good before. */
static int judge(const char *what, int code, int sound, const struct note_error *err)
{
	if (code == NOTE_SYSTEM && err->system == ENOMEM) {
		short_of_memory++;
	} else if (code != sound) {
		bad++;
		printf("%s: %s %s (allocation %ld)\n", what, note_code_name(code), err->text,
		       allowed);
	}
	return code == NOTE_OK;
}

static int visit_entry(void *context, const struct note_entry *entry)
{
	(void)context;
	return entry->owner != NULL;
}

static int visit_problem(void *context, const struct note_problem *problem)
{
	(void)context;
	return problem->code != NULL;
}

static int visit_module(void *context, const struct note_module *module)
{
	(void)context, (void)module;
	return 1;
}

static void packages(void)
{
	struct note_error err = NOTE_ERROR_INIT;
	struct note_package *package;
	static const char json[] = "{\"type\":\"deb\",\"a\":[1,2.5,{\"b\":null}],\"name\":\"x\"}";
	if (!judge("parse", note_package_parse(&package, json, sizeof(json) - 1, &err), NOTE_OK,
		   &err))
		return;
	judge("set", note_package_set(package, "version", "1", &err), NOTE_OK, &err);
	if (note_package_json(package) == NULL)
		short_of_memory++;
	note_package_free(package);
}

static void place(const void *bytes, size_t size, int sound)
{
	static const char payload[] = "{\"type\":\"deb\",\"name\":\"memory\"}";
	struct note_error err = NOTE_ERROR_INIT;
	void *out;
	size_t out_size;
	if (judge("place", note_place(bytes, size, payload, NULL, &out, &out_size, &err), sound,
		  &err))
		free(out);
	if (judge("object", note_object(payload, "x86_64", NULL, 0, &out, &out_size, &err), NOTE_OK,
		  &err))
		free(out);
}

/* What each call says when memory is not short. */
struct answers {
	int notes, check, modules, place;
};

static void everything(const char *path, const void *bytes, size_t size, struct answers *answers)
{
	struct note_error err = NOTE_ERROR_INIT;
	struct note_file *file;
	packages();
	if (judge("open", note_file_open(&file, path, &err), NOTE_OK, &err)) {
		judge("notes", note_file_notes(file, visit_entry, NULL, &err), answers->notes,
		      &err);
		judge("check", note_file_check(file, visit_problem, NULL, &err), answers->check,
		      &err);
		judge("modules", note_file_modules(file, visit_module, NULL, &err),
		      answers->modules, &err);
		note_file_close(file);
	}
	place(bytes, size, answers->place);
}

static void learn(const char *path, const void *bytes, size_t size, struct answers *answers)
{
	struct note_error err = NOTE_ERROR_INIT;
	struct note_file *file;
	void *out = NULL;
	size_t out_size;
	if (note_file_open(&file, path, &err) != NOTE_OK)
		exit(2);
	answers->notes = note_file_notes(file, visit_entry, NULL, &err);
	answers->check = note_file_check(file, visit_problem, NULL, &err);
	answers->modules = note_file_modules(file, visit_module, NULL, &err);
	answers->place = note_place(bytes, size, "{\"type\":\"deb\",\"name\":\"memory\"}", NULL,
				    &out, &out_size, &err);
	free(out);
	note_file_close(file);
}

int main(int argc, char **argv)
{
	static unsigned char bytes[1 << 20];
	for (int i = 1; i < argc; i++) {
		struct answers answers;
		FILE *stream = fopen(argv[i], "rb");
		if (stream == NULL)
			return 2;
		const size_t size = fread(bytes, 1, sizeof(bytes), stream);
		fclose(stream);
		learn(argv[i], bytes, size, &answers);
		made = 0;
		everything(argv[i], bytes, size, &answers);
		const long all = made;
		if (short_of_memory != 0)
			return 2;
		for (long n = 0; n < all; n++)
			for (only_one = 0; only_one < 2; only_one++) {
				made = 0;
				allowed = n;
				everything(argv[i], bytes, size, &answers);
				allowed = -1;
			}
		printf("%ld allocations, %d calls said so\n", all, short_of_memory);
		if (short_of_memory < all / 2)
			bad++;
		short_of_memory = 0;
	}
	return bad != 0;
}
