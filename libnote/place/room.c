/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Room for the note in page one. It must lie beside the notes of a 4-aligned PT_NOTE, so that
 * this segment's new extent covers it. In this order:
 *  1. zero bytes that belong to nothing, right behind or right before those notes;
 *  2. such bytes elsewhere in page one, the notes moving there along (static executables, whose
 *     relocations stand behind the notes and must stay);
 *  3. the tables behind the notes moved into the padding after the first PT_LOAD's contents;
 *  4. all that stands behind the notes moved on by the note's size, where it is all tables;
 *  5. the tables moved into the padding after another read-only PT_LOAD;
 *  6. the tables moved into a new PT_LOAD. Its program header needs room too: .interp and the
 *     notes move on by one entry. The table itself stays where it is, since Linux before 5.18
 *     computed AT_PHDR from e_phoff.
 * Where something else stands behind the notes (.dynamic on MIPS), they move to where a table was.
 * A file without such a PT_NOTE gets one in the same way.
 *
 * Where the note has to be the first of its kind, it goes before the notes of its PT_NOTE rather
 * than behind them, and that segment before the others in the table.
 */
#include <string.h>

#include "error.h"
#include "place/internal.h"

/* What is being tried: one PT_NOTE, and the plan that grows. */
struct attempt {
	struct layout *layout;
	struct plan *plan;
	size_t segment;     /* index of the PT_NOTE; phnum for a new one */
	struct range notes; /* of that segment, its end padded to 4; empty for a new one */
	uint64_t size;
	uint64_t limit;
	const struct placed_notes *others; /* to be before them; or NULL */
	bool before;    /* one of them is in this segment: the note goes before its notes */
	uint64_t shift; /* how far the notes move on, with what stands before them */
	uint64_t freed; /* room is made from here on: the end of the notes, or the start of a table
			 */
	uint64_t from;  /* the same, aligned */
	bool moving;    /* ... where the notes move to */
};

static bool add_piece(struct plan *plan, struct range from, uint64_t to, uint64_t distance)
{
	if (plan->piece_count == PIECES_MAX)
		return false;
	plan->pieces[plan->piece_count++] = (struct piece){from, to, distance};
	return true;
}

static uint64_t load_end(const struct layout *layout)
{
	return layout->load->p_filesz;
}

/* The note goes to NOTE, its PT_NOTE covers NOTES then; the first PT_LOAD grows where that ends
 * behind its contents. */
static bool settle(struct attempt *attempt, uint64_t note, struct range notes)
{
	struct plan *plan = attempt->plan;
	if (note > attempt->limit || attempt->size > attempt->limit - note)
		return false;
	plan->note_offset = note;
	plan->note_size = attempt->size;
	plan->notes = notes;
	plan->segment = attempt->segment;
	if (plan->load_end < notes.end)
		plan->load_end = notes.end;
	return true;
}

/* How many bytes it takes from attempt->from on. */
static uint64_t wanted_size(const struct attempt *attempt)
{
	return attempt->size + attempt->shift +
	       (attempt->moving ? attempt->notes.end - attempt->notes.start : 0);
}

/* What stands before the notes moves on by attempt->shift, so that the program header table can
 * grow; and so do the notes, or by the note's size too where that goes before them. */
static bool shift_notes(struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	const struct range notes = attempt->notes;
	const uint64_t shift = attempt->shift;
	const uint64_t distance = shift + (attempt->before ? attempt->size : 0);
	struct range with = {layout->headers.end, notes.end};
	if (attempt->before) {
		const struct range rest = {layout->headers.end, notes.start};
		if (shift != 0 && rest.start < rest.end &&
		    !add_piece(attempt->plan, rest, rest.start + shift, shift))
			return false;
		with.start = notes.start;
	}
	return distance == 0 || with.start >= with.end ||
	       add_piece(attempt->plan, with, with.start + distance, distance);
}

