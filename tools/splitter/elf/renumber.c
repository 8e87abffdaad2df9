/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/elf/renumber.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/text.h"
#include "tools/splitter/elf/halves_internal.h"
#include "tools/splitter/elf/names.h"
#include "tools/splitter/relocs/crel.h"

/* The kept symbol table, and the new number of each of its symbols (0: gone). */
struct symbols {
	uint64_t section;
	uint64_t count;
	uint32_t *to;
	uint8_t *used; /* where files and sections that nothing names are to go, which are named */
};

size_t symbol_section_offset(const struct image *image)
{
	return image->is_64 ? offsetof(Elf64_Sym, st_shndx) : offsetof(Elf32_Sym, st_shndx);
}

static void replace(struct renumbered *out, const struct plan *plan, uint64_t index)
{
	const struct plan_section *section = &plan->sections[index];
	out->bytes[index] = xmalloc(section->shdr.sh_size);
	memcpy(out->bytes[index], section->bytes, section->shdr.sh_size);
	out->sizes[index] = section->shdr.sh_size;
	out->infos[index] = section->shdr.sh_info;
}

/* The new contents of the table that has the section numbers which are too large for a symbol
 * (gABI, "Symbol Table"), COUNT of them; NULL where TABLE has none. */
static uint8_t *replace_extended(struct renumbered *out, const struct plan *plan,
				 const uint64_t *to, uint64_t table, uint64_t count)
{
	for (uint64_t i = 1; i < plan->count; i++) {
		const struct plan_section *section = &plan->sections[i];
		if (section->shdr.sh_type != SHT_SYMTAB_SHNDX || section->shdr.sh_link != table ||
		    section->bytes == NULL || section->shdr.sh_size / 4 < count || to[i] == 0)
			continue;
		replace(out, plan, i);
		out->extended = i;
		return out->bytes[i];
	}
	return NULL;
}

/* Where a relocation keeps its symbol: 64-bit little-endian MIPS has it first. */
static bool symbol_comes_first(const struct image *image)
{
	return image->ehdr.e_machine == EM_MIPS && !image->is_big;
}

/* The symbol of the relocation whose r_info is at INFO. */
static uint64_t symbol_of(const struct image *image, const uint8_t *info)
{
	if (!image->is_64)
		return image_u32(image, info) >> 8;
	const uint64_t value = image_u64(image, info);
	return symbol_comes_first(image) ? value & 0xffffffff : value >> 32;
}

/* Marks the symbols that what stays names; false where that cannot be told. */
static bool mark_used(struct symbols *symbols, const struct image *image, const struct plan *plan,
		      const uint64_t *to)
{
	const uint64_t word = image->is_64 ? 8 : 4;
	symbols->used = xcalloc(symbols->count + 1, 1);
	for (uint64_t i = 1; i < plan->count; i++) {
		const struct plan_section *section = &plan->sections[i];
		const GElf_Shdr *shdr = &section->shdr;
		if (to[i] == 0 || shdr->sh_link != symbols->section || section->bytes == NULL)
			continue;
		if (shdr->sh_type == SHT_GROUP && shdr->sh_info < symbols->count)
			symbols->used[shdr->sh_info] = 1;
		if (shdr->sh_type == SHT_GROUP || shdr->sh_type == SHT_SYMTAB_SHNDX)
			continue;
		if (shdr->sh_type != SHT_REL && shdr->sh_type != SHT_RELA)
			return false;
		const uint64_t size = (shdr->sh_type == SHT_RELA ? 3 : 2) * word;
		for (uint64_t at = 0; at + size <= shdr->sh_size; at += size) {
			const uint64_t symbol = symbol_of(image, section->bytes + at + word);
			if (symbol < symbols->count)
				symbols->used[symbol] = 1;
		}
	}
	return true;
}

/* strip(1) lets those go, too: a linker has no use for them. */
static bool is_unused(const struct image *image, const struct symbols *symbols, uint64_t index,
		      const uint8_t *symbol)
{
	const unsigned type = GELF_ST_TYPE(
		symbol[image->is_64 ? offsetof(Elf64_Sym, st_info) : offsetof(Elf32_Sym, st_info)]);
	return symbols->used != NULL && symbols->used[index] == 0 &&
	       (type == STT_FILE || type == STT_SECTION);
}

/* The names of the COUNT symbols at BYTES, and no others, in a table of their own, if nothing else
 * has its names in the old one. */
