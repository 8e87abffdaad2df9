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
#include "large.h"
#include "note.h"
#include "payload/payload.h"
#include "pe/pe.h"
#include "place/present.h"

static int copy_of(struct image *image, void **out, size_t *out_size, struct note_error *err)
{
	struct span whole;
	int code = image_whole(image, &whole, err);
	if (code != NOTE_OK)
		return code;
	*out = large_alloc(whole.size);
	if (*out == NULL)
		return error_system(err, "copy");
	memcpy(*out, whole.bytes, whole.size);
	*out_size = whole.size;
	return NOTE_OK;
}

/* Replaces *IMAGE by one of SIZE BYTES, which it does not own. */
static int reopen(struct image **image, const uint8_t *bytes, size_t size, struct note_error *err)
{
	struct image *second = NULL;
	int code = image_open_memory(&second, bytes, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(second, err);
	if (code != NOTE_OK) {
		image_close(second);
		return code;
	}
	image_close(*image);
	*image = second;
	return NOTE_OK;
}

/* Plans once more with a page before all else. *LONGER holds the bytes that *IMAGE is of then. */
static int plan_with_page(struct image **image, struct layout *layout, uint8_t **longer,
			  const struct place_limits *limits, struct plan *plan,
			  struct note_error *err)
{
	const uint64_t headers = layout->headers.end;
	const uint64_t size = (*image)->size;
	size_t longer_size;
	int code = place_prepend(layout, longer, &longer_size, err);
	place_free(layout);
	if (code == NOTE_OK)
		code = reopen(image, *longer, longer_size, err);
	if (code == NOTE_OK)
		code = place_read(layout, *image, err);
	if (code != NOTE_OK)
		return code;
	layout->kept.start = longer_size - size;
	layout->kept.end = layout->kept.start + headers;
	return place_plan(layout, limits, plan, err);
}

/* Puts NOTE (with PAYLOAD, NULL for a build-id) into the ELF file *IMAGE. */
static int place(struct image **image, const uint8_t *note, const char *payload,
		 const struct place_limits *limits, void **out, size_t *out_size,
		 struct note_error *err)
{
	struct layout layout;
	struct plan plan;
	uint8_t *longer = NULL, *made = NULL;
	int code = place_read(&layout, *image, err);
	if (code == NOTE_OK)
		code = place_plan(&layout, limits, &plan, err);
	if (code == NOTE_UNSUPPORTED && layout.headers.end != 0 && layout.owned_count != 0 &&
	    (*image)->ehdr.e_type == ET_EXEC && limits->size < FIRST_PAGE / 2)
		code = plan_with_page(image, &layout, &longer, limits, &plan, err);
	if (code == NOTE_OK)
		code = place_write(&layout, &plan, note, &made, out_size, err);
	if (code == NOTE_OK)
		code = place_judge(made, *out_size, payload, limits->limit, err);
	if (code == NOTE_OK)
		*out = made;
	else
		free(made);
	place_free(&layout);
	free(longer);
	return code;
}

/* Replaces *IMAGE by one of the same file without the notes GONE, whose bytes *BARE holds. */
static int without_notes(struct image **image, const struct placed_notes *gone, uint8_t **bare,
			 struct note_error *err)
{
	struct layout layout;
	int code = place_read(&layout, *image, err);
	if (code == NOTE_OK)
		code = place_remove(&layout, gone, bare, err);
	place_free(&layout);
	return code == NOTE_OK ? reopen(image, *bare, (*image)->size, err) : code;
}

/* What is no ELF file may be a PE image. */
static int place_pe(struct image *image, const char *payload, int existing, void **out,
		    size_t *out_size, struct note_error *err)
{
	struct pe pe;
	uint8_t *made = NULL;
	const char *there;
	size_t length;
	int code = pe_read(&pe, image, err);
	if (code == NOTE_ABSENT)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "neither an ELF file nor a PE image");
	if (code == NOTE_OK &&
	    (existing == NOTE_EXISTING_FAIL || existing == NOTE_EXISTING_FIRST) &&
	    pe_package(&pe, &there, &length, NULL, NULL) == NOTE_OK &&
	    (existing == NOTE_EXISTING_FAIL || length != strlen(payload) ||
	     memcmp(there, payload, length) != 0))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "it has a package note already%s",
				 existing == NOTE_EXISTING_FIRST
					 ? ", and a PE image has place for one: replace it"
					 : "");
	if (code == NOTE_OK)
		code = pe_place(&pe, payload, existing == NOTE_EXISTING_REPLACE, &made, out_size,
				err);
	*out = made;
	return code;
}

/* What is to be done about the notes that are there. */
struct task {
	bool done;                         /* nothing: the file is as it should be */
	const char *payload;               /* to be placed */
	const struct placed_notes *gone;   /* to be taken out before, or NULL */
	const struct placed_notes *others; /* that stay, or NULL */
};