/* Once that many are free. */
static bool settle_behind(struct attempt *attempt)
{
	const struct range notes = attempt->notes;
	const uint64_t length = notes.end - notes.start;
	const uint64_t start =
		attempt->moving ? attempt->from : notes.end - length + attempt->shift;
	const uint64_t to = start + (attempt->before ? attempt->size : 0);
	if (attempt->moving ? !add_piece(attempt->plan, notes, to, to - notes.start)
			    : !shift_notes(attempt))
		return false;
	return settle(attempt, attempt->before ? start : start + length,
		      (struct range){start, start + length + attempt->size});
}

/* Finds out how far to shift for ADDED more program headers; false where that cannot be. */
static bool plan_shift(struct attempt *attempt, size_t added)
{
	const struct layout *layout = attempt->layout;
	const struct range before = {layout->headers.end, attempt->notes.end};
	uint64_t alignment = layout->image->is_64 ? 8 : 4;
	attempt->shift = 0;
	/* Unused entries serve first (bfd leaves one on MIPS). */
	for (uint64_t i = 0; i < layout->image->phnum && added > 0; i++)
		added -= layout->phdrs[i].p_type == PT_NULL;
	if (added == 0)
		return true;
	/* The table can grow over what the notes leave. */
	if (attempt->moving)
		return place_is_dead(layout,
				     (struct range){layout->headers.end, attempt->notes.start}) &&
		       range_has(segment_range(layout->load), layout->headers) &&
		       layout->headers.end <= attempt->notes.end &&
		       attempt->notes.end - layout->headers.end >=
			       added * layout->image->ehdr.e_phentsize &&
		       layout->headers.end <= FIRST_PAGE;
	if (layout->headers.end > FIRST_PAGE || before.start > before.end ||
	    !range_has(segment_range(layout->load), layout->headers) ||
	    layout->image->phnum + added >= PN_XNUM || !place_may_move(layout, before))
		return false;
	for (uint64_t i = 1; i < layout->image->shnum; i++)
		if (range_meets(section_range(&layout->shdrs[i]), before) &&
		    layout->shdrs[i].sh_addralign > alignment)
			alignment = layout->shdrs[i].sh_addralign;
	return alignment <= 64 &&
	       align_up(added * layout->image->ehdr.e_phentsize, alignment, &attempt->shift);
}

/* --- the ways --- */

/* 1. */
static bool beside(struct attempt *attempt)
{
	const struct range notes = attempt->notes;
	if (place_room_after(attempt->layout, notes.end) >= attempt->size + attempt->shift &&
	    settle_behind(attempt))
		return true;
	return attempt->shift == 0 &&
	       place_free_before(attempt->layout, notes.start) >= attempt->size &&
	       notes.start >= attempt->size &&
	       settle(attempt, notes.start - attempt->size,
		      (struct range){notes.start - attempt->size, notes.end});
}

/* 2. */
static bool elsewhere(struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	const uint64_t length = attempt->notes.end - attempt->notes.start;
	const uint64_t wanted = length + attempt->size;
	const bool before = attempt->before;
	if (attempt->shift != 0 || !place_may_move(layout, attempt->notes))
		return false;
	for (size_t i = 0; i < layout->taken_count; i++) {
		const uint64_t end = layout->taken[i].end;
		uint64_t start;
		if (end > load_end(layout) || end >= attempt->limit)
			break;
		if (!align_up(end, layout->image->is_64 ? 8 : 4, &start) ||
		    place_room_after(layout, end) < start - end + wanted)
			continue;
		const uint64_t to = start + (before ? attempt->size : 0);
		attempt->plan->piece_count = 0;
		if (add_piece(attempt->plan, attempt->notes, to, to - attempt->notes.start) &&
		    settle(attempt, before ? start : start + length,
			   (struct range){start, start + wanted}))
			return true;
	}
	return false;
}

