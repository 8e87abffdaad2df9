/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The new file, made from the old one and a plan. Loaded bytes change only where the plan says:
 * what moved, the note, the headers, the dynamic tags that point at what moved, and the section
 * numbers of dynamic symbols.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "large.h"
#include "place/internal.h"

/* --- moving --- */

/* First all old places are cleared, then all new ones written: they may overlap. */
static int move_pieces(const struct layout *layout, const struct plan *plan, struct output *file,
		       struct note_error *err)
{
	for (size_t i = 0; i < plan->piece_count; i++) {
		const struct range from = plan->pieces[i].from;
		output_fill(file, from.start, from.end - from.start, 0);
	}
	for (size_t i = 0; i < plan->piece_count; i++) {
		const struct range from = plan->pieces[i].from;
		struct span old;
		int code = image_span(layout->image, from.start, from.end - from.start, "table",
				      &old, err);
		if (code != NOTE_OK)
			return code;
		output_copy(file, plan->pieces[i].to, old);
	}
	return NOTE_OK;
}

static void move_tags(const struct layout *layout, const struct plan *plan, struct output *file)
{
	static const int64_t pointers[] = {DT_GNU_HASH, DT_HASH,    DT_SYMTAB, DT_STRTAB,
					   DT_VERSYM,   DT_VERNEED, DT_VERDEF, DT_RELA,
					   DT_REL,      DT_RELR,    DT_JMPREL};
	const struct image *image = layout->image;
	const size_t word = image->is_64 ? 8 : 4;
	for (size_t i = 0; i < layout->dynamic_count; i++) {
		const GElf_Dyn *entry = &layout->dynamic[i];
		bool pointer = false;
		for (size_t k = 0; k < sizeof(pointers) / sizeof(pointers[0]); k++)
			pointer = pointer || pointers[k] == entry->d_tag;
		pointer = pointer ||
			  (entry->d_tag == DT_MIPS_XHASH && image->ehdr.e_machine == EM_MIPS);
		if (!pointer || entry->d_un.d_ptr < layout->load->p_vaddr)
			continue;
		const uint64_t offset = entry->d_un.d_ptr - layout->load->p_vaddr;
		const struct piece *piece = place_piece(plan, (struct range){offset, offset});
		if (piece != NULL)
			output_word(file, layout->dynamic_offset + (2 * i + 1) * word,
				    entry->d_un.d_ptr + piece->distance, image->is_64,
				    image->is_big);
	}
}

/* --- program headers --- */

/* How many program headers the new file has; *REUSED of those that were unused make room. */
static size_t count_segments(const struct layout *layout, const struct plan *plan, size_t *reused)
{
	const uint64_t phnum = layout->image->phnum;
	const size_t added = (plan->has_added ? 1 : 0) + (plan->segment == phnum ? 1 : 0) +
			     (layout->has_rest ? 1 : 0);
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

/* The table under way. */
struct headers {
	struct image *image;
	struct output *file;
	uint64_t at;
	size_t reused; /* unused entries still to be left out */
	struct note_error *err;
	int code;
};

static void put(struct headers *headers, const GElf_Phdr *phdr)
{
	uint8_t *p = output_at(headers->file, headers->at, headers->image->ehdr.e_phentsize);
	if (phdr->p_type == PT_NULL && headers->reused > 0) {
		headers->reused--;
		return;
	}
	if (p != NULL && headers->code == NOTE_OK)
		headers->code = image_put_phdr(headers->image, p, phdr, headers->err);
	headers->at += headers->image->ehdr.e_phentsize;
}

/* The segment of the note: number plan->segment as it is now, or a new one. */
static void put_notes(struct headers *headers, const struct layout *layout, const struct plan *plan)
{
	GElf_Phdr phdr = {.p_type = PT_NOTE,
			  .p_flags = PF_R,
			  .p_paddr = layout->load->p_paddr - layout->load->p_vaddr,
			  .p_align = 4};
	if (plan->segment < layout->image->phnum)
		phdr = layout->phdrs[plan->segment];
	change_segment(layout, plan, plan->segment, &phdr);
	put(headers, &phdr);
}

/* A new PT_LOAD stands behind the others, as their order by address demands, what was cut off page
 * one behind that; the PT_NOTE of a note that leads before its like, else a new one last. */
static int write_segments(const struct layout *layout, const struct plan *plan, struct output *file,
			  GElf_Ehdr *ehdr, struct note_error *err)
{
	struct headers headers = {
		.image = layout->image, .file = file, .at = ehdr->e_phoff, .err = err};
	const size_t phnum = layout->image->phnum;
	const size_t count = count_segments(layout, plan, &headers.reused);
	size_t last_load = 0;
	bool noted = false;
	for (size_t i = 0; i < phnum; i++)
		if (layout->phdrs[i].p_type == PT_LOAD)
			last_load = i;
	for (size_t i = 0; i < phnum; i++) {
		GElf_Phdr phdr = layout->phdrs[i];
		if (!noted && (i == plan->segment || (plan->leads && phdr.p_type == PT_NOTE))) {
			put_notes(&headers, layout, plan);
			noted = true;
		}
		if (i == plan->segment)
			continue;
		change_segment(layout, plan, i, &phdr);
		put(&headers, &phdr);
		if (&layout->phdrs[i] == layout->load && layout->has_rest)
			put(&headers, &layout->rest);
		if (i == last_load && plan->has_added)
			put(&headers, &plan->added);
	}
	if (!noted)
		put_notes(&headers, layout, plan);
	ehdr->e_phnum = (GElf_Half)count;
	return headers.code;
}

int place_write(const struct layout *layout, const struct plan *plan, const uint8_t *note,
		uint8_t **out, size_t *out_size, struct note_error *err)
{
	struct image *image = layout->image;
	struct sections sections;
	struct output file = {0};
	struct span old;
	GElf_Ehdr ehdr = image->ehdr;
	int code = place_sections_plan(layout, plan, &sections, err);
	if (code == NOTE_OK)
		code = image_whole(image, &old, err);
	if (code != NOTE_OK)
		goto out;
	file.size = sections.end;
	file.bytes = large_alloc(sections.end);
	if (file.bytes == NULL) {
		code = error_system(err, "new file");
		goto out;
	}
	/* What ends the file is written anew. */
	old = span_first(old, layout->tail);
	output_copy(&file, 0, old);
	output_fill(&file, old.size, file.size - old.size, 0);
	code = move_pieces(layout, plan, &file, err);
	move_tags(layout, plan, &file);
	if (code == NOTE_OK)
		code = place_sections_write(layout, plan, &sections, &file, &ehdr, err);
	if (code == NOTE_OK)
		code = write_segments(layout, plan, &file, &ehdr, err);
	uint8_t *header = output_at(&file, 0, ehdr.e_ehsize);
	if (code == NOTE_OK && header != NULL)
		code = image_put_ehdr(image, header, &ehdr, err);
	output_copy(&file, plan->note_offset, (struct span){note, plan->note_size});
	if (code == NOTE_OK && file.missed)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "headers of the file contradict each other: what is to change "
				 "would lie outside of it");
out:
	free(sections.numbers);
	if (code != NOTE_OK)
		free(file.bytes);
	else {
		*out = file.bytes;
		*out_size = file.size;
	}
	return code;
}
