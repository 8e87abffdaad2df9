/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which dynamic-linking tables may move. The dynamic linker finds them through DT_ entries, and
 * nothing else does: code has no name for them. What could still refer to one, and pins it:
 * a symbol defined in it, a base-relative relocation whose addend is an address in it, a dynamic
 * tag that this file does not know, another segment or section over the same bytes, or a start
 * file that reaches its relocations by symbol (__rela_iplt_start in static executables).
 * Specification: System V gABI, chapter 5 ("Dynamic Section"); Linux' <elf.h> for the GNU tags.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "place/internal.h"

/* The tables by their pointer tag, and the tag that gives their size (0: their section does). */
static const struct {
	int64_t pointer;
	int64_t size;
	bool relocations;
} known[] = {
	{DT_GNU_HASH, 0, false},        {DT_HASH, 0, false},
	{DT_SYMTAB, 0, false},          {DT_STRTAB, DT_STRSZ, false},
	{DT_VERSYM, 0, false},          {DT_VERNEED, 0, false},
	{DT_VERDEF, 0, false},          {DT_RELA, DT_RELASZ, true},
	{DT_REL, DT_RELSZ, true},       {DT_RELR, DT_RELRSZ, true},
	{DT_JMPREL, DT_PLTRELSZ, true}, {DT_MIPS_XHASH, 0, false},
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

static const GElf_Dyn *find_tag(const struct layout *layout, int64_t tag)
{
	for (size_t i = 0; i < layout->dynamic_count; i++)
		if (layout->dynamic[i].d_tag == tag)
			return &layout->dynamic[i];
	return NULL;
}

/* An address as an offset, where it lies in the contents of the first PT_LOAD. */
static bool to_offset(const struct layout *layout, uint64_t address, uint64_t *offset)
{
	*offset = address - layout->load->p_vaddr;
	return address >= layout->load->p_vaddr && *offset < layout->load->p_filesz;
}

static bool is_table_type(uint32_t type)
{
	switch (type) {
	case SHT_GNU_HASH:
	case SHT_HASH:
	case SHT_DYNSYM:
	case SHT_STRTAB:
	case SHT_GNU_versym:
	case SHT_GNU_verneed:
	case SHT_GNU_verdef:
	case SHT_RELA:
	case SHT_REL:
	case 19: /* SHT_RELR */
	case SHT_MIPS_XHASH:
		return true;
	default:
		return false;
	}
}

/* The extent of the table at ENTRY: its section's, or what its size tag says, whichever reaches
 * further (DT_RELASZ may cover .rela.plt too). False where it cannot be known. */
static bool table_extent(const struct layout *layout, size_t kind, const GElf_Dyn *entry,
			 struct range *out)
{
	if (!to_offset(layout, entry->d_un.d_ptr, &out->start))
		return false;
	out->end = out->start;
	for (uint64_t i = 1; i < layout->image->shnum; i++) {
		const GElf_Shdr *shdr = &layout->shdrs[i];
		const struct range range = section_range(shdr);
		if (range.start == out->start && range.end > out->end &&
		    shdr->sh_addr == entry->d_un.d_ptr && (shdr->sh_flags & SHF_ALLOC) != 0)
			out->end = range.end;
	}
	const GElf_Dyn *size = known[kind].size != 0 ? find_tag(layout, known[kind].size) : NULL;
	uint64_t end;
	if (size != NULL && !__builtin_add_overflow(out->start, size->d_un.d_val, &end) &&
	    end > out->end)
		out->end = end;
	if (layout->image->shnum == 0 && size == NULL)
		out->end = out->start + place_bare_size(layout, known[kind].pointer, out->start);
	return out->end > out->start && out->end <= layout->load->p_filesz;
}

/* --- what pins a table --- */

static bool pinned_by_headers(const struct layout *layout, struct range range)
{
	const struct image *image = layout->image;
	const struct range headers = {image->ehdr.e_phoff,
				      image->ehdr.e_phoff + image->phnum * image->ehdr.e_phentsize};
	if (range.start < image->ehdr.e_ehsize || range_meets(range, headers))
		return true;
	for (uint64_t i = 0; i < image->phnum; i++) {
		const GElf_Phdr *phdr = &layout->phdrs[i];
		if (phdr != layout->load && phdr->p_filesz != 0 &&
		    range_meets(range, segment_range(phdr)))
			return true;
	}
	for (uint64_t i = 1; i < image->shnum; i++) {
		const GElf_Shdr *shdr = &layout->shdrs[i];
		const struct range section = section_range(shdr);
		if (section.start == section.end || !range_meets(range, section))
			continue;
		const uint64_t address = layout->load->p_vaddr + section.start;
		if (!range_has(range, section) || !is_table_type(shdr->sh_type) ||
		    shdr->sh_addr != address ||
		    (shdr->sh_flags & ~(uint64_t)SHF_INFO_LINK) != SHF_ALLOC)
			return true;
	}
	return image->shnum != 0 &&
	       range_meets(range, (struct range){image->ehdr.e_shoff,
						 image->ehdr.e_shoff +
							 image->shnum * image->ehdr.e_shentsize});
}

static bool pinned_by_tags(const struct layout *layout, struct range range)
{
	for (size_t i = 0; i < layout->dynamic_count; i++) {
		const GElf_Dyn *entry = &layout->dynamic[i];
		uint64_t offset;
		if (place_tag_is_address(layout->image->ehdr.e_machine, entry->d_tag) &&
		    to_offset(layout, entry->d_un.d_ptr, &offset) && offset >= range.start &&
		    offset < range.end) {
			bool mine = false;
			for (size_t k = 0; k < KNOWN; k++)
				mine = mine || known[k].pointer == entry->d_tag;
			if (!mine)
				return true;
		}
	}
	return false;
}

/* Drops the tables that hold ADDRESS. */
static void pin_address(struct layout *layout, uint64_t address)
{
	uint64_t offset;
	if (!to_offset(layout, address, &offset))
		return;
	for (size_t i = 0; i < layout->table_count; i++)
		if (offset >= layout->tables[i].at.start && offset < layout->tables[i].at.end)
			layout->tables[i].at.end = layout->tables[i].at.start;
}

/* Drops the tables that a section of PINNED lies in. */
static void pin_sections(struct layout *layout, const bool *pinned)
{
	for (uint64_t k = 1; k < layout->image->shnum; k++) {
		const struct range range = section_range(&layout->shdrs[k]);
		for (size_t i = 0; pinned[k] && i < layout->table_count; i++)
			if (range.start < range.end && range_meets(range, layout->tables[i].at))
				layout->tables[i].at.end = layout->tables[i].at.start;
	}
}

/* Marks the sections in which a symbol of TABLE is defined; a section's own symbol only names it.
 */
static void mark_defined(const struct layout *layout, const GElf_Shdr *table, bool *pinned)
{
	struct image *image = layout->image;
	const size_t size = image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	const size_t info =
		image->is_64 ? offsetof(Elf64_Sym, st_info) : offsetof(Elf32_Sym, st_info);
	const size_t index =
		image->is_64 ? offsetof(Elf64_Sym, st_shndx) : offsetof(Elf32_Sym, st_shndx);
	struct span symbols;
	if (image_span(image, table->sh_offset, table->sh_size, "symbols", &symbols, NULL) !=
	    NOTE_OK)
		return;
	for (uint64_t at = 0; at + size <= symbols.size; at += size) {
		const uint16_t section = span_u16(symbols, at + index, image->is_big);
		if (section != SHN_UNDEF && section < SHN_LORESERVE && section < image->shnum &&
		    (GELF_ST_TYPE(span_u8(symbols, at + info)) != STT_SECTION ||
		     table->sh_type == SHT_DYNSYM))
			pinned[section] = true;
	}
}

static int pin_symbols(struct layout *layout, struct note_error *err)
{
	const uint64_t shnum = layout->image->shnum;
	bool *pinned = calloc(shnum + 1, sizeof(*pinned));
	if (pinned == NULL)
		return error_system(err, "symbols");
	/* Tables that lie on each other would be read over and over. */
	uint64_t left = layout->image->size;
	int code = NOTE_OK;
	for (uint64_t i = 1; i < shnum && code == NOTE_OK; i++) {
		const GElf_Shdr *table = &layout->shdrs[i];
		if (table->sh_type != SHT_SYMTAB && table->sh_type != SHT_DYNSYM)
			continue;
		mark_defined(layout, table, pinned);
		if (table->sh_size > left)
			code = error_set(err, NOTE_MALFORMED, table->sh_offset,
					 "symbol tables of more bytes than the file has");
		left -= table->sh_size;
	}
	if (code == NOTE_OK)
		pin_sections(layout, pinned);
	free(pinned);
	return code;
}

/* The base-relative relocation of each machine: its addend is an address in this file. */
static uint32_t relative_type(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
	case EM_386:
		return R_X86_64_RELATIVE; /* 8, both */
	case EM_AARCH64:
		return R_AARCH64_RELATIVE;
	case EM_ARM:
		return R_ARM_RELATIVE;
	case EM_PPC64:
	case EM_PPC:
		return R_PPC64_RELATIVE; /* 22, both */
	case EM_S390:
		return R_390_RELATIVE;
	case EM_RISCV:
		return R_RISCV_RELATIVE;
	case EM_MIPS:
		return R_MIPS_REL32;
	case 258: /* LoongArch */
		return 3;
	default:
		return 0;
	}
}

