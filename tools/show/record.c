/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gathering what a record says: see record.h. */
#include "tools/show/record.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/judge/check.h"
#include "libnote/judge/dlopen.h"

const char *record_kind(enum note_kind kind)
{
	switch (kind) {
	case NOTE_KIND_EXECUTABLE:
		return "executable";
	case NOTE_KIND_SHARED_LIBRARY:
		return "shared-library";
	case NOTE_KIND_RELOCATABLE:
		return "relocatable";
	case NOTE_KIND_CORE:
		return "core";
	case NOTE_KIND_PE:
		return "pe";
	case NOTE_KIND_ARCHIVE:
		return "archive";
	default:
		return "other";
	}
}

/* The walk over the notes of one file or module. */
struct gathering {
	struct record *record;
	bool all;
	bool too_many;
	bool any; /* note to be judged */
	size_t room;
	size_t payloads;
};

static bool read_on(void *context, const char *code, uint64_t offset, const char *detail)
{
	(void)context, (void)code, (void)offset, (void)detail;
	return true;
}

/* What can be made of a value, NULL where that is nothing; the judge tells what is wrong. */
static json_object *read_json(const char *text, size_t length, json_type wanted)
{
	json_object *object;
	json_read(&object, span_of(text, length), read_on, NULL, NULL);
	if (json_object_is_type(object, wanted))
		return object;
	json_object_put(object);
	return NULL;
}

static void add_note(struct gathering *gathering, const struct elf_note *note)
{
	struct record *record = gathering->record;
	if (record->note_count == RECORD_MAX_NOTES) {
		gathering->too_many = true;
		return;
	}
	if (record->note_count == gathering->room) {
		gathering->room = gathering->room == 0 ? 8 : 2 * gathering->room;
		record->notes = xrealloc(record->notes, gathering->room * sizeof(*record->notes));
	}
	struct record_note *out = &record->notes[record->note_count++];
	*out = (struct record_note){.owner = xstrdup(note->owner),
				    .type = note->type,
				    .size = note->desc_size,
				    .offset = note->offset};
	if (note->type == NOTE_TYPE_DLOPEN && strcmp(note->owner, NOTE_OWNER_FDO) == 0)
		out->dlopen = dlopen_read((struct span){note->desc, note->desc_size}, NULL, NULL);
}

/* Takes the payload of a package note: the first one is the package. */
static json_object *add_payload(struct gathering *gathering, const char *text, size_t length)
{
	struct record *record = gathering->record;
	json_object *payload;
	if (gathering->payloads++ >= RECORD_MAX_PACKAGES)
		return NULL;
	payload = read_json(text, length, json_type_object);
	if (gathering->payloads == 1)
		record->package = json_object_get(payload);
	if (gathering->payloads == 2) {
		record->packages = json_object_new_array();
		json_object_array_add(record->packages, json_object_get(record->package));
	}
	if (gathering->payloads > 1)
		json_object_array_add(record->packages, json_object_get(payload));
	return payload;
}

static bool gather(void *context, const struct elf_note *note)
{
	struct gathering *gathering = context;
	struct record *record = gathering->record;
	if (gathering->all)
		add_note(gathering, note);
	if (note->type == NOTE_TYPE_PACKAGE || note->type == NOTE_TYPE_DLOPEN)
		gathering->any = true;
	if (note->desc_size == 0)
		return true;
	if (record->build_id[0] == '\0' && note->type == NT_GNU_BUILD_ID &&
	    note->desc_size <= (sizeof(record->build_id) - 1) / 2 &&
	    strcmp(note->owner, ELF_NOTE_GNU) == 0)
		hex_encode(note->desc, note->desc_size, record->build_id);
	if (note->type == NOTE_TYPE_PACKAGE && strcmp(note->owner, NOTE_OWNER_FDO) == 0) {
		const char *text = (const char *)note->desc;
		json_object *payload = add_payload(gathering, text, strnlen(text, note->desc_size));
		if (gathering->all && !gathering->too_many)
			record->notes[record->note_count - 1].package = payload;
		else
			json_object_put(payload);
	}
	return true;
}

