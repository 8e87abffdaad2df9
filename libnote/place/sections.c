/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sections, after a plan: the section name table and the section header table, each one entry
 * longer, go to the end of the file.
 *
 * Tools that edit files (patchelf among them) rely on headers in the order of their offsets. So
 * the header of the note and those of the sections that moved are put where they belong, all are
 * numbered anew, and the numbers that other headers and symbols hold follow: sh_link, sh_info,
 * st_shndx. The dynamic linker asks of st_shndx only whether it is SHN_UNDEF or SHN_ABS.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "place/internal.h"

#define SECTION_NAME ".note.package"
#define KEPT_NAME    ".ehdr"

/* A section for the headers that place_prepend() has left where code finds them: strip and objcopy
 * drop what no section holds. */
static bool has_kept(const struct layout *layout)
{
	return layout->kept.start < layout->kept.end;
}

/* --- where the tables go --- */

uint64_t place_image_end(const struct layout *layout)
{
	uint64_t end = 0;
	for (size_t i = 0; i < layout->owned_count; i++)
		if (layout->owned[i].end > end)
			end = layout->owned[i].end;
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

static int check_sections(const struct layout *layout, struct note_error *err)
{
	const struct image *image = layout->image;
	if (image->shstrndx == SHN_UNDEF || image->shstrndx >= image->shnum ||
	    layout->shdrs[image->shstrndx].sh_type != SHT_STRTAB)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "section headers without a table of their names");
	if (image->shnum + 2 >= SHN_LORESERVE)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "%llu sections: one more needs extended numbering",
				 (unsigned long long)image->shnum);
	for (uint64_t i = 1; i < image->shnum; i++)
		if (layout->shdrs[i].sh_type == SHT_GROUP ||
		    layout->shdrs[i].sh_type == SHT_SYMTAB_SHNDX)
			return error_set(err, NOTE_UNSUPPORTED, layout->shdrs[i].sh_offset,
					 "section %llu holds section numbers",
					 (unsigned long long)i);
	return NOTE_OK;
}

/* --- numbers --- */

static const struct piece *section_piece(const struct plan *plan, const GElf_Shdr *shdr)
{
	if (shdr->sh_type == SHT_NOBITS || (shdr->sh_flags & SHF_ALLOC) == 0)
		return NULL;
	return place_piece(plan, section_range(shdr));
}

static uint64_t new_offset(const struct layout *layout, const struct plan *plan, uint64_t index)
{
	if (index == layout->image->shnum)
		return plan->note_offset;
	if (index == layout->image->shnum + 1)
		return layout->kept.start;
	const GElf_Shdr *shdr = &layout->shdrs[index];
	const struct piece *piece = section_piece(plan, shdr);
	return shdr->sh_offset + (piece != NULL ? piece->to - piece->from.start : 0);
}

/* Puts INDEX into ORDER (of COUNT) before the first loaded section that lies behind it. */
static void insert(const struct layout *layout, const struct plan *plan, uint64_t *order,
		   size_t count, uint64_t index)
{
	const uint64_t offset = new_offset(layout, plan, index);
	size_t at = 0;
	for (; at < count; at++) {
		if (order[at] >= layout->image->shnum)
			continue;
		const GElf_Shdr *shdr = &layout->shdrs[order[at]];
		if ((shdr->sh_flags & SHF_ALLOC) == 0 ||
		    new_offset(layout, plan, order[at]) > offset)
			break;
	}
	memmove(order + at + 1, order + at, (count - at) * sizeof(*order));
	order[at] = index;
}

/* Whether a section takes the place in the table that its new offset asks for. The symbol table
 * and its strings keep theirs: BFD's strip and objcopy read them before all that refers to them,
 * number sections in the order of reading, and leave the numbers in .dynsym as they were. */
static bool is_displaced(const struct plan *plan, const GElf_Shdr *shdr)
{
	return section_piece(plan, shdr) != NULL && shdr->sh_type != SHT_DYNSYM &&
	       shdr->sh_type != SHT_STRTAB;
}