/* The first table at or behind OFFSET with nothing between; table_count if none is next. */
static size_t next_table(const struct layout *layout, uint64_t offset)
{
	for (size_t i = 0; i < layout->table_count; i++) {
		const struct range at = layout->tables[i].at;
		if (at.start >= offset)
			return place_is_dead(layout, (struct range){offset, at.start})
				       ? i
				       : layout->table_count;
	}
	return layout->table_count;
}

/* Where .dynsym moves, its header is not in the order of offsets (sections.c says why).
 * patchelf, which adds a program header for each note section and one more, clears sections out of
 * the way only up to the first that lies far off: these bytes should be free of others, then. */
static uint64_t spare_size(const struct layout *layout)
{
	uint64_t entries = 2; /* the new note's and the one more */
	for (uint64_t i = 1; i < layout->image->shnum; i++)
		entries += layout->shdrs[i].sh_type == SHT_NOTE;
	return entries * layout->image->ehdr.e_phentsize;
}

/* Moves as many tables as it takes from behind the notes to offset TO, up to LIMIT; an address
 * there is its offset plus BASE. *END is where they end. */
static bool move_tables(struct attempt *attempt, uint64_t to, uint64_t limit, uint64_t base,
			uint64_t *end)
{
	const struct layout *layout = attempt->layout;
	const uint64_t start = to;
	const uint64_t spare = layout->headers.end + attempt->shift + spare_size(layout);
	const uint64_t wanted = attempt->from + wanted_size(attempt);
	uint64_t desired = wanted;
	uint64_t freed = attempt->freed; /* free up to here */
	while (freed < desired) {
		const size_t i = next_table(layout, freed);
		if (i == layout->table_count)
			break;
		if (place_holds(layout, &layout->tables[i], DT_SYMTAB) && desired < spare)
			desired = spare;
		const struct table *table = &layout->tables[i];
		const uint64_t length = table->at.end - table->at.start;
		if (!align_up(to, table->alignment, &to) || to > limit || length > limit - to ||
		    !add_piece(attempt->plan, table->at, to,
			       to + base - layout->load->p_vaddr - table->at.start))
			return false;
		to += length;
		freed = table->at.end;
	}
	/* Up to whatever stays there; to the padding, unless that is where the tables go. */
	if (freed < load_end(layout))
		freed += place_free_after(layout, freed, load_end(layout));
	if (freed >= load_end(layout) && start != load_end(layout))
		freed += place_room_after(layout, freed);
	*end = to;
	return freed >= wanted && settle_behind(attempt);
}

/* 3. */
static bool into_padding(struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	const uint64_t end = load_end(layout);
	return move_tables(attempt, end, end + layout->growth, layout->load->p_vaddr,
			   &attempt->plan->load_end);
}

/* 4. */
static bool move_on(struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	struct plan *plan = attempt->plan;
	const uint64_t wanted = wanted_size(attempt);
	uint64_t alignment = 4;
	uint64_t freed = attempt->notes.end;
	uint64_t first = UINT64_MAX;
	for (size_t i; (i = next_table(layout, freed)) < layout->table_count;) {
		if (first == UINT64_MAX)
			first = layout->tables[i].at.start;
		if (layout->tables[i].alignment > alignment)
			alignment = layout->tables[i].alignment;
		if (!add_piece(plan, layout->tables[i].at, 0, 0))
			return false;
		freed = layout->tables[i].at.end;
	}
	uint64_t distance;
	if (first == UINT64_MAX || first - attempt->notes.end >= wanted ||
	    !place_is_dead(layout, (struct range){freed, load_end(layout)}) ||
	    !align_up(wanted - (first - attempt->notes.end), alignment, &distance) ||
	    distance > layout->growth)
		return false;
	for (size_t i = 0; i < plan->piece_count; i++) {
		plan->pieces[i].to = plan->pieces[i].from.start + distance;
		plan->pieces[i].distance = distance;
	}
	plan->load_end = load_end(layout) + distance;
	return settle_behind(attempt);
}