static void end_gathering(struct gathering *gathering, int *code, struct note_error *err)
{
	if (gathering->too_many && *code == NOTE_OK)
		*code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				  "more than %u notes; the rest is not listed", RECORD_MAX_NOTES);
	if (gathering->payloads > RECORD_MAX_PACKAGES && *code == NOTE_OK)
		*code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				  "more than %u package notes; the rest is not listed",
				  RECORD_MAX_PACKAGES);
}

static int add_problem(void *context, const struct note_problem *problem)
{
	struct record *record = context;
	record->problems =
		xrealloc(record->problems, (record->problem_count + 1) * sizeof(*record->problems));
	record->problems[record->problem_count++] = (struct record_problem){
		problem->code, xstrdup(problem->detail), problem->offset, problem->remark != 0};
	record->wanting = record->wanting || problem->remark == 0;
	return 1;
}

int record_elf(struct record *record, struct image *image, bool all, struct note_error *err)
{
	struct gathering gathering = {.record = record, .all = all};
	const char *name;
	record->kind = record_kind(elf_file_kind(image));
	record->machine = elf_machine_name(image->ehdr.e_machine, image->is_64, image->is_big);
	record->bits = image->is_64 ? 64 : 32;
	record->is_big = image->is_big;
	int code = elf_notes(image, gather, &gathering, err);
	end_gathering(&gathering, &code, err);
	if (elf_debuglink(image, &name, &record->debuglink_crc, NULL) == NOTE_OK)
		record->debuglink = xstrdup(name);
	/* Most files have none: a second walk would only find that again. */
	if (!gathering.any) {
		if (code == NOTE_OK)
			elf_check_absent(image, add_problem, record);
		return code;
	}
	int checked = elf_check(image, add_problem, record, code == NOTE_OK ? err : NULL);
	return code != NOTE_OK ? code : checked;
}

static bool take_pe_note(void *context, const struct pe_note *note)
{
	json_object_put(add_payload(context, note->payload, note->length));
	return true;
}

int record_pe(struct record *record, struct pe *pe, struct note_error *err)
{
	struct gathering gathering = {.record = record};
	record->kind = record_kind(NOTE_KIND_PE);
	record->machine = pe_machine_name(pe->machine);
	record->bits = pe->is_64 ? 64 : 32;
	int code = pe_notes(pe, take_pe_note, &gathering, err);
	end_gathering(&gathering, &code, err);
	int checked = pe_check(pe, add_problem, record, code == NOTE_OK ? err : NULL);
	return code != NOTE_OK ? code : checked;
}

int record_module(struct record *record, struct module *module, bool all, struct note_error *err)
{
	struct gathering gathering = {.record = record, .all = all};
	record->module = module->path;
	record->address = module->address;
	record->has_address = true;
	record->machine = elf_machine_name(module->machine, module->is_64, module->is_big);
	record->bits = module->is_64 ? 64 : 32;
	record->is_big = module->is_big;
	int code = module_notes(module, gather, &gathering, err);
	end_gathering(&gathering, &code, err);
	int checked = module_check(module, add_problem, record, code == NOTE_OK ? err : NULL);
	return code != NOTE_OK ? code : checked;
}

void record_clear(struct record *record)
{
	for (size_t i = 0; i < record->note_count; i++) {
		free(record->notes[i].owner);
		json_object_put(record->notes[i].dlopen);
		json_object_put(record->notes[i].package);
	}
	for (size_t i = 0; i < record->problem_count; i++)
		free(record->problems[i].detail);
	free(record->notes);
	free(record->problems);
	free(record->debuglink);
	json_object_put(record->package);
	json_object_put(record->packages);
	*record = (struct record){0};
}
