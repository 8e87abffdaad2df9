/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Room for the note in page one. It must lie beside the notes of a 4-aligned PT_NOTE, so that
 * this segment's new extent covers it. In this order:
 *  1. zero bytes that belong to nothing, right behind or right before those notes;
 *  2. such bytes elsewhere in page one, the notes moving there along (static executables, whose
 *     relocations stand behind the notes and must stay);
 *  3. the tables behind the notes moved into the padding after the first PT_LOAD's contents;
 *  4. all that stands behind the notes moved on by the note's size, where it is all tables.
 */
#include <string.h>

#include "error.h"
#include "note.h"
#include "place_internal.h"

/* What is being tried: one PT_NOTE, and the plan that grows. */
struct attempt {
	struct layout *layout;
	struct plan *plan;
	const GElf_Phdr *segment;
	struct range notes; /* of that segment, its end padded to 4 */
	uint64_t size;
};

static bool add_piece(struct plan *plan, struct range from, uint64_t to)
{
	if (plan->piece_count == PIECES_MAX)
		return false;
	plan->pieces[plan->piece_count++] = (struct piece){from, to};
	return true;
}

/* How far from OFFSET on the bytes are free and the first PT_LOAD holds them or may grow over
 * them. */
static uint64_t room_after(const struct layout *layout, uint64_t offset)
{
	return place_free_after(layout, offset, layout->load_limit);
}

/* The note's place, in page one; the first PT_LOAD grows where that ends behind its contents. */
static bool settle(struct attempt *attempt, uint64_t note, struct range notes)
{
	struct plan *plan = attempt->plan;
	if (note > FIRST_PAGE || attempt->size > FIRST_PAGE - note)
		return false;
	plan->note_offset = note;
	plan->note_size = attempt->size;
	plan->notes = notes;
	plan->segment = (size_t)(attempt->segment - attempt->layout->phdrs);
	if (plan->load_end < notes.end)
		plan->load_end = notes.end;
	return true;
}

/* 1. */
static bool beside(struct attempt *attempt)
{
	const struct range notes = attempt->notes;
	if (room_after(attempt->layout, notes.end) >= attempt->size &&
	    settle(attempt, notes.end, (struct range){notes.start, notes.end + attempt->size}))
		return true;
	return place_free_before(attempt->layout, notes.start) >= attempt->size &&
	       settle(attempt, notes.start - attempt->size,
		      (struct range){notes.start - attempt->size, notes.end});
}

/* Whether the notes mean the same elsewhere: those of GNU, FDO and Go do. Others may hold
 * distances to something, or be read by the program under a name of its own. */
static bool is_foreign(void *context, const struct elf_note *note)
{
	bool *foreign = context;
	if (strcmp(note->owner, "GNU") != 0 && strcmp(note->owner, NOTE_OWNER_FDO) != 0 &&
	    strcmp(note->owner, "Go") != 0)
		*foreign = true;
	return true;
}

static bool notes_may_move(const struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	bool foreign = false;
	if (elf_notes(layout->image, is_foreign, &foreign, NULL) != NOTE_OK || foreign)
		return false;
	for (uint64_t i = 0; i < layout->image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		if (phdr != layout->load && phdr != attempt->segment && phdr->p_filesz != 0 &&
		    range_meets(segment_range(phdr), attempt->notes))
			return false;
	}
	for (uint64_t i = 1; i < layout->image->shnum; i++) {
		const struct range section = section_range(&layout->shdrs[i]);
		if (section.start < section.end && range_meets(section, attempt->notes) &&
		    (!range_has(attempt->notes, section) || layout->shdrs[i].sh_type != SHT_NOTE))
			return false;
	}
	return true;
}

/* 2. */
static bool elsewhere(struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	const uint64_t length = attempt->notes.end - attempt->notes.start;
	uint64_t wanted;
	if (__builtin_add_overflow(length, attempt->size, &wanted) || wanted > FIRST_PAGE ||
	    !notes_may_move(attempt))
		return false;
	for (size_t i = 0; i < layout->owned_count; i++) {
		uint64_t start;
		if (layout->owned[i].end > layout->load->p_filesz ||
		    !align_up(layout->owned[i].end, layout->image->is_64 ? 8 : 4, &start) ||
		    start > FIRST_PAGE - wanted)
			continue;
		if (place_free_after(layout, layout->owned[i].end, layout->load_limit) <
		    start - layout->owned[i].end + wanted)
			continue;
		return add_piece(attempt->plan, attempt->notes, start) &&
		       settle(attempt, start + length, (struct range){start, start + wanted});
	}
	return false;
}

/* The first table at or behind OFFSET with nothing owned between; table_count if none is next. */
static size_t next_table(const struct layout *layout, uint64_t offset)
{
	for (size_t i = 0; i < layout->table_count; i++) {
		const struct range at = layout->tables[i].at;
		if (at.start >= offset)
			return place_is_owned(layout, (struct range){offset, at.start})
				       ? layout->table_count
				       : i;
	}
	return layout->table_count;
}

