/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The notes that are there already: whether one more can follow them, whether they may move.
 * Sections are gone by where there are any: mold up to 1.11 puts notes of both alignments into one
 * PT_NOTE, which by its own alignment cannot be read.
 */
#include <string.h>

#include "error.h"
#include "place/internal.h"

#define HEADER_SIZE 12

/* Walks the notes of RANGE; false where they do not fill it. With KNOWN, all must have an owner
 * whose notes mean the same elsewhere. Other notes may hold distances to something, or be read by
 * the program under a name of its own. */
static bool walk(const struct layout *layout, struct range range, uint64_t alignment, bool known)
{
	struct image *image = layout->image;
	uint64_t offset = range.start;
	while (offset < range.end) {
		struct span header, name;
		if (range.end - offset < HEADER_SIZE ||
		    image_span(image, offset, HEADER_SIZE, "note", &header, NULL) != NOTE_OK)
			return false;
		const uint64_t name_size = span_u32(header, 0, image->is_big);
		const uint64_t desc_size = span_u32(header, 4, image->is_big);
		uint64_t size;
		/* 32-bit sizes in 64-bit sums: nothing can wrap. */
		align_up(HEADER_SIZE + name_size, alignment, &size);
		align_up(size + desc_size, alignment, &size);
		if (HEADER_SIZE + name_size + desc_size > range.end - offset)
			return false;
		if (known && (image_span(image, offset + HEADER_SIZE, name_size, "note", &name,
					 NULL) != NOTE_OK ||
			      name_size != 4 ||
			      !(span_equal(name, 0, "GNU", 4) || span_equal(name, 0, "FDO", 4) ||
				span_equal(name, 0, "Go\0", 4))))
			return false;
		/* The last one's padding may be left out. */
		offset += size < range.end - offset ? size : range.end - offset;
	}
	return true;
}

uint64_t place_room_after(const struct layout *layout, uint64_t offset)
{
	return place_free_after(layout, offset, layout->load->p_filesz + layout->growth);
}

bool place_segment_fits(const struct layout *layout, size_t index, struct range *notes)
{
	const GElf_Phdr *phdr = &layout->phdrs[index];
	*notes = segment_range(phdr);
	if (phdr->p_type != PT_NOTE || phdr->p_align > 4 || phdr->p_filesz != phdr->p_memsz ||
	    notes->start % 4 != 0 || notes->start < layout->image->ehdr.e_ehsize ||
	    !range_has(segment_range(layout->load), *notes) ||
	    phdr->p_vaddr != layout->load->p_vaddr + notes->start)
		return false;
	/* An empty one is what place_remove() has left of a segment for the note alone. */
	const uint64_t padding = (4 - notes->end % 4) % 4;
	if (padding != 0 && place_room_after(layout, notes->end) < padding)
		return false;
	notes->end += padding;
	return walk(layout, *notes, 4, false);
}

/* Linkers put three or four side by side; a hostile file has thousands. */
#define ROUNDS_MAX 16

bool place_new_segment(const struct layout *layout, uint64_t *start)
{
	uint64_t end = layout->headers.end;
	size_t rounds = 0;
	for (bool more = true; more && rounds < ROUNDS_MAX; rounds++) {
		more = false;
		for (uint64_t i = 0; i < layout->image->phnum; i++) {
			const GElf_Phdr *phdr = &layout->phdrs[i];
			const struct range range = segment_range(phdr);
			if ((phdr->p_type == PT_NOTE || phdr->p_type == PT_INTERP) &&
			    range.start >= end && range.start < range.end &&
			    range.end <= FIRST_PAGE &&
			    place_is_dead(layout, (struct range){end, range.start})) {
				end = range.end;
				more = true;
			}
		}
	}
	return end <= FIRST_PAGE && align_up(end, 4, start);
}

static bool are_known(const struct layout *layout, struct range range, uint64_t alignment)
{
	return walk(layout, range, alignment == 8 ? 8 : 4, true);
}

/* Marks the bytes of PART that lie in RANGE. */
static void cover(uint8_t *covered, struct range range, struct range part)
{
	const uint64_t start = part.start > range.start ? part.start : range.start;
	const uint64_t end = part.end < range.end ? part.end : range.end;
	for (uint64_t at = start; at < end; at++)
		covered[at - range.start] = 1;
}

/* Whether all of RANGE that is not COVERED is zero. */
static bool rest_is_zero(const struct layout *layout, const uint8_t *covered, struct range range)
{
	struct span bytes;
	if (image_span(layout->image, range.start, range.end - range.start, "notes", &bytes,
		       NULL) != NOTE_OK)
		return false;
	for (uint64_t i = 0; i < bytes.size; i++)
		if (span_u8(bytes, i) != 0 && !covered[i])
			return false;
	return true;
}

static bool is_interpreter(const struct layout *layout, struct range section)
{
	for (uint64_t i = 0; i < layout->image->phnum; i++)
		if (layout->phdrs[i].p_type == PT_INTERP &&
		    layout->phdrs[i].p_offset == section.start &&
		    range_has(segment_range(&layout->phdrs[i]), section))
			return true;
	return false;
}

bool place_may_move(const struct layout *layout, struct range range)
{
	uint8_t covered[FIRST_PAGE] = {0};
	if (range.start > range.end || range.end - range.start > FIRST_PAGE)
		return false;
	for (uint64_t i = 0; i < layout->image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		const struct range segment = segment_range(phdr);
		if (phdr == layout->load || segment.start == segment.end ||
		    place_is_stale(layout, phdr) || !range_meets(segment, range))
			continue;
		const bool notes = phdr->p_type == PT_NOTE && layout->image->shnum == 0;
		if (notes && !are_known(layout, segment, phdr->p_align))
			return false;
		if (!range_has(range, segment) ||
		    (phdr->p_type != PT_NOTE && phdr->p_type != PT_INTERP &&
		     phdr->p_type != PT_GNU_PROPERTY))
			return false;
		cover(covered, range, segment);
	}
	for (uint64_t i = 1; i < layout->image->shnum; i++) {
		const GElf_Shdr *shdr = &layout->shdrs[i];
		const struct range section = section_range(shdr);
		if (section.start == section.end || !range_meets(section, range))
			continue;
		if (!range_has(range, section))
			return false;
		if (shdr->sh_type == SHT_NOTE ? !are_known(layout, section, shdr->sh_addralign)
					      : !is_interpreter(layout, section))
			return false;
		cover(covered, range, section);
	}
	return rest_is_zero(layout, covered, range);
}
