/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking package notes out of a file: the notes behind them in the same segment or section close
 * up, the segment and its sections become shorter, what is left over is zero. The place that is
 * free then is the first that place_plan() looks at.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "large.h"
#include "place/internal.h"

/* Where OFFSET of the notes in AREA goes. */
static uint64_t closed_up(const struct placed_notes *gone, struct range area, uint64_t offset)
{
	uint64_t less = 0;
	for (size_t i = 0; i < gone->count; i++) {
		const struct range note = gone->at[i];
		if (note.start >= area.start && note.end <= area.end && note.start < offset)
			less += (note.end < offset ? note.end : offset) - note.start;
	}
	return offset - less;
}

/* The areas that lose notes, each once. */
struct areas {
	struct range at[NOTES_MAX];
	size_t count;
};

/* The area of RANGE: that of the first PT_NOTE that holds it, else of a section of notes, else its
 * own bytes. */
static struct range area_of(const struct layout *layout, struct range range)
{
	for (uint64_t i = 0; i < layout->image->phnum; i++)
		if (layout->phdrs[i].p_type == PT_NOTE &&
		    range_has(segment_range(&layout->phdrs[i]), range))
			return segment_range(&layout->phdrs[i]);
	for (uint64_t i = 1; i < layout->image->shnum; i++)
		if (layout->shdrs[i].sh_type == SHT_NOTE &&
		    range_has(section_range(&layout->shdrs[i]), range))
			return section_range(&layout->shdrs[i]);
	return range;
}

static void find_areas(const struct layout *layout, const struct placed_notes *gone,
		       struct areas *areas)
{
	for (size_t i = 0; i < gone->count; i++) {
		bool known = false;
		for (size_t k = 0; k < areas->count; k++)
			known = known || range_has(areas->at[k], gone->at[i]);
		if (!known)
			areas->at[areas->count++] = area_of(layout, gone->at[i]);
	}
}

/* The area that RANGE lies in, NULL where that loses nothing. */
static const struct range *losing(const struct areas *areas, struct range range)
{
	for (size_t i = 0; i < areas->count; i++)
		if (range_has(areas->at[i], range))
			return &areas->at[i];
	return NULL;
}

/* Each segment and section that is not notes alone, or reaches over the area's end, forbids it. */
static int check_area(const struct layout *layout, struct range area, struct note_error *err)
{
	for (uint64_t i = 0; i < layout->image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		const struct range other = segment_range(phdr);
		if (phdr->p_type == PT_LOAD || other.start == other.end ||
		    !range_meets(other, area) ||
		    (other.start == area.start && other.end == area.end && phdr->p_type == PT_NOTE))
			continue;
		return error_set(err, NOTE_UNSUPPORTED, other.start,
				 "the note to replace shares its bytes with another segment");
	}
	for (uint64_t i = 1; i < layout->image->shnum; i++) {
		const GElf_Shdr *shdr = &layout->shdrs[i];
		const struct range other = section_range(shdr);
		if (other.start == other.end || !range_meets(other, area))
			continue;
		if (shdr->sh_type != SHT_NOTE || !range_has(area, other))
			return error_set(err, NOTE_UNSUPPORTED, other.start,
					 "the note to replace shares its bytes with section %llu",
					 (unsigned long long)i);
	}
	return NOTE_OK;
}

static int close_area(const struct layout *layout, const struct placed_notes *gone,
		      struct range area, struct output *file, struct note_error *err)
{
	struct span old;
	int code = image_span(layout->image, area.start, area.end - area.start, "notes", &old, err);
	if (code == NOTE_OK)
		code = check_area(layout, area, err);
	if (code != NOTE_OK)
		return code;
	uint64_t to = area.start;
	uint64_t from = area.start;
	output_fill(file, area.start, area.end - area.start, 0);
	for (size_t i = 0; i <= gone->count; i++) {
		const bool last = i == gone->count;
		if (!last && !range_has(area, gone->at[i]))
			continue;
		const uint64_t end = last ? area.end : gone->at[i].start;
		struct span part;
		if (span_part(old, from - area.start, end - from, &part))
			output_copy(file, to, part);
		to += end - from;
		from = last ? end : gone->at[i].end;
	}
	return NOTE_OK;
}