/* NUMBERS of the sections afterwards, by their old ones; that of the note under shnum, that of the
 * kept headers behind it. */
static bool number(const struct layout *layout, const struct plan *plan, uint64_t reused,
		   uint64_t *numbers)
{
	const uint64_t shnum = layout->image->shnum;
	uint64_t *order = calloc(shnum + 2, sizeof(*order));
	size_t count = 0;
	if (order == NULL)
		return false;
	for (uint64_t i = 1; i < shnum; i++)
		if (i != reused && !is_displaced(plan, &layout->shdrs[i]))
			order[count++] = i;
	for (uint64_t i = 1; i <= shnum + has_kept(layout); i++)
		if (i >= shnum || (i != reused && is_displaced(plan, &layout->shdrs[i])))
			insert(layout, plan, order, count++, i);
	for (size_t i = 0; i < count; i++)
		numbers[order[i]] = i + 1;
	if (reused != 0)
		numbers[reused] = numbers[shnum];
	free(order);
	return true;
}

/* A section of the note's name that place_remove() has left empty. */
static uint64_t find_emptied(const struct layout *layout)
{
	for (uint64_t i = 1; i < layout->image->shnum; i++) {
		const GElf_Shdr *shdr = &layout->shdrs[i];
		const char *name = shdr->sh_type == SHT_NOTE && shdr->sh_size == 0
					   ? image_section_name(layout->image, shdr, NULL)
					   : NULL;
		if (name != NULL && strcmp(name, SECTION_NAME) == 0)
			return i;
	}
	return 0;
}

/* Where bytes follow the ELF image, those who read them go by the file's end, by where the section
 * header table ends, or by a fixed offset: nothing is added, nothing after page one moves. The note
 * gets no header of its own then; the one of the notes beside it covers it. */
static int plan_in_place(const struct layout *layout, const struct plan *plan, struct sections *out,
			 struct note_error *err)
{
	const struct image *image = layout->image;
	const struct range names = section_range(&layout->shdrs[image->shstrndx]);
	out->in_place = true;
	out->names = names.start;
	out->names_size = names.end - names.start;
	out->headers = image->ehdr.e_shoff;
	out->count = image->shnum;
	for (uint64_t i = 0; i < image->shnum; i++)
		out->numbers[i] = i;
	out->numbers[image->shnum] = out->reused;
	for (uint64_t i = 1; i < image->shnum && out->reused == 0; i++) {
		const GElf_Shdr *shdr = &layout->shdrs[i];
		const uint64_t start = new_offset(layout, plan, i);
		uint64_t end;
		if (shdr->sh_type == SHT_NOTE && (shdr->sh_flags & SHF_ALLOC) != 0 &&
		    shdr->sh_size != 0 && align_up(start + shdr->sh_size, 4, &end) &&
		    (end == plan->note_offset || start == plan->note_offset + plan->note_size))
			out->extended = i;
	}
	if (out->reused == 0 && out->extended == 0)
		return error_set(err, NOTE_UNSUPPORTED, place_image_end(layout),
				 "bytes follow the ELF image from here on, and no section of notes "
				 "could cover one more");
	return NOTE_OK;
}

/* The header of the notes beside the new one, with that. */
static void extend(const struct plan *plan, GElf_Shdr *shdr)
{
	if (shdr->sh_offset > plan->note_offset) {
		shdr->sh_offset -= plan->note_size;
		shdr->sh_addr -= plan->note_size;
		shdr->sh_size += plan->note_size;
	} else {
		shdr->sh_size = plan->note_offset + plan->note_size - shdr->sh_offset;
	}
}

