/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The debug file, and what it shares with the shipped file (shipped_half.c): see halves.h. */
#include "tools/splitter/elf/halves.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/text.h"
#include "tools/splitter/elf/halves_internal.h"

/* --- what both files share --- */

/* Alignments above this mean addresses, not offsets; a file that asks for huge ones in many
 * sections shall not make a huge file. */
#define MAX_OFFSET_ALIGNMENT 64

int place_section(uint64_t *end, GElf_Shdr *shdr, struct note_error *err)
{
	const uint64_t alignment = shdr->sh_addralign > MAX_OFFSET_ALIGNMENT ? MAX_OFFSET_ALIGNMENT
									     : shdr->sh_addralign;
	if (!align_up(*end, alignment, &shdr->sh_offset) ||
	    __builtin_add_overflow(shdr->sh_offset, shdr->sh_size, end))
		return error_set(err, NOTE_MALFORMED, shdr->sh_offset, "section of alignment %llu",
				 (unsigned long long)shdr->sh_addralign);
	return NOTE_OK;
}

uint64_t shdr_size(const struct image *image)
{
	return image->is_64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
}

uint64_t phdr_size(const struct image *image)
{
	return image->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

uint64_t ehdr_size(const struct image *image)
{
	return image->is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
}

uint64_t symbol_size(const struct image *image)
{
	return image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
}

int place_table(const struct image *image, uint64_t end, uint64_t count, struct file_layout *out,
		struct note_error *err)
{
	if (!align_up(end, image->is_64 ? 8 : 4, &out->shoff) ||
	    __builtin_add_overflow(out->shoff, count * shdr_size(image), &out->size))
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "file too large");
	out->shnum = count;
	return NOTE_OK;
}

int put_ehdr(struct image *image, uint8_t *bytes, const struct file_layout *layout,
	     struct note_error *err)
{
	GElf_Ehdr ehdr = image->ehdr;
	ehdr.e_ehsize = (uint16_t)ehdr_size(image);
	ehdr.e_phoff = image->phnum != 0 ? layout->phoff : 0;
	ehdr.e_shoff = layout->shoff;
	ehdr.e_shentsize = (uint16_t)shdr_size(image);
	ehdr.e_shnum = layout->shnum < SHN_LORESERVE ? (uint16_t)layout->shnum : 0;
	ehdr.e_shstrndx =
		layout->shstrndx < SHN_LORESERVE ? (uint16_t)layout->shstrndx : SHN_XINDEX;
	return image_put_ehdr(image, bytes, &ehdr, err);
}

void extend_numbering(const struct file_layout *layout, GElf_Shdr *zero)
{
	zero->sh_size = layout->shnum < SHN_LORESERVE ? 0 : layout->shnum;
	zero->sh_link = layout->shstrndx < SHN_LORESERVE ? 0 : (uint32_t)layout->shstrndx;
}

/* --- the debug file --- */

/* The debug file has what left the shipped one; a file that is only rewritten has all. */
static bool has_contents(const struct plan *plan, const struct image *image, uint64_t index,
			 bool whole)
{
	const struct plan_section *section = &plan->sections[index];
	return section->bytes != NULL &&
	       (whole || section->fate != FATE_SHIPPED || index == image->shstrndx);
}

/* A gap up to which a note keeps its place behind the headers, so that the first segment, too,
 * still tells where it lies: notes are in the first page, behind tables of any size. */
#define MAX_GAP 4096

/* Headers times loaded sections that are looked at: a file that was made to have thousands of both
 * tells of none. */
#define MAX_PAIRS (1 << 20)

/* The loaded sections of which this file has the contents: notes, in the debug file. */
static uint64_t *list_loaded(const struct plan *plan, const struct image *image, bool whole,
			     uint64_t *count)
{
	uint64_t *list = xcalloc(plan->count, sizeof(*list));
	*count = 0;
	for (uint64_t i = 1; i < plan->count; i++)
		if ((plan->sections[i].shdr.sh_flags & SHF_ALLOC) != 0 &&
		    plan->sections[i].shdr.sh_size != 0 && has_contents(plan, image, i, whole))
			list[(*count)++] = i;
	if (*count * image->phnum > MAX_PAIRS)
		*count = 0;
	return list;
}

/* Whether SEGMENT is the one that begins with the file's headers, which stand there in this file,
 * too. */
static bool holds_headers(const GElf_Phdr *segment, const struct image *image, uint64_t headers)
{
	return segment->p_type == PT_LOAD && segment->p_offset == 0 &&
	       image->ehdr.e_phoff == ehdr_size(image) && segment->p_filesz >= headers;
}

/* Whether what this file has of SEGMENT lies in it as in memory; *SHIFT is then what addresses and
 * offsets differ by, and *END the address behind the last byte. Where HEADERS is not 0, that many
 * bytes of headers are the first of it, and what lies far behind them elsewhere is left out. */
