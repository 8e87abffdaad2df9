/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The new file, made from the old one and a plan. Loaded bytes change only where the plan says:
 * what moved, the note, the headers, the dynamic tags that point at what moved, and the section
 * numbers of dynamic symbols.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "place_internal.h"

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
		const uint64_t value = entry->d_un.d_ptr + (piece->to - piece->from.start);
		uint8_t *p = file + layout->dynamic_offset + i * 2 * word + word;
		if (image->is_64)
			image_put64(image, p, value);
		else
			image_put32(image, p, (uint32_t)value);
	}
}

/* --- headers --- */

static int write_segments(const struct layout *layout, const struct plan *plan, uint8_t *file,
			  struct note_error *err)
{
	const struct image *image = layout->image;
	for (uint64_t i = 0; i < image->phnum; i++) {
		GElf_Phdr phdr = layout->phdrs[i];
		const uint64_t difference = phdr.p_paddr - phdr.p_vaddr;
		if (i == plan->segment) {
			phdr.p_offset = plan->notes.start;
			phdr.p_vaddr = layout->load->p_vaddr + plan->notes.start;
			phdr.p_filesz = phdr.p_memsz = plan->notes.end - plan->notes.start;
		} else if (&layout->phdrs[i] == layout->load && plan->load_end > phdr.p_filesz) {
			phdr.p_filesz = phdr.p_memsz = plan->load_end;
		} else {
			continue;
		}
		phdr.p_paddr = phdr.p_vaddr + difference;
		int code = image_put_phdr(image,
					  file + image->ehdr.e_phoff + i * image->ehdr.e_phentsize,
					  &phdr, err);
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}

int place_write(const struct layout *layout, const struct plan *plan, const uint8_t *note,
		uint8_t **out, size_t *out_size, struct note_error *err)
{
	struct image *image = layout->image;
	struct sections sections;
	uint8_t *file = NULL;
	int code = place_sections_plan(layout, plan, &sections, err);
	if (code != NOTE_OK)
		goto out;
	const uint8_t *old = image_bytes(image, 0, image->size, "file", err);
	file = calloc(1, sections.end);
	if (old == NULL || file == NULL) {
		code = error_system(err, "new file");
		goto out;
	}
	memcpy(file, old, image->size < sections.end ? image->size : sections.end);
	move_pieces(layout, plan, file);
	move_tags(layout, plan, file);
	code = place_sections_write(layout, plan, &sections, file, err);
	if (code == NOTE_OK)
		code = write_segments(layout, plan, file, err);
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
