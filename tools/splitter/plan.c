/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/plan.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/text.h"

bool section_is_debug(const char *name)
{
	/* Prefixes; relocations carry their target's name behind .rel or .rela. */
	static const char *const prefixes[] = {".debug_",           ".zdebug_",  ".gnu.debuglto_",
					       ".gnu.linkonce.wi.", ".gnu.lto_", ".stab"};
	static const char *const names[] = {".debug",   ".line",    ".gdb_index",
					    ".comment", ".dwo_str", ".gnu_debugaltlink"};
	if (strncmp(name, ".rela.", 6) == 0)
		name += 5;
	else if (strncmp(name, ".rel.", 5) == 0)
		name += 4;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static enum section_fate fate_of(const struct plan_section *section, uint64_t index,
				 uint64_t shstrndx, uint64_t strtab)
{
	if (section->shdr.sh_type == SHT_NOTE)
		return FATE_BOTH;
	if ((section->shdr.sh_flags & SHF_ALLOC) != 0)
		return FATE_SHIPPED;
	switch (section->shdr.sh_type) {
	case SHT_SYMTAB:
	case SHT_SYMTAB_SHNDX:
	case SHT_REL: /* of no use without the symbol table (ld --emit-relocs) */
	case SHT_RELA:
		return FATE_DEBUG;
	case SHT_STRTAB:
		if (index == shstrndx && index != strtab)
			return FATE_NAMES;
		return index == strtab ? FATE_DEBUG : FATE_SHIPPED;
	default:
		return section_is_debug(section->name) ? FATE_DEBUG : FATE_SHIPPED;
	}
}

static int read_section(struct plan_section *section, struct image *image, uint64_t index,
			struct note_error *err)
{
	int code = image_shdr(image, index, &section->shdr, err);
	if (code != NOTE_OK)
		return code;
	const GElf_Shdr *shdr = &section->shdr;
	section->name = image_section_name(image, shdr, err);
	if (section->name == NULL)
		return NOTE_MALFORMED;
	if (index == 0 || shdr->sh_type == SHT_NOBITS || shdr->sh_type == SHT_NULL)
		return NOTE_OK;
	section->bytes = image_bytes(image, shdr->sh_offset, shdr->sh_size, section->name, err);
	return section->bytes != NULL ? NOTE_OK : NOTE_MALFORMED;
}

static int apply_edits(struct plan *plan, const struct section_edits *edits, struct note_error *err)
{
	for (size_t i = 0; edits != NULL && i < edits->count; i++) {
		const struct section_edit *edit = &edits->items[i];
		if (edit->section == 0 || edit->section >= plan->count)
			return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "edit of no section");
		struct plan_section *section = &plan->sections[edit->section];
		if ((section->shdr.sh_flags & SHF_ALLOC) != 0)
			return error_set(err, NOTE_UNSUPPORTED, section->shdr.sh_offset,
					 "%s: debug information in memory cannot change",
					 section->name);
		section->bytes = edit->bytes;
		section->shdr.sh_size = edit->size;
	}
	return NOTE_OK;
}

int plan_make(struct plan *plan, struct image *image, const struct section_edits *edits,
	      struct note_error *err)
{
	uint64_t contents = 0;
	uint64_t strtab = 0;
	*plan = (struct plan){0};
	plan->sections = xcalloc(image->shnum, sizeof(*plan->sections));
	plan->count = image->shnum;
	for (uint64_t i = 0; i < plan->count; i++) {
		struct plan_section *section = &plan->sections[i];
		int code = read_section(section, image, i, err);
		if (code != NOTE_OK)
			return code;
		if (section->shdr.sh_type == SHT_SYMTAB)
			strtab = section->shdr.sh_link;
		if (section->bytes != NULL)
			contents += section->shdr.sh_size; /* 2^32 sections of a file: no wrap */
		if (contents > image->size)
			return error_set(err, NOTE_MALFORMED, section->shdr.sh_offset,
					 "%s: sections overlap", section->name);
	}
	for (uint64_t i = 0; i < plan->count; i++)
		plan->sections[i].fate = fate_of(&plan->sections[i], i, image->shstrndx, strtab);
	return apply_edits(plan, edits, err);
}

void plan_free(struct plan *plan)
{
	free(plan->sections);
	*plan = (struct plan){0};
}
