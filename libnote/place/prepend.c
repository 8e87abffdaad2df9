/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The last resort for an executable at fixed addresses whose first page is full of what cannot
 * move (a static one with its code right behind its headers): a new first page, in the file before
 * all else and in memory below all else. ELF header and program headers are copied there, where
 * the kernel finds them and hands them on (AT_PHDR = load address + e_phoff); the old ones stay as
 * they are at their addresses, for code that has a name for them (__ehdr_start): a static glibc
 * reads both.
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
				 "page one is full, and segments are aligned to %llu",
				 (unsigned long long)*page);
	for (uint64_t i = 0; i < layout->image->phnum; i++)
		if (layout->phdrs[i].p_type == PT_LOAD &&
		    layout->phdrs[i].p_vaddr < layout->load->p_vaddr)
			return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "page one is full, and lies not lowest in memory");
	if (layout->load->p_vaddr < LOWEST + *page)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "page one is full of what cannot move, and there is no room below "
				 "address 0x%llx for another",
				 (unsigned long long)layout->load->p_vaddr);
	return NOTE_OK;
}

static int write_headers(const struct layout *layout, uint64_t page, uint8_t *file,
			 struct note_error *err)
{
	struct image *image = layout->image;
	GElf_Ehdr ehdr = image->ehdr;
	int code = NOTE_OK;
	for (uint64_t i = 0; i < image->phnum && code == NOTE_OK; i++) {
		GElf_Phdr phdr = layout->phdrs[i];
		if (&layout->phdrs[i] == layout->load || phdr.p_type == PT_PHDR) {
			phdr.p_vaddr -= page;
			phdr.p_paddr -= page;
		}
		if (&layout->phdrs[i] == layout->load) {
			phdr.p_filesz += page;
			phdr.p_memsz += page;
		} else if (phdr.p_type != PT_PHDR && phdr.p_filesz + phdr.p_memsz != 0) {
			phdr.p_offset += page;
		}
		if (phdr.p_type == PT_LOAD && phdr.p_align > page)
			phdr.p_align = page;
		code = image_put_phdr(image, file + ehdr.e_phoff + i * ehdr.e_phentsize, &phdr,
				      err);
	}
	for (uint64_t i = 0; i < image->shnum && code == NOTE_OK; i++) {
		GElf_Shdr shdr;
		code = image_shdr(image, i, &shdr, err);
		if (i != 0)
			shdr.sh_offset += page;
		if (code == NOTE_OK)
			code = image_put_shdr(image,
					      file + page + ehdr.e_shoff + i * ehdr.e_shentsize,
					      &shdr, err);
	}
	if (image->shnum != 0)
		ehdr.e_shoff += page;
	return code == NOTE_OK ? image_put_ehdr(image, file, &ehdr, err) : code;
}

int place_prepend(const struct layout *layout, uint8_t **out, size_t *out_size,
		  struct note_error *err)
{
	struct image *image = layout->image;
	const uint8_t *old = image_bytes(image, 0, image->size, "file", err);
	uint64_t page;
	if (layout->appended)
		return error_set(err, NOTE_UNSUPPORTED, place_image_end(layout),
				 "page one has no room, and bytes follow the ELF image from here "
				 "on: nothing can be added");
	if (image->ehdr.e_type != ET_EXEC || layout->headers.end > FIRST_PAGE ||
	    layout->headers.start < image->ehdr.e_ehsize)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "page one is full of what cannot be moved");
	int code = page_size(layout, &page, err);
	if (code != NOTE_OK)
		return code;
	uint8_t *file = calloc(1, image->size + page);
	if (file == NULL || old == NULL) {
		free(file);
		return error_system(err, "new file");
	}
	memcpy(file + page, old, image->size);
	code = write_headers(layout, page, file, err);
	if (code != NOTE_OK) {
		free(file);
		return code;
	}
	*out = file;
	*out_size = image->size + page;
	return NOTE_OK;
}
