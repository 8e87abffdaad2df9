/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The new file, made from the old one and a plan. Loaded bytes change only where the plan says:
 * what moved, the note, the headers, the dynamic tags that point at what moved, and the section
 * numbers of dynamic symbols.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "place/internal.h"

/* --- moving --- */

const struct piece *place_piece(const struct plan *plan, struct range range)
{
	for (size_t i = 0; i < plan->piece_count; i++)
		if (range.start >= plan->pieces[i].from.start &&
		    range.end <= plan->pieces[i].from.end && range.start < plan->pieces[i].from.end)
			return &plan->pieces[i];
	return NULL;
}

/* First all old places are cleared, then all new ones written: they may overlap. */
static void move_pieces(const struct layout *layout, const struct plan *plan, uint8_t *file)
{
	const uint8_t *old = image_bytes(layout->image, 0, layout->image->size, "file", NULL);
	for (size_t i = 0; i < plan->piece_count; i++) {
		const struct range from = plan->pieces[i].from;
		memset(file + from.start, 0, from.end - from.start);
	}
	for (size_t i = 0; i < plan->piece_count; i++) {
		const struct range from = plan->pieces[i].from;
		memcpy(file + plan->pieces[i].to, old + from.start, from.end - from.start);
	}
}

static void move_tags(const struct layout *layout, const struct plan *plan, uint8_t *file)
{
	static const int64_t pointers[] = {DT_GNU_HASH, DT_HASH,    DT_SYMTAB, DT_STRTAB,
					   DT_VERSYM,   DT_VERNEED, DT_VERDEF, DT_RELA,
					   DT_REL,      36,         DT_JMPREL};
	const struct image *image = layout->image;
	const size_t word = image->is_64 ? 8 : 4;
	for (size_t i = 0; i < layout->dynamic_count; i++) {
		const GElf_Dyn *entry = &layout->dynamic[i];
		bool pointer = false;
		for (size_t k = 0; k < sizeof(pointers) / sizeof(pointers[0]); k++)
			pointer = pointer || pointers[k] == entry->d_tag;
		if (!pointer || entry->d_un.d_ptr < layout->load->p_vaddr)
			continue;
		const uint64_t offset = entry->d_un.d_ptr - layout->load->p_vaddr;
		const struct piece *piece = place_piece(plan, (struct range){offset, offset});
		if (piece == NULL)
			continue;
		const uint64_t value = entry->d_un.d_ptr + piece->distance;
		uint8_t *p = file + layout->dynamic_offset + i * 2 * word + word;
		if (image->is_64)
			image_put64(image, p, value);
		else
			image_put32(image, p, (uint32_t)value);
	}
}

/* --- program headers --- */

/* How many program headers the new file has; *REUSED of those that were unused make room. */
static size_t count_segments(const struct layout *layout, const struct plan *plan, size_t *reused)
{
	const uint64_t phnum = layout->image->phnum;
	const size_t added = (plan->has_added ? 1 : 0) + (plan->segment == phnum ? 1 : 0);
	*reused = 0;
	for (uint64_t i = 0; i < phnum && *reused < added; i++)
		*reused += layout->phdrs[i].p_type == PT_NULL;
	return phnum + added - *reused;
}

static void change_segment(const struct layout *layout, const struct plan *plan, size_t index,
			   GElf_Phdr *phdr)
{
	const uint64_t difference = phdr->p_paddr - phdr->p_vaddr;
	const struct piece *piece = place_piece(plan, segment_range(phdr));
	if (index == plan->segment) {
		phdr->p_offset = plan->notes.start;
		phdr->p_vaddr = layout->load->p_vaddr + plan->notes.start;
		phdr->p_filesz = phdr->p_memsz = plan->notes.end - plan->notes.start;
	} else if (&layout->phdrs[index] == layout->load) {
		if (plan->load_end > phdr->p_filesz)
			phdr->p_filesz = phdr->p_memsz = plan->load_end;
	} else if (index == plan->grown) {
		phdr->p_filesz = phdr->p_memsz = plan->grown_end - phdr->p_offset;
	} else if (phdr->p_type == PT_PHDR) {
		size_t reused;
		const size_t count = count_segments(layout, plan, &reused);
		phdr->p_filesz = phdr->p_memsz = count * layout->image->ehdr.e_phentsize;
	} else if (phdr->p_filesz != 0 && piece != NULL) {
		phdr->p_offset += piece->to - piece->from.start;
		phdr->p_vaddr += piece->distance;
	}
	phdr->p_paddr = phdr->p_vaddr + difference;
}

