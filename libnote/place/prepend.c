/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The last resort for an executable at fixed addresses whose first page is full of what cannot
 * move (a static one with its code right behind its headers): a new first page, in the file before
 * all else and in memory below all else. ELF header and program headers are copied there, where
 * the kernel finds them and hands them on (AT_PHDR = load address + e_phoff); the old ones stay as
 * they are at their addresses, for code that has a name for them (__ehdr_start): a static glibc
 * reads both. Where the old page one is writable and has to be, the new one is a PT_LOAD of its
 * own.
 *
 * Why not above all else, where the lowest address is taken: a core would hold such a page too,
 * but Linux before 5.18 takes AT_PHDR to be the first PT_LOAD's address, less its offset, plus
 * e_phoff, and some of them take the first PT_LOAD to be the lowest. With the new page last in the
 * table that is an address where nothing is; with it first, the program's size comes out negative.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "place/internal.h"

/* Linux lets nobody map less than this (vm.mmap_min_addr). */
#define LOWEST 0x10000

/* As large as any page of the machine, so that offsets and addresses keep agreeing. */
static int page_size(const struct layout *layout, uint64_t *page, struct note_error *err)
{
	*page = FIRST_PAGE;
	for (uint64_t i = 0; i < layout->image->phnum; i++)
		if (layout->phdrs[i].p_type == PT_LOAD && layout->phdrs[i].p_align > *page)
			*page = layout->phdrs[i].p_align;
	/* Pages are of 4096 bytes on x86, whatever the linker was ready for. */
	if (layout->image->ehdr.e_machine == EM_X86_64 || layout->image->ehdr.e_machine == EM_386)
		*page = FIRST_PAGE;
	if (*page > 0x10000 || layout->load->p_vaddr % *page != 0)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "page one cannot take the note, and segments are aligned to %llu",
				 (unsigned long long)*page);
	for (uint64_t i = 0; i < layout->image->phnum; i++)
		if (layout->phdrs[i].p_type == PT_LOAD &&
		    layout->phdrs[i].p_vaddr < layout->load->p_vaddr)
			return error_set(
				err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				"page one cannot take the note, and lies not lowest in memory");
	if (layout->load->p_vaddr < LOWEST + *page)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "page one is full of what cannot move, and there is no room below "
				 "address 0x%llx for another",
				 (unsigned long long)layout->load->p_vaddr);
	return NOTE_OK;
}

/* The program headers as they are then; a PT_LOAD of PAGE alone before the old first one where the
 * page is not to be written to. */
static int write_segments(const struct layout *layout, uint64_t page, struct output *file,
			  uint64_t *count, struct note_error *err)
{
	struct image *image = layout->image;
	const GElf_Ehdr *ehdr = &image->ehdr;
	const bool apart = layout->writable != NULL;
	uint64_t at = ehdr->e_phoff;
	int code = NOTE_OK;
	*count = image->phnum + (apart || layout->has_rest ? 1 : 0);
	for (uint64_t i = 0; i < image->phnum && code == NOTE_OK; i++) {
		GElf_Phdr phdr = layout->phdrs[i];
		const bool first = &layout->phdrs[i] == layout->load;
		GElf_Phdr new = phdr;
		if (first || phdr.p_type == PT_PHDR) {
			new.p_vaddr -= page;
			new.p_paddr -= page;
		}
		if (first) {
			new.p_filesz = apart ? page : phdr.p_filesz + page;
			new.p_memsz = apart ? page : phdr.p_memsz + page;
			new.p_flags = apart ? PF_R : phdr.p_flags;
		} else if (phdr.p_type == PT_PHDR) {
			new.p_filesz = new.p_memsz = *count * ehdr->e_phentsize;
		} else if ((phdr.p_filesz | phdr.p_memsz) != 0) {
			new.p_offset += page;
		}
		if (phdr.p_type == PT_LOAD && phdr.p_align > page)
			new.p_align = page;
		uint8_t *p = output_at(file, at, ehdr->e_phentsize);
		at += ehdr->e_phentsize;
		if (p != NULL)
			code = image_put_phdr(image, p, &new, err);
		if (!first || (!apart && !layout->has_rest) || code != NOTE_OK)
			continue;
		/* What follows the new page, or what was cut off behind the old one. */
		if (layout->has_rest)
			phdr = layout->rest;
		phdr.p_offset += page;
		phdr.p_align = new.p_align;
		p = output_at(file, at, ehdr->e_phentsize);
		at += ehdr->e_phentsize;
		if (p != NULL)
			code = image_put_phdr(image, p, &phdr, err);
	}
	return code;
}

static int write_headers(const struct layout *layout, uint64_t page, struct output *file,
			 struct note_error *err)
{
	struct image *image = layout->image;
	GElf_Ehdr ehdr = image->ehdr;
	uint64_t count;
	int code = write_segments(layout, page, file, &count, err);
	for (uint64_t i = 0; i < image->shnum && code == NOTE_OK; i++) {
		GElf_Shdr shdr;
		uint8_t *p = output_at(file, page + ehdr.e_shoff + i * ehdr.e_shentsize,
				       ehdr.e_shentsize);
		code = image_shdr(image, i, &shdr, err);
		if (i != 0)
			shdr.sh_offset += page;
		if (code == NOTE_OK && p != NULL)
			code = image_put_shdr(image, p, &shdr, err);
	}
	if (image->shnum != 0)
		ehdr.e_shoff += page;
	ehdr.e_phnum = (GElf_Half)count;
	uint8_t *p = output_at(file, 0, ehdr.e_ehsize);
	return code == NOTE_OK && p != NULL ? image_put_ehdr(image, p, &ehdr, err) : code;
}

int place_prepend(const struct layout *layout, uint8_t **out, size_t *out_size,
		  struct note_error *err)
{
	struct image *image = layout->image;
	struct span old;
	uint64_t page, size;
	if (layout->appended)
		return error_set(err, NOTE_UNSUPPORTED, place_image_end(layout),
				 "page one has no room, and bytes follow the ELF image from here "
				 "on: nothing can be added");
	if (image->ehdr.e_type != ET_EXEC ||
	    layout->headers.end + image->ehdr.e_phentsize > FIRST_PAGE ||
	    layout->headers.start < image->ehdr.e_ehsize || image->phnum + 1 >= PN_XNUM)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "page one is full of what cannot be moved");
	int code = page_size(layout, &page, err);
	if (code == NOTE_OK)
		code = image_whole(image, &old, err);
	if (code != NOTE_OK)
		return code;
	if (__builtin_add_overflow(old.size, page, &size))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "the file is too large");
	struct output file = {.bytes = calloc(1, size), .size = size};
	if (file.bytes == NULL)
		return error_system(err, "new file");
	output_copy(&file, page, old);
	code = write_headers(layout, page, &file, err);
	if (code == NOTE_OK && file.missed)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "headers of the file contradict each other");
	if (code != NOTE_OK) {
		free(file.bytes);
		return code;
	}
	*out = file.bytes;
	*out_size = size;
	return NOTE_OK;
}