/* 5. */
static bool into_other_padding(struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	for (uint64_t i = 0; i < layout->image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		const uint64_t end = phdr->p_offset + phdr->p_filesz;
		if (phdr->p_type != PT_LOAD || phdr == layout->load || phdr->p_filesz == 0 ||
		    (phdr->p_flags != PF_R && phdr->p_flags != layout->load->p_flags) ||
		    (phdr->p_flags & PF_W) != 0 ||
		    (phdr->p_vaddr - phdr->p_offset) % FIRST_PAGE != 0)
			continue;
		attempt->plan->piece_count = 0;
		attempt->plan->grown = i;
		if (move_tables(attempt, end, end + place_growth(layout, phdr),
				phdr->p_vaddr - phdr->p_offset, &attempt->plan->grown_end))
			return true;
	}
	return false;
}

/* Tools that append to the data segment find address space behind it. */
static uint64_t gap_of(const struct layout *layout)
{
	return layout->image->is_64 ? (uint64_t)16 << 20 : 0;
}

/* 6. */
static bool into_new_segment(struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	struct plan *plan = attempt->plan;
	const uint64_t most = layout->image->is_64 ? UINT64_MAX : UINT32_MAX;
	uint64_t page = FIRST_PAGE;
	uint64_t address = 0;
	uint64_t start;
	uint64_t end;
	for (uint64_t i = 0; i < layout->image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		if (phdr->p_type != PT_LOAD)
			continue;
		if (phdr->p_align > page)
			page = phdr->p_align;
		if (phdr->p_vaddr + phdr->p_memsz > address)
			address = phdr->p_vaddr + phdr->p_memsz;
	}
	if (layout->has_rest && layout->rest.p_vaddr + layout->rest.p_memsz > address)
		address = layout->rest.p_vaddr + layout->rest.p_memsz;
	if (layout->appended || layout->extensible ||
	    __builtin_add_overflow(address, gap_of(layout), &address))
		return false;
	/* Offset and address agree within a page, so that the file needs no padding. The gap is for
	 * eu-elflint, which takes a relocated word to be as long as its symbol, and would see those
	 * at the end of writable data reach into the new segment. */
	if (!align_up(layout->tail, 64, &start) ||
	    __builtin_add_overflow(address, place_largest_symbol(layout), &address) ||
	    !align_up(address, page, &address) ||
	    __builtin_add_overflow(address, start % page, &address))
		return false;
	if (!move_tables(attempt, start, UINT64_MAX, address - start, &end) ||
	    address > most - (end - start))
		return false;
	plan->has_added = true;
	plan->added = (GElf_Phdr){.p_type = PT_LOAD,
				  .p_flags = PF_R,
				  .p_offset = start,
				  .p_vaddr = address,
				  .p_paddr = address,
				  .p_filesz = end - start,
				  .p_memsz = end - start,
				  .p_align = page};
	return true;
}

/* --- --- */

/* The candidate PT_NOTE number attempt->segment: false where it cannot take the note. */
static bool prepare(struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	const struct placed_notes *others = attempt->others;
	attempt->before = false;
	if (attempt->segment == layout->image->phnum) {
		if (!place_new_segment(layout, &attempt->notes.start))
			return false;
		attempt->notes.end = attempt->notes.start;
		return true;
	}
	if (!place_segment_fits(layout, attempt->segment, &attempt->notes))
		return false;
	for (size_t i = 0; others != NULL && i < others->count; i++)
		attempt->before = attempt->before || range_has(attempt->notes, others->at[i]);
	return !attempt->before || place_may_move(layout, attempt->notes);
}