static void pin_relocations(struct layout *layout)
{
	struct image *image = layout->image;
	const uint32_t relative = relative_type(image->ehdr.e_machine);
	const GElf_Dyn *table = find_tag(layout, DT_RELA);
	const GElf_Dyn *size = find_tag(layout, DT_RELASZ);
	const size_t word = image->is_64 ? 8 : 4;
	uint64_t offset;
	if (table == NULL || size == NULL || relative == 0 ||
	    !to_offset(layout, table->d_un.d_ptr, &offset))
		return;
	struct span table_span;
	if (image_span(image, offset, size->d_un.d_val, "relocations", &table_span, NULL) !=
	    NOTE_OK)
		return;
	for (uint64_t at = 0; at + 3 * word <= table_span.size; at += 3 * word) {
		const uint64_t info = span_word(table_span, at + word, image->is_64, image->is_big);
		if ((info & (image->is_64 ? 0xffffffff : 0xff)) == relative)
			pin_address(layout, span_word(table_span, at + 2 * word, image->is_64,
						      image->is_big));
	}
}

/* --- */

static int by_start(const void *a, const void *b)
{
	const struct table *left = a;
	const struct table *right = b;
	if (left->at.start != right->at.start)
		return left->at.start < right->at.start ? -1 : 1;
	return left->at.end < right->at.end ? -1 : left->at.end > right->at.end;
}