static bool lies_together(const GElf_Phdr *segment, uint64_t headers, const struct plan *plan,
			  const GElf_Shdr *shdrs, const uint64_t *loaded, uint64_t count,
			  uint64_t *shift, uint64_t *end)
{
	bool found = headers != 0;
	uint64_t far = UINT64_MAX;
	*shift = segment->p_vaddr;
	*end = segment->p_vaddr + headers;
	for (uint64_t i = 0; i < count; i++) {
		const GElf_Shdr *shdr = &shdrs[loaded[i]];
		const GElf_Shdr *old = &plan->sections[loaded[i]].shdr;
		if (old->sh_offset < segment->p_offset ||
		    old->sh_offset - segment->p_offset >= segment->p_filesz)
			continue;
		const bool apart = found && shdr->sh_addr - shdr->sh_offset != *shift;
		if (shdr->sh_addr < segment->p_vaddr || (apart && headers == 0))
			return false;
		if (apart) {
			far = shdr->sh_offset < far ? shdr->sh_offset : far;
			continue;
		}
		found = true;
		*shift = shdr->sh_addr - shdr->sh_offset;
		if (shdr->sh_addr + shdr->sh_size > *end)
			*end = shdr->sh_addr + shdr->sh_size;
	}
	return found && *end - *shift <= far;
}

/* Whether what lies at OFFSET could be mapped as SEGMENT says, if that is to be loaded. Notes
 * behind .eh_frame, where GNU ld 2.44 and later have some, lie anywhere in this file: they alone
 * are told of, by PT_NOTE. */
static bool can_be_mapped(const GElf_Phdr *segment, uint64_t offset)
{
	const uint64_t align = segment->p_align;
	return segment->p_type != PT_LOAD || align < 2 || (align & (align - 1)) != 0 ||
	       ((segment->p_vaddr ^ offset) & (align - 1)) == 0;
}

/* The program headers describe memory, of which this file has little: what it has not is of size 0,
 * as objcopy --only-keep-debug has it, or readers would take other bytes for it. */
static int put_segments(uint8_t *bytes, struct image *image, const struct plan *plan,
			const GElf_Shdr *shdrs, const struct file_layout *layout, bool whole,
			struct note_error *err)
{
	int code = NOTE_OK;
	uint64_t count;
	uint64_t *loaded = list_loaded(plan, image, whole, &count);
	for (uint64_t i = 0; code == NOTE_OK && i < image->phnum; i++) {
		GElf_Phdr phdr;
		uint64_t shift, end;
		code = image_phdr(image, i, &phdr, err);
		if (code != NOTE_OK)
			break;
		const uint64_t headers = layout->phoff + image->phnum * phdr_size(image);
		const uint64_t first = holds_headers(&phdr, image, headers) ? headers : 0;
		if (phdr.p_type == PT_PHDR) {
			phdr.p_offset = layout->phoff;
			phdr.p_filesz = image->phnum * phdr_size(image);
		} else if (lies_together(&phdr, first, plan, shdrs, loaded, count, &shift, &end) &&
			   phdr.p_vaddr - shift < layout->size &&
			   (phdr.p_vaddr - shift == 0 || phdr.p_vaddr - shift >= headers) &&
			   can_be_mapped(&phdr, phdr.p_vaddr - shift)) {
			phdr.p_offset = phdr.p_vaddr - shift;
			phdr.p_filesz = end - phdr.p_vaddr;
		} else {
			const uint64_t align = phdr.p_align;
			phdr.p_filesz = 0;
			phdr.p_offset = align != 0 && (align & (align - 1)) == 0
						? phdr.p_vaddr & (align - 1)
						: 0;
		}
		code = image_put_phdr(image, bytes + layout->phoff + i * phdr_size(image), &phdr,
				      err);
	}
	free(loaded);
	return code;
}

/* A place at *END for a section, or none where its contents are not in this file. */
static int place_in_file(uint64_t *end, GElf_Shdr *shdr, bool contents, bool linked,
			 struct note_error *err)
{
	if (contents) {
		if ((shdr->sh_flags & SHF_ALLOC) != 0 && shdr->sh_offset > *end &&
		    shdr->sh_offset - *end <= MAX_GAP && linked)
			*end = shdr->sh_offset;
		return place_section(end, shdr, err);
	}
	if (shdr->sh_type != SHT_NULL) {
		shdr->sh_type = SHT_NOBITS;
		shdr->sh_offset = *end;
	}
	return NOTE_OK;
}

void make_debuglink(const struct image *image, const char *link, uint32_t crc32, struct text *out)
{
	uint8_t checksum[4];
	text_add(out, link, strlen(link) + 1);
	while (out->size % 4 != 0)
		text_add(out, "", 1);
	image_put32(image, checksum, crc32);
	text_add(out, checksum, sizeof(checksum));
}

