/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking package notes out of a file: the notes behind them in the same segment or section close
 * up, the segment and its sections become shorter, what is left over is zero. The place that is
 * free then is the first that place_plan() looks at.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "note.h"
#include "place/internal.h"

#define GONE_MAX 64

/* The package notes, in the order of their offsets. */
struct gone {
	struct range notes[GONE_MAX];
	size_t count;
	bool too_many;
	bool overlap;
};

static bool collect(void *context, const struct elf_note *note)
{
	struct gone *gone = context;
	if (note->type != NOTE_TYPE_PACKAGE || strcmp(note->owner, NOTE_OWNER_FDO) != 0)
		return true;
	if (gone->count == GONE_MAX) {
		gone->too_many = true;
		return false;
	}
	for (size_t i = 0; i < gone->count; i++)
		if (gone->notes[i].start < note->offset + note->size &&
		    note->offset < gone->notes[i].end) {
			gone->overlap = true;
			return false;
		}
	size_t at = gone->count++;
	for (; at > 0 && gone->notes[at - 1].start > note->offset; at--)
		gone->notes[at] = gone->notes[at - 1];
	gone->notes[at] = (struct range){note->offset, note->offset + note->size};
	return true;
}

/* Where OFFSET of the notes in AREA goes. */
static uint64_t closed_up(const struct gone *gone, struct range area, uint64_t offset)
{
	uint64_t less = 0;
	for (size_t i = 0; i < gone->count; i++) {
		const struct range note = gone->notes[i];
		if (note.start >= area.start && note.end <= area.end && note.start < offset)
			less += (note.end < offset ? note.end : offset) - note.start;
	}
	return offset - less;
}

/* An area of notes: a PT_NOTE, or an SHT_NOTE section that none covers. False where nothing in it
 * goes. */
static bool loses(const struct gone *gone, struct range area)
{
	for (size_t i = 0; i < gone->count; i++)
		if (range_has(area, gone->notes[i]))
			return true;
	return false;
}

