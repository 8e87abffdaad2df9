/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debug sections of a file: finding them, reading offsets out of them, and changing them. The
 * image stays as it is: the first change to a section makes a copy of it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libdeflate.h>
#include <zstd.h>

#include "libnote/large.h"
#include "libnote/sorted.h"
#include "tools/base/expansion/expansion.h"
#include "tools/splitter/dwarf/internal.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

#ifndef SHT_CREL
#define SHT_CREL 0x40000014
#endif

static const char *const names[DEBUG_KINDS] = {
	[DEBUG_INFO] = ".debug_info",      [DEBUG_TYPES] = ".debug_types",
	[DEBUG_ABBREV] = ".debug_abbrev",  [DEBUG_LINE] = ".debug_line",
	[DEBUG_STR] = ".debug_str",        [DEBUG_LINE_STR] = ".debug_line_str",
	[DEBUG_MACRO] = ".debug_macro",    [DEBUG_STR_OFFSETS] = ".debug_str_offsets",
	[DEBUG_INDEX] = ".debug_cu_index",
};

/* In .dwo and .dwp files; what else there is in one (-gsplit-dwarf=single) is not read. */
static int split_kind_of(const char *name)
{
	if (strcmp(name, ".debug_tu_index") == 0 || strcmp(name, names[DEBUG_INDEX]) == 0)
		return DEBUG_INDEX;
	for (int kind = 0; kind < DEBUG_INDEX; kind++) {
		const size_t length = strlen(names[kind]);
		if (strncmp(name, names[kind], length) == 0 && strcmp(name + length, ".dwo") == 0)
			return kind;
	}
	return -1;
}

static int kind_of(const char *name, bool *is_zdebug)
{
	*is_zdebug = strncmp(name, ".zdebug_", 8) == 0;
	if (!*is_zdebug && strncmp(name, ".debug_", 7) != 0)
		return -1;
	size_t dot = *is_zdebug ? 2 : 1;
	for (int kind = 0; kind < DEBUG_INDEX; kind++)
		if (strcmp(name + dot, names[kind] + 1) == 0)
			return kind;
	return -1;
}

/* The header of compressed contents: ".zdebug_*" have "ZLIB" and a big-endian size, others a
 * Elf32_Chdr or Elf64_Chdr (gABI). False where there is none. */
static bool read_compression(const struct dwarf *dwarf, const struct debug_section *section,
			     uint32_t *type, uint64_t *size, uint64_t *header)
{
	const uint8_t *p = section->bytes;
	*header = section->is_zdebug ? 12 : dwarf->image->is_64 ? 24 : 12;
	if (section->size < *header)
		return false;
	if (section->is_zdebug) {
		*type = ELFCOMPRESS_ZLIB;
		*size = 0;
		for (int i = 4; i < 12; i++)
			*size = *size << 8 | p[i];
		return memcmp(p, "ZLIB", 4) == 0;
	}
	*type = image_u32(dwarf->image, p);
	*size = dwarf->image->is_64 ? image_u64(dwarf->image, p + 8)
				    : image_u32(dwarf->image, p + 4);
	return true;
}

static int inflate_section(struct dwarf *dwarf, struct debug_section *section)
{
	uint32_t type;
	uint64_t size, header;
	if (!read_compression(dwarf, section, &type, &size, &header))
		return section_error(dwarf, section, 0, NOTE_MALFORMED,
				     "a compressed section without its header");
	if (type != ELFCOMPRESS_ZLIB && type != ELFCOMPRESS_ZSTD)
		return section_error(dwarf, section, 0, NOTE_UNSUPPORTED,
				     "a section compressed in an unknown way");
	if (size > expansion_bound(dwarf->image->size, EXPANSION_MEMORY) - dwarf->inflated)
		return expansion_error(dwarf->err, NOTE_MALFORMED, section->file_offset,
				       section->name, EXPANSION_MEMORY);
	dwarf->inflated += size;
	const uint8_t *from = section->bytes + header;
	section->inflated = large_alloc(size);
	if (section->inflated == NULL)
		return error_system(dwarf->err, "%s", section->name);
	bool good;
	if (type == ELFCOMPRESS_ZSTD) {
		good = ZSTD_decompress(section->inflated, size, from, section->size - header) ==
		       size;
	} else {
		struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
		good = inflater != NULL &&
		       libdeflate_zlib_decompress(inflater, from, section->size - header,
						  section->inflated, size,
						  NULL) == LIBDEFLATE_SUCCESS;
		libdeflate_free_decompressor(inflater);
	}
	if (!good)
		return section_error(dwarf, section, 0, NOTE_MALFORMED,
				     "a compressed section that is broken");
	section->bytes = section->inflated;
	section->size = size;
	return NOTE_OK;
}

