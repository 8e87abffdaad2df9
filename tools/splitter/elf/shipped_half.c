/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The shipped file: see halves.h. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/ranges.h"
#include "tools/base/text.h"
#include "tools/splitter/elf/names.h"
#include "tools/splitter/elf/shipped_internal.h"
#include "tools/splitter/loaded/hole.h"
#include "tools/splitter/loaded/overlay.h"
#include "tools/splitter/relocs/crel.h"

/* Nothing maps a relocatable file: its sections close ranks. */
static bool is_movable(const struct image *image)
{
	return image->ehdr.e_type == ET_REL && image->phnum == 0;
}

/* What is mapped, and the headers that describe it, keep their place. */
static int keep_loaded(struct shipped *shipped, struct image *image, const struct plan *plan,
		       struct note_error *err)
{
	const uint64_t phdrs = image->phnum * phdr_size(image);
	if (image_bytes(image, image->ehdr.e_phoff, phdrs, "program header table", err) == NULL)
		return NOTE_MALFORMED;
	shipped->kept.items = xcalloc(2 + image->phnum + plan->count, sizeof(*shipped->kept.items));
	ranges_add(&shipped->kept, 0, ehdr_size(image));
	ranges_add(&shipped->kept, image->ehdr.e_phoff, phdrs);
	for (uint64_t i = 0; i < image->phnum; i++) {
		GElf_Phdr phdr;
		int code = image_phdr(image, i, &phdr, err);
		if (code != NOTE_OK)
			return code;
		if (phdr.p_type == PT_NULL)
			continue;
		if (image_bytes(image, phdr.p_offset, phdr.p_filesz, "segment", err) == NULL)
			return NOTE_MALFORMED;
		ranges_add(&shipped->kept, phdr.p_offset, phdr.p_filesz);
	}
	for (uint64_t i = 1; !is_movable(image) && i < plan->count; i++) {
		const struct plan_section *section = &plan->sections[i];
		if ((section->shdr.sh_flags & SHF_ALLOC) != 0 && section->bytes != NULL)
			ranges_add(&shipped->kept, section->shdr.sh_offset, section->shdr.sh_size);
	}
	for (size_t i = 0; i < shipped->kept.count; i++)
		if (shipped->kept.items[i].end > shipped->limit)
			shipped->limit = shipped->kept.items[i].end;
	return NOTE_OK;
}

/* strip(1) has symbols and their names behind all else, and relocations behind these. */
static unsigned turn_of(const GElf_Shdr *shdr)
{
	switch (shdr->sh_type) {
	case SHT_SYMTAB:
	case SHT_SYMTAB_SHNDX:
	case SHT_STRTAB:
		return 1;
	case SHT_REL:
	case SHT_RELA:
	case SHT_CREL:
		return 2;
	default:
		return 0;
	}
}

/* Those of a relocatable file, one behind the other. */
static int place_all(struct shipped *shipped, const struct plan *plan, uint64_t *end,
		     struct note_error *err)
{
	for (unsigned turn = 0; turn < 3; turn++) {
		for (uint64_t i = 1; i < shipped->count; i++) {
			GElf_Shdr *shdr = &shipped->shdrs[i];
			const bool has_bytes = plan->sections[shipped->from[i]].bytes != NULL;
			const uint64_t size = shdr->sh_size;
			if (turn_of(shdr) != turn)
				continue;
			shdr->sh_size = has_bytes ? size : 0; /* .bss has a place alone */
			int code = place_section(end, shdr, err);
			shdr->sh_size = size;
			if (code != NOTE_OK)
				return code;
		}
	}
	return NOTE_OK;
}

/* Gives the sections that are not loaded their offsets: where they lie, if that is in the part
 * that keeps its offsets, else behind it. Returns through *END where the file goes on. */