/* The area that RANGE lies in: that of a PT_NOTE, else RANGE itself. */
static struct range area_of(const struct layout *layout, struct range range)
{
	for (uint64_t i = 0; i < layout->image->phnum; i++)
		if (layout->phdrs[i].p_type == PT_NOTE &&
		    range_has(segment_range(&layout->phdrs[i]), range))
			return segment_range(&layout->phdrs[i]);
	return range;
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

static int close_area(const struct layout *layout, const struct gone *gone, struct range area,
		      uint8_t *file, struct note_error *err)
{
	const uint8_t *old =
		image_bytes(layout->image, area.start, area.end - area.start, "notes", err);
	int code = check_area(layout, area, err);
	if (old == NULL || code != NOTE_OK)
		return old == NULL ? NOTE_MALFORMED : code;
	uint64_t to = area.start;
	uint64_t from = area.start;
	memset(file + area.start, 0, area.end - area.start);
	for (size_t i = 0; i <= gone->count; i++) {
		const bool last = i == gone->count;
		if (!last && !range_has(area, gone->notes[i]))
			continue;
		const uint64_t end = last ? area.end : gone->notes[i].start;
		memcpy(file + to, old + (from - area.start), end - from);
		to += end - from;
		from = last ? end : gone->notes[i].end;
	}
	return NOTE_OK;
}

/* A symbol in a section of notes that closed up. */
static void close_symbols(const struct layout *layout, const struct gone *gone,
			  const GElf_Shdr *table, uint8_t *file)
{
	const struct image *image = layout->image;
	const size_t size = image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	uint8_t *p = file + table->sh_offset;
	for (uint64_t i = 0; i < table->sh_size / size; i++, p += size) {
		const uint16_t index =
			image_u16(image, p + (image->is_64 ? offsetof(Elf64_Sym, st_shndx)
							   : offsetof(Elf32_Sym, st_shndx)));
		if (index == SHN_UNDEF || index >= image->shnum ||
		    layout->shdrs[index].sh_type != SHT_NOTE)
			continue;
		const GElf_Shdr *shdr = &layout->shdrs[index];
		const struct range area = area_of(layout, section_range(shdr));
		uint8_t *at = p + (image->is_64 ? offsetof(Elf64_Sym, st_value)
						: offsetof(Elf32_Sym, st_value));
		const uint64_t value = image->is_64 ? image_u64(image, at) : image_u32(image, at);
		const uint64_t offset = value - shdr->sh_addr + shdr->sh_offset;
		if (!loses(gone, area) || offset < area.start || offset > area.end)
			continue;
		const uint64_t less = offset - closed_up(gone, area, offset);
		if (image->is_64)
			image_put64(image, at, value - less);
		else
			image_put32(image, at, (uint32_t)(value - less));
	}
}

static int shorten_headers(const struct layout *layout, const struct gone *gone, uint8_t *file,
			   struct note_error *err)
{
	struct image *image = layout->image;
	const GElf_Ehdr *ehdr = &image->ehdr;
	int code = NOTE_OK;
	for (uint64_t i = 0; i < image->phnum && code == NOTE_OK; i++) {
		GElf_Phdr phdr = layout->phdrs[i];
		const struct range area = segment_range(&phdr);
		if (phdr.p_type != PT_NOTE || !loses(gone, area))
			continue;
		phdr.p_filesz = phdr.p_memsz = closed_up(gone, area, area.end) - area.start;
		code = image_put_phdr(image, file + ehdr->e_phoff + i * ehdr->e_phentsize, &phdr,
				      err);
	}
	for (uint64_t i = 1; i < image->shnum && code == NOTE_OK; i++) {
		GElf_Shdr shdr = layout->shdrs[i];
		const struct range section = section_range(&shdr);
		const struct range area = area_of(layout, section);
		if (shdr.sh_type != SHT_NOTE || section.start == section.end || !loses(gone, area))
			continue;
		const uint64_t start = closed_up(gone, area, section.start);
		shdr.sh_size = closed_up(gone, area, section.end) - start;
		shdr.sh_addr -= (shdr.sh_flags & SHF_ALLOC) != 0 ? section.start - start : 0;
		shdr.sh_offset = start;
		code = image_put_shdr(image, file + ehdr->e_shoff + i * ehdr->e_shentsize, &shdr,
				      err);
	}
	return code;
}

int place_remove(const struct layout *layout, uint8_t **out, struct note_error *err)
{
	struct image *image = layout->image;
	struct gone gone = {.count = 0};
	const uint8_t *old = image_bytes(image, 0, image->size, "file", err);
	int code = elf_notes(image, collect, &gone, err);
	if (code != NOTE_OK)
		return code;
	if (gone.overlap)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "package notes overlap");
	if (gone.too_many)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "more than %d package notes to replace", GONE_MAX);
	uint8_t *file = malloc(image->size);
	if (file == NULL || old == NULL) {
		free(file);
		return error_system(err, "new file");
	}
	memcpy(file, old, image->size);
	for (uint64_t i = 1; i < image->shnum; i++)
		if (layout->shdrs[i].sh_type == SHT_SYMTAB)
			close_symbols(layout, &gone, &layout->shdrs[i], file);
	code = shorten_headers(layout, &gone, file, err);
	for (size_t i = 0; i < gone.count && code == NOTE_OK; i++) {
		struct range area = area_of(layout, gone.notes[i]);
		for (uint64_t k = 1; k < image->shnum; k++)
			if (area.start == gone.notes[i].start && area.end == gone.notes[i].end &&
			    layout->shdrs[k].sh_type == SHT_NOTE &&
			    range_has(section_range(&layout->shdrs[k]), area))
				area = section_range(&layout->shdrs[k]);
		code = close_area(layout, &gone, area, file, err);
	}
	if (code == NOTE_OK)
		*out = file;
	else
		free(file);
	return code;
}
