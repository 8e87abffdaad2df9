/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a program calls, before the functions themselves: sizes of the caller's structures, pointers
 * that must not be NULL. The Makefile calls the functions inside_NAME in what is installed; the
 * project's own command and tests, which are built with them, call them as they are.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "libnote.h"

#define INSIDE(name) extern __typeof__(name) inside_##name

INSIDE(note_file_build_id);
INSIDE(note_file_check);
INSIDE(note_file_class);
INSIDE(note_file_is_big_endian);
INSIDE(note_file_kind);
INSIDE(note_file_machine);
INSIDE(note_file_machine_number);
INSIDE(note_file_members);
INSIDE(note_file_modules);
INSIDE(note_file_notes);
INSIDE(note_file_open);
INSIDE(note_file_open_fd);
INSIDE(note_file_open_memory);
INSIDE(note_file_package);
INSIDE(note_file_payload);
INSIDE(note_file_place);
INSIDE(note_module_check);
INSIDE(note_object);
INSIDE(note_package_get);
INSIDE(note_package_json);
INSIDE(note_package_new);
INSIDE(note_package_parse);
INSIDE(note_package_set);
INSIDE(note_payload_check);
INSIDE(note_place);
INSIDE(note_place_build_id);
INSIDE(note_process_modules);

/* Larger ones than that are no size, but what stood in memory. */
#define MAX_SIZE 65536

/* Fills ERR, whose size was checked; what a later version added to it stays as it is. */
static int give(struct note_error *err, int code, const struct note_error *inner)
{
	if (err == NULL || code == NOTE_OK)
		return code;
	err->code = code;
	err->system = inner->system;
	err->offset = inner->offset;
	memcpy(err->text, inner->text, sizeof(err->text));
	return code;
}

/* NOTE_OK where ERR is NULL or of a size that holds this version's members. */
static int check(const struct note_error *err)
{
	if (err != NULL && (err->size < sizeof(*err) || err->size > MAX_SIZE))
		return NOTE_USAGE;
	return NOTE_OK;
}

/* The same, and GIVEN: all pointers that a call needs are there. */
static int begin(struct note_error *err, int given)
{
	struct note_error inner = {.offset = NOTE_NO_OFFSET};
	if (check(err) != NOTE_OK)
		return NOTE_USAGE;
	if (given)
		return NOTE_OK;
	snprintf(inner.text, sizeof(inner.text), "a pointer is NULL that must not be");
	return give(err, NOTE_USAGE, &inner);
}

/* CALL has INNER for its error. */
#define CALL(given, call)                         \
	do {                                      \
		struct note_error inner = {0};    \
		int code = begin(err, given);     \
		if (code != NOTE_OK)              \
			return code;              \
		return give(err, (call), &inner); \
	} while (0)

int note_package_new(struct note_package **out, struct note_error *err)
{
	CALL(out != NULL, inside_note_package_new(out, &inner));
}

int note_package_parse(struct note_package **out, const char *json, size_t length,
		       struct note_error *err)
{
	if (out != NULL)
		*out = NULL;
	CALL(out != NULL && (json != NULL || length == 0),
	     inside_note_package_parse(out, json != NULL ? json : "", length, &inner));
}

int note_package_set(struct note_package *package, const char *key, const char *value,
		     struct note_error *err)
{
	CALL(package != NULL && key != NULL, inside_note_package_set(package, key, value, &inner));
}

const char *note_package_get(const struct note_package *package, const char *key)
{
	return package != NULL && key != NULL ? inside_note_package_get(package, key) : NULL;
}

const char *note_package_json(struct note_package *package)
{
	return package != NULL ? inside_note_package_json(package) : NULL;
}

int note_file_open(struct note_file **out, const char *path, struct note_error *err)
{
	if (out != NULL)
		*out = NULL;
	CALL(out != NULL && path != NULL, inside_note_file_open(out, path, &inner));
}

int note_file_open_fd(struct note_file **out, int fd, struct note_error *err)
{
	if (out != NULL)
		*out = NULL;
	CALL(out != NULL, inside_note_file_open_fd(out, fd, &inner));
}

int note_file_open_memory(struct note_file **out, const void *bytes, size_t size,
			  struct note_error *err)
{
	if (out != NULL)
		*out = NULL;
	CALL(out != NULL && (bytes != NULL || size == 0),
	     inside_note_file_open_memory(out, bytes, size, &inner));
}

enum note_kind note_file_kind(const struct note_file *file)
{
	return file != NULL ? inside_note_file_kind(file) : NOTE_KIND_OTHER;
}

const char *note_file_machine(const struct note_file *file)
{
	return file != NULL ? inside_note_file_machine(file) : "none";
}

unsigned note_file_machine_number(const struct note_file *file)
{
	return file != NULL ? inside_note_file_machine_number(file) : 0;
}

unsigned note_file_class(const struct note_file *file)
{
	return file != NULL ? inside_note_file_class(file) : 0;
}

int note_file_is_big_endian(const struct note_file *file)
{
	return file != NULL ? inside_note_file_is_big_endian(file) : 0;
}

