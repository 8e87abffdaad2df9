/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which bytes belong to what: headers, sections, segments, and what dynamic tags and the entry
 * point point at. What belongs to nothing is room, whatever stands there.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "place/internal.h"
#include "sorted.h"

static int by_start(const void *a, const void *b)
{
	const struct range *left = a;
	const struct range *right = b;
	if (left->start != right->start)
		return left->start < right->start ? -1 : 1;
	return left->end < right->end ? -1 : left->end > right->end;
}

static void own(struct layout *layout, uint64_t start, uint64_t size)
{
	if (size != 0)
		layout->owned[layout->owned_count++] = (struct range){start, start + size};
}

bool place_is_stale(const struct layout *layout, const GElf_Phdr *phdr)
{
	return phdr->p_type == PT_GNU_PROPERTY && range_meets(segment_range(phdr), layout->headers);
}

static void own_headers(struct layout *layout)
{
	const struct image *image = layout->image;
	own(layout, 0, image->ehdr.e_ehsize);
	own(layout, image->ehdr.e_phoff, image->phnum * image->ehdr.e_phentsize);
	if (image->shnum != 0)
		own(layout, image->ehdr.e_shoff, image->shnum * image->ehdr.e_shentsize);
	for (uint64_t i = 0; i < image->shnum; i++) {
		const struct range range = section_range(&layout->shdrs[i]);
		own(layout, range.start, range.end - range.start);
	}
	/* What of the first PT_LOAD no section covers is free, unless no section header is left to
	 * tell. */
	for (uint64_t i = 0; i < image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		if ((phdr != layout->load || image->shnum == 0) && !place_is_stale(layout, phdr))
			own(layout, phdr->p_offset, phdr->p_filesz);
	}
	if (layout->has_rest)
		own(layout, layout->rest.p_offset, layout->rest.p_filesz);
}

/* Sorts what is owned, and makes of it what is taken. */
static void merge(struct layout *layout)
{
	size_t count = 0;
	qsort(layout->owned, layout->owned_count, sizeof(*layout->owned), by_start);
	for (size_t i = 0; i < layout->owned_count; i++) {
		const struct range next = layout->owned[i];
		struct range *last = count != 0 ? &layout->taken[count - 1] : NULL;
		if (last == NULL || next.start > last->end)
			layout->taken[count++] = next;
		else if (next.end > last->end)
			last->end = next.end;
	}
	layout->taken_count = count;
}

/* The first that ends behind OFFSET; taken_count for none. */
static size_t taken_behind(const struct layout *layout, uint64_t offset)
{
	return FIRST_WHERE(i, layout->taken_count, layout->taken[i].end > offset);
}

/* Something is at ADDRESS: where no section says how far it goes, it goes on to the next. */
static void own_address(struct layout *layout, uint64_t address)
{
	const uint64_t offset = address - layout->load->p_vaddr;
	if (address < layout->load->p_vaddr || offset >= layout->load->p_filesz)
		return;
	const size_t next = taken_behind(layout, offset);
	const uint64_t limit =
		next < layout->taken_count ? layout->taken[next].start : layout->load->p_filesz;
	if (offset < limit)
		own(layout, offset, limit - offset);
}

int place_own(struct layout *layout, struct note_error *err)
{
	const struct image *image = layout->image;
	const size_t most = 6 + image->phnum + image->shnum + layout->dynamic_count;
	layout->owned = calloc(most, sizeof(*layout->owned));
	layout->taken = calloc(most, sizeof(*layout->taken));
	if (layout->owned == NULL || layout->taken == NULL)
		return error_system(err, "layout");
	own_headers(layout);
	merge(layout);
	own_address(layout, image->ehdr.e_entry);
	for (size_t i = 0; i < layout->dynamic_count; i++)
		if (place_tag_is_address(image->ehdr.e_machine, layout->dynamic[i].d_tag))
			own_address(layout, layout->dynamic[i].d_un.d_ptr);
	merge(layout);
	return NOTE_OK;
}

static bool is_owned(const struct layout *layout, struct range range)
{
	const size_t next = taken_behind(layout, range.start);
	return next < layout->taken_count && layout->taken[next].start < range.end;
}

/* The bytes of RANGE, which may reach behind the file's end. */
static struct span bytes_of(const struct layout *layout, struct range range)
{
	struct span whole, part = {0};
	if (image_whole(layout->image, &whole, NULL) == NOTE_OK)
		span_part(whole, range.start, range.end - range.start, &part);
	return part;
}

bool place_is_dead(const struct layout *layout, struct range range)
{
	if (range.end <= range.start)
		return true;
	if (range.end > layout->image->size)
		return false;
	/* The padding between two tables, where no section tells. */
	if (layout->image->shnum == 0)
		return range.end - range.start < 8 && span_is_zero(bytes_of(layout, range));
	return !is_owned(layout, range);
}

uint64_t place_free_after(const struct layout *layout, uint64_t offset, uint64_t limit)
{
	const size_t next = taken_behind(layout, offset);
	const bool inside = next < layout->taken_count;
	if (limit > layout->image->size)
		limit = layout->image->size;
	if (inside && layout->taken[next].start < limit)
		limit = layout->taken[next].start;
	if (limit <= offset)
		return 0;
	if (inside && layout->image->shnum != 0)
		return limit - offset;
	const struct span bytes = bytes_of(layout, (struct range){offset, limit});
	uint64_t free = 0;
	while (free < bytes.size && span_u8(bytes, free) == 0)
		free++;
	return free;
}

uint64_t place_free_before(const struct layout *layout, uint64_t offset)
{
	size_t next = taken_behind(layout, offset);
	if (offset == 0 || (next < layout->taken_count && layout->taken[next].start < offset))
		return 0;
	const uint64_t limit = next > 0 ? layout->taken[next - 1].end : 0;
	return layout->image->shnum != 0 ? offset - limit : 0;
}

/* --- where the file ends --- */

uint64_t place_image_end(const struct layout *layout)
{
	const uint64_t end =
		layout->taken_count != 0 ? layout->taken[layout->taken_count - 1].end : 0;
	return end > layout->load->p_filesz ? end : layout->load->p_filesz;
}

/* Whether A and B are all that reaches beyond FROM. */
static bool is_last(const struct layout *layout, struct range a, struct range b, uint64_t from)
{
	for (size_t i = 0; i < layout->owned_count; i++) {
		const struct range owned = layout->owned[i];
		const bool mine = (owned.start == a.start && owned.end == a.end) ||
				  (owned.start == b.start && owned.end == b.end);
		if (!mine && owned.end > from)
			return false;
	}
	return layout->load->p_filesz <= from;
}

uint64_t place_tail(const struct layout *layout)
{
	const struct image *image = layout->image;
	const struct range headers = {image->ehdr.e_shoff,
				      image->ehdr.e_shoff + image->shnum * image->ehdr.e_shentsize};
	if (image->shnum == 0 || headers.end != image->size || image->shstrndx >= image->shnum)
		return image->size;
	const struct range names = section_range(&layout->shdrs[image->shstrndx]);
	/* Only padding stands between them. */
	if (names.end <= headers.start && headers.start - names.end < 64 &&
	    is_last(layout, headers, names, names.start))
		return names.start;
	return is_last(layout, headers, headers, headers.start) ? headers.start : image->size;
}