static int load_section(struct dwarf *dwarf, struct debug_section *section, const GElf_Shdr *shdr)
{
	section->file_offset = shdr->sh_offset;
	section->size = shdr->sh_size;
	section->bytes = image_bytes(dwarf->image, shdr->sh_offset, shdr->sh_size, section->name,
				     dwarf->err);
	if (section->bytes == NULL)
		return NOTE_MALFORMED;
	if (section->is_zdebug || (shdr->sh_flags & SHF_COMPRESSED) != 0) {
		int code = inflate_section(dwarf, section);
		if (code != NOTE_OK)
			return code;
	}
	section->padding = section->size;
	if (section->kind == DEBUG_INFO || section->kind == DEBUG_TYPES)
		while (section->padding > 0 && section->bytes[section->padding - 1] == 0)
			section->padding--;
	section->terminated = 0;
	if (section->kind == DEBUG_STR || section->kind == DEBUG_LINE_STR) {
		const uint8_t *nul = memrchr(section->bytes, '\0', section->size);
		section->terminated = nul == NULL ? 0 : (uint64_t)(nul - section->bytes) + 1;
	}
	return NOTE_OK;
}

/* The sections of which a file has one, or none, by kind. */
static int name_single(struct dwarf *dwarf, struct debug_section *section)
{
	struct debug_section **slot;
	switch (section->kind) {
	case DEBUG_ABBREV:
		slot = &dwarf->abbrev;
		break;
	case DEBUG_LINE:
		slot = &dwarf->line;
		break;
	case DEBUG_STR:
		slot = &dwarf->str.section;
		break;
	case DEBUG_LINE_STR:
		slot = &dwarf->line_str.section;
		break;
	case DEBUG_STR_OFFSETS:
		slot = &dwarf->str_offsets;
		break;
	default:
		return NOTE_OK;
	}
	if (*slot != NULL)
		return error_set(dwarf->err, NOTE_UNSUPPORTED, section->file_offset,
				 "more than one section %s", section->name);
	*slot = section;
	return NOTE_OK;
}

/* Sections that lie over one another would let a small file hold much work. */
static int add_to_total(const struct dwarf *dwarf, const struct debug_section *section,
			const GElf_Shdr *shdr, uint64_t *total)
{
	if (shdr->sh_size > dwarf->image->size - *total)
		return section_error(dwarf, section, 0, NOTE_MALFORMED,
				     "the debug sections are larger than the file");
	*total += shdr->sh_size;
	return NOTE_OK;
}

static struct debug_section *by_index(const struct dwarf *dwarf, uint64_t index)
{
	struct debug_section *all = dwarf->sections;
	const size_t at = FIRST_WHERE(i, dwarf->section_count, all[i].index >= index);
	return at < dwarf->section_count && all[at].index == index ? &all[at] : NULL;
}

