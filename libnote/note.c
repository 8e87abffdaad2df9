/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walking notes: see note.h for the format.
 *
 * Areas are walked in the order of the program headers, then the sections that no segment
 * covers. A byte is walked once, whatever areas overlap: what was walked is remembered as a
 * sorted list of ranges, so that the work is bounded by the size of the file.
 */
#include "note.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "sorted.h"

#define HEADER_SIZE 12

/* Far more than any sound file has; what is beyond would only cost time. */
#define MAX_AREAS 16384
#define MAX_BYTES (64u << 20)

/* Of areas up to this size all that was read is kept. Larger ones are walked through a window, and
 * only what has an owner or a value is kept: most of a sparse file reads as empty notes. */
#define MAX_KEPT    (1u << 20)
#define WINDOW_SIZE 65536

struct range {
	uint64_t start;
	uint64_t end;
};

struct walk {
	struct image *image;
	elf_note_visit *visit;
	void *context;
	struct note_error *err;
	int code; /* the first failure */
	bool stopped;
	struct range *walked; /* sorted, apart from each other */
	size_t walked_count;
	size_t walked_room;
	struct note_sections sections;
	uint64_t bytes;  /* of the areas so far */
	uint8_t *window; /* NULL until it is needed */
	uint64_t window_start;
	uint64_t window_size;
};

/* Only the first failure is kept: the ones after it are often its consequences. */
static void failed(struct walk *walk, int code, const struct note_error *err)
{
	if (walk->code != NOTE_OK)
		return;
	walk->code = code;
	if (walk->err != NULL)
		*walk->err = *err;
}

/* The number of walked ranges that start at or before OFFSET. */
static size_t ranges_before(const struct walk *walk, uint64_t offset)
{
	return FIRST_WHERE(i, walk->walked_count, walk->walked[i].start > offset);
}

/* Room for one more, before anything is visited: what could not be remembered would be visited
 * twice. */
static bool has_room(struct walk *walk, struct note_error *err)
{
	if (walk->walked_count < walk->walked_room)
		return true;
	size_t room = walk->walked_room == 0 ? 8 : 2 * walk->walked_room;
	struct range *grown = realloc(walk->walked, room * sizeof(*grown));
	if (grown == NULL) {
		failed(walk, error_system(err, "notes"), err);
		return false;
	}
	walk->walked = grown;
	walk->walked_room = room;
	return true;
}

static void remember(struct walk *walk, uint64_t start, uint64_t end)
{
	if (start == end)
		return;
	size_t at = ranges_before(walk, start);
	memmove(walk->walked + at + 1, walk->walked + at,
		(walk->walked_count - at) * sizeof(*walk->walked));
	walk->walked[at] = (struct range){start, end};
	walk->walked_count++;
}

/* Copies the LENGTH (at most 12) bytes at OFFSET to OUT. */
static int peek(struct walk *walk, uint64_t offset, size_t length, uint8_t *out,
		struct note_error *err)
{
	const uint64_t left = walk->image->size - offset; /* the area lies inside the file */
	if (walk->window == NULL || length > left)
		return image_copy(walk->image, offset, length, out, "note", err);
	if (offset < walk->window_start || length > walk->window_size ||
	    offset - walk->window_start > walk->window_size - length) {
		walk->window_start = offset;
		walk->window_size = left < WINDOW_SIZE ? left : WINDOW_SIZE;
		int code = image_copy(walk->image, offset, walk->window_size, walk->window, "note",
				      err);
		if (code != NOTE_OK) {
			walk->window_size = 0;
			return code;
		}
	}
	struct span part;
	const struct span window = {walk->window, walk->window_size};
	if (!span_part(window, offset - walk->window_start, length, &part))
		return error_set(err, NOTE_MALFORMED, offset, "note: header cut short");
	memcpy(out, part.bytes, length);
	return NOTE_OK;
}

/* True where the bytes from FROM up to TO (4 of them), both from the start of a note at OFFSET, are
 * there and not all 0: no padding, then. */
static bool is_content(struct walk *walk, uint64_t offset, uint64_t from, uint64_t to)
{
	uint8_t bytes[HEADER_SIZE];
	if (offset + from > walk->image->size ||
	    peek(walk, offset + from, to - from, bytes, NULL) != NOTE_OK)
		return false;
	for (uint64_t i = 0; i < to - from; i++)
		if (bytes[i] != 0)
			return true;
	return false;
}

/*
 * Where the descriptor starts, and the whole size, of a note at OFFSET. The sizes have 32 bits, the
 * sums 64: nothing can wrap.
 *
 * Some linkers (mold before 2.0) put notes padded to 4 into one segment of alignment 8 with
 * .note.gnu.property, padded to 8. So with alignment 8 a note that does not start at a multiple of
 * 8 from the segment's START, or has something where padding to 8 would be, is padded to 4.
 */
