/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Relocations against debug sections, in relocatable files (kernel modules, members of archives).
 * There, an offset into another section is the value of a symbol plus an addend; the addend is in
 * the relocation (SHT_RELA) or in the place that is relocated (SHT_REL). Changing an offset is
 * adding the difference to the addend, whatever the symbol (gABI, Relocation).
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/dwarf_internal.h"

struct relocations {
	uint64_t section; /* index of the relocation section */
	const uint8_t *bytes;
	uint8_t *changed;
	uint64_t size;
	uint64_t entry_size;
	uint64_t count;
	bool has_addends;
	uint32_t *order; /* entries by offset; NULL: they are */
	const uint8_t *symbols;
	uint64_t symbol_count;
};

struct relocation {
	uint64_t offset;
	uint64_t symbol;
	uint64_t addend;
};

static uint64_t word(const struct dwarf *dwarf, const uint8_t *p)
{
	return dwarf->image->is_64 ? image_u64(dwarf->image, p) : image_u32(dwarf->image, p);
}

static void put_word(const struct dwarf *dwarf, uint8_t *p, uint64_t value)
{
	if (dwarf->image->is_64)
		image_put64(dwarf->image, p, value);
	else
		image_put32(dwarf->image, p, (uint32_t)value);
}

static uint64_t word_size(const struct dwarf *dwarf)
{
	return dwarf->image->is_64 ? 8 : 4;
}

static uint64_t offset_of(const struct dwarf *dwarf, const struct relocations *list, uint64_t index)
{
	return word(dwarf, list->bytes + index * list->entry_size);
}

static struct relocation read_relocation(const struct dwarf *dwarf, const struct relocations *list,
					 uint64_t index)
{
	const uint8_t *p = list->bytes + index * list->entry_size;
	uint64_t size = word_size(dwarf), info = word(dwarf, p + size);
	uint64_t symbol = dwarf->image->is_64 ? info >> 32 : info >> 8;
	/* 64-bit MIPS has fields of bytes instead of one number, the symbol first. */
	if (dwarf->image->ehdr.e_machine == EM_MIPS && dwarf->image->is_64 && !dwarf->image->is_big)
		symbol = (uint32_t)info;
	return (struct relocation){
		.offset = word(dwarf, p),
		.symbol = symbol,
		.addend = list->has_addends ? word(dwarf, p + 2 * size) : 0,
	};
}

/* --- reading them --- */

/* False for machines whose lengths are the difference of two relocations: there, even a unit's
 * length is only known after linking. */
static bool is_supported(const struct dwarf *dwarf)
{
	switch (dwarf->image->ehdr.e_machine) {
	case EM_RISCV:
	case 258: /* EM_LOONGARCH */
		return false;
	default:
		return true;
	}
}

struct by_offset {
	uint64_t offset;
	uint32_t index;
};

static int compare_offsets(const void *a, const void *b)
{
	const struct by_offset *left = a, *right = b;
	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	return left->index < right->index ? -1 : left->index > right->index;
}

static void sort_relocations(const struct dwarf *dwarf, struct relocations *list)
{
	bool sorted = true;
	for (uint64_t i = 1; i < list->count && sorted; i++)
		sorted = offset_of(dwarf, list, i - 1) <= offset_of(dwarf, list, i);
	if (sorted)
		return;
	struct by_offset *all = xcalloc(list->count, sizeof(*all));
	for (uint64_t i = 0; i < list->count; i++)
		all[i] = (struct by_offset){offset_of(dwarf, list, i), (uint32_t)i};
	qsort(all, list->count, sizeof(*all), compare_offsets);
	list->order = xcalloc(list->count, sizeof(*list->order));
	for (uint64_t i = 0; i < list->count; i++)
		list->order[i] = all[i].index;
	free(all);
}