/* 3. */
static bool move_tables(struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	const uint64_t load_end = layout->load->p_filesz;
	const uint64_t note_end = attempt->notes.end + attempt->size;
	const uint64_t limit = load_end + room_after(layout, load_end);
	uint64_t freed = attempt->notes.end; /* free up to here */
	uint64_t to = load_end;
	while (freed < note_end) {
		const size_t i = next_table(layout, freed);
		if (i == layout->table_count)
			break;
		const struct range at = layout->tables[i].at;
		if (!align_up(to, layout->tables[i].alignment, &to) || at.end - at.start > limit ||
		    to > limit - (at.end - at.start) || !add_piece(attempt->plan, at, to))
			return false;
		to += at.end - at.start;
		freed = at.end;
	}
	/* Up to whatever stays there. */
	freed += place_free_after(layout, freed, freed < load_end ? load_end : freed);
	if (freed < note_end)
		return false;
	attempt->plan->load_end = to;
	return settle(attempt, attempt->notes.end, (struct range){attempt->notes.start, note_end});
}

/* 4. */
static bool shift_tables(struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	const uint64_t load_end = layout->load->p_filesz;
	uint64_t alignment = 4;
	uint64_t freed = attempt->notes.end;
	uint64_t first = UINT64_MAX;
	for (size_t i; (i = next_table(layout, freed)) < layout->table_count;) {
		if (first == UINT64_MAX)
			first = layout->tables[i].at.start;
		if (layout->tables[i].alignment > alignment)
			alignment = layout->tables[i].alignment;
		if (!add_piece(attempt->plan, layout->tables[i].at, 0))
			return false;
		freed = layout->tables[i].at.end;
	}
	uint64_t distance;
	if (first == UINT64_MAX || first - attempt->notes.end >= attempt->size ||
	    place_is_owned(layout, (struct range){freed, load_end}) ||
	    !align_up(attempt->size - (first - attempt->notes.end), alignment, &distance) ||
	    distance > room_after(layout, load_end))
		return false;
	for (size_t i = 0; i < attempt->plan->piece_count; i++)
		attempt->plan->pieces[i].to = attempt->plan->pieces[i].from.start + distance;
	attempt->plan->load_end = load_end + distance;
	return settle(attempt, attempt->notes.end,
		      (struct range){attempt->notes.start, attempt->notes.end + attempt->size});
}

/* A PT_NOTE of 4-byte alignment whose contents are loaded where its address says, and its end
 * padded to 4 where the bytes that takes are free. */
static bool usable(const struct layout *layout, const GElf_Phdr *phdr, struct range *notes)
{
	*notes = segment_range(phdr);
	if (phdr->p_type != PT_NOTE || phdr->p_align > 4 || phdr->p_filesz == 0 ||
	    phdr->p_filesz != phdr->p_memsz || notes->start % 4 != 0 ||
	    !range_has(segment_range(layout->load), *notes) ||
	    phdr->p_vaddr != layout->load->p_vaddr + notes->start || notes->end > FIRST_PAGE)
		return false;
	const uint64_t padding = (4 - notes->end % 4) % 4;
	if (padding != 0 && room_after(layout, notes->end) < padding)
		return false;
	notes->end += padding;
	return true;
}

static int no_room(const struct layout *layout, bool found, uint64_t size, struct note_error *err)
{
	if (!found)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "no 4-aligned PT_NOTE in page one that the note could join (a "
				 "new one is not made yet)");
	const uint64_t end = layout->load->p_filesz;
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			 "page one has no room for a note of %llu bytes: the padding after the "
			 "first PT_LOAD is %llu bytes (a new PT_LOAD is not made yet)",
			 (unsigned long long)size, (unsigned long long)room_after(layout, end));
}

int place_plan(struct layout *layout, uint64_t size, struct plan *plan, struct note_error *err)
{
	static bool (*const ways[])(struct attempt *) = {beside, elsewhere, move_tables,
							 shift_tables};
	bool found = false;
	if (layout->tables == NULL) {
		int code = place_tables(layout, err);
		if (code != NOTE_OK)
			return code;
	}
	for (size_t way = 0; way < sizeof(ways) / sizeof(ways[0]); way++)
		for (uint64_t i = 0; i < layout->image->phnum; i++) {
			struct attempt attempt = {.layout = layout,
						  .plan = plan,
						  .segment = &layout->phdrs[i],
						  .size = size};
			if (!usable(layout, attempt.segment, &attempt.notes))
				continue;
			found = true;
			memset(plan, 0, sizeof(*plan));
			plan->load_end = layout->load->p_filesz;
			if (ways[way](&attempt))
				return NOTE_OK;
		}
	return no_room(layout, found, size, err);
}