static int place_sections(struct shipped *shipped, const struct image *image,
			  const struct plan *plan, uint64_t *end, struct note_error *err)
{
	*end = shipped->limit;
	if (is_movable(image))
		return place_all(shipped, plan, end, err);
	for (uint64_t i = 1; i < shipped->count; i++) {
		GElf_Shdr *shdr = &shipped->shdrs[i];
		const struct plan_section *section = &plan->sections[shipped->from[i]];
		/* Empty ones, and .bss and the like, lie nowhere; eu-unstrip wants them in front of
		 * what is not loaded. */
		if ((shdr->sh_flags & SHF_ALLOC) != 0 && shdr->sh_offset > shipped->limit)
			shdr->sh_offset = shipped->limit;
		if ((shdr->sh_flags & SHF_ALLOC) != 0 || section->bytes == NULL)
			continue;
		if (shipped->renumbered.bytes[shipped->from[i]] == NULL &&
		    shdr->sh_offset <= shipped->limit &&
		    shdr->sh_size <= shipped->limit - shdr->sh_offset) {
			ranges_add(&shipped->kept, shdr->sh_offset, shdr->sh_size);
			continue;
		}
		int code = place_section(end, shdr, err);
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}

/* Debug data that lies before the end of what is loaded (after patchelf, say), into REMOVED. */
static int list_removed(const struct shipped *shipped, struct image *image, const struct plan *plan,
			struct ranges *removed, struct note_error *err)
{
	removed->items = xcalloc(plan->count + 1, sizeof(*removed->items));
	for (uint64_t i = 1; i < image->shnum && i < plan->count; i++) {
		GElf_Shdr shdr; /* the original place, not the edit's size */
		int code = image_shdr(image, i, &shdr, err);
		if (code != NOTE_OK)
			return code;
		const struct plan_section *section = &plan->sections[i];
		const uint64_t now = shipped->to[i];
		const bool moved = section->bytes != NULL &&
				   (now == 0 || shipped->shdrs[now].sh_offset != shdr.sh_offset);
		if (!moved || shdr.sh_offset >= shipped->limit)
			continue;
		const uint64_t room = shipped->limit - shdr.sh_offset;
		ranges_add(removed, shdr.sh_offset, shdr.sh_size < room ? shdr.sh_size : room);
	}
	const uint64_t table = image->shnum * shdr_size(image);
	if (image->ehdr.e_shoff < shipped->limit) {
		const uint64_t room = shipped->limit - image->ehdr.e_shoff;
		ranges_add(removed, image->ehdr.e_shoff, table < room ? table : room);
	}
	ranges_merge(removed);
	return NOTE_OK;
}

/* Where an allocated section got another number, the dynamic symbols must follow. *P is the field
 * of one: whether it changed. */
static bool renumber_symbol(const struct shipped *shipped, const struct image *image,
			    const struct plan *plan, uint8_t p[2])
{
	const uint16_t index = image_u16(image, p);
	if (index == SHN_UNDEF || index >= SHN_LORESERVE || index >= plan->count ||
	    shipped->to[index] == 0 || shipped->to[index] >= SHN_LORESERVE ||
	    shipped->to[index] == index)
		return false;
	image_put16(image, p, (uint16_t)shipped->to[index]);
	return true;
}

/* Those of what keeps its place. */
static void renumber_loaded(const struct shipped *shipped, const struct image *image,
			    const struct plan *plan, struct overlay *out)
{
	const uint64_t entry = symbol_size(image);
	for (uint64_t i = 1; i < shipped->count; i++) {
		const GElf_Shdr *shdr = &shipped->shdrs[i];
		if (shdr->sh_type != SHT_DYNSYM || plan->sections[shipped->from[i]].bytes == NULL ||
		    shdr->sh_offset >= shipped->limit)
			continue;
		for (uint64_t at = 0; at + entry <= shdr->sh_size; at += entry) {
			const uint64_t place = shdr->sh_offset + at + symbol_section_offset(image);
			uint8_t p[2];
			overlay_read(out, place, p, sizeof(p));
			if (renumber_symbol(shipped, image, plan, p))
				overlay_write(out, place, p, sizeof(p));
		}
	}
}

/* A table that lies behind: a copy, for free(). */
static uint8_t *renumber_copy(const struct shipped *shipped, const struct image *image,
			      const struct plan *plan, const uint8_t *bytes, uint64_t size)
{
	const uint64_t entry = symbol_size(image);
	uint8_t *copy = xmalloc(size + 1);
	memcpy(copy, bytes, size);
	for (uint64_t at = 0; at + entry <= size; at += entry)
		renumber_symbol(shipped, image, plan, copy + at + symbol_section_offset(image));
	return copy;
}

/* The table of section names, with those that end others inside them, in strip(1)'s order. */
static void share_tails(struct shipped *shipped)
{
	static const char *const first[] = {".symtab", ".strtab", ".shstrtab"};
	struct names names = {0};
	struct text text = {0};
	for (size_t k = 0; k < sizeof(first) / sizeof(first[0]); k++)
		for (uint64_t i = 1; i < shipped->count; i++)
			if (strcmp(shipped->names.data + shipped->shdrs[i].sh_name, first[k]) == 0)
				names_add(&names, first[k]);
	const size_t before = names.count;
	for (uint64_t i = 1; i < shipped->count; i++)
		names_add(&names, shipped->names.data + shipped->shdrs[i].sh_name);
	names_finish(&names, &text);
	for (uint64_t i = 1; i < shipped->count; i++)
		shipped->shdrs[i].sh_name = names.items[before + i - 1].offset;
	names_free(&names);
	text_free(&shipped->names);
	shipped->names = text;
}

/* Adds a section behind END. */
static int add_section(struct shipped *shipped, const char *name, uint32_t type,
		       const uint8_t *bytes, uint64_t size, uint64_t alignment, uint64_t *end,
		       struct note_error *err)
{
	GElf_Shdr *shdr = &shipped->shdrs[shipped->count];
	shipped->added[shipped->count++] = bytes;
	*shdr = (GElf_Shdr){.sh_name = shipped_add_name(shipped, name),
			    .sh_type = type,
			    .sh_size = size,
			    .sh_addralign = alignment};
	return place_section(end, shdr, err);
}

static int add_sections(struct shipped *shipped, const struct strip_additions *additions,
			const struct text *debuglink, uint64_t *end, struct note_error *err)
{
	int code = NOTE_OK;
	if (additions->debugdata != NULL)
		code = add_section(shipped, ".gnu_debugdata", SHT_PROGBITS, additions->debugdata,
				   additions->debugdata_size, 1, end, err);
	if (code == NOTE_OK && additions->link != NULL)
		code = add_section(shipped, ".gnu_debuglink", SHT_PROGBITS,
				   (const uint8_t *)debuglink->data, debuglink->size, 4, end, err);
	if (code != NOTE_OK)
		return code;
	/* The table holds its own name, too: it is complete once that is added. */
	GElf_Shdr *names = &shipped->shdrs[shipped->count++];
	names->sh_name = shipped_add_name(shipped, ".shstrtab");
	if (additions->lean)
		share_tails(shipped);
	names->sh_type = SHT_STRTAB;
	names->sh_size = shipped->names.size;
	names->sh_addralign = 1;
	shipped->added[shipped->count - 1] = (const uint8_t *)shipped->names.data;
	return place_section(end, names, err);
}

/* What keeps its offsets, but for a hole. */
static int add_loaded(struct pieces *out, struct shipped *shipped, struct image *image,
		      const struct plan *plan, struct file_layout *layout, struct note_error *err)
{
	uint8_t ehdr[sizeof(Elf64_Ehdr)];
	struct overlay overlay;
	const uint8_t *original = image_bytes(image, 0, shipped->limit, "file", err);
	if (original == NULL)
		return NOTE_MALFORMED;
	overlay_begin(&overlay, original, shipped->limit);
	struct ranges removed = {0};
	int code = list_removed(shipped, image, plan, &removed, err);
	if (code == NOTE_OK) {
		hole_wipe(&overlay, &shipped->kept, &removed);
		shipped->hole = hole_find(&shipped->kept, &removed, image);
		layout->shoff = hole_moves(shipped->hole, layout->shoff);
		code = put_ehdr(image, ehdr, layout, err);
	}
	if (code == NOTE_OK) {
		overlay_write(&overlay, 0, ehdr, ehdr_size(image));
		renumber_loaded(shipped, image, plan, &overlay);
		if (shipped->hole.end != 0)
			code = hole_close(&overlay, shipped->hole, image, err);
	}
	if (code == NOTE_OK)
		overlay_add(&overlay, out);
	overlay_free(&overlay);
	free(removed.items);
	return code;
}

/* One section that lies behind. */
static void add_contents(struct pieces *out, struct shipped *shipped, const struct image *image,
			 const struct plan *plan, uint64_t index)
{
	const GElf_Shdr *shdr = &shipped->shdrs[index];
	const uint64_t old = shipped->from[index];
	const uint8_t *bytes = old == 0 ? shipped->added[index] : plan->sections[old].bytes;
	uint8_t *owned = NULL;
	const bool has_symbols = shdr->sh_type == SHT_DYNSYM && plan->sections[old].bytes != NULL;
	if (old != 0 && shipped->renumbered.bytes[old] != NULL) {
		bytes = owned = shipped->renumbered.bytes[old];
		shipped->renumbered.bytes[old] = NULL;
	}
	if (bytes != NULL && shdr->sh_offset >= shipped->limit) {
		if (has_symbols) {
			uint8_t *copy = renumber_copy(shipped, image, plan, bytes, shdr->sh_size);
			free(owned);
			bytes = owned = copy;
		}
		pieces_fill(out, shdr->sh_offset);
		pieces_add(out, bytes, shdr->sh_size);
	}
	pieces_own(out, owned);
}

static int by_offset(const void *left, const void *right, void *shdrs)
{
	const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
	const GElf_Shdr *all = shdrs;
	if (all[a].sh_offset != all[b].sh_offset)
		return all[a].sh_offset < all[b].sh_offset ? -1 : 1;
	return a < b ? -1 : a > b;
}

static uint64_t *order_of_places(const struct shipped *shipped)
{
	uint64_t *order = xcalloc(shipped->count, sizeof(*order));
	for (uint64_t i = 0; i < shipped->count; i++)
		order[i] = i;
	qsort_r(order, shipped->count, sizeof(*order), by_offset, shipped->shdrs);
	return order;
}

static int add_all(struct pieces *out, struct shipped *shipped, struct image *image,
		   const struct plan *plan, struct file_layout *layout, struct note_error *err)
{
	int code = add_loaded(out, shipped, image, plan, layout, err);
	if (code != NOTE_OK)
		return code;
	shipped->limit = hole_moves(shipped->hole, shipped->limit);
	for (uint64_t i = 1; shipped->hole.end != 0 && i < shipped->count; i++)
		shipped->shdrs[i].sh_offset =
			hole_moves(shipped->hole, shipped->shdrs[i].sh_offset);
	uint64_t *order = order_of_places(shipped);
	for (uint64_t i = 0; i < shipped->count; i++)
		add_contents(out, shipped, image, plan, order[i]);
	free(order);
	uint8_t *table = xcalloc(shipped->count, shdr_size(image));
	pieces_own(out, table);
	for (uint64_t i = 0; code == NOTE_OK && i < shipped->count; i++)
		code = image_put_shdr(image, table + i * shdr_size(image), &shipped->shdrs[i], err);
	pieces_fill(out, layout->shoff);
	pieces_add(out, table, shipped->count * shdr_size(image));
	return code;
}

int strip_shipped_pieces(struct pieces *out, struct image *image, const struct plan *plan,
			 const struct strip_additions *additions, struct note_error *err)
{
	struct shipped shipped = {0};
	struct file_layout layout = {.phoff = image->ehdr.e_phoff};
	struct text debuglink = {0};
	uint64_t end;
	*out = (struct pieces){0};
	if (additions->link != NULL)
		make_debuglink(image, additions->link, additions->crc32, &debuglink);
	int code = keep_loaded(&shipped, image, plan, err);
	if (code != NOTE_OK)
		goto out;
	code = shipped_choose_sections(&shipped, image, plan, additions->lean, err);
	if (code == NOTE_OK)
		code = place_sections(&shipped, image, plan, &end, err);
	if (code == NOTE_OK)
		code = add_sections(&shipped, additions, &debuglink, &end, err);
	if (code == NOTE_OK)
		code = place_table(image, end, shipped.count, &layout, err);
	if (code != NOTE_OK)
		goto out;
	ranges_merge(&shipped.kept);
	layout.shstrndx = shipped.count - 1;
	extend_numbering(&layout, &shipped.shdrs[0]);
	code = add_all(out, &shipped, image, plan, &layout, err);
	pieces_own(out, shipped.names.data);
	pieces_own(out, debuglink.data);
	shipped.names = debuglink = (struct text){0};
out:
	shipped_forget_sections(&shipped);
	free(shipped.kept.items);
	text_free(&debuglink);
	return code;
}

int strip_shipped_file(struct strip_output *out, struct image *image, const struct plan *plan,
		       const struct strip_additions *additions, struct note_error *err)
{
	struct pieces pieces;
	const int code = strip_shipped_pieces(&pieces, image, plan, additions, err);
	return join_pieces(out, &pieces, code, err);
}
