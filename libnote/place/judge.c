/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The new file is read as everybody will read it, before it replaces anything. */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "judge/check.h"
#include "note.h"
#include "place/internal.h"

/* What the judge of show --check says of the first package note's place. */
struct verdict {
	uint64_t offset; /* of the note */
	bool may_be_outside;
	char text[160]; /* empty: nothing */
};

static bool is_about_place(const char *code)
{
	static const char *const codes[] = {"not-allocated", "writable", "misaligned",
					    "outside-first-page"};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

static int hear(void *context, const struct note_problem *problem)
{
	struct verdict *verdict = context;
	if (problem->offset != verdict->offset || !is_about_place(problem->code) ||
	    (verdict->may_be_outside && strcmp(problem->code, "outside-first-page") == 0))
		return 1;
	snprintf(verdict->text, sizeof(verdict->text), "%s: %s", problem->code, problem->detail);
	return 0;
}

bool place_is_good(struct image *image, uint64_t offset, bool outside)
{
	struct verdict verdict = {.offset = offset, .may_be_outside = outside};
	return elf_check(image, hear, &verdict, NULL) != NOTE_SYSTEM && verdict.text[0] == '\0';
}

struct first {
	uint32_t type;
	const char *owner;
	struct elf_note note;
	bool found;
};

static bool is_first(void *context, const struct elf_note *note)
{
	struct first *first = context;
	if (note->type != first->type || strcmp(note->owner, first->owner) != 0)
		return true;
	first->note = *note;
	first->found = true;
	return false;
}

static int judge_image(struct image *image, const char *payload, uint64_t limit,
		       struct note_error *err)
{
	const bool package = payload != NULL;
	struct first first = {.type = package ? NOTE_TYPE_PACKAGE : NT_GNU_BUILD_ID,
			      .owner = package ? NOTE_OWNER_FDO : ELF_NOTE_GNU};
	int code = elf_notes(image, is_first, &first, err);
	if (!first.found)
		return code != NOTE_OK ? code
				       : error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
						   "the note would not be found by readers");
	if (first.note.offset + first.note.size > limit || first.note.offset % 4 != 0 ||
	    !first.note.in_segment)
		return error_set(err, NOTE_UNSUPPORTED, first.note.offset,
				 "readers would come upon another note before this one");
	if (!package)
		return NOTE_OK;
	if (first.note.desc_size <= strlen(payload) ||
	    memcmp(first.note.desc, payload, strlen(payload) + 1) != 0)
		return error_set(err, NOTE_UNSUPPORTED, first.note.offset,
				 "readers would come upon another package note first");
	struct verdict verdict = {.offset = first.note.offset,
				  .may_be_outside = limit > FIRST_PAGE};
	code = elf_check(image, hear, &verdict, err);
	if (verdict.text[0] != '\0')
		return error_set(err, NOTE_UNSUPPORTED, first.note.offset,
				 "the note would be wrong there: %s", verdict.text);
	return code == NOTE_SYSTEM ? code : NOTE_OK;
}

int place_judge(const uint8_t *file, size_t size, const char *payload, uint64_t limit,
		struct note_error *err)
{
	struct image *image = NULL;
	int code = image_open_memory(&image, file, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_OK)
		code = judge_image(image, payload, limit, err);
	image_close(image);
	return code;
}
