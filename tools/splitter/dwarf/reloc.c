/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Relocations against debug sections, in relocatable files (kernel modules, members of archives).
 * There, an offset into another section is the value of a symbol plus an addend; the addend is in
 * the relocation (SHT_RELA) or in the place that is relocated (SHT_REL). Changing an offset is
 * adding the difference to the addend, whatever the symbol (gABI, Relocation).
 *
 * On RISC-V and LoongArch assemblers leave differences of symbols to the linker, by two relocations
 * of one place, and among them are lengths of units and line tables. Those between symbols of debug
 * sections, which no linker changes, are resolved here and dropped.
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/sorted.h"
#include "tools/splitter/dwarf/internal.h"
#include "tools/splitter/relocs/reloc_types.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

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
	const uint8_t *extended; /* their sections' numbers above 65,279 (SHT_SYMTAB_SHNDX) */
	uint64_t symbol_count;
	uint32_t *section_symbols; /* by section, 0 where there is none; NULL: not made yet */
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

/* --- differences --- */

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

static uint8_t *change(struct relocations *list)
{
	if (list->changed == NULL) {
		list->changed = xmalloc(list->size);
		memcpy(list->changed, list->bytes, list->size);
	}
	return list->changed;
}

static bool has_differences(const struct dwarf *dwarf)
{
	return dwarf->image->ehdr.e_machine == EM_RISCV ||
	       dwarf->image->ehdr.e_machine == EM_LOONGARCH;
}

/* True where entry INDEX is a part of a difference. */
static bool is_difference(const struct dwarf *dwarf, const struct relocations *list, uint64_t index,
			  struct reloc_kind *kind)
{
	const uint64_t info =
		word(dwarf, list->bytes + index * list->entry_size + word_size(dwarf));
	const uint32_t type = dwarf->image->is_64 ? (uint32_t)info : (uint32_t)info & 0xff;
	return has_differences(dwarf) && reloc_find(dwarf->image->ehdr.e_machine, type, kind) &&
	       kind->operation != RELOC_NONE &&
	       (kind->operation != RELOC_SET || kind->bits == 0 || kind->bits == 6);
}

/* The section of a symbol, 0 where it has none of its own. */
static uint64_t section_of(const struct dwarf *dwarf, const struct relocations *list,
			   uint64_t symbol)
{
	if (symbol >= list->symbol_count)
		return SHN_UNDEF;
	const uint8_t *p = dwarf->image->is_64 ? list->symbols + symbol * sizeof(Elf64_Sym) +
							 offsetof(Elf64_Sym, st_shndx)
					       : list->symbols + symbol * sizeof(Elf32_Sym) +
							 offsetof(Elf32_Sym, st_shndx);
	const uint16_t section = image_u16(dwarf->image, p);
	if (section == SHN_XINDEX && list->extended != NULL)
		return image_u32(dwarf->image, list->extended + symbol * 4);
	return section < SHN_LORESERVE ? section : SHN_UNDEF;
}

/* True where the symbol lies in a section that is not loaded. */
static bool is_unloaded(const struct dwarf *dwarf, const struct relocations *list, uint64_t symbol)
{
	GElf_Shdr shdr;
	const uint64_t section = section_of(dwarf, list, symbol);
	return section != SHN_UNDEF && image_shdr(dwarf->image, section, &shdr, NULL) == NOTE_OK &&
	       (shdr.sh_flags & SHF_ALLOC) == 0;
}

static int resolve_differences(struct dwarf *dwarf, struct debug_section *section)
{
	struct relocations *list = section->relocations;
	for (uint64_t i = 0; i < list->count; i++) {
		struct reloc_kind kind;
		const struct relocation relocation = read_relocation(dwarf, list, i);
		if (!is_difference(dwarf, list, i, &kind) ||
		    !is_unloaded(dwarf, list, relocation.symbol))
			continue;
		if (section->inflated == NULL) {
			section->inflated = xmalloc(section->size + 1);
			memcpy(section->inflated, section->bytes, section->size);
			section->bytes = section->inflated;
		}
		if (!reloc_apply(dwarf->image, &kind, section->inflated, section->size,
				 relocation.offset,
				 symbol_value(dwarf, list, relocation.symbol) + relocation.addend))
			return section_error(dwarf, section, relocation.offset, NOTE_MALFORMED,
					     "a relocation outside of its section");
		put_word(dwarf, change(list) + i * list->entry_size + word_size(dwarf), 0);
	}
	if (list->changed != NULL)
		section_change(section);
	return NOTE_OK;
}

