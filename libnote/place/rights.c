/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A note that the program could write over is worth little, and readers say so. Where the segment
 * of page one is writable (patchelf makes it so in programs at fixed addresses; ld -N does),
 * nothing in it may need that: then the right is taken away. Or page one needs it not: then the
 * segment is cut behind page one.
 */
#include "error.h"
#include "place/internal.h"

/* What ends a page on every system that the file is made for. */
static uint64_t page_of(const struct layout *layout)
{
	const uint16_t machine = layout->image->ehdr.e_machine;
	const uint64_t align = layout->load->p_align;
	return machine == EM_X86_64 || machine == EM_386 || align < FIRST_PAGE ? FIRST_PAGE : align;
}

static bool is_written(const struct layout *layout, uint64_t start, uint64_t end)
{
	for (uint64_t i = 1; i < layout->image->shnum; i++) {
		const GElf_Shdr *shdr = &layout->shdrs[i];
		if ((shdr->sh_flags & (SHF_ALLOC | SHF_WRITE)) == (SHF_ALLOC | SHF_WRITE) &&
		    (shdr->sh_flags & SHF_TLS) == 0 && shdr->sh_size != 0 && shdr->sh_addr < end &&
		    (shdr->sh_addr >= start || shdr->sh_size > start - shdr->sh_addr))
			return true;
	}
	/* The dynamic linker writes to DT_DEBUG, and to what is read-only only after relocation. */
	for (uint64_t i = 0; i < layout->image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		const bool data = phdr->p_type == PT_DYNAMIC || phdr->p_type == PT_GNU_RELRO;
		if (data && phdr->p_memsz != 0 && phdr->p_vaddr < end &&
		    phdr->p_vaddr + phdr->p_memsz > start)
			return true;
	}
	return false;
}

static bool has_text_relocations(const struct layout *layout)
{
	for (size_t i = 0; i < layout->dynamic_count; i++)
		if (layout->dynamic[i].d_tag == DT_TEXTREL ||
		    (layout->dynamic[i].d_tag == DT_FLAGS &&
		     (layout->dynamic[i].d_un.d_val & DF_TEXTREL) != 0))
			return true;
	return false;
}

void place_rights(struct layout *layout)
{
	GElf_Phdr *load = &layout->phdrs[layout->load - layout->phdrs];
	const uint64_t page = page_of(layout);
	if ((load->p_flags & PF_W) == 0)
		return;
	if (layout->image->shnum <= 1 || has_text_relocations(layout)) {
		layout->writable =
			layout->image->shnum <= 1
				? "and no section headers are left to tell what is written to"
				: "and there are text relocations";
		return;
	}
	if (!is_written(layout, load->p_vaddr, load->p_vaddr + load->p_memsz) &&
	    load->p_memsz == load->p_filesz) {
		load->p_flags &= ~(GElf_Word)PF_W;
		return;
	}
	if (load->p_filesz <= page || load->p_vaddr % page != 0 ||
	    is_written(layout, load->p_vaddr, load->p_vaddr + page)) {
		layout->writable = "and holds what is written to";
		return;
	}
	layout->rest = *load;
	layout->rest.p_offset += page;
	layout->rest.p_vaddr += page;
	layout->rest.p_paddr += page;
	layout->rest.p_filesz -= page;
	layout->rest.p_memsz -= page;
	layout->has_rest = true;
	load->p_flags &= ~(GElf_Word)PF_W;
	load->p_filesz = load->p_memsz = page;
}