static int decide(struct present *present, struct image *image, const char *payload, int existing,
		  struct task *task, struct note_error *err)
{
	int code = NOTE_OK;
	*task = (struct task){.payload = payload};
	if (present->all.count == 0)
		return NOTE_OK;
	switch (existing) {
	case NOTE_EXISTING_FAIL:
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "it has a package note already");
	case NOTE_EXISTING_REPLACE:
		task->done = present->all.count == 1 && present->wanted && present->placed;
		task->gone = &present->all;
		return NOTE_OK;
	case NOTE_EXISTING_FIRST:
		task->done = present->wanted && present->placed;
		break;
	case NOTE_EXISTING_KEEP:
		task->done = present->placed;
		task->payload = present->payload;
		break;
	default:
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "options: existing is %d",
				 existing);
	}
	if (!task->done)
		code = present_like(present, image, task->payload, err);
	task->gone = present->same.count != 0 ? &present->same : NULL;
	task->others = present->all.count > present->same.count ? &present->all : NULL;
	return code;
}

/* Those of ALL that stay, as the file without the others has them. */
static int find_others(struct image *image, struct present *rest, struct note_error *err)
{
	return present_find(rest, image, "", true, err);
}

static int place_package(struct image **image, const struct task *task, bool outside, void **out,
			 size_t *out_size, struct note_error *err)
{
	uint8_t *bare = NULL;
	uint8_t *note = NULL;
	struct present rest = {.payload = NULL};
	struct place_limits limits = {.limit = outside ? (*image)->size + FIRST_PAGE : FIRST_PAGE,
				      .section = ".note.package"};
	int code = NOTE_OK;
	if (strlen(task->payload) >= (outside ? 1 << 20 : FIRST_PAGE))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "a payload of %zu bytes does not fit page one",
				 strlen(task->payload));
	if (task->gone != NULL)
		code = without_notes(image, task->gone, &bare, err);
	if (code == NOTE_OK && task->others != NULL) {
		code = find_others(*image, &rest, err);
		limits.others = &rest.all;
	}
	if (code == NOTE_OK) {
		note = package_note(*image, task->payload, &limits.size);
		code = note != NULL ? place(image, note, task->payload, &limits, out, out_size, err)
				    : error_system(err, "note");
	}
	free(rest.payload);
	free(note);
	/* The image is of these bytes. */
	image_close(*image);
	*image = NULL;
	free(bare);
	return code;
}

int note_place(const void *file, size_t size, const char *payload,
	       const struct note_place_options *options, void **out, size_t *out_size,
	       struct note_error *err)
{
	const int existing = options != NULL ? options->existing : NOTE_EXISTING_KEEP;
	const bool outside = options != NULL && options->outside_first_page != 0;
	struct image *image = NULL;
	struct present present = {.payload = NULL};
	struct task task = {.done = false};
	*out = NULL;
	*out_size = 0;
	int code = package_check(payload, err);
	if (code != NOTE_OK)
		return code;
	code = image_open_memory(&image, file, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_ABSENT) {
		code = place_pe(image, payload, existing, out, out_size, err);
		goto out;
	}
	if (code == NOTE_OK)
		code = present_find(&present, image, payload, outside, err);
	if (code == NOTE_OK)
		code = decide(&present, image, payload, existing, &task, err);
	if (code == NOTE_OK)
		code = task.done ? copy_of(image, out, out_size, err)
				 : place_package(&image, &task, outside, out, out_size, err);
out:
	free(present.payload);
	image_close(image);
	return code;
}

/* Header, owner and ID, whose size is a multiple of 4. */
static uint8_t *build_id_note(const struct image *shape, const void *id, size_t id_size,
			      uint64_t *size)
{
	uint8_t *note = calloc(1, 16 + id_size);
	if (note == NULL)
		return NULL;
	struct output words = {.bytes = note, .size = 16 + id_size};
	output_u32(&words, 0, sizeof(ELF_NOTE_GNU), shape->is_big);
	output_u32(&words, 4, (uint32_t)id_size, shape->is_big);
	output_u32(&words, 8, NT_GNU_BUILD_ID, shape->is_big);
	output_copy(&words, 12, (struct span){(const uint8_t *)ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)});
	output_copy(&words, 16, (struct span){id, id_size});
	*size = words.size;
	return note;
}

int note_place_build_id(const void *file, size_t size, const void *id, size_t id_size, void **out,
			size_t *out_size, struct note_error *err)
{
	struct image *image = NULL;
	struct place_limits limits = {.limit = FIRST_PAGE, .section = ".note.gnu.build-id"};
	uint8_t *note = NULL;
	*out = NULL;
	*out_size = 0;
	if (id_size == 0 || id_size > 64 || id_size % 4 != 0)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "a build-id of %zu bytes",
				 id_size);
	int code = image_open_memory(&image, file, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_ABSENT)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not an ELF file");
	if (code != NOTE_OK)
		goto out;
	if (elf_build_id(image, NULL, NULL, NULL, NULL) == NOTE_OK) {
		code = copy_of(image, out, out_size, err);
		goto out;
	}
	note = build_id_note(image, id, id_size, &limits.size);
	code = note != NULL ? place(&image, note, NULL, &limits, out, out_size, err)
			    : error_system(err, "note");
out:
	free(note);
	image_close(image);
	return code;
}
