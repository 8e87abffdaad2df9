/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/stamp/new_build_id.h"

#include <string.h>

#include "tools/splitter/elf/buildid.h"

int new_build_id(uint8_t *file, size_t size, const char *seed, bool *absent, struct note_error *err)
{
	const struct plan_options options = {.keep_symtab = true};
	struct image *image = NULL;
	struct plan plan = {0};
	struct build_id id;
	int code = image_open_memory(&image, file, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_OK)
		code = build_id_find(image, &id, err);
	if (code == NOTE_ABSENT) {
		*absent = true;
		code = NOTE_OK;
		goto out;
	}
	if (code == NOTE_OK)
		code = plan_make(&plan, image, NULL, &options, err);
	if (code == NOTE_OK)
		code = build_id_compute(image, &plan, seed[0] != '\0' ? seed : NULL, &id, err);
	if (code == NOTE_OK)
		memcpy(file + id.offset, id.bytes, id.size);
out:
	plan_free(&plan);
	image_close(image);
	return code;
}