int relocations_load(struct dwarf *dwarf, struct debug_section *section, uint64_t index,
		     const GElf_Shdr *shdr)
{
	GElf_Shdr symbols;
	bool has_addends = shdr->sh_type == SHT_RELA;
	uint64_t size = word_size(dwarf) * (has_addends ? 3 : 2);
	uint64_t symbol_size = dwarf->image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	if (!is_supported(dwarf))
		return section_error(dwarf, section, 0, NOTE_UNSUPPORTED,
				     "relocations of this machine against debug sections");
	if (section->relocations != NULL)
		return section_error(dwarf, section, 0, NOTE_UNSUPPORTED,
				     "more than one relocation section");
	if (shdr->sh_entsize != size || shdr->sh_size / size >= HASH_NONE)
		return section_error(dwarf, section, 0, NOTE_MALFORMED,
				     "relocations of an odd size");
	int code = image_shdr(dwarf->image, shdr->sh_link, &symbols, dwarf->err);
	if (code != NOTE_OK)
		return code;
	if (symbols.sh_type != SHT_SYMTAB)
		return section_error(dwarf, section, 0, NOTE_MALFORMED,
				     "relocations without a symbol table");
	struct relocations *list = xcalloc(1, sizeof(*list));
	section->relocations = list;
	list->section = index;
	list->size = shdr->sh_size;
	list->entry_size = size;
	list->count = shdr->sh_size / size;
	list->has_addends = has_addends;
	list->bytes = image_bytes(dwarf->image, shdr->sh_offset, shdr->sh_size, "relocations",
				  dwarf->err);
	list->symbols = image_bytes(dwarf->image, symbols.sh_offset, symbols.sh_size,
				    "symbol table", dwarf->err);
	list->symbol_count = symbols.sh_size / symbol_size;
	if (list->bytes == NULL || list->symbols == NULL)
		return NOTE_MALFORMED;
	sort_relocations(dwarf, list);
	return NOTE_OK;
}

void relocations_free(struct relocations *list)
{
	if (list == NULL)
		return;
	free(list->changed);
	free(list->order);
	free(list);
}

/* --- using them --- */

static uint64_t by_offset(const struct relocations *list, uint64_t position)
{
	return list->order != NULL ? list->order[position] : position;
}

/* The entry that relocates AT; false where there is none. */
static bool find(const struct dwarf *dwarf, const struct relocations *list, uint64_t at,
		 uint64_t *entry)
{
	uint64_t low = 0, high = list->count;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (offset_of(dwarf, list, by_offset(list, middle)) < at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == list->count)
		return false;
	*entry = by_offset(list, low);
	return offset_of(dwarf, list, *entry) == at;
}

static uint64_t symbol_value(const struct dwarf *dwarf, const struct relocations *list,
			     uint64_t symbol)
{
	if (symbol >= list->symbol_count)
		return UINT64_MAX;
	return dwarf->image->is_64
		       ? image_u64(dwarf->image, list->symbols + symbol * sizeof(Elf64_Sym) +
							 offsetof(Elf64_Sym, st_value))
		       : image_u32(dwarf->image, list->symbols + symbol * sizeof(Elf32_Sym) +
							 offsetof(Elf32_Sym, st_value));
}

uint64_t relocated(const struct dwarf *dwarf, const struct debug_section *section, uint64_t at,
		   unsigned size, uint64_t in_place)
{
	const struct relocations *list = section->relocations;
	uint64_t entry;
	if (!find(dwarf, list, at, &entry))
		return in_place;
	struct relocation relocation = read_relocation(dwarf, list, entry);
	uint64_t value = symbol_value(dwarf, list, relocation.symbol) +
			 (list->has_addends ? relocation.addend : in_place);
	return size == 4 ? (uint32_t)value : value;
}

static uint8_t *change(struct relocations *list)
{
	if (list->changed == NULL) {
		list->changed = xmalloc(list->size);
		memcpy(list->changed, list->bytes, list->size);
	}
	return list->changed;
}

bool relocation_add(struct dwarf *dwarf, struct debug_section *section, uint64_t at,
		    uint64_t difference)
{
	struct relocations *list = section->relocations;
	uint64_t entry;
	if (!list->has_addends || !find(dwarf, list, at, &entry))
		return false;
	uint8_t *p = change(list) + entry * list->entry_size + 2 * word_size(dwarf);
	put_word(dwarf, p, read_relocation(dwarf, list, entry).addend + difference);
	return true;
}

void relocations_move(struct dwarf *dwarf, struct debug_section *section)
{
	struct relocations *list = section->relocations;
	uint64_t shift = 0;
	size_t splice = 0;
	for (uint64_t i = 0; i < list->count; i++) {
		uint64_t entry = by_offset(list, i);
		uint64_t offset = offset_of(dwarf, list, entry);
		for (; splice < dwarf->splice_count && dwarf->splices[splice].at < offset; splice++)
			shift += strlen(dwarf->splices[splice].text) -
				 dwarf->splices[splice].old_size;
		if (shift != 0)
			put_word(dwarf, change(list) + entry * list->entry_size, offset + shift);
	}
}

uint8_t *relocations_take(struct relocations *list, uint64_t *section, uint64_t *size)
{
	uint8_t *bytes = list->changed;
	list->changed = NULL;
	*section = list->section;
	*size = list->size;
	return bytes;
}