static void renew_names(struct renumbered *out, const struct image *image, const struct plan *plan,
			const uint64_t *to, uint64_t table, uint8_t *bytes, uint64_t count)
{
	const uint64_t strings = plan->sections[table].shdr.sh_link;
	const uint64_t size = symbol_size(image);
	const struct plan_section *old = strings < plan->count ? &plan->sections[strings] : NULL;
	struct names names = {0};
	struct text text = {0};
	bool good = old != NULL && old->bytes != NULL && to[strings] != 0 &&
		    old->shdr.sh_type == SHT_STRTAB && old->shdr.sh_size != 0 &&
		    old->bytes[old->shdr.sh_size - 1] == '\0';
	for (uint64_t i = 1; good && i < plan->count; i++)
		good = i == table || to[i] == 0 || plan->sections[i].shdr.sh_link != strings;
	for (uint64_t i = 0; good && i < count; i++) {
		const uint32_t name = image_u32(image, bytes + i * size);
		good = name < old->shdr.sh_size;
		if (good)
			names_add(&names, (const char *)old->bytes + name);
	}
	if (good)
		names_finish(&names, &text);
	if (good && text.size <= old->shdr.sh_size) {
		for (uint64_t i = 0; i < count; i++)
			image_put32(image, bytes + i * size, names.items[i].offset);
		out->bytes[strings] = (uint8_t *)text.data;
		out->sizes[strings] = text.size;
		out->infos[strings] = old->shdr.sh_info;
	} else {
		text_free(&text);
	}
	names_free(&names);
}

/* Leaves out the symbols of sections that leave, and gives the others their sections' numbers. */
static int renumber_symbols(struct renumbered *out, struct image *image, const struct plan *plan,
			    const uint64_t *to, uint64_t index, bool lean, struct symbols *symbols,
			    struct note_error *err)
{
	const uint64_t size = symbol_size(image);
	symbols->section = index;
	symbols->count = plan->sections[index].shdr.sh_size / size;
	uint8_t *extended = replace_extended(out, plan, to, index, symbols->count);
	symbols->to = xcalloc(symbols->count, sizeof(*symbols->to));
	if (lean && !mark_used(symbols, image, plan, to)) {
		free(symbols->used);
		symbols->used = NULL;
	}
	replace(out, plan, index);
	uint8_t *bytes = out->bytes[index];
	uint64_t kept = 0;
	uint32_t locals = 0;
	for (uint64_t i = 0; i < symbols->count; i++) {
		uint8_t *symbol = bytes + i * size;
		uint64_t section = image_u16(image, symbol + symbol_section_offset(image));
		const bool is_large = section == SHN_XINDEX;
		if (is_large && extended == NULL)
			return error_set(err, NOTE_MALFORMED, plan->sections[index].shdr.sh_offset,
					 "a symbol's section number is not there");
		if (is_large)
			section = image_u32(image, extended + i * 4);
		const bool ordinary = is_large || (section != SHN_UNDEF && section < SHN_LORESERVE);
		if (ordinary && (section >= plan->count || to[section] == 0))
			continue;
		if (i != 0 && is_unused(image, symbols, i, symbol))
			continue;
		const bool stays_large = ordinary && to[section] >= SHN_LORESERVE;
		if (ordinary)
			image_put16(image, symbol + symbol_section_offset(image),
				    stays_large ? SHN_XINDEX : (uint16_t)to[section]);
		if (extended != NULL)
			image_put32(image, extended + kept * 4,
				    stays_large ? (uint32_t)to[section] : 0);
		symbols->to[i] = (uint32_t)kept;
		if (i < out->infos[index])
			locals++;
		memmove(bytes + kept++ * size, symbol, size);
	}
	out->sizes[index] = kept * size;
	out->infos[index] = locals;
	if (extended != NULL)
		out->sizes[out->extended] = kept * 4;
	if (lean)
		renew_names(out, image, plan, to, index, bytes, kept);
	return NOTE_OK;
}

