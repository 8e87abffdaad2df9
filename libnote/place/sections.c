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
#include "sorted.h"

#define KEPT_NAME ".ehdr"

/* A section for the headers that place_prepend() has left where code finds them: strip and objcopy
 * drop what no section holds. */
static bool has_kept(const struct layout *layout)
{
	return layout->kept.start < layout->kept.end;
}

static int by_start(const void *a, const void *b)
{
	const struct range *left = a, *right = b;
	return left->start < right->start ? -1 : left->start > right->start;
}

/* Far more than the two that a file has. */
#define SYMBOL_TABLES_MAX 16

/* Symbols are numbered anew where they stand: a table that shares its bytes with another or with
 * the headers would be numbered twice, or be gone. */
static int check_symbols(const struct layout *layout, struct note_error *err)
{
	const struct image *image = layout->image;
	const uint64_t size = image->shnum * image->ehdr.e_shentsize;
	struct range ranges[SYMBOL_TABLES_MAX + 2] = {
		{image->ehdr.e_shoff, image->ehdr.e_shoff + size},
		section_range(&layout->shdrs[image->shstrndx]),
	};
	size_t count = 2;
	for (uint64_t i = 1; i < image->shnum; i++) {
		if (layout->shdrs[i].sh_type != SHT_SYMTAB &&
		    layout->shdrs[i].sh_type != SHT_DYNSYM)
			continue;
		if (count == SYMBOL_TABLES_MAX)
			return error_set(err, NOTE_UNSUPPORTED, layout->shdrs[i].sh_offset,
					 "more than %d symbol tables", SYMBOL_TABLES_MAX - 2);
		ranges[count++] = section_range(&layout->shdrs[i]);
	}
	qsort(ranges, count, sizeof(*ranges), by_start);
	for (size_t i = 1; i < count; i++)
		if (range_meets(ranges[i - 1], ranges[i]))
			return error_set(
				err, NOTE_MALFORMED, ranges[i].start,
				"a symbol table shares its bytes with another, or with the "
				"section headers or their names");
	return NOTE_OK;
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
	return check_symbols(layout, err);
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

/* Whether a section takes the place in the table that its new offset asks for. The symbol table
 * and its strings keep theirs: BFD's strip and objcopy read them before all that refers to them,
 * number sections in the order of reading, and leave the numbers in .dynsym as they were. */
static bool is_displaced(const struct plan *plan, const GElf_Shdr *shdr)
{
	return section_piece(plan, shdr) != NULL && shdr->sh_type != SHT_DYNSYM &&
	       shdr->sh_type != SHT_STRTAB;
}

/* A section that is put between those that keep their order. */
struct inserted {
	uint64_t index;
	uint64_t offset;
	size_t before; /* this one of them */
};

static int by_place(const void *a, const void *b)
{
	const struct inserted *left = a, *right = b;
	if (left->before != right->before)
		return left->before < right->before ? -1 : 1;
	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	return left->index < right->index ? -1 : left->index > right->index;
}

/* The first loaded section that lies behind OFFSET, or the first that is not loaded, among COUNT
 * that keep their ORDER. REACH is how far each and those before it lie. */
static size_t first_behind(const uint64_t *reach, size_t count, uint64_t offset)
{
	return FIRST_WHERE(i, count, reach[i] > offset);
}

/* The sections in the order of before: KEPT of them in ORDER, and where they lie in REACH; those
 * that moved, and the new ones, in MOVED. */
static void sort_sections(const struct layout *layout, const struct plan *plan, uint64_t reused,
			  uint64_t *order, uint64_t *reach, size_t *kept, struct inserted *moved,
			  size_t *moved_count)
{
	const uint64_t shnum = layout->image->shnum;
	for (uint64_t i = 1; i <= shnum + has_kept(layout); i++) {
		if (i == reused)
			continue;
		if (i >= shnum || is_displaced(plan, &layout->shdrs[i])) {
			moved[(*moved_count)++] = (struct inserted){
				.index = i, .offset = new_offset(layout, plan, i)};
			continue;
		}
		const bool loaded = (layout->shdrs[i].sh_flags & SHF_ALLOC) != 0;
		const uint64_t at = loaded ? new_offset(layout, plan, i) : UINT64_MAX;
		reach[*kept] = *kept == 0 || at > reach[*kept - 1] ? at : reach[*kept - 1];
		order[(*kept)++] = i;
	}
}

/* NUMBERS of the sections afterwards, by their old ones; that of the note under shnum, that of the
 * kept headers behind it. */
static bool number(const struct layout *layout, const struct plan *plan, uint64_t reused,
		   uint64_t *numbers)
{
	const uint64_t shnum = layout->image->shnum;
	uint64_t *order = calloc(2 * (shnum + 2), sizeof(*order));
	struct inserted *moved = calloc(shnum + 2, sizeof(*moved));
	size_t kept = 0, moved_count = 0, next = 0;
	uint64_t last = 0;
	const bool good = order != NULL && moved != NULL;
	if (good) {
		uint64_t *reach = order + shnum + 2;
		sort_sections(layout, plan, reused, order, reach, &kept, moved, &moved_count);
		for (size_t i = 0; i < moved_count; i++)
			moved[i].before = first_behind(reach, kept, moved[i].offset);
		qsort(moved, moved_count, sizeof(*moved), by_place);
		for (size_t i = 0; i <= kept; i++) {
			for (; next < moved_count && moved[next].before == i; next++)
				numbers[moved[next].index] = ++last;
			if (i < kept)
				numbers[order[i]] = ++last;
		}
		if (reused != 0)
			numbers[reused] = numbers[shnum];
	}
	free(moved);
	free(order);
	return good;
}

/* A section of the note's name that place_remove() has left empty. */
static uint64_t find_emptied(const struct layout *layout, const char *wanted)
{
	for (uint64_t i = 1; i < layout->image->shnum; i++) {
		const GElf_Shdr *shdr = &layout->shdrs[i];
		const char *name = shdr->sh_type == SHT_NOTE && shdr->sh_size == 0
					   ? image_section_name(layout->image, shdr, NULL)
					   : NULL;
		if (name != NULL && strcmp(name, wanted) == 0)
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
	out->reused = find_emptied(layout, plan->section);
	out->count = image->shnum + (out->reused == 0 ? 1 : 0) + has_kept(layout);
	out->names_size = names.end - names.start +
			  (out->reused == 0 ? strlen(plan->section) + 1 : 0) +
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

/* A symbol's section is renumbered; a symbol in a section that moved goes with it, one in the
 * section that the note takes over names the note. */
static void write_symbols(const struct layout *layout, const struct plan *plan,
			  const struct sections *sections, uint64_t table, struct output *file)
{
	const struct image *image = layout->image;
	const bool wide = image->is_64, big = image->is_big;
	const size_t size = wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	const size_t section = wide ? offsetof(Elf64_Sym, st_shndx) : offsetof(Elf32_Sym, st_shndx);
	const size_t place = wide ? offsetof(Elf64_Sym, st_value) : offsetof(Elf32_Sym, st_value);
	const struct span made = output_span(file);
	uint64_t at = new_offset(layout, plan, table);
	for (uint64_t i = 0; i < layout->shdrs[table].sh_size / size; i++, at += size) {
		const uint16_t index = span_u16(made, at + section, big);
		if (index == SHN_UNDEF || index >= image->shnum)
			continue;
		output_u16(file, at + section, (uint16_t)sections->numbers[index], big);
		const struct piece *piece = section_piece(plan, &layout->shdrs[index]);
		if (index == sections->reused)
			output_word(file, at + place, layout->load->p_vaddr + plan->note_offset,
				    wide, big);
		else if (piece != NULL)
			output_word(file, at + place,
				    span_word(made, at + place, wide, big) + piece->distance, wide,
				    big);
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
			 const struct sections *sections, struct output *file,
			 struct note_error *err)
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
		uint8_t *p = output_at(file, sections->headers + sections->numbers[i] * size, size);
		int code = p != NULL ? image_put_shdr(image, p, &shdr, err) : NOTE_OK;
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}

/* Clears what the tables at the end have left, where nothing else owns it. */
static void clear_old(const struct layout *layout, struct output *file, struct range old)
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
		output_fill(file, old.start, old.end - old.start, 0);
}

/* The section names with the new ones. */
static int write_names(const struct layout *layout, const struct plan *plan,
		       const struct sections *sections, struct output *file, struct note_error *err)
{
	struct image *image = layout->image;
	const struct range names = section_range(&layout->shdrs[image->shstrndx]);
	const uint64_t old = names.end - names.start;
	const struct range headers = {image->ehdr.e_shoff,
				      image->ehdr.e_shoff + image->shnum * image->ehdr.e_shentsize};
	const struct span name = {(const uint8_t *)plan->section, strlen(plan->section) + 1};
	const struct span kept = {(const uint8_t *)KEPT_NAME, sizeof(KEPT_NAME)};
	struct span from;
	int code = image_span(image, names.start, old, "section names", &from, err);
	if (code != NOTE_OK)
		return code;
	clear_old(layout, file, names);
	clear_old(layout, file, headers);
	output_copy(file, sections->names, from);
	if (sections->reused == 0)
		output_copy(file, sections->names + old, name);
	if (has_kept(layout))
		output_copy(file, sections->names + sections->names_size - kept.size, kept);
	const uint64_t end = sections->names + sections->names_size;
	output_fill(file, end, sections->headers - end, 0);
	return NOTE_OK;
}

int place_sections_write(const struct layout *layout, const struct plan *plan,
			 const struct sections *sections, struct output *file, GElf_Ehdr *ehdr,
			 struct note_error *err)
{
	const struct image *image = layout->image;
	if (!sections->wanted)
		return NOTE_OK;
	int code = sections->in_place ? NOTE_OK : write_names(layout, plan, sections, file, err);
	if (code == NOTE_OK)
		code = write_headers(layout, plan, sections, file, err);
	for (uint64_t i = 1; i < image->shnum && code == NOTE_OK; i++)
		if (layout->shdrs[i].sh_type == SHT_SYMTAB ||
		    layout->shdrs[i].sh_type == SHT_DYNSYM)
			write_symbols(layout, plan, sections, i, file);
	ehdr->e_shoff = sections->headers;
	ehdr->e_shnum = (GElf_Half)sections->count;
	ehdr->e_shstrndx = (GElf_Half)sections->numbers[image->shstrndx];
	return code;
}
