/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The new file, made from the old one and a plan. Loaded bytes change only where the plan says:
 * what moved, the note, the headers, the dynamic tags that point at what moved. The section name
 * table and the section header table, each one entry longer, go to the end of the file.
 *
 * The new section header comes last, though its address is low: section numbers, which symbols
 * and other headers use, stay as they are.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "place_internal.h"

#define SECTION_NAME ".note.package"

/* Where the two tables of the new file go. */
struct tail {
	bool wanted;          /* the file has section headers */
	uint64_t names;       /* offset of the section name table */
	uint64_t names_size;  /* with the new name */
	uint64_t headers;     /* offset of the section header table */
	uint64_t header_size; /* of one entry */
	uint64_t end;         /* of the file */
};

/* --- where the tables at the end go --- */

/* The end of all that the headers speak of: what follows was appended to the ELF image. */
static uint64_t image_end(const struct layout *layout)
{
	uint64_t end = 0;
	for (size_t i = 0; i < layout->owned_count; i++)
		if (layout->owned[i].end > end)
			end = layout->owned[i].end;
	return end > layout->load->p_filesz ? end : layout->load->p_filesz;
}

/* Whether nothing but the table itself lies at or behind RANGE's end, or between FROM and it. */
static bool is_last(const struct layout *layout, struct range range, uint64_t from)
{
	for (size_t i = 0; i < layout->owned_count; i++) {
		const struct range owned = layout->owned[i];
		const bool itself = owned.start == range.start && owned.end == range.end;
		if (!itself && owned.end > from)
			return false;
	}
	return layout->load->p_filesz <= from;
}

static int plan_tail(const struct layout *layout, const struct plan *plan, struct tail *tail,
		     struct note_error *err)
{
	const struct image *image = layout->image;
	const uint64_t alignment = image->is_64 ? 8 : 4;
	memset(tail, 0, sizeof(*tail));
	tail->end = image->size > plan->load_end ? image->size : plan->load_end;
	if (image->shnum == 0)
		return NOTE_OK;
	if (image->shstrndx == SHN_UNDEF || image->shstrndx >= image->shnum ||
	    layout->shdrs[image->shstrndx].sh_type != SHT_STRTAB)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "section headers without a table of their names");
	if (image->shnum + 1 >= SHN_LORESERVE)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "%llu sections: one more needs extended numbering",
				 (unsigned long long)image->shnum);
	const struct range names = section_range(&layout->shdrs[image->shstrndx]);
	tail->wanted = true;
	tail->header_size = image->ehdr.e_shentsize;
	tail->names_size = names.end - names.start + sizeof(SECTION_NAME);
	const struct range headers = {image->ehdr.e_shoff,
				      image->ehdr.e_shoff + image->shnum * tail->header_size};
	/* Over the old ones where they end the file, so that nothing dead stays behind. */
	if (headers.end == image->size && names.end <= headers.start &&
	    is_last(layout, headers, names.end))
		tail->names = names.start;
	else if (headers.end == image->size && is_last(layout, headers, headers.start))
		tail->names = headers.start;
	else
		tail->names = tail->end;
	if (tail->names < plan->load_end)
		tail->names = plan->load_end;
	if (!align_up(tail->names + tail->names_size, alignment, &tail->headers))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "the file is too large");
	tail->end = tail->headers + (image->shnum + 1) * tail->header_size;
	return NOTE_OK;
}

/* --- moving --- */

static const struct piece *piece_of(const struct plan *plan, struct range range)
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
		const struct piece *piece = piece_of(plan, (struct range){offset, offset});
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