/* A symbol in a section of notes that closed up. */
static void close_symbols(const struct layout *layout, const struct placed_notes *gone,
			  const struct areas *areas, const GElf_Shdr *table, struct output *file)
{
	const struct image *image = layout->image;
	const bool wide = image->is_64, big = image->is_big;
	const size_t size = wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	const size_t section = wide ? offsetof(Elf64_Sym, st_shndx) : offsetof(Elf32_Sym, st_shndx);
	const size_t place = wide ? offsetof(Elf64_Sym, st_value) : offsetof(Elf32_Sym, st_value);
	const struct span made = output_span(file);
	uint64_t at = table->sh_offset;
	for (uint64_t i = 0; i < table->sh_size / size; i++, at += size) {
		const uint16_t index = span_u16(made, at + section, big);
		if (index == SHN_UNDEF || index >= image->shnum ||
		    layout->shdrs[index].sh_type != SHT_NOTE)
			continue;
		const GElf_Shdr *shdr = &layout->shdrs[index];
		const struct range *area = losing(areas, section_range(shdr));
		const uint64_t value = span_word(made, at + place, wide, big);
		const uint64_t offset = value - shdr->sh_addr + shdr->sh_offset;
		if (area != NULL && offset >= area->start && offset <= area->end)
			output_word(file, at + place,
				    value - (offset - closed_up(gone, *area, offset)), wide, big);
	}
}

static int shorten_headers(const struct layout *layout, const struct placed_notes *gone,
			   const struct areas *areas, struct output *file, struct note_error *err)
{
	struct image *image = layout->image;
	const GElf_Ehdr *ehdr = &image->ehdr;
	int code = NOTE_OK;
	for (uint64_t i = 0; i < image->phnum && code == NOTE_OK; i++) {
		GElf_Phdr phdr = layout->phdrs[i];
		const struct range area = segment_range(&phdr);
		uint8_t *p =
			output_at(file, ehdr->e_phoff + i * ehdr->e_phentsize, ehdr->e_phentsize);
		if (phdr.p_type != PT_NOTE || losing(areas, area) == NULL || p == NULL)
			continue;
		phdr.p_filesz = phdr.p_memsz = closed_up(gone, area, area.end) - area.start;
		code = image_put_phdr(image, p, &phdr, err);
	}
	for (uint64_t i = 1; i < image->shnum && code == NOTE_OK; i++) {
		GElf_Shdr shdr = layout->shdrs[i];
		const struct range section = section_range(&shdr);
		const struct range *area = losing(areas, section);
		uint8_t *p =
			output_at(file, ehdr->e_shoff + i * ehdr->e_shentsize, ehdr->e_shentsize);
		if (shdr.sh_type != SHT_NOTE || section.start == section.end || area == NULL ||
		    p == NULL)
			continue;
		const uint64_t start = closed_up(gone, *area, section.start);
		shdr.sh_size = closed_up(gone, *area, section.end) - start;
		shdr.sh_addr -= (shdr.sh_flags & SHF_ALLOC) != 0 ? section.start - start : 0;
		shdr.sh_offset = start;
		code = image_put_shdr(image, p, &shdr, err);
	}
	return code;
}

int place_remove(const struct layout *layout, const struct placed_notes *gone, uint8_t **out,
		 struct note_error *err)
{
	struct image *image = layout->image;
	struct areas areas = {.count = 0};
	struct span old;
	int code = image_whole(image, &old, err);
	if (code != NOTE_OK)
		return code;
	struct output file = {.bytes = large_alloc(old.size), .size = old.size};
	if (file.bytes == NULL)
		return error_system(err, "new file");
	output_copy(&file, 0, old);
	find_areas(layout, gone, &areas);
	for (uint64_t i = 1; i < image->shnum; i++)
		if (layout->shdrs[i].sh_type == SHT_SYMTAB)
			close_symbols(layout, gone, &areas, &layout->shdrs[i], &file);
	code = shorten_headers(layout, gone, &areas, &file, err);
	for (size_t i = 0; i < areas.count && code == NOTE_OK; i++)
		code = close_area(layout, gone, areas.at[i], &file, err);
	if (code == NOTE_OK && file.missed)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "headers of the file contradict each other");
	if (code == NOTE_OK)
		*out = file.bytes;
	else
		free(file.bytes);
	return code;
}