static uint64_t measure(struct walk *walk, uint64_t start, uint64_t offset, uint64_t name_size,
			uint64_t desc_size, uint64_t alignment, uint64_t *desc, uint64_t *size)
{
	uint64_t narrow;
	if (alignment == 8 && (offset - start) % 8 != 0)
		alignment = 4;
	align_up(HEADER_SIZE + name_size, 4, &narrow);
	align_up(HEADER_SIZE + name_size, alignment, desc);
	if (*desc != narrow && is_content(walk, offset, narrow, *desc)) {
		alignment = 4;
		*desc = narrow;
	}
	align_up(*desc + desc_size, 4, &narrow);
	align_up(*desc + desc_size, alignment, size);
	if (*size != narrow && is_content(walk, offset, narrow, *size)) {
		alignment = 4;
		*size = narrow;
	}
	return alignment;
}

/* Fills in owner and value of a note whose place and sizes are known. NAME takes an owner that has
 * no NUL of its own. */
static int read_contents(struct walk *walk, uint64_t name_size, struct elf_note *note,
			 char name[64], struct note_error *err)
{
	const uint64_t desc = note->desc_offset - note->offset;
	struct span whole, owner;
	note->owner = "";
	note->desc = (const uint8_t *)"";
	note->padding = (struct span){NULL, 0};
	if (name_size == 0 && note->desc_size == 0)
		return NOTE_OK;
	int code = image_span(walk->image, note->offset, note->size, "note", &whole, err);
	if (code != NOTE_OK)
		return code;
	const struct span value = span_rest(whole, desc);
	if (note->desc_size != 0)
		note->desc = value.bytes;
	note->padding = span_rest(value, note->desc_size);
	if (name_size == 0 || !span_part(whole, HEADER_SIZE, name_size, &owner))
		return NOTE_OK;
	note->owner = span_string(owner, 0);
	if (note->owner == NULL) {
		owner = span_first(owner, 63);
		memcpy(name, owner.bytes, owner.size);
		name[owner.size] = '\0';
		note->owner = name;
	}
	return NOTE_OK;
}

/* Reads the note at OFFSET, in an area from START to END. */
static int read_note(struct walk *walk, uint64_t start, uint64_t offset, uint64_t end,
		     uint64_t alignment, struct elf_note *note, char name[64],
		     struct note_error *err)
{
	uint8_t header[HEADER_SIZE];
	if (end - offset < HEADER_SIZE)
		return error_set(err, NOTE_MALFORMED, offset, "note: header cut short");
	int code = peek(walk, offset, HEADER_SIZE, header, err);
	if (code != NOTE_OK)
		return code;
	const struct span words = {header, sizeof(header)};
	const bool big = walk->image->is_big;
	const uint64_t name_size = span_u32(words, 0, big);
	const uint64_t desc_size = span_u32(words, 4, big);
	uint64_t desc, size;
	alignment = measure(walk, start, offset, name_size, desc_size, alignment, &desc, &size);
	if (desc_size == 0 && HEADER_SIZE + name_size <= end - offset && desc > end - offset)
		desc = end - offset;
	if (desc > end - offset || desc_size > end - offset - desc)
		return error_set(err, NOTE_MALFORMED, offset,
				 "note: %llu bytes of name and %llu of descriptor end after its "
				 "segment or section",
				 (unsigned long long)name_size, (unsigned long long)desc_size);
	if (size > end - offset) /* the padding of the last note may be left out */
		size = end - offset;
	note->type = span_u32(words, 8, big);
	note->offset = offset;
	note->size = size;
	note->desc_offset = offset + desc;
	note->desc_size = desc_size;
	note->alignment = alignment;
	return read_contents(walk, name_size, note, name, err);
}

/* What may be walked of the area [*START, *END): what was not walked before. False: nothing. */
static bool clip_area(struct walk *walk, uint64_t *start, uint64_t *end, struct note_error *err)
{
	if (walk->walked_count == MAX_AREAS || *end - *start > MAX_BYTES - walk->bytes) {
		failed(walk,
		       error_set(err, NOTE_UNSUPPORTED, *start,
				 "more than %u note segments and sections, or %u MiB of them",
				 MAX_AREAS, MAX_BYTES >> 20),
		       err);
		return false;
	}
	size_t next = ranges_before(walk, *start);
	if (next > 0 && walk->walked[next - 1].end > *start)
		*start = walk->walked[next - 1].end;
	if (next < walk->walked_count && walk->walked[next].start < *end)
		*end = walk->walked[next].start;
	if (*start >= *end)
		return false;
	walk->bytes += *end - *start;
	return true;
}

static bool prepare_window(struct walk *walk, uint64_t size, struct note_error *err)
{
	if (walk->window != NULL || walk->image->memory != NULL || size <= MAX_KEPT)
		return true;
	walk->window = malloc(WINDOW_SIZE);
	if (walk->window == NULL)
		failed(walk, error_system(err, "notes"), err);
	return walk->window != NULL;
}

