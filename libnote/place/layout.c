/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What lies where in a linked ELF file: its headers, checked.
 * Specification: System V gABI, chapters 4 ("Sections") and 5 ("Program Header").
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "place/internal.h"
#include "place/purpose.h"

static bool fits(const struct image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset;
}

/* --- headers --- */

static int check_segment(const struct image *image, const GElf_Phdr *phdr, struct note_error *err)
{
	uint64_t end;
	if (phdr->p_filesz != 0 && !fits(image, phdr->p_offset, phdr->p_filesz))
		return error_set(err, NOTE_MALFORMED, phdr->p_offset,
				 "a segment's contents end after the file");
	if (phdr->p_type != PT_LOAD)
		return NOTE_OK;
	if (phdr->p_filesz > phdr->p_memsz ||
	    __builtin_add_overflow(phdr->p_vaddr, phdr->p_memsz, &end))
		return error_set(err, NOTE_MALFORMED, phdr->p_offset,
				 "a PT_LOAD's sizes contradict each other");
	if (phdr->p_align > 1 && ((phdr->p_align & (phdr->p_align - 1)) != 0 ||
				  ((phdr->p_vaddr ^ phdr->p_offset) & (phdr->p_align - 1)) != 0))
		return error_set(err, NOTE_MALFORMED, phdr->p_offset,
				 "a PT_LOAD's address and offset disagree");
	return NOTE_OK;
}

static int read_segments(struct layout *layout, struct note_error *err)
{
	struct image *image = layout->image;
	if (image->phnum == 0)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "no program headers: nothing is loaded from this file");
	if (image->phnum >= PN_XNUM)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "%llu program headers: extended numbering",
				 (unsigned long long)image->phnum);
	/* One entry read through the gate proves that the whole table lies inside the file. */
	GElf_Phdr first;
	int code = image_phdr(image, 0, &first, err);
	if (code != NOTE_OK)
		return code;
	layout->headers.start = image->ehdr.e_phoff;
	layout->headers.end = image->ehdr.e_phoff + image->phnum * image->ehdr.e_phentsize;
	layout->phdrs = calloc(image->phnum, sizeof(*layout->phdrs));
	if (layout->phdrs == NULL)
		return error_system(err, "program headers");
	for (uint64_t i = 0; i < image->phnum; i++) {
		code = image_phdr(image, i, &layout->phdrs[i], err);
		if (code == NOTE_OK)
			code = check_segment(image, &layout->phdrs[i], err);
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}

static int read_sections(struct layout *layout, struct note_error *err)
{
	struct image *image = layout->image;
	if (image->shnum == 0)
		return NOTE_OK;
	GElf_Shdr first;
	int code = image_shdr(image, 0, &first, err);
	if (code != NOTE_OK)
		return code;
	layout->shdrs = calloc(image->shnum, sizeof(*layout->shdrs));
	if (layout->shdrs == NULL)
		return error_system(err, "section headers");
	for (uint64_t i = 0; i < image->shnum; i++) {
		GElf_Shdr *shdr = &layout->shdrs[i];
		code = image_shdr(image, i, shdr, err);
		if (code != NOTE_OK)
			return code;
		if (i != 0 && shdr->sh_type != SHT_NOBITS && shdr->sh_type != SHT_NULL &&
		    !fits(image, shdr->sh_offset, shdr->sh_size))
			return error_set(err, NOTE_MALFORMED, shdr->sh_offset,
					 "section %llu ends after the file", (unsigned long long)i);
		if (i == 0 || shdr->sh_type == SHT_NULL)
			shdr->sh_type = SHT_NOBITS; /* owns no bytes, whatever it says */
	}
	return NOTE_OK;
}

static int read_dynamic(struct layout *layout, struct note_error *err)
{
	struct image *image = layout->image;
	const size_t word = image->is_64 ? 8 : 4;
	const GElf_Phdr *dynamic = NULL;
	for (uint64_t i = 0; i < image->phnum; i++)
		if (layout->phdrs[i].p_type == PT_DYNAMIC)
			dynamic = &layout->phdrs[i];
	if (dynamic == NULL || dynamic->p_filesz == 0)
		return NOTE_OK;
	const size_t count = dynamic->p_filesz / (2 * word);
	struct span bytes;
	int code = image_span(image, dynamic->p_offset, dynamic->p_filesz, "dynamic section",
			      &bytes, err);
	if (code != NOTE_OK)
		return code;
	layout->dynamic = calloc(count + 1, sizeof(*layout->dynamic));
	if (layout->dynamic == NULL)
		return error_system(err, "dynamic section");
	layout->dynamic_offset = dynamic->p_offset;
	for (size_t i = 0; i < count; i++) {
		GElf_Dyn *entry = &layout->dynamic[i];
		const uint64_t at = i * 2 * word;
		const uint64_t tag = span_word(bytes, at, image->is_64, image->is_big);
		entry->d_tag = image->is_64 ? (GElf_Sxword)tag : (GElf_Sxword)(int32_t)tag;
		entry->d_un.d_val = span_word(bytes, at + word, image->is_64, image->is_big);
		if (entry->d_tag == DT_NULL)
			break;
		layout->dynamic_count++;
	}
	return NOTE_OK;
}