static uint64_t table_alignment(const struct layout *layout, struct range range)
{
	uint64_t alignment = layout->image->is_64 ? 8 : 4;
	for (uint64_t i = 1; i < layout->image->shnum; i++) {
		const GElf_Shdr *shdr = &layout->shdrs[i];
		if (range_meets(section_range(shdr), range) && shdr->sh_addralign > alignment)
			alignment = shdr->sh_addralign;
	}
	return alignment;
}

/* Tables that overlap become one; then those that something pins are dropped. */
static int settle(struct layout *layout, struct note_error *err)
{
	struct table *tables = layout->tables;
	size_t count = 0;
	qsort(tables, layout->table_count, sizeof(*tables), by_start);
	for (size_t i = 0; i < layout->table_count; i++) {
		if (count != 0 && tables[i].at.start < tables[count - 1].at.end) {
			if (tables[i].at.end > tables[count - 1].at.end)
				tables[count - 1].at.end = tables[i].at.end;
		} else {
			tables[count++] = tables[i];
		}
	}
	layout->table_count = count;
	for (size_t i = 0; i < count; i++)
		if (pinned_by_headers(layout, tables[i].at) || pinned_by_tags(layout, tables[i].at))
			tables[i].at.end = tables[i].at.start;
	int code = pin_symbols(layout, err);
	if (code != NOTE_OK)
		return code;
	pin_relocations(layout);
	layout->table_count = 0;
	for (size_t i = 0; i < count; i++) {
		const uint64_t alignment = table_alignment(layout, tables[i].at);
		if (tables[i].at.start < tables[i].at.end && alignment <= FIRST_PAGE &&
		    (alignment & (alignment - 1)) == 0)
			tables[layout->table_count++] =
				(struct table){.at = tables[i].at, .alignment = alignment};
	}
	return NOTE_OK;
}

int place_tables(struct layout *layout, struct note_error *err)
{
	bool interpreter = false;
	for (uint64_t i = 0; i < layout->image->phnum; i++)
		interpreter = interpreter || layout->phdrs[i].p_type == PT_INTERP;
	/* A static-pie program finds its relocations by _DYNAMIC, but gold gives it symbols too. */
	layout->is_static =
		!interpreter &&
		(layout->image->ehdr.e_type == ET_EXEC ||
		 image_find_section(layout->image, ".note.gnu.gold-version", NULL) != 0);
	layout->tables = calloc(KNOWN, sizeof(*layout->tables));
	if (layout->tables == NULL)
		return error_system(err, "dynamic-linking tables");
	/* Prelinked files hold checksums over all this. */
	if (find_tag(layout, DT_GNU_PRELINKED) != NULL)
		return NOTE_OK;
	for (size_t kind = 0; kind < KNOWN; kind++) {
		const GElf_Dyn *entry = find_tag(layout, known[kind].pointer);
		struct range range;
		/* On other machines that number is another tag's. */
		if (known[kind].pointer == DT_MIPS_XHASH &&
		    layout->image->ehdr.e_machine != EM_MIPS)
			continue;
		if (entry == NULL || (known[kind].relocations && layout->is_static))
			continue;
		if (table_extent(layout, kind, entry, &range))
			layout->tables[layout->table_count++].at = range;
	}
	return settle(layout, err);
}

bool place_holds(const struct layout *layout, const struct table *table, int64_t tag)
{
	const GElf_Dyn *entry = find_tag(layout, tag);
	uint64_t offset;
	return entry != NULL && to_offset(layout, entry->d_un.d_ptr, &offset) &&
	       offset >= table->at.start && offset < table->at.end;
}

uint64_t place_largest_symbol(const struct layout *layout)
{
	struct image *image = layout->image;
	const size_t size = image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	const size_t field =
		image->is_64 ? offsetof(Elf64_Sym, st_size) : offsetof(Elf32_Sym, st_size);
	uint64_t largest = 0;
	for (uint64_t i = 1; i < image->shnum; i++) {
		const GElf_Shdr *shdr = &layout->shdrs[i];
		struct span symbols;
		if (shdr->sh_type != SHT_DYNSYM || image_span(image, shdr->sh_offset, shdr->sh_size,
							      "symbols", &symbols, NULL) != NOTE_OK)
			continue;
		for (uint64_t at = 0; at + size <= symbols.size; at += size) {
			const uint64_t value =
				span_word(symbols, at + field, image->is_64, image->is_big);
			if (value > largest)
				largest = value;
		}
	}
	return largest;
}