int note_file_notes(struct note_file *file, note_entry_visit *visit, void *context,
		    struct note_error *err)
{
	CALL(file != NULL && visit != NULL, inside_note_file_notes(file, visit, context, &inner));
}

int note_file_build_id(struct note_file *file, const uint8_t **id, size_t *size,
		       struct note_error *err)
{
	CALL(file != NULL && id != NULL && size != NULL,
	     inside_note_file_build_id(file, id, size, &inner));
}

int note_file_payload(struct note_file *file, const char **json, size_t *length,
		      struct note_error *err)
{
	CALL(file != NULL && json != NULL && length != NULL,
	     inside_note_file_payload(file, json, length, &inner));
}

int note_file_package(struct note_file *file, struct note_package **out, struct note_error *err)
{
	if (out != NULL)
		*out = NULL;
	CALL(file != NULL && out != NULL, inside_note_file_package(file, out, &inner));
}

int note_file_members(struct note_file *file, note_member_visit *visit, void *context,
		      struct note_error *err)
{
	CALL(file != NULL && visit != NULL, inside_note_file_members(file, visit, context, &inner));
}

int note_file_modules(struct note_file *file, note_module_visit *visit, void *context,
		      struct note_error *err)
{
	CALL(file != NULL && visit != NULL, inside_note_file_modules(file, visit, context, &inner));
}

int note_process_modules(long pid, note_module_visit *visit, void *context, struct note_error *err)
{
	CALL(visit != NULL, inside_note_process_modules(pid, visit, context, &inner));
}

int note_file_check(struct note_file *file, note_problem_visit *visit, void *context,
		    struct note_error *err)
{
	CALL(file != NULL && visit != NULL, inside_note_file_check(file, visit, context, &inner));
}

int note_module_check(const struct note_module *module, note_problem_visit *visit, void *context,
		      struct note_error *err)
{
	CALL(module != NULL && module->handle != NULL && visit != NULL,
	     inside_note_module_check(module, visit, context, &inner));
}

int note_payload_check(const char *json, size_t length, note_problem_visit *visit, void *context,
		       struct note_error *err)
{
	CALL((json != NULL || length == 0) && visit != NULL,
	     inside_note_payload_check(json != NULL ? json : "", length, visit, context, &inner));
}

/* A caller that was built with a later version may say more: what this one does not know must be
 * 0, so that nothing that was asked for is passed over. */
static int read_options(const struct note_place_options *options, struct note_place_options *out,
			struct note_error *inner)
{
	const unsigned char *bytes = (const unsigned char *)options;
	*out = (struct note_place_options){.size = sizeof(*out)};
	inner->offset = NOTE_NO_OFFSET;
	if (options == NULL)
		return NOTE_OK;
	if (options->size < sizeof(*options) || options->size > MAX_SIZE) {
		snprintf(inner->text, sizeof(inner->text), "options of %zu bytes", options->size);
		return NOTE_USAGE;
	}
	for (size_t i = sizeof(*options); i < options->size; i++)
		if (bytes[i] != 0) {
			snprintf(inner->text, sizeof(inner->text),
				 "an option that version " NOTE_VERSION " does not know");
			return NOTE_UNSUPPORTED;
		}
	*out = *options;
	out->size = sizeof(*out);
	return NOTE_OK;
}

static int place(const void *file, size_t size, const char *payload,
		 const struct note_place_options *options, void **out, size_t *out_size,
		 struct note_error *inner)
{
	struct note_place_options known;
	int code = read_options(options, &known, inner);
	if (code != NOTE_OK)
		return code;
	return inside_note_place(file, size, payload, &known, out, out_size, inner);
}

int note_place(const void *file, size_t size, const char *payload,
	       const struct note_place_options *options, void **out, size_t *out_size,
	       struct note_error *err)
{
	if (out != NULL)
		*out = NULL;
	CALL((file != NULL || size == 0) && payload != NULL && out != NULL && out_size != NULL,
	     place(file, size, payload, options, out, out_size, &inner));
}

static int place_file(const char *path, const char *payload,
		      const struct note_place_options *options, struct note_error *inner)
{
	struct note_place_options known;
	int code = read_options(options, &known, inner);
	return code != NOTE_OK ? code : inside_note_file_place(path, payload, &known, inner);
}

int note_file_place(const char *path, const char *payload, const struct note_place_options *options,
		    struct note_error *err)
{
	CALL(path != NULL && payload != NULL, place_file(path, payload, options, &inner));
}

int note_place_build_id(const void *file, size_t size, const void *id, size_t id_size, void **out,
			size_t *out_size, struct note_error *err)
{
	if (out != NULL)
		*out = NULL;
	CALL((file != NULL || size == 0) && id != NULL && out != NULL && out_size != NULL,
	     inside_note_place_build_id(file, size, id, id_size, out, out_size, &inner));
}

int note_object(const char *payload, const char *machine, const void *like, size_t like_size,
		void **out, size_t *out_size, struct note_error *err)
{
	if (out != NULL)
		*out = NULL;
	CALL(payload != NULL && (machine != NULL || like != NULL) && out != NULL &&
		     out_size != NULL,
	     inside_note_object(payload, machine, like, like_size, out, out_size, &inner));
}