/* Lists the sections of the kinds that this stage reads. */
static int list_sections(struct dwarf *dwarf, uint64_t *total)
{
	size_t room = 0;
	for (uint64_t i = 1; i < dwarf->image->shnum; i++) {
		GElf_Shdr shdr;
		int code = image_shdr(dwarf->image, i, &shdr, dwarf->err);
		if (code != NOTE_OK)
			return code;
		/* The table of names stays one, whatever it is named. */
		if (shdr.sh_type == SHT_NOBITS || shdr.sh_type == SHT_NULL ||
		    i == dwarf->image->shstrndx)
			continue;
		const char *name = image_section_name(dwarf->image, &shdr, dwarf->err);
		if (name == NULL)
			return NOTE_MALFORMED;
		bool is_zdebug = false;
		int kind = dwarf->is_split ? split_kind_of(name) : kind_of(name, &is_zdebug);
		if (strcmp(name, ".debug_names") == 0)
			dwarf->has_names = true;
		if (kind < 0)
			continue;
		if (dwarf->section_count == room) {
			room = room == 0 ? DEBUG_KINDS : room * 2;
			dwarf->sections =
				xrealloc(dwarf->sections, room * sizeof(*dwarf->sections));
		}
		struct debug_section *section = &dwarf->sections[dwarf->section_count++];
		*section = (struct debug_section){.name = names[kind],
						  .kind = (enum debug_kind)kind,
						  .index = i,
						  .is_zdebug = is_zdebug};
		code = add_to_total(dwarf, section, &shdr, total);
		if (code == NOTE_OK)
			code = load_section(dwarf, section, &shdr);
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}

/* Only in relocatable files: in others, what --emit-relocs left was applied. */
static int load_relocations(struct dwarf *dwarf, uint64_t *total)
{
	for (uint64_t i = 1; i < dwarf->image->shnum; i++) {
		GElf_Shdr shdr;
		int code = image_shdr(dwarf->image, i, &shdr, dwarf->err);
		if (code != NOTE_OK)
			return code;
		if (shdr.sh_type != SHT_REL && shdr.sh_type != SHT_RELA && shdr.sh_type != SHT_CREL)
			continue;
		struct debug_section *section = by_index(dwarf, shdr.sh_info);
		if (section == NULL)
			continue;
		if (shdr.sh_type == SHT_CREL)
			return section_error(dwarf, section, 0, NOTE_UNSUPPORTED,
					     "relocations in the compact form (CREL)");
		code = add_to_total(dwarf, section, &shdr, total);
		if (code == NOTE_OK)
			code = relocations_load(dwarf, section, i, &shdr);
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}

int sections_load(struct dwarf *dwarf)
{
	uint64_t total = 0;
	int code = list_sections(dwarf, &total);
	for (size_t i = 0; i < dwarf->section_count && code == NOTE_OK; i++)
		code = name_single(dwarf, &dwarf->sections[i]);
	if (code == NOTE_OK && dwarf->image->ehdr.e_type == ET_REL)
		code = load_relocations(dwarf, &total);
	return code;
}

void sections_free(struct dwarf *dwarf)
{
	for (size_t i = 0; i < dwarf->section_count; i++) {
		free(dwarf->sections[i].changed);
		free(dwarf->sections[i].inflated);
		for (size_t j = 0; j < dwarf->sections[i].grown_count; j++)
			free(dwarf->sections[i].grown[j].text);
		free(dwarf->sections[i].grown);
		relocations_free(dwarf->sections[i].relocations);
	}
	free(dwarf->sections);
}

uint64_t section_offset(const struct dwarf *dwarf, const struct debug_section *section, uint64_t at,
			unsigned size)
{
	uint64_t value = size == 8 ? image_u64(dwarf->image, section->bytes + at)
				   : image_u32(dwarf->image, section->bytes + at);
	return section->relocations == NULL ? value : relocated(dwarf, section, at, size, value);
}

int section_put_offset(struct dwarf *dwarf, struct debug_section *section, uint64_t at,
		       unsigned size, uint64_t value)
{
	if (size == 4 && value > UINT32_MAX)
		return section_error(dwarf, section, at, NOTE_UNSUPPORTED,
				     "a new offset does not fit 32-bit DWARF");
	if (section->relocations != NULL) {
		uint64_t difference = value - section_offset(dwarf, section, at, size);
		const int code = relocation_add(dwarf, section, at, difference);
		if (code != NOTE_ABSENT)
			return code;
		/* The addend is here, or there is no relocation. */
		value = difference + (size == 8 ? image_u64(dwarf->image, section->bytes + at)
						: image_u32(dwarf->image, section->bytes + at));
	}
	uint8_t *bytes = section_change(section);
	if (size == 8)
		image_put64(dwarf->image, bytes + at, value);
	else
		image_put32(dwarf->image, bytes + at, (uint32_t)value);
	return NOTE_OK;
}

/* The contents that SECTION ends up with, malloc'ed; NULL where they are the old ones. */
static uint8_t *new_contents(struct dwarf *dwarf, struct debug_section *section, uint64_t *size)
{
	*size = section->size;
	if (section->grown_count > 0)
		return section_grow(dwarf, section, size);
	uint8_t *bytes = section->changed;
	section->changed = NULL;
	if (section == dwarf->line && dwarf->line_resized) {
		free(bytes);
		*size = dwarf->new_line.size;
		bytes = (uint8_t *)dwarf->new_line.data;
		dwarf->new_line = (struct text){0};
	}
	const struct text *added = section == dwarf->str.section        ? &dwarf->str.added
				   : section == dwarf->line_str.section ? &dwarf->line_str.added
				   : section == dwarf->abbrev           ? &dwarf->abbrevs_added
									: NULL;
	if (added != NULL && added->size > 0) {
		uint8_t *grown = xmalloc(section->size + added->size);
		memcpy(grown, bytes != NULL ? bytes : section->bytes, section->size);
		memcpy(grown + section->size, added->data, added->size);
		free(bytes);
		bytes = grown;
		*size += added->size;
	}
	return bytes;
}

static void add_edit(struct section_edits *edits, uint64_t section, uint8_t *bytes, uint64_t size)
{
	if (bytes == NULL)
		return;
	edits->items = xrealloc(edits->items, (edits->count + 1) * sizeof(*edits->items));
	edits->items[edits->count++] =
		(struct section_edit){.section = section, .bytes = bytes, .size = size};
}

void sections_edits(struct dwarf *dwarf, struct section_edits *edits)
{
	for (size_t i = 0; i < dwarf->section_count; i++) {
		struct debug_section *section = &dwarf->sections[i];
		uint64_t size, index;
		uint8_t *bytes = new_contents(dwarf, section, &size);
		add_edit(edits, section->index, bytes, size);
		if (bytes != NULL)
			edits->items[edits->count - 1].unmerged = section->unmerged;
		if (section->relocations != NULL) {
			bytes = relocations_take(section->relocations, &index, &size);
			add_edit(edits, index, bytes, size);
		}
	}
	struct text *made = &dwarf->str.added;
	if (dwarf->str.section == &dwarf->made_str && made->size != 0) {
		add_edit(edits, 0, (uint8_t *)made->data, made->size);
		edits->items[edits->count - 1].name = dwarf->made_str.name;
		*made = (struct text){0};
	}
}

void section_edits_free(struct section_edits *edits)
{
	for (size_t i = 0; i < edits->count; i++)
		free(edits->items[i].bytes);
	free(edits->items);
	*edits = (struct section_edits){0};
}