/* The symbols that stand for a section that moved. */
static void move_symbols(const struct layout *layout, const struct plan *plan,
			 const GElf_Shdr *table, uint8_t *file)
{
	const struct image *image = layout->image;
	const size_t size = image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	uint8_t *p = file + table->sh_offset;
	for (uint64_t i = 0; i < table->sh_size / size; i++, p += size) {
		const uint8_t info = p[image->is_64 ? offsetof(Elf64_Sym, st_info)
						    : offsetof(Elf32_Sym, st_info)];
		const uint16_t index =
			image_u16(image, p + (image->is_64 ? offsetof(Elf64_Sym, st_shndx)
							   : offsetof(Elf32_Sym, st_shndx)));
		if (GELF_ST_TYPE(info) != STT_SECTION || index == 0 || index >= image->shnum)
			continue;
		const struct piece *piece = piece_of(plan, section_range(&layout->shdrs[index]));
		if (piece == NULL)
			continue;
		const uint64_t distance = piece->to - piece->from.start;
		if (image->is_64)
			image_put64(image, p + offsetof(Elf64_Sym, st_value),
				    image_u64(image, p + offsetof(Elf64_Sym, st_value)) + distance);
		else
			image_put32(image, p + offsetof(Elf32_Sym, st_value),
				    image_u32(image, p + offsetof(Elf32_Sym, st_value)) +
					    (uint32_t)distance);
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

static int write_sections(const struct layout *layout, const struct plan *plan,
			  const struct tail *tail, uint8_t *file, struct note_error *err)
{
	const struct image *image = layout->image;
	int code = NOTE_OK;
	for (uint64_t i = 1; i < image->shnum && code == NOTE_OK; i++) {
		GElf_Shdr shdr = layout->shdrs[i];
		const struct piece *piece = piece_of(plan, section_range(&shdr));
		if (i == image->shstrndx) {
			shdr.sh_offset = tail->names;
			shdr.sh_size = tail->names_size;
		} else if (piece != NULL) {
			shdr.sh_offset += piece->to - piece->from.start;
			shdr.sh_addr += piece->to - piece->from.start;
		} else {
			continue;
		}
		code = image_put_shdr(image, file + tail->headers + i * tail->header_size, &shdr,
				      err);
	}
	const GElf_Shdr added = {
		.sh_name = (GElf_Word)(tail->names_size - sizeof(SECTION_NAME)),
		.sh_type = SHT_NOTE,
		.sh_flags = SHF_ALLOC,
		.sh_addr = layout->load->p_vaddr + plan->note_offset,
		.sh_offset = plan->note_offset,
		.sh_size = plan->note_size,
		.sh_addralign = 4,
	};
	if (code == NOTE_OK)
		code = image_put_shdr(image,
				      file + tail->headers + image->shnum * tail->header_size,
				      &added, err);
	return code;
}

/* Clears what the tables at the end have left, where nothing else owns it. */
static void clear_old(const struct layout *layout, uint8_t *file, struct range old)
{
	for (uint64_t i = 0; i < layout->image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		if (phdr->p_filesz != 0 && range_meets(segment_range(phdr), old))
			return;
	}
	size_t owners = 0;
	for (size_t i = 0; i < layout->owned_count; i++)
		owners += range_meets(layout->owned[i], old);
	if (owners == 1)
		memset(file + old.start, 0, old.end - old.start);
}

static int write_tail(const struct layout *layout, const struct plan *plan, const struct tail *tail,
		      uint8_t *file, struct note_error *err)
{
	const struct image *image = layout->image;
	const uint8_t *old = image_bytes(layout->image, 0, image->size, "file", err);
	const struct range names = section_range(&layout->shdrs[image->shstrndx]);
	const struct range headers = {image->ehdr.e_shoff,
				      image->ehdr.e_shoff + image->shnum * tail->header_size};
	clear_old(layout, file, names);
	clear_old(layout, file, headers);
	memcpy(file + tail->names, old + names.start, names.end - names.start);
	memcpy(file + tail->names + (names.end - names.start), SECTION_NAME, sizeof(SECTION_NAME));
	const uint64_t names_end = tail->names + tail->names_size;
	memset(file + names_end, 0, tail->headers - names_end);
	memcpy(file + tail->headers, old + headers.start, headers.end - headers.start);
	int code = write_sections(layout, plan, tail, file, err);
	GElf_Ehdr ehdr = image->ehdr;
	ehdr.e_shoff = tail->headers;
	if (ehdr.e_shnum != 0)
		ehdr.e_shnum++;
	if (code == NOTE_OK)
		code = image_put_ehdr(image, file, &ehdr, err);
	return code;
}

int place_write(const struct layout *layout, const struct plan *plan, const uint8_t *note,
		uint8_t **out, size_t *out_size, struct note_error *err)
{
	struct image *image = layout->image;
	struct tail tail;
	if (image_end(layout) != image->size)
		return error_set(err, NOTE_UNSUPPORTED, image_end(layout),
				 "bytes follow the ELF image from here on (a self-extracting file "
				 "or the like)");
	int code = plan_tail(layout, plan, &tail, err);
	if (code != NOTE_OK)
		return code;
	const uint8_t *old = image_bytes(image, 0, image->size, "file", err);
	uint8_t *file = calloc(1, tail.end);
	if (old == NULL || file == NULL) {
		free(file);
		return error_system(err, "new file");
	}
	memcpy(file, old, image->size);
	if (tail.wanted)
		code = write_tail(layout, plan, &tail, file, err);
	move_pieces(layout, plan, file);
	move_tags(layout, plan, file);
	for (uint64_t i = 1; i < image->shnum; i++)
		if (layout->shdrs[i].sh_type == SHT_SYMTAB)
			move_symbols(layout, plan, &layout->shdrs[i], file);
	if (code == NOTE_OK)
		code = write_segments(layout, plan, file, err);
	memcpy(file + plan->note_offset, note, plan->note_size);
	if (code != NOTE_OK) {
		free(file);
		return code;
	}
	*out = file;
	*out_size = tail.end;
	return NOTE_OK;
}
