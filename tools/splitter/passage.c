/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/passage.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/note.h"
#include "libnote/place/purpose.h"

void passage_end(struct passage *passage)
{
	plan_free(&passage->plan);
	section_edits_free(&passage->edits);
	dwarf_sources_free(&passage->sources);
	image_close(passage->image);
	free(passage->debug.bytes);
	free(passage->debugdata);
	free(passage->shipped.bytes);
	free(passage->bytes);
	if (passage->fd >= 0)
		close(passage->fd);
}

bool passage_wants_note(const struct passage *passage, const struct split_options *options)
{
	struct stat st;
	return options->payload != NULL && passage->image->ehdr.e_type != ET_REL &&
	       elf_loads_headers(passage->image) &&
	       (passage->image->ehdr.e_type != ET_EXEC ||
		(fstat(passage->fd, &st) == 0 && (st.st_mode & 0111) != 0));
}

int passage_stamp(struct passage *passage, const char *payload, struct note_error *err)
{
	const struct note_place_options options = {.size = sizeof(options)};
	void *stamped;
	size_t size;
	int code = elf_package(passage->image, NULL, NULL, NULL, err);
	if (code != NOTE_ABSENT)
		return code;
	code = note_place(passage->bytes, passage->size, payload, &options, &stamped, &size, err);
	if (code != NOTE_OK)
		return code;
	image_close(passage->image);
	passage->image = NULL;
	free(passage->bytes);
	passage->bytes = stamped;
	passage->size = size;
	code = image_open_memory(&passage->image, stamped, size, err);
	return code == NOTE_OK ? image_read_elf(passage->image, err) : code;
}

int passage_package(struct image *image, struct outcome *outcome, struct note_error *err)
{
	const char *payload;
	size_t length;
	int code = elf_package(image, &payload, &length, NULL, err);
	if (code == NOTE_OK)
		outcome->package = strndup(payload, length);
	return code == NOTE_ABSENT ? NOTE_OK : code;
}