/* --- the first PT_LOAD --- */

/* How far it can grow in memory: up to the page of the next PT_LOAD, pages as large as any
 * machine's that the file allows for. */
static uint64_t growth_in_memory(const struct layout *layout, const GElf_Phdr *load)
{
	const uint64_t end = load->p_vaddr + load->p_memsz;
	uint64_t limit = layout->image->is_64 ? UINT64_MAX : UINT32_MAX;
	if (load->p_memsz != load->p_filesz || end > limit)
		return 0;
	for (uint64_t i = 0; i < layout->image->phnum; i++) {
		const GElf_Phdr *other = &layout->phdrs[i];
		const uint64_t page =
			load->p_align > other->p_align ? load->p_align : other->p_align;
		if (other->p_type != PT_LOAD || other == load || other->p_memsz == 0)
			continue;
		const uint64_t start = other->p_vaddr & ~(page > 1 ? page - 1 : 0);
		if (other->p_vaddr >= end && start < limit)
			limit = start;
	}
	if (layout->has_rest && load == layout->load)
		return 0;
	return limit > end ? limit - end : 0;
}

uint64_t place_growth(const struct layout *layout, const GElf_Phdr *load)
{
	const uint64_t end = load->p_offset + load->p_filesz;
	const uint64_t most = growth_in_memory(layout, load);
	return place_free_after(layout, end, most > UINT64_MAX - end ? UINT64_MAX : end + most);
}

static int find_load(struct layout *layout, struct note_error *err)
{
	for (uint64_t i = 0; i < layout->image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		if (phdr->p_type != PT_LOAD || phdr->p_filesz == 0)
			continue;
		if (phdr->p_offset == 0 && layout->load == NULL)
			layout->load = phdr;
		else if (layout->load != NULL &&
			 range_meets(segment_range(layout->load), segment_range(phdr)))
			return error_set(err, NOTE_UNSUPPORTED, phdr->p_offset,
					 "two PT_LOADs hold the same bytes of the file");
	}
	if (layout->load == NULL)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "the file's first page is not loaded: no PT_LOAD begins at 0");
	if (layout->load->p_filesz < layout->image->ehdr.e_ehsize)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "the ELF header is not loaded");
	return NOTE_OK;
}

/* Debug files carry the headers of the program whose contents were left out of them. */
static int check_contents(const struct layout *layout, struct note_error *err)
{
	if (!elf_is_debug_file(layout->image))
		return NOTE_OK;
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			 "a separate debug file: the note belongs into what is loaded");
}

static int check_type(const struct image *image, struct note_error *err)
{
	switch (image->ehdr.e_type) {
	case ET_EXEC:
	case ET_DYN:
		return NOTE_OK;
	case ET_REL:
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "a relocatable object: the final link would multiply its note; "
				 "stamp what is linked from it");
	case ET_CORE:
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "a core file");
	default:
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "neither an executable nor a shared library (e_type %u)",
				 image->ehdr.e_type);
	}
}

/* A runtime that `bun build --compile` makes programs of: the script goes behind the last writable
 * segment, which then takes in all that lies between, and the section's 8 bytes say where it is. In
 * such a program the section is the script. */
static bool is_extensible(struct image *image)
{
	GElf_Shdr shdr;
	return image_find_section(image, ".bun", &shdr) != 0 && shdr.sh_size == 8 &&
	       (shdr.sh_flags & SHF_WRITE) != 0;
}

int place_read(struct layout *out, struct image *image, struct note_error *err)
{
	memset(out, 0, sizeof(*out));
	out->image = image;
	if (image->ehdr.e_ehsize != (image->is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return error_set(err, NOTE_MALFORMED, 0, "an ELF header of %u bytes",
				 image->ehdr.e_ehsize);
	int code = check_type(image, err);
	if (code == NOTE_OK)
		code = check_contents(out, err);
	if (code == NOTE_OK)
		code = read_segments(out, err);
	if (code == NOTE_OK)
		code = read_sections(out, err);
	if (code == NOTE_OK)
		code = find_load(out, err);
	if (code == NOTE_OK)
		code = read_dynamic(out, err);
	if (code == NOTE_OK) {
		place_rights(out);
		code = place_own(out, err);
	}
	if (code == NOTE_OK) {
		out->growth = place_growth(out, out->load);
		out->tail = place_tail(out);
		/* Zeros alone are somebody's padding. */
		const uint64_t end = place_image_end(out);
		out->appended = place_free_after(out, end, image->size) != image->size - end;
		out->extensible = is_extensible(image);
	}
	return code;
}

void place_free(struct layout *layout)
{
	free(layout->phdrs);
	free(layout->shdrs);
	free(layout->owned);
	free(layout->taken);
	free(layout->dynamic);
	free(layout->tables);
	memset(layout, 0, sizeof(*layout));
}