int place_sections_plan(const struct layout *layout, const struct plan *plan, struct sections *out,
			struct note_error *err)
{
	const struct image *image = layout->image;
	const uint64_t alignment = image->is_64 ? 8 : 4;
	const uint64_t added =
		plan->has_added ? plan->added.p_offset + plan->added.p_filesz : plan->load_end;
	memset(out, 0, sizeof(*out));
	out->end = image->size > added ? image->size : added;
	if (image->shnum == 0)
		return NOTE_OK;
	int code = check_sections(layout, err);
	if (code != NOTE_OK)
		return code;
	const struct range names = section_range(&layout->shdrs[image->shstrndx]);
	const uint64_t size = image->ehdr.e_shentsize;
	out->wanted = true;
	out->reused = find_emptied(layout);
	out->count = image->shnum + (out->reused == 0 ? 1 : 0) + has_kept(layout);
	out->names_size = names.end - names.start + (out->reused == 0 ? sizeof(SECTION_NAME) : 0) +
			  (has_kept(layout) ? sizeof(KEPT_NAME) : 0);
	out->numbers = calloc(image->shnum + 2, sizeof(*out->numbers));
	if (out->numbers == NULL)
		return error_system(err, "section numbers");
	if (layout->appended)
		return plan_in_place(layout, plan, out, err);
	out->names = layout->tail > added ? layout->tail : added;
	if (!align_up(out->names + out->names_size, alignment, &out->headers))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "the file is too large");
	out->end = out->headers + out->count * size;
	if (!number(layout, plan, out->reused, out->numbers))
		return error_system(err, "section numbers");
	return NOTE_OK;
}

/* --- writing --- */

/* A symbol's section is renumbered; a symbol in a section that moved goes with it. */
static void write_symbols(const struct layout *layout, const struct plan *plan,
			  const struct sections *sections, uint64_t table, uint8_t *file)
{
	const struct image *image = layout->image;
	const size_t size = image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	uint8_t *p = file + new_offset(layout, plan, table);
	for (uint64_t i = 0; i < layout->shdrs[table].sh_size / size; i++, p += size) {
		uint8_t *at = p + (image->is_64 ? offsetof(Elf64_Sym, st_shndx)
						: offsetof(Elf32_Sym, st_shndx));
		const uint16_t index = image_u16(image, at);
		if (index == SHN_UNDEF || index >= image->shnum)
			continue;
		image_put16(image, at, (uint16_t)sections->numbers[index]);
		const struct piece *piece = section_piece(plan, &layout->shdrs[index]);
		if (piece == NULL)
			continue;
		const uint64_t distance = piece->distance;
		if (image->is_64)
			image_put64(image, p + offsetof(Elf64_Sym, st_value),
				    image_u64(image, p + offsetof(Elf64_Sym, st_value)) + distance);
		else
			image_put32(image, p + offsetof(Elf32_Sym, st_value),
				    image_u32(image, p + offsetof(Elf32_Sym, st_value)) +
					    (uint32_t)distance);
	}
}

static void renumber(const struct layout *layout, const struct sections *sections, GElf_Shdr *shdr)
{
	const uint64_t shnum = layout->image->shnum;
	const bool info = (shdr->sh_flags & SHF_INFO_LINK) != 0 || shdr->sh_type == SHT_REL ||
			  shdr->sh_type == SHT_RELA;
	if (shdr->sh_link != 0 && shdr->sh_link < shnum)
		shdr->sh_link = (GElf_Word)sections->numbers[shdr->sh_link];
	if (info && shdr->sh_info != 0 && shdr->sh_info < shnum)
		shdr->sh_info = (GElf_Word)sections->numbers[shdr->sh_info];
}

