/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as an area of notes. The first byte: byte order and alignment. Notes must come in
 * order, inside the area, apart from each other. */
#include <stdlib.h>
#include <string.h>

#include "libnote/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct area {
	uint64_t size;
	uint64_t end; /* of the note before */
	size_t sum;
};

static bool take_note(void *context, const struct elf_note *note)
{
	struct area *area = context;
	if (note->offset < area->end || note->size < 12 || note->offset + note->size > area->size ||
	    note->desc_offset < note->offset + 12 ||
	    note->desc_offset + note->desc_size > note->offset + note->size)
		abort();
	area->end = note->offset + note->size;
	area->sum += strlen(note->owner);
	for (uint64_t i = 0; i < note->desc_size; i++)
		area->sum += note->desc[i];
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image;
	if (size < 1 || image_open_memory(&image, data + 1, size - 1, NULL) != NOTE_OK)
		return 0;
	struct area area = {.size = size - 1};
	image->is_64 = true;
	image->is_big = data[0] & 1;
	elf_notes_in(image, 0, size - 1, data[0] & 2 ? 8 : 4, take_note, &area, NULL);
	image_close(image);
	return 0;
}
