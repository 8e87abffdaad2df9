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
#define MAX_OFFSET_ALIGNMENT 16

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
	       (whole || (section->fate != FATE_SHIPPED && section->fate != FATE_DROPPED) ||
		index == image->shstrndx);
}

static int write_file(struct strip_output *out, struct image *image, const struct plan *plan,
		      bool whole, struct note_error *err)
{
	struct file_layout layout = {.phoff = ehdr_size(image), .shstrndx = image->shstrndx};
	const uint64_t phdrs = image->phnum * phdr_size(image);
	uint64_t end = ehdr_size(image) + phdrs;
	*out = (struct strip_output){0};
	GElf_Shdr *shdrs = xcalloc(plan->count, sizeof(*shdrs));
	int code = NOTE_OK;
	for (uint64_t i = 1; code == NOTE_OK && i < plan->count; i++) {
		shdrs[i] = plan->sections[i].shdr;
		if (has_contents(plan, image, i, whole)) {
			code = place_section(&end, &shdrs[i], err);
		} else if (shdrs[i].sh_type != SHT_NULL) {
			shdrs[i].sh_type = SHT_NOBITS;
			shdrs[i].sh_offset = end;
		}
	}
	if (code == NOTE_OK)
		code = place_table(image, end, plan->count, &layout, err);
	if (code != NOTE_OK)
		goto out;
	shdrs[0] = plan->sections[0].shdr;
	extend_numbering(&layout, &shdrs[0]);
	out->size = layout.size;
	out->bytes = calloc(1, layout.size);
	if (out->bytes == NULL) {
		code = error_system(err, "debug file");
		goto out;
	}
	const uint8_t *table =
		image_bytes(image, image->ehdr.e_phoff, phdrs, "program header table", err);
	code = table != NULL ? put_ehdr(image, out->bytes, &layout, err) : NOTE_MALFORMED;
	if (code == NOTE_OK)
		memcpy(out->bytes + layout.phoff, table, phdrs);
	for (uint64_t i = 0; code == NOTE_OK && i < plan->count; i++) {
		if (has_contents(plan, image, i, whole))
			memcpy(out->bytes + shdrs[i].sh_offset, plan->sections[i].bytes,
			       shdrs[i].sh_size);
		code = image_put_shdr(image, out->bytes + layout.shoff + i * shdr_size(image),
				      &shdrs[i], err);
	}
out:
	free(shdrs);
	if (code != NOTE_OK) {
		free(out->bytes);
		*out = (struct strip_output){0};
	}
	return code;
}

int strip_debug_file(struct strip_output *out, struct image *image, const struct plan *plan,
		     struct note_error *err)
{
	return write_file(out, image, plan, false, err);
}

int strip_nothing(struct strip_output *out, struct image *image, const struct plan *plan,
		  struct note_error *err)
{
	return write_file(out, image, plan, true, err);
}
