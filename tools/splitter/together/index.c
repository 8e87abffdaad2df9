/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Indexes of debug files that dwz has folded together. gdb is asked once dwz is through, while all
 * lies in the work directory, where each still finds the alternate file by the name and the
 * build-id that dwz gave it; an index holds neither. gdb uses no index of a file whose alternate
 * file has none: it makes both in one go, that of the alternate file for each of the others anew,
 * and always the same.
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/text.h"
#include "tools/splitter/programs/programs.h"
#include "tools/splitter/together/internal.h"

/* Whether FILE shares debug information with the others. */
static bool names_alternate(const struct strip_output *file)
{
	struct image *image = NULL;
	GElf_Shdr shdr;
	const bool names = image_open_memory(&image, file->bytes, file->size, NULL) == NOTE_OK &&
			   image_read_elf(image, NULL) == NOTE_OK &&
			   image_find_section(image, ".gnu_debugaltlink", &shdr) != 0;
	image_close(image);
	return names;
}

int index_member(const struct batch *batch, struct member *member, struct strip_output *file,
		 struct note_error *err)
{
	const struct split_run *run = batch->run;
	struct gdb_index made;
	if (!run->options->gdb_index || !debug_file_wants_index(file))
		return NOTE_OK;
	int code = gdb_index_make(&made, run->options->root, run->work, member->name,
				  names_alternate(file) ? batch->alternate : NULL,
				  &run->outcomes[member->index].no_index, err);
	if (code != NOTE_OK)
		return code == NOTE_ABSENT ? NOTE_OK : code;
	member->shared_index = made.shared;
	member->shared_index_size = made.shared_size;
	return debug_file_add_index(file, made.bytes, made.size, err);
}

int index_shared(struct batch *batch, struct note_error *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct member *member = &batch->items[i];
		uint8_t *bytes = member->shared_index;
		if (bytes == NULL)
			continue;
		member->shared_index = NULL;
		if (!debug_file_wants_index(&batch->shared)) {
			free(bytes);
			continue;
		}
		const int code =
			debug_file_add_index(&batch->shared, bytes, member->shared_index_size, err);
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}