static const struct {
	bool (*try)(struct attempt *);
	size_t added; /* program headers */
	bool moving;  /* can make room for the notes elsewhere, too */
} ways[] = {{beside, 0, false},  {elsewhere, 0, false},         {into_padding, 0, true},
	    {move_on, 0, false}, {into_other_padding, 0, true}, {into_new_segment, 1, true}};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static bool try_way(struct attempt *attempt, size_t way)
{
	struct layout *layout = attempt->layout;
	const bool is_new = attempt->segment == layout->image->phnum;
	memset(attempt->plan, 0, sizeof(*attempt->plan));
	attempt->plan->load_end = load_end(layout);
	attempt->plan->grown = layout->image->phnum;
	attempt->plan->leads = attempt->others != NULL;
	if ((is_new && ways[way].try == elsewhere) || !prepare(attempt))
		return false;
	if (!attempt->moving)
		attempt->from = attempt->freed = attempt->notes.end;
	else if (!ways[way].moving || !place_may_move(layout, attempt->notes))
		return false;
	const size_t added = ways[way].added + (is_new ? 1 : 0) + (layout->has_rest ? 1 : 0);
	return plan_shift(attempt, added) && ways[way].try(attempt);
}

/* Linkers make three at most; a hostile file has thousands. */
#define SEGMENTS_TRIED 8

/* Every way for every PT_NOTE that is there. */
static bool try_notes(struct attempt *attempt)
{
	const struct layout *layout = attempt->layout;
	size_t segments[SEGMENTS_TRIED], count = 0;
	struct range notes;
	for (size_t i = 0; i < layout->image->phnum && count < SEGMENTS_TRIED; i++)
		if (layout->phdrs[i].p_type == PT_NOTE && place_segment_fits(layout, i, &notes))
			segments[count++] = i;
	for (size_t way = 0; way < WAYS; way++)
		for (size_t i = 0; i < count; i++) {
			attempt->segment = segments[i];
			if (try_way(attempt, way))
				return true;
		}
	return false;
}

/* gold --rosegment maps page one twice: its headers with the code, the notes with the tables. */
static bool has_notes_elsewhere(const struct layout *layout)
{
	for (uint64_t i = 0; i < layout->image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		if (phdr->p_type == PT_NOTE && phdr->p_filesz != 0 && phdr->p_offset < FIRST_PAGE &&
		    phdr->p_offset >= layout->load->p_filesz)
			return true;
	}
	return false;
}

static int refuse(const struct layout *layout, const struct place_limits *limits,
		  struct note_error *err)
{
	if (has_notes_elsewhere(layout))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "the notes of page one are loaded by another segment than its "
				 "headers and code, behind which there is no room (gold "
				 "--rosegment lays files out so)");
	if (layout->writable != NULL)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "page one may be written to by the program, %s", layout->writable);
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			 "page one has no room for a note of %llu bytes, and %s",
			 (unsigned long long)limits->size,
			 layout->appended ? "bytes follow the ELF image, so that nothing can be "
					    "added to it"
			 : layout->extensible
				 ? "what bun appends would be lost behind what is added: stamp "
				   "what bun build --compile makes of it"
				 : "what stands there cannot be moved");
}

int place_plan(struct layout *layout, const struct place_limits *limits, struct plan *plan,
	       struct note_error *err)
{
	struct attempt attempt = {.layout = layout,
				  .plan = plan,
				  .size = limits->size,
				  .limit = limits->limit,
				  .others = limits->others};
	memset(plan, 0, sizeof(*plan));
	if (layout->writable != NULL)
		return refuse(layout, limits, err);
	if (layout->tables == NULL) {
		int code = place_tables(layout, err);
		if (code != NOTE_OK)
			return code;
	}
	bool found = try_notes(&attempt);
	attempt.moving = true;
	for (size_t i = 0; i < layout->table_count && !found; i++) {
		attempt.freed = layout->tables[i].at.start;
		found = align_up(attempt.freed, 4, &attempt.from) && attempt.from < attempt.limit &&
			try_notes(&attempt);
	}
	attempt.moving = false;
	attempt.segment = layout->image->phnum;
	for (size_t way = 0; way < WAYS && !found; way++)
		found = try_way(&attempt, way);
	plan->section = limits->section;
	return found ? NOTE_OK : refuse(layout, limits, err);
}