/* Finds what goes with the symbol table number TABLE in files of that many sections. */
static const uint8_t *find_extended(const struct dwarf *dwarf, uint64_t table, uint64_t count)
{
	GElf_Shdr shdr;
	for (uint64_t i = 1; dwarf->image->shnum >= SHN_LORESERVE && i < dwarf->image->shnum; i++)
		if (image_shdr(dwarf->image, i, &shdr, NULL) == NOTE_OK &&
		    shdr.sh_type == SHT_SYMTAB_SHNDX && shdr.sh_link == table &&
		    shdr.sh_size / 4 >= count)
			return image_bytes(dwarf->image, shdr.sh_offset, shdr.sh_size,
					   "section numbers", NULL);
	return NULL;
}

int relocations_load(struct dwarf *dwarf, struct debug_section *section, uint64_t index,
		     const GElf_Shdr *shdr)
{
	GElf_Shdr symbols;
	bool has_addends = shdr->sh_type == SHT_RELA;
	uint64_t size = word_size(dwarf) * (has_addends ? 3 : 2);
	uint64_t symbol_size = dwarf->image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
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
	list->extended = find_extended(dwarf, shdr->sh_link, list->symbol_count);
	sort_relocations(dwarf, list);
	return has_differences(dwarf) ? resolve_differences(dwarf, section) : NOTE_OK;
}

void relocations_free(struct relocations *list)
{
	if (list == NULL)
		return;
	free(list->changed);
	free(list->order);
	free(list->section_symbols);
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
	const uint64_t first =
		FIRST_WHERE(i, list->count, offset_of(dwarf, list, by_offset(list, i)) >= at);
	if (first == list->count)
		return false;
	*entry = by_offset(list, first);
	return offset_of(dwarf, list, *entry) == at;
}

uint64_t relocated(const struct dwarf *dwarf, const struct debug_section *section, uint64_t at,
		   unsigned size, uint64_t in_place)
{
	const struct relocations *list = section->relocations;
	uint64_t entry;
	struct reloc_kind kind;
	if (!find(dwarf, list, at, &entry) || is_difference(dwarf, list, entry, &kind))
		return in_place;
	struct relocation relocation = read_relocation(dwarf, list, entry);
	uint64_t value = symbol_value(dwarf, list, relocation.symbol) +
			 (list->has_addends ? relocation.addend : in_place);
	return size == 4 ? (uint32_t)value : value;
}

