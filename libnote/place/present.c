/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "place/present.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "note.h"

struct search {
	struct image *image;
	struct present *present;
	const char *payload; /* only notes that hold it go into same */
	struct placed_notes *into;
	size_t seen;
	bool too_many;
	bool overlap;
	uint64_t first; /* offset */
	bool no_memory;
};

static bool holds(const struct elf_note *note, const char *payload)
{
	const size_t length = strlen(payload);
	if (note->desc_size < length || memcmp(note->desc, payload, length) != 0)
		return false;
	for (uint64_t i = length; i < note->desc_size; i++)
		if (note->desc[i] != 0)
			return false;
	return true;
}

/* Into the list, which is by offset. */
static bool add(struct search *search, struct range range)
{
	struct placed_notes *list = search->into;
	if (list->count == NOTES_MAX) {
		search->too_many = true;
		return false;
	}
	size_t at = list->count;
	for (; at > 0 && list->at[at - 1].start > range.start; at--)
		list->at[at] = list->at[at - 1];
	list->at[at] = range;
	list->count++;
	search->overlap = search->overlap || (at > 0 && list->at[at - 1].end > range.start) ||
			  (at + 1 < list->count && list->at[at + 1].start < range.end);
	return !search->overlap;
}

static bool look(void *context, const struct elf_note *note)
{
	struct search *search = context;
	if (note->type != NOTE_TYPE_PACKAGE || strcmp(note->owner, NOTE_OWNER_FDO) != 0)
		return true;
	if (search->seen++ == 0) {
		search->first = note->offset;
		if (search->present->payload == NULL) {
			search->present->payload =
				strndup((const char *)note->desc, note->desc_size);
			search->no_memory = search->present->payload == NULL;
		}
	}
	if (search->payload != NULL && !holds(note, search->payload))
		return true;
	return !search->no_memory &&
	       add(search, (struct range){note->offset, note->offset + note->size});
}

static int search_notes(struct search *search, struct note_error *err)
{
	int code = elf_notes(search->image, look, search, err);
	if (search->no_memory)
		return error_system(err, "package notes");
	if (search->overlap)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "package notes overlap");
	if (search->too_many)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "more than %d package notes", NOTES_MAX);
	return code;
}

int present_find(struct present *out, struct image *image, const char *wanted, bool outside,
		 struct note_error *err)
{
	struct search search = {.image = image, .present = out, .into = &out->all};
	int code = search_notes(&search, err);
	if (code == NOTE_MALFORMED && !search.overlap &&
	    (search.seen != 0 || image_find_section(image, ".note.package", NULL) == 0))
		code = NOTE_OK;
	if (code != NOTE_OK || search.seen == 0)
		return code;
	out->wanted = strcmp(out->payload, wanted) == 0;
	out->placed = place_is_good(image, search.first, outside);
	return NOTE_OK;
}

int present_like(struct present *present, struct image *image, const char *payload,
		 struct note_error *err)
{
	struct search search = {
		.image = image, .present = present, .into = &present->same, .payload = payload};
	present->same.count = 0;
	int code = search_notes(&search, err);
	return code == NOTE_MALFORMED && !search.overlap ? NOTE_OK : code;
}