/* A new PT_LOAD stands behind the others, as their order by address demands; a new PT_NOTE is the
 * last entry. */
static int write_segments(const struct layout *layout, const struct plan *plan, uint8_t *file,
			  GElf_Ehdr *ehdr, struct note_error *err)
{
	const struct image *image = layout->image;
	size_t reused;
	const size_t count = count_segments(layout, plan, &reused);
	uint8_t *p = file + ehdr->e_phoff;
	size_t last_load = 0;
	for (size_t i = 0; i < image->phnum; i++)
		if (layout->phdrs[i].p_type == PT_LOAD)
			last_load = i;
	for (size_t i = 0; i <= image->phnum; i++) {
		GElf_Phdr phdr = {.p_type = PT_NOTE,
				  .p_flags = PF_R,
				  .p_offset = plan->notes.start,
				  .p_vaddr = layout->load->p_vaddr + plan->notes.start,
				  .p_paddr = layout->load->p_paddr + plan->notes.start,
				  .p_filesz = plan->notes.end - plan->notes.start,
				  .p_memsz = plan->notes.end - plan->notes.start,
				  .p_align = 4};
		if (i == image->phnum && plan->segment != image->phnum)
			break;
		if (i < image->phnum) {
			phdr = layout->phdrs[i];
			change_segment(layout, plan, i, &phdr);
		}
		if (phdr.p_type == PT_NULL && reused > 0) {
			reused--;
			continue;
		}
		int code = image_put_phdr(image, p, &phdr, err);
		p += image->ehdr.e_phentsize;
		if (code == NOTE_OK && plan->has_added && i == last_load) {
			code = image_put_phdr(image, p, &plan->added, err);
			p += image->ehdr.e_phentsize;
		}
		if (code != NOTE_OK)
			return code;
	}
	ehdr->e_phnum = (GElf_Half)count;
	return NOTE_OK;
}

int place_write(const struct layout *layout, const struct plan *plan, const uint8_t *note,
		uint8_t **out, size_t *out_size, struct note_error *err)
{
	struct image *image = layout->image;
	struct sections sections;
	GElf_Ehdr ehdr = image->ehdr;
	uint8_t *file = NULL;
	int code = place_sections_plan(layout, plan, &sections, err);
	if (code != NOTE_OK)
		goto out;
	const uint8_t *old = image_bytes(image, 0, image->size, "file", err);
	file = malloc(sections.end);
	if (old == NULL || file == NULL) {
		code = error_system(err, "new file");
		goto out;
	}
	/* What ends the file is written anew. */
	memcpy(file, old, layout->tail);
	memset(file + layout->tail, 0, sections.end - layout->tail);
	move_pieces(layout, plan, file);
	move_tags(layout, plan, file);
	code = place_sections_write(layout, plan, &sections, file, &ehdr, err);
	if (code == NOTE_OK)
		code = write_segments(layout, plan, file, &ehdr, err);
	if (code == NOTE_OK)
		code = image_put_ehdr(image, file, &ehdr, err);
	memcpy(file + plan->note_offset, note, plan->note_size);
	*out_size = sections.end;
out:
	free(sections.numbers);
	if (code != NOTE_OK)
		free(file);
	else
		*out = file;
	return code;
}
