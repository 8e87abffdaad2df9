/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sections of notes: see note.h. A file may have as many of them as it has segments of
 * notes, and each is looked for by the other: both orders are sorted once.
 */
#include "note.h"

#include <stdlib.h>

#include "error.h"
#include "sorted.h"

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_offset(const void *a, const void *b)
{
	const struct note_section *one = a, *two = b;
	return one->start != two->start ? compare(one->start, two->start)
					: compare(one->index, two->index);
}

static int by_address(const void *a, const void *b)
{
	const struct note_address *one = a, *two = b;
	return one->address != two->address ? compare(one->address, two->address)
					    : compare(one->shift, two->shift);
}

static int sort_addresses(struct note_sections *sections, struct note_error *err)
{
	sections->addresses = calloc(sections->count + 1, sizeof(*sections->addresses));
	if (sections->addresses == NULL)
		return error_system(err, "note sections");
	for (size_t i = 0; i < sections->count; i++) {
		const struct note_section *section = &sections->items[i];
		if (section->address != 0)
			sections->addresses[sections->address_count++] = (struct note_address){
				section->address, section->start - section->address, 0};
	}
	const size_t count = sections->address_count;
	struct note_address *all = sections->addresses;
	qsort(all, count, sizeof(*all), by_address);
	for (size_t i = count; i-- > 0;)
		all[i].next =
			i + 1 < count && all[i].shift == all[i + 1].shift ? all[i + 1].next : i + 1;
	return NOTE_OK;
}

static bool grow(struct note_sections *out, size_t *room)
{
	if (out->count < *room)
		return true;
	const size_t wanted = *room == 0 ? 8 : 2 * *room;
	struct note_section *grown = realloc(out->items, wanted * sizeof(*grown));
	if (grown == NULL)
		return false;
	out->items = grown;
	*room = wanted;
	return true;
}

int note_sections_collect(struct note_sections *out, struct image *image, struct note_error *err)
{
	GElf_Shdr shdr;
	size_t room = 0;
	*out = (struct note_sections){0};
	if (image->shnum != 0 && image_shdr(image, 0, &shdr, err) != NOTE_OK)
		return image->phnum == 0 ? err->code : NOTE_OK;
	for (uint64_t i = 1; i < image->shnum; i++) {
		uint64_t end;
		if (image_section_type(image, i) != SHT_NOTE ||
		    image_shdr(image, i, &shdr, err) != NOTE_OK || shdr.sh_size == 0 ||
		    __builtin_add_overflow(shdr.sh_offset, shdr.sh_size, &end))
			continue;
		if (!grow(out, &room))
			return error_system(err, "note sections");
		out->items[out->count++] = (struct note_section){
			shdr.sh_offset,
			end,
			i,
			shdr.sh_addralign == 8 ? 8 : 4,
			shdr.sh_flags & SHF_ALLOC ? shdr.sh_addr : 0,
		};
	}
	if (out->count == 0)
		return NOTE_OK;
	qsort(out->items, out->count, sizeof(*out->items), by_offset);
	return sort_addresses(out, err);
}

void note_sections_free(struct note_sections *sections)
{
	free(sections->items);
	free(sections->addresses);
}

const struct note_section *note_sections_at(const struct note_sections *sections, uint64_t offset)
{
	const size_t before = FIRST_WHERE(i, sections->count, sections->items[i].start > offset);
	return before > 0 && offset < sections->items[before - 1].end ? &sections->items[before - 1]
								      : NULL;
}

bool note_sections_moved(const struct note_sections *sections, const GElf_Phdr *phdr)
{
	const struct note_address *all = sections->addresses;
	const size_t count = sections->address_count;
	size_t next = FIRST_WHERE(i, count, all[i].address >= phdr->p_vaddr);
	if (next < count && all[next].shift == phdr->p_offset - phdr->p_vaddr)
		next = all[next].next;
	return next < count && all[next].address - phdr->p_vaddr < phdr->p_filesz;
}

/* Notes of programs take less than a page, those of the kernel a few hundred kilobytes. */
#define LARGE_SEGMENT (1u << 20)

uint64_t note_sections_extent(const struct note_sections *sections, const GElf_Phdr *phdr)
{
	size_t low = 0, high = sections->count;
	if (phdr->p_filesz <= LARGE_SEGMENT)
		return phdr->p_filesz;
	while (low < high) { /* the last one that begins in it */
		size_t middle = (low + high) / 2;
		if (sections->items[middle].start < phdr->p_offset ||
		    sections->items[middle].start - phdr->p_offset < phdr->p_filesz)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || sections->items[low - 1].start < phdr->p_offset)
		return phdr->p_filesz;
	const uint64_t extent = sections->items[low - 1].end - phdr->p_offset;
	return extent < phdr->p_filesz ? extent : phdr->p_filesz;
}