/* The section of a symbol, 0 where it has none of its own, and its type. */
static uint64_t symbol_section(const struct dwarf *dwarf, const struct relocations *list,
			       uint64_t symbol, unsigned *type)
{
	const bool is_64 = dwarf->image->is_64;
	*type = STT_NOTYPE;
	if (symbol >= list->symbol_count)
		return 0;
	const uint8_t *p = list->symbols + symbol * (is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
	*type = GELF_ST_TYPE(
		p[is_64 ? offsetof(Elf64_Sym, st_info) : offsetof(Elf32_Sym, st_info)]);
	return section_of(dwarf, list, symbol);
}

/* The symbol that stands for SECTION, 0 where there is none. */
static uint64_t section_symbol(const struct dwarf *dwarf, struct relocations *list,
			       uint64_t section)
{
	unsigned type;
	if (list->section_symbols == NULL) {
		list->section_symbols = xcalloc(dwarf->image->shnum + 1, sizeof(uint32_t));
		for (uint64_t i = list->symbol_count; i-- > 1;) {
			const uint64_t of = symbol_section(dwarf, list, i, &type);
			if (type == STT_SECTION && of < dwarf->image->shnum && i <= UINT32_MAX)
				list->section_symbols[of] = (uint32_t)i;
		}
	}
	return section < dwarf->image->shnum ? list->section_symbols[section] : 0;
}

/* A linker that merges strings finds a string by section symbol and addend, but by the value alone
 * of any other symbol. So a relocation that is to lead elsewhere has to go by the section's. */
static int use_section_symbol(const struct dwarf *dwarf, const struct debug_section *section,
			      uint64_t at, struct relocation *relocation, bool *changed)
{
	struct relocations *list = section->relocations;
	GElf_Shdr shdr;
	unsigned type;
	*changed = false;
	const uint64_t target = symbol_section(dwarf, list, relocation->symbol, &type);
	if (type == STT_SECTION || target == 0 ||
	    image_shdr(dwarf->image, target, &shdr, NULL) != NOTE_OK ||
	    (shdr.sh_flags & SHF_MERGE) == 0)
		return NOTE_OK;
	const uint64_t symbol = section_symbol(dwarf, list, target);
	/* 64-bit MIPS would need another form of the entry; its assemblers use section symbols. */
	if (symbol != 0 && list->has_addends && dwarf->image->ehdr.e_machine != EM_MIPS) {
		relocation->addend += symbol_value(dwarf, list, relocation->symbol) -
				      symbol_value(dwarf, list, symbol);
		relocation->symbol = symbol;
		*changed = true;
		return NOTE_OK;
	}
	/* clang has none for RISC-V and MIPS: then nothing may be merged. */
	for (size_t i = 0; i < dwarf->section_count; i++)
		if (dwarf->sections[i].index == target) {
			dwarf->sections[i].unmerged = true;
			section_change(&dwarf->sections[i]);
			return NOTE_OK;
		}
	return section_error(dwarf, section, at, NOTE_UNSUPPORTED,
			     "strings that are named by symbols of their own cannot move");
}

int relocation_add(struct dwarf *dwarf, struct debug_section *section, uint64_t at,
		   uint64_t difference)
{
	struct relocations *list = section->relocations;
	uint64_t entry;
	bool changed;
	struct reloc_kind kind;
	if (!find(dwarf, list, at, &entry) || is_difference(dwarf, list, entry, &kind))
		return NOTE_ABSENT;
	struct relocation relocation = read_relocation(dwarf, list, entry);
	int code = use_section_symbol(dwarf, section, at, &relocation, &changed);
	if (code != NOTE_OK)
		return code;
	if (!list->has_addends)
		return NOTE_ABSENT;
	const uint64_t size = word_size(dwarf);
	uint8_t *p = change(list) + entry * list->entry_size;
	if (changed) {
		const uint64_t info = word(dwarf, p + size);
		put_word(dwarf, p + size,
			 dwarf->image->is_64 ? relocation.symbol << 32 | (uint32_t)info
					     : relocation.symbol << 8 | (info & 0xff));
	}
	put_word(dwarf, p + 2 * size, relocation.addend + difference);
	return NOTE_OK;
}

bool relocations_name_inside(const struct dwarf *dwarf, const struct debug_section *section,
			     uint64_t at)
{
	const struct relocations *list = section->relocations;
	for (uint64_t i = 1; i < list->symbol_count; i++)
		if (section_of(dwarf, list, i) == section->index &&
		    symbol_value(dwarf, list, i) > at)
			return true;
	return false;
}

void relocations_move(struct dwarf *dwarf, struct debug_section *section,
		      const struct splice *splices, size_t count)
{
	struct relocations *list = section->relocations;
	uint64_t shift = 0;
	size_t splice = 0;
	for (uint64_t i = 0; i < list->count; i++) {
		uint64_t entry = by_offset(list, i);
		uint64_t offset = offset_of(dwarf, list, entry);
		for (; splice < count && splices[splice].at < offset; splice++)
			shift += strlen(splices[splice].text) - splices[splice].old_size;
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