/* The header of the note, or of the kept headers behind it. */
static GElf_Shdr added_header(const struct layout *layout, const struct plan *plan,
			      const struct sections *sections, uint64_t index)
{
	const struct range names = section_range(&layout->shdrs[layout->image->shstrndx]);
	if (index > layout->image->shnum)
		return (GElf_Shdr){
			.sh_name = (GElf_Word)(sections->names_size - sizeof(KEPT_NAME)),
			.sh_type = SHT_PROGBITS,
			.sh_flags = SHF_ALLOC,
			.sh_addr = layout->load->p_vaddr + layout->kept.start,
			.sh_offset = layout->kept.start,
			.sh_size = layout->kept.end - layout->kept.start,
			.sh_addralign = layout->image->is_64 ? 8 : 4,
		};
	return (GElf_Shdr){
		.sh_name = sections->reused != 0 ? layout->shdrs[sections->reused].sh_name
						 : (GElf_Word)(names.end - names.start),
		.sh_type = SHT_NOTE,
		.sh_flags = SHF_ALLOC,
		.sh_addr = layout->load->p_vaddr + plan->note_offset,
		.sh_offset = plan->note_offset,
		.sh_size = plan->note_size,
		.sh_addralign = 4,
	};
}

static int write_headers(const struct layout *layout, const struct plan *plan,
			 const struct sections *sections, uint8_t *file, struct note_error *err)
{
	struct image *image = layout->image;
	const uint64_t size = image->ehdr.e_shentsize;
	for (uint64_t i = 0; i <= image->shnum + has_kept(layout); i++) {
		GElf_Shdr shdr;
		if ((i == sections->reused && i != 0) ||
		    (i == image->shnum && sections->extended != 0))
			continue;
		if (i >= image->shnum) {
			shdr = added_header(layout, plan, sections, i);
		} else {
			int code = image_shdr(image, i, &shdr, err);
			if (code != NOTE_OK)
				return code;
			renumber(layout, sections, &shdr);
			const struct piece *piece = section_piece(plan, &layout->shdrs[i]);
			if (piece != NULL) {
				shdr.sh_offset += piece->to - piece->from.start;
				shdr.sh_addr += piece->distance;
			}
		}
		if (i == sections->extended && i != 0)
			extend(plan, &shdr);
		if (i == image->shstrndx) {
			shdr.sh_offset = sections->names;
			shdr.sh_size = sections->names_size;
		}
		int code = image_put_shdr(
			image, file + sections->headers + sections->numbers[i] * size, &shdr, err);
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}

/* Clears what the tables at the end have left, where nothing else owns it. */
static void clear_old(const struct layout *layout, uint8_t *file, struct range old)
{
	if (old.end > layout->tail)
		return;
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

int place_sections_write(const struct layout *layout, const struct plan *plan,
			 const struct sections *sections, uint8_t *file, GElf_Ehdr *ehdr,
			 struct note_error *err)
{
	struct image *image = layout->image;
	if (!sections->wanted)
		return NOTE_OK;
	const struct range names = section_range(&layout->shdrs[image->shstrndx]);
	const struct range headers = {image->ehdr.e_shoff,
				      image->ehdr.e_shoff + image->shnum * image->ehdr.e_shentsize};
	const uint8_t *old =
		image_bytes(image, names.start, names.end - names.start, "section names", err);
	if (old == NULL)
		return NOTE_MALFORMED;
	if (!sections->in_place) {
		uint8_t *p = file + sections->names;
		clear_old(layout, file, names);
		clear_old(layout, file, headers);
		memcpy(p, old, names.end - names.start);
		if (sections->reused == 0)
			memcpy(p + (names.end - names.start), SECTION_NAME, sizeof(SECTION_NAME));
		if (has_kept(layout))
			memcpy(p + sections->names_size - sizeof(KEPT_NAME), KEPT_NAME,
			       sizeof(KEPT_NAME));
		memset(p + sections->names_size, 0,
		       sections->headers - sections->names - sections->names_size);
	}
	int code = write_headers(layout, plan, sections, file, err);
	for (uint64_t i = 1; i < image->shnum && code == NOTE_OK; i++)
		if (layout->shdrs[i].sh_type == SHT_SYMTAB ||
		    layout->shdrs[i].sh_type == SHT_DYNSYM)
			write_symbols(layout, plan, sections, i, file);
	ehdr->e_shoff = sections->headers;
	ehdr->e_shnum = (GElf_Half)sections->count;
	ehdr->e_shstrndx = (GElf_Half)sections->numbers[image->shstrndx];
	return code;
}
