/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What kind of file it is, and its records: see inspect.h. */
#include "tools/show/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"

void inspection_free(struct inspection *inspection)
{
	for (size_t i = 0; i < inspection->failure_count; i++)
		free(inspection->failures[i].file);
	free(inspection->failures);
	free(inspection->directories);
	text_free(&inspection->out);
	binaries_free(&inspection->binaries);
	*inspection = (struct inspection){0};
}

void inspection_fail(struct inspection *inspection, const char *file, const char *member,
		     const struct note_error *error)
{
	inspection->failures = xrealloc(inspection->failures, (inspection->failure_count +
							       1) * sizeof(*inspection->failures));
	inspection->failures[inspection->failure_count++] = (struct inspect_failure){
		member != NULL ? xasprintf("%s: %s", file, member) : xstrdup(file), *error};
}

void inspection_say(struct inspection *inspection, const char *file, const char *what)
{
	struct note_error remark;
	error_set(&remark, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "%s", what);
	remark.code = NOTE_OK;
	inspection_fail(inspection, file, NULL, &remark);
}

/* Prints the record, or takes it with what else IMAGE (NULL for a module) says, and lets go of it.
 * CODE is what gathering it came to. */
static void finish_record(struct inspection *inspection, const struct record_style *style,
			  struct record *record, struct image *image, int code,
			  const struct note_error *error)
{
	if (code != NOTE_OK)
		inspection_fail(inspection, record->path, record->member, error);
	record->layer = style->layer;
	if (record->wanting)
		inspection->wanting = true;
	if (style->collect)
		binaries_add(&inspection->binaries, style, record, image);
	else
		record_print(record, style, &inspection->out);
	record_clear(record);
}

struct modules {
	struct inspection *inspection;
	const struct record_style *style;
	const char *path;
	const char *member;
	const char *kind;
};

static bool show_module(void *context, struct module *module)
{
	struct modules *modules = context;
	struct record record = {.path = modules->path, .member = modules->member};
	struct note_error error;
	record.kind = modules->kind;
	int code = record_module(&record, module, modules->style->all, &error);
	finish_record(modules->inspection, modules->style, &record, NULL, code, &error);
	return true;
}

static void show_core(struct inspection *inspection, const struct record_style *style,
		      struct image *image, const char *path, const char *member)
{
	struct modules modules = {inspection, style, path, member, record_kind(NOTE_KIND_CORE)};
	struct note_error error;
	if (core_modules(image, show_module, &modules, &error) != NOTE_OK)
		inspection_fail(inspection, path, member, &error);
}

static bool show_pe(struct inspection *inspection, const struct record_style *style,
		    struct image *image, const char *path, const char *member)
{
	struct record record = {.path = path, .member = member};
	struct note_error error;
	struct pe pe;
	int code = pe_read(&pe, image, &error);
	if (code == NOTE_ABSENT)
		return false;
	if (code != NOTE_OK) {
		inspection_fail(inspection, path, member, &error);
		return true;
	}
	code = record_pe(&record, &pe, &error);
	finish_record(inspection, style, &record, image, code, &error);
	return true;
}

bool inspect_image(struct inspection *inspection, const struct record_style *style,
		   struct image *image, const char *path, const char *member)
{
	struct record record = {.path = path, .member = member};
	struct note_error error;
	int code = image_read_elf(image, &error);
	if (code == NOTE_ABSENT)
		return show_pe(inspection, style, image, path, member);
	if (code != NOTE_OK) {
		inspection_fail(inspection, path, member, &error);
	} else if (image->ehdr.e_type == ET_CORE) {
		show_core(inspection, style, image, path, member);
	} else {
		code = record_elf(&record, image, style->all, &error);
		finish_record(inspection, style, &record, image, code, &error);
	}
	return true;
}

void inspect_process(struct inspection *inspection, const struct record_style *style, pid_t pid)
{
	char path[32];
	struct modules modules = {inspection, style, path, NULL, "process"};
	struct note_error error;
	snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
	if (process_modules(pid, show_module, &modules, &error) != NOTE_OK)
		inspection_fail(inspection, path, NULL, &error);
}
