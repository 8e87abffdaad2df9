/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/stamp/new_build_id.h"

#include <stdlib.h>
#include <string.h>

#include "tools/splitter/elf/elf.h"

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

#define ADDED_SIZE 20

static bool has_build_id(const uint8_t *file, size_t size)
{
	struct image *image = NULL;
	struct build_id id;
	const bool found = image_open_memory(&image, file, size, NULL) == NOTE_OK &&
			   image_read_elf(image, NULL) == NOTE_OK &&
			   build_id_find(image, &id, NULL) == NOTE_OK;
	image_close(image);
	return found;
}

int add_build_id(const uint8_t *file, size_t size, const char *seed, void **out, size_t *out_size,
		 bool *added, struct note_error *err)
{
	static const uint8_t zeros[ADDED_SIZE];
	bool absent = false;
	*out = NULL;
	*added = false;
	/* A PE image has another kind of id, which its linker makes. */
	if (size < 4 || memcmp(file, ELFMAG, SELFMAG) != 0 || has_build_id(file, size))
		return NOTE_OK;
	int code = note_place_build_id(file, size, zeros, sizeof(zeros), out, out_size, err);
	if (code == NOTE_OK)
		code = new_build_id(*out, *out_size, seed != NULL ? seed : "", &absent, err);
	if (code != NOTE_OK) {
		free(*out);
		*out = NULL;
	}
	*added = code == NOTE_OK;
	return code;
}
