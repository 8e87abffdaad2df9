/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/loaded/hole.h"

#include "libnote/error.h"

#define PAGE 4096

uint64_t hole_moves(struct range hole, uint64_t offset)
{
	if (offset >= hole.end)
		return offset - (hole.end - hole.start);
	return offset > hole.start ? hole.start : offset;
}

void hole_wipe(struct overlay *overlay, const struct ranges *kept, const struct ranges *removed)
{
	for (size_t i = 0; i < removed->count; i++) {
		uint64_t start = removed->items[i].start;
		for (struct range gap; ranges_gap(kept, start, removed->items[i].end, &gap);
		     start = gap.end)
			overlay_zero(overlay, gap.start, gap.end - gap.start);
	}
}

static bool takes_alignment(uint64_t *alignment, uint64_t other)
{
	if ((other & (other - 1)) != 0)
		return false;
	*alignment = other > *alignment ? other : *alignment;
	return true;
}

/* The alignment of all that lies at or behind OFFSET, 0 where one is none. */
static uint64_t alignment_behind(struct image *image, uint64_t offset)
{
	uint64_t alignment = PAGE;
	for (uint64_t i = 0; i < image->phnum; i++) {
		GElf_Phdr phdr;
		if (image_phdr(image, i, &phdr, NULL) != NOTE_OK ||
		    (phdr.p_offset >= offset && !takes_alignment(&alignment, phdr.p_align)))
			return 0;
	}
	for (uint64_t i = 1; i < image->shnum; i++) {
		GElf_Shdr shdr;
		if (image_shdr(image, i, &shdr, NULL) != NOTE_OK ||
		    (shdr.sh_offset >= offset && !takes_alignment(&alignment, shdr.sh_addralign)))
			return 0;
	}
	return alignment;
}

/* Whether all of HOLE was removed or is zero, and some of it was removed. */
static bool is_left_over(struct range hole, const struct ranges *removed, struct image *image)
{
	struct range rest = {hole.start, hole.start};
	uint64_t nobody = 0;
	while (ranges_gap(removed, rest.end, hole.end, &rest)) {
		const uint64_t size = rest.end - rest.start;
		const uint8_t *bytes = image_bytes(image, rest.start, size, "file", NULL);
		for (uint64_t i = 0; i < size; i++)
			if (bytes == NULL || bytes[i] != 0)
				return false;
		nobody += size;
	}
	return nobody < hole.end - hole.start;
}

struct range hole_find(const struct ranges *kept, const struct ranges *removed, struct image *image)
{
	struct range widest = {0};
	for (size_t i = 1; i < kept->count; i++) {
		const struct range gap = {kept->items[i - 1].end, kept->items[i].start};
		if (gap.end - gap.start > widest.end - widest.start)
			widest = gap;
	}
	/* Kernels before 5.18 tell a program where its headers are by their offset. */
	if (widest.end - widest.start < PAGE || image->ehdr.e_phoff >= widest.start)
		return (struct range){0};
	const uint64_t alignment = alignment_behind(image, widest.end);
	if (alignment == 0)
		return (struct range){0};
	widest.start = widest.end - (widest.end - widest.start) / alignment * alignment;
	if (widest.start == widest.end || !is_left_over(widest, removed, image))
		return (struct range){0};
	return widest;
}

int hole_close(struct overlay *overlay, struct range hole, struct image *image,
	       struct note_error *err)
{
	const uint64_t entry = image->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	int code = NOTE_OK;
	overlay_cut(overlay, hole.start, hole.end);
	for (uint64_t i = 0; code == NOTE_OK && i < image->phnum; i++) {
		uint8_t bytes[sizeof(Elf64_Phdr)];
		GElf_Phdr phdr;
		code = image_phdr(image, i, &phdr, err);
		if (code != NOTE_OK || phdr.p_offset < hole.end)
			continue;
		phdr.p_offset = hole_moves(hole, phdr.p_offset);
		code = image_put_phdr(image, bytes, &phdr, err);
		if (code == NOTE_OK)
			overlay_write(overlay, image->ehdr.e_phoff + i * entry, bytes, entry);
	}
	return code;
}
