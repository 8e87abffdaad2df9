/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * note_place(): the package note into a file that is linked already.
 *
 * Linux writes only the first page of a mapped file into a core, so the note must lie there, in a
 * PT_LOAD and in a PT_NOTE. Linkers fill that page without gaps: ELF header, program headers,
 * notes, then the tables of the dynamic linker. But only dynamic tags point at those tables, so
 * that they can make room. room.c says in which order that is tried; tables.c, what
 * may move; write.c makes the file.
 *
 * Specification: UAPI.8; System V gABI, chapters 4 and 5; core(5), "coredump_filter".
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "note.h"
#include "package.h"
#include "pe/pe.h"
#include "place/internal.h"

/* The package notes that a file holds. */
struct present {
	size_t count;
	bool same;   /* the first one holds the wanted payload */
	bool placed; /* ... and lies where it should */
	const char *payload;
	struct image *image;
};

static bool is_payload(const struct elf_note *note, const char *payload)
{
	const size_t length = strlen(payload);
	if (note->desc_size < length || memcmp(note->desc, payload, length) != 0)
		return false;
	for (uint64_t i = length; i < note->desc_size; i++)
		if (note->desc[i] != 0)
			return false;
	return true;
}

/* In page one, and in a PT_NOTE. */
static bool is_placed(struct image *image, const struct elf_note *note)
{
	GElf_Phdr phdr;
	for (uint64_t i = 0; i < image->phnum; i++)
		if (image_phdr(image, i, &phdr, NULL) == NOTE_OK && phdr.p_type == PT_NOTE &&
		    note->offset >= phdr.p_offset && note->offset - phdr.p_offset < phdr.p_filesz)
			return note->offset + note->size <= FIRST_PAGE;
	return false;
}

static bool look(void *context, const struct elf_note *note)
{
	struct present *present = context;
	if (note->type != NOTE_TYPE_PACKAGE || strcmp(note->owner, NOTE_OWNER_FDO) != 0)
		return true;
	if (present->count++ == 0) {
		present->same = is_payload(note, present->payload);
		present->placed = is_placed(present->image, note);
	}
	return true;
}

/* Notes that cannot be read (mold up to 1.11 writes such PT_NOTEs) do not count, unless a section
 * says that one of them may be a package's. */
static int look_for_notes(struct image *image, struct present *present, struct note_error *err)
{
	present->image = image;
	int code = elf_notes(image, look, present, err);
	if (code == NOTE_MALFORMED &&
	    (present->count != 0 || image_find_section(image, ".note.package", NULL) == 0))
		code = NOTE_OK;
	return code;
}

static int copy_of(const void *file, size_t size, void **out, size_t *out_size,
		   struct note_error *err)
{
	*out = malloc(size != 0 ? size : 1);
	if (*out == NULL)
		return error_system(err, "copy");
	memcpy(*out, file, size);
	*out_size = size;
	return NOTE_OK;
}

static int place(struct image *image, const uint8_t *note, const struct place_limits *limits,
		 uint8_t **out, size_t *out_size, struct note_error *err)
{
	struct layout layout;
	struct plan plan;
	uint8_t *longer = NULL;
	size_t longer_size;
	struct image *second = NULL;
	int code = place_read(&layout, image, err);
	if (code == NOTE_OK)
		code = place_plan(&layout, limits, &plan, err);
	else
		goto out;
	if (code == NOTE_UNSUPPORTED && image->ehdr.e_type == ET_EXEC &&
	    limits->size < FIRST_PAGE / 2) {
		code = place_prepend(&layout, &longer, &longer_size, err);
		const uint64_t headers = layout.headers.end;
		place_free(&layout);
		if (code == NOTE_OK)
			code = image_open_memory(&second, longer, longer_size, err);
		if (code == NOTE_OK)
			code = image_read_elf(second, err);
		if (code == NOTE_OK)
			code = place_read(&layout, second, err);
		if (code == NOTE_OK) {
			layout.kept.start = longer_size - image->size;
			layout.kept.end = layout.kept.start + headers;
			code = place_plan(&layout, limits, &plan, err);
		}
	}
	if (code == NOTE_OK)
		code = place_write(&layout, &plan, note, out, out_size, err);
out:
	place_free(&layout);
	image_close(second);
	free(longer);
	return code;
}

/* Replaces *IMAGE by one of the same file without its package notes, whose bytes *BARE holds. */
static int without_notes(struct image **image, uint8_t **bare, struct note_error *err)
{
	struct layout layout;
	struct image *second = NULL;
	int code = place_read(&layout, *image, err);
	if (code == NOTE_OK)
		code = place_remove(&layout, bare, err);
	if (code == NOTE_OK)
		code = image_open_memory(&second, *bare, (*image)->size, err);
	if (code == NOTE_OK)
		code = image_read_elf(second, err);
	place_free(&layout);
	if (code != NOTE_OK) {
		image_close(second);
		return code;
	}
	image_close(*image);
	*image = second;
	return NOTE_OK;
}

/* What is no ELF file may be a PE image. */
static int place_pe(struct image *image, const char *payload, bool replace, void **out,
		    size_t *out_size, struct note_error *err)
{
	struct pe pe;
	uint8_t *made = NULL;
	int code = pe_read(&pe, image, err);
	if (code == NOTE_ABSENT)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "neither an ELF file nor a PE image");
	if (code == NOTE_OK)
		code = pe_place(&pe, payload, replace, &made, out_size, err);
	*out = made;
	return code;
}

int note_place(const void *file, size_t size, const char *payload,
	       const struct note_place_options *options, void **out, size_t *out_size,
	       struct note_error *err)
{
	struct image *image = NULL;
	struct present present = {.payload = payload};
	uint8_t *bare = NULL;
	*out = NULL;
	*out_size = 0;
	int code = package_check(payload, err);
	if (code != NOTE_OK)
		return code;
	const bool replace = options != NULL && options->replace != 0;
	const bool outside = options != NULL && options->outside_first_page != 0;
	if (strlen(payload) >= (outside ? 1 << 20 : FIRST_PAGE))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "a payload of %zu bytes does not fit page one", strlen(payload));
	code = image_open_memory(&image, file, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_ABSENT) {
		code = place_pe(image, payload, replace, out, out_size, err);
		goto out;
	}
	if (code == NOTE_OK)
		code = look_for_notes(image, &present, err);
	if (code != NOTE_OK)
		goto out;
	if (present.count != 0 &&
	    (!replace || (present.count == 1 && present.same && (present.placed || outside)))) {
		code = copy_of(file, size, out, out_size, err);
		goto out;
	}
	if (present.count != 0) {
		code = without_notes(&image, &bare, err);
		if (code != NOTE_OK)
			goto out;
	}
	struct place_limits limits = {.limit = outside ? size + FIRST_PAGE : FIRST_PAGE};
	uint8_t *made = NULL;
	uint8_t *note = package_note(image, payload, &limits.size);
	code = note != NULL ? place(image, note, &limits, &made, out_size, err)
			    : error_system(err, "note");
	free(note);
	*out = made;
out:
	image_close(image);
	free(bare);
	return code;
}