static int by_place(const void *left, const void *right, void *sections)
{
	const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	const struct plan_section *all = sections;
	const bool loaded_a = (all[a].shdr.sh_flags & SHF_ALLOC) != 0;
	const bool loaded_b = (all[b].shdr.sh_flags & SHF_ALLOC) != 0;
	if (loaded_a != loaded_b)
		return loaded_a ? -1 : 1;
	if (loaded_a && all[a].shdr.sh_offset != all[b].shdr.sh_offset)
		return all[a].shdr.sh_offset < all[b].shdr.sh_offset ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* What is loaded comes first, in the order of the original file, whatever the order of the headers:
 * Go's linker has its notes last there, the one that lies behind before the other. */
static uint64_t *order_of_places(const struct plan *plan)
{
	uint64_t *order = xcalloc(plan->count, sizeof(*order));
	for (uint64_t i = 0; i < plan->count; i++)
		order[i] = i;
	qsort_r(order, plan->count, sizeof(*order), by_place, plan->sections);
	return order;
}

int join_pieces(struct strip_output *out, struct pieces *pieces, int code, struct note_error *err)
{
	*out = (struct strip_output){0};
	if (code == NOTE_OK) {
		out->bytes = pieces_join(pieces);
		out->size = out->bytes != NULL ? pieces->size : 0;
		code = out->bytes != NULL ? NOTE_OK : error_system(err, "file");
	}
	pieces_free(pieces);
	return code;
}

/* Gives all sections their places in ORDER; fills LAYOUT. */
static int place_all(GElf_Shdr *shdrs, const uint64_t *order, const struct image *image,
		     const struct plan *plan, bool whole, struct file_layout *layout,
		     struct note_error *err)
{
	uint64_t end = ehdr_size(image) + image->phnum * phdr_size(image);
	int code = NOTE_OK;
	for (uint64_t i = 0; code == NOTE_OK && i < plan->count; i++) {
		const uint64_t at = order[i];
		shdrs[at] = plan->sections[at].shdr;
		code = place_in_file(&end, &shdrs[at], has_contents(plan, image, at, whole),
				     image->phnum != 0, err);
	}
	if (code == NOTE_OK)
		code = place_table(image, end, plan->count, layout, err);
	if (code == NOTE_OK) {
		shdrs[0] = plan->sections[0].shdr;
		extend_numbering(layout, &shdrs[0]);
	}
	return code;
}

/* The ELF header and the program headers. */
static int add_headers(struct pieces *out, struct image *image, const struct plan *plan,
		       const GElf_Shdr *shdrs, const struct file_layout *layout, bool whole,
		       struct note_error *err)
{
	const uint64_t size = ehdr_size(image) + image->phnum * phdr_size(image);
	uint8_t *headers = xcalloc(1, size);
	pieces_own(out, headers);
	pieces_add(out, headers, size);
	int code = put_ehdr(image, headers, layout, err);
	return code == NOTE_OK ? put_segments(headers, image, plan, shdrs, layout, whole, err)
			       : code;
}

static int add_table(struct pieces *out, const struct image *image, const GElf_Shdr *shdrs,
		     const struct file_layout *layout, struct note_error *err)
{
	const uint64_t size = layout->size - layout->shoff;
	uint8_t *table = xcalloc(1, size);
	int code = NOTE_OK;
	pieces_own(out, table);
	for (uint64_t i = 0; code == NOTE_OK && i < layout->shnum; i++)
		code = image_put_shdr(image, table + i * shdr_size(image), &shdrs[i], err);
	pieces_fill(out, layout->shoff);
	pieces_add(out, table, size);
	return code;
}

static int make_pieces(struct pieces *out, struct image *image, const struct plan *plan, bool whole,
		       struct note_error *err)
{
	struct file_layout layout = {.phoff = ehdr_size(image), .shstrndx = image->shstrndx};
	GElf_Shdr *shdrs = xcalloc(plan->count, sizeof(*shdrs));
	uint64_t *order = order_of_places(plan);
	*out = (struct pieces){0};
	int code = place_all(shdrs, order, image, plan, whole, &layout, err);
	if (code == NOTE_OK)
		code = add_headers(out, image, plan, shdrs, &layout, whole, err);
	for (uint64_t i = 0; code == NOTE_OK && i < plan->count; i++) {
		const uint64_t at = order[i];
		if (!has_contents(plan, image, at, whole))
			continue;
		pieces_fill(out, shdrs[at].sh_offset);
		pieces_add(out, plan->sections[at].bytes, shdrs[at].sh_size);
	}
	if (code == NOTE_OK)
		code = add_table(out, image, shdrs, &layout, err);
	free(order);
	free(shdrs);
	return code;
}

int strip_debug_pieces(struct pieces *out, struct image *image, const struct plan *plan,
		       struct note_error *err)
{
	return make_pieces(out, image, plan, false, err);
}

int strip_debug_file(struct strip_output *out, struct image *image, const struct plan *plan,
		     struct note_error *err)
{
	struct pieces pieces;
	return join_pieces(out, &pieces, make_pieces(&pieces, image, plan, false, err), err);
}

int strip_nothing(struct strip_output *out, struct image *image, const struct plan *plan,
		  struct note_error *err)
{
	struct pieces pieces;
	return join_pieces(out, &pieces, make_pieces(&pieces, image, plan, true, err), err);
}