static int renumber_relocations(struct renumbered *out, struct image *image,
				const struct plan *plan, uint64_t index,
				const struct symbols *symbols, struct note_error *err)
{
	const GElf_Shdr *shdr = &plan->sections[index].shdr;
	const uint64_t word = image->is_64 ? 8 : 4;
	const uint64_t size = (shdr->sh_type == SHT_RELA ? 3 : 2) * word;
	replace(out, plan, index);
	for (uint64_t at = 0; at + size <= shdr->sh_size; at += size) {
		uint8_t *info = out->bytes[index] + at + word;
		const bool wide = image->is_64;
		const bool first = wide && symbol_comes_first(image);
		const uint64_t old = wide ? image_u64(image, info) : image_u32(image, info);
		const uint64_t symbol = symbol_of(image, info);
		if (symbol == 0)
			continue;
		if (symbol >= symbols->count || symbols->to[symbol] == 0)
			return error_set(err, NOTE_UNSUPPORTED, shdr->sh_offset + at,
					 "%s: a relocation needs a section that is moved out",
					 plan->sections[index].name);
		const uint64_t now = symbols->to[symbol];
		if (first)
			image_put64(image, info, (old & ~0xffffffffull) | now);
		else if (wide)
			image_put64(image, info, (old & 0xffffffff) | now << 32);
		else
			image_put32(image, info, (uint32_t)((old & 0xff) | now << 8));
	}
	return NOTE_OK;
}

static int renumber_compact(struct renumbered *out, const struct plan *plan, uint64_t index,
			    const struct symbols *symbols, struct note_error *err)
{
	const struct plan_section *section = &plan->sections[index];
	struct note_error why;
	struct text text = {0};
	int code = crel_renumber(&text, section->bytes, section->shdr.sh_size, symbols->to,
				 symbols->count, &why);
	if (code != NOTE_OK) {
		text_free(&text);
		return error_set(err, code, section->shdr.sh_offset, "%s: %s", section->name,
				 why.text);
	}
	out->bytes[index] = (uint8_t *)text.data;
	out->sizes[index] = text.size;
	out->infos[index] = section->shdr.sh_info;
	return NOTE_OK;
}

/* A group is a word of flags and its sections' numbers (gABI, "Section Groups"). */
static void renumber_group(struct renumbered *out, struct image *image, const struct plan *plan,
			   const uint64_t *to, uint64_t index, const struct symbols *symbols)
{
	const GElf_Shdr *shdr = &plan->sections[index].shdr;
	replace(out, plan, index);
	uint8_t *bytes = out->bytes[index];
	uint64_t end = shdr->sh_size < 4 ? 0 : 4;
	for (uint64_t at = 4; at + 4 <= shdr->sh_size; at += 4) {
		const uint32_t section = image_u32(image, bytes + at);
		if (section >= plan->count || to[section] == 0)
			continue;
		image_put32(image, bytes + end, (uint32_t)to[section]);
		end += 4;
	}
	out->sizes[index] = end;
	out->infos[index] = shdr->sh_info < symbols->count ? symbols->to[shdr->sh_info] : 0;
}

int renumber_contents(struct renumbered *out, struct image *image, const struct plan *plan,
		      const uint64_t *to, bool lean, struct note_error *err)
{
	struct symbols symbols = {0};
	int code = NOTE_OK;
	*out = (struct renumbered){.count = plan->count};
	out->bytes = xcalloc(plan->count, sizeof(*out->bytes));
	out->sizes = xcalloc(plan->count, sizeof(*out->sizes));
	out->infos = xcalloc(plan->count, sizeof(*out->infos));
	for (uint64_t i = 1; symbols.section == 0 && code == NOTE_OK && i < plan->count; i++)
		if (to[i] != 0 && plan->sections[i].shdr.sh_type == SHT_SYMTAB &&
		    plan->sections[i].fate != FATE_FIRST && plan->sections[i].bytes != NULL)
			code = renumber_symbols(out, image, plan, to, i, lean, &symbols, err);
	for (uint64_t i = 1; symbols.section != 0 && code == NOTE_OK && i < plan->count; i++) {
		const GElf_Shdr *shdr = &plan->sections[i].shdr;
		if (to[i] == 0 || plan->sections[i].bytes == NULL ||
		    shdr->sh_link != symbols.section || (shdr->sh_flags & SHF_ALLOC) != 0)
			continue;
		if (shdr->sh_type == SHT_REL || shdr->sh_type == SHT_RELA)
			code = renumber_relocations(out, image, plan, i, &symbols, err);
		else if (shdr->sh_type == SHT_CREL)
			code = renumber_compact(out, plan, i, &symbols, err);
		else if (shdr->sh_type == SHT_GROUP)
			renumber_group(out, image, plan, to, i, &symbols);
	}
	free(symbols.to);
	free(symbols.used);
	return code;
}

void renumbered_free(struct renumbered *renumbered)
{
	for (uint64_t i = 0; i < renumbered->count; i++)
		free(renumbered->bytes[i]);
	free(renumbered->bytes);
	free(renumbered->sizes);
	free(renumbered->infos);
	*renumbered = (struct renumbered){0};
}