/* Walks the part of an area that was not walked before. */
static void walk_area(struct walk *walk, uint64_t offset, uint64_t size, uint64_t alignment,
		      bool in_segment)
{
	struct note_error err = {0};
	struct elf_note note = {.in_segment = in_segment};
	char name[64];
	uint64_t end;
	if (__builtin_add_overflow(offset, size, &end) || end > walk->image->size) {
		failed(walk,
		       error_set(&err, NOTE_MALFORMED, offset,
				 "note segment or section ends after the file"),
		       &err);
		return;
	}
	const uint64_t start = offset;
	if (!clip_area(walk, &offset, &end, &err) || !prepare_window(walk, size, &err) ||
	    !has_room(walk, &err))
		return;
	const uint64_t from = offset;
	while (offset < end && !walk->stopped) {
		/* What a section of alignment 8 needed before it. */
		if (alignment == 8 && (offset - start) % 8 == 4 && end - offset > HEADER_SIZE &&
		    !is_content(walk, offset, 0, 4)) {
			offset += 4;
			continue;
		}
		/* A section knows its padding best: mold puts sections of both alignments into one
		 * segment. */
		const struct note_section *section = note_sections_at(&walk->sections, offset);
		int code = section != NULL ? read_note(walk, section->start, offset,
						       section->end < end ? section->end : end,
						       section->alignment, &note, name, &err)
					   : read_note(walk, start, offset, end, alignment, &note,
						       name, &err);
		if (code != NOTE_OK) {
			failed(walk, code, &err);
			break;
		}
		note.section = section != NULL ? section->index : 0;
		walk->stopped = !walk->visit(walk->context, &note);
		offset += note.size;
		/* The padding between two sections belongs to neither. */
		if (section != NULL && offset == section->end && end - offset >= 4)
			align_up(offset, 4, &offset);
	}
	remember(walk, from, offset > end ? end : offset);
}

int elf_notes(struct image *image, elf_note_visit *visit, void *context, struct note_error *err)
{
	struct walk walk = {.image = image, .visit = visit, .context = context, .err = err};
	struct note_error local = {0};
	GElf_Phdr phdr;
	uint64_t segments = 0;
	int code = note_sections_collect(&walk.sections, image, &local);
	if (code != NOTE_OK) {
		failed(&walk, code, &local);
		goto out;
	}
	for (uint64_t i = 0; i < image->phnum && !walk.stopped; i++) {
		code = image_phdr(image, i, &phdr, &local);
		if (code != NOTE_OK) {
			failed(&walk, code, &local);
			break;
		}
		if (phdr.p_type != PT_NOTE || phdr.p_filesz == 0)
			continue;
		if (segments++ < MAX_AREAS && note_sections_moved(&walk.sections, &phdr))
			continue;
		walk_area(&walk, phdr.p_offset, note_sections_extent(&walk.sections, &phdr),
			  phdr.p_align == 8 ? 8 : 4, true);
	}
	for (size_t i = 0; i < walk.sections.count && !walk.stopped; i++) {
		const struct note_section *section = &walk.sections.items[i];
		walk_area(&walk, section->start, section->end - section->start, section->alignment,
			  false);
	}
out:
	free(walk.window);
	free(walk.walked);
	note_sections_free(&walk.sections);
	return walk.code;
}

int elf_notes_in(struct image *image, uint64_t offset, uint64_t size, uint64_t alignment,
		 elf_note_visit *visit, void *context, struct note_error *err)
{
	struct walk walk = {.image = image, .visit = visit, .context = context, .err = err};
	walk_area(&walk, offset, size, alignment, true);
	free(walk.window);
	free(walk.walked);
	return walk.code;
}

struct search {
	uint32_t type;
	const char *owner;
	struct elf_note found;
	bool done;
};

static bool is_sought(void *context, const struct elf_note *note)
{
	struct search *search = context;
	if (note->type != search->type || strcmp(note->owner, search->owner) != 0 ||
	    note->desc_size == 0)
		return true;
	search->found = *note;
	search->done = true;
	return false;
}

static int find(struct image *image, struct search *search, const char *what,
		struct note_error *err)
{
	int code = elf_notes(image, is_sought, search, err);
	if (search->done)
		return NOTE_OK;
	return code != NOTE_OK ? code : error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no %s", what);
}

int elf_build_id(struct image *image, const uint8_t **id, size_t *size, uint64_t *offset,
		 struct note_error *err)
{
	struct search search = {.type = NT_GNU_BUILD_ID, .owner = ELF_NOTE_GNU};
	int code = find(image, &search, "build-id", err);
	if (code != NOTE_OK)
		return code;
	if (id != NULL)
		*id = search.found.desc;
	if (size != NULL)
		*size = search.found.desc_size;
	if (offset != NULL)
		*offset = search.found.desc_offset;
	return NOTE_OK;
}

int elf_package(struct image *image, const char **payload, size_t *length, uint64_t *offset,
		struct note_error *err)
{
	struct search search = {.type = NOTE_TYPE_PACKAGE, .owner = NOTE_OWNER_FDO};
	int code = find(image, &search, "package note", err);
	if (code != NOTE_OK)
		return code;
	const struct span text = {search.found.desc, search.found.desc_size};
	if (payload != NULL)
		*payload = (const char *)text.bytes;
	if (length != NULL)
		*length = span_length(text, 0);
	if (offset != NULL)
		*offset = search.found.desc_offset;
	return NOTE_OK;
}
