/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/elf/reloc.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/splitter/relocs/crel.h"
#include "tools/splitter/relocs/reloc_types.h"

/* A relocation section on its way, with what it is about. */
struct pass {
	struct draft *draft;
	struct image *image;
	uint64_t index;  /* of the relocation section */
	uint64_t target; /* of the section that it relocates */
	const struct plan_section *symbols;
	const struct plan_section *extended; /* SHT_SYMTAB_SHNDX, or NULL */
	bool has_addends;
	uint8_t *contents; /* of the target, to be changed */
};

static uint64_t word(const struct image *image, const uint8_t *p)
{
	return image->is_64 ? image_u64(image, p) : image_u32(image, p);
}

static bool is_debug(const struct plan *plan, uint64_t index)
{
	return index != 0 && index < plan->count &&
	       (plan->sections[index].shdr.sh_flags & SHF_ALLOC) == 0 &&
	       section_is_debug(plan->sections[index].name);
}

/* The value of a symbol, and the section that it lies in (0: none that counts). False where there
 * is no such symbol. */
static bool read_symbol(const struct pass *pass, uint64_t number, uint64_t *value,
			uint64_t *section)
{
	const struct image *image = pass->image;
	const uint64_t size = image->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	if (number >= pass->symbols->shdr.sh_size / size)
		return false;
	const uint8_t *p = pass->symbols->bytes + number * size;
	*value = image->is_64 ? image_u64(image, p + offsetof(Elf64_Sym, st_value))
			      : image_u32(image, p + offsetof(Elf32_Sym, st_value));
	*section = image_u16(image, p + (image->is_64 ? offsetof(Elf64_Sym, st_shndx)
						      : offsetof(Elf32_Sym, st_shndx)));
	if (*section == SHN_XINDEX && pass->extended != NULL &&
	    number < pass->extended->shdr.sh_size / 4)
		*section = image_u32(image, pass->extended->bytes + number * 4);
	else if (*section >= SHN_LORESERVE)
		*section = 0;
	return true;
}

/* What is in the place itself counts as the addend where the relocation has none. */
static uint64_t addend_of(const struct pass *pass, const uint8_t *p, uint64_t offset,
			  const struct reloc_kind *kind)
{
	const struct image *image = pass->image;
	const uint64_t size = pass->draft->plan.sections[pass->target].shdr.sh_size;
	const unsigned length = (kind->bits + 7) / 8;
	if (pass->has_addends)
		return word(image, p + (image->is_64 ? 16 : 8));
	if (kind->operation != RELOC_SET || kind->bits < 8 || offset > size ||
	    length > size - offset)
		return 0;
	return reloc_read(image, pass->contents + offset, kind->bits);
}

/* *DROP: it is resolved, and needed no more. */
static int resolve_one(const struct pass *pass, const uint8_t *p, bool *drop,
		       struct note_error *err)
{
	const struct image *image = pass->image;
	const struct plan_section *relocations = &pass->draft->plan.sections[pass->index];
	const struct plan_section *target = &pass->draft->plan.sections[pass->target];
	const uint64_t info = word(image, p + (image->is_64 ? 8 : 4));
	const uint64_t offset = word(image, p);
	const uint32_t type = image->is_64 ? (uint32_t)info : (uint32_t)info & 0xff;
	const uint64_t at = relocations->shdr.sh_offset + (uint64_t)(p - relocations->bytes);
	uint64_t value;
	uint64_t section;
	struct reloc_kind kind;
	*drop = type == 0;
	if (*drop)
		return NOTE_OK;
	if (!read_symbol(pass, image->is_64 ? info >> 32 : info >> 8, &value, &section))
		return error_set(err, NOTE_MALFORMED, at, "%s: a relocation of no symbol",
				 relocations->name);
	if (!is_debug(&pass->draft->plan, section))
		return NOTE_OK;
	if (!reloc_find(image->ehdr.e_machine, type, &kind))
		return error_set(err, NOTE_UNSUPPORTED, at,
				 "%s: relocation type %u of machine %u is not known",
				 relocations->name, type, image->ehdr.e_machine);
	value += addend_of(pass, p, offset, &kind);
	if (!image->is_64)
		value = (uint32_t)value;
	if (!reloc_apply(image, &kind, pass->contents, target->shdr.sh_size, offset, value))
		return error_set(err, NOTE_MALFORMED, at,
				 "%s: a relocation outside of %s, or that does not fit",
				 relocations->name, target->name);
	*drop = true;
	return NOTE_OK;
}

static int resolve_section(struct pass *pass, struct note_error *err)
{
	struct plan *plan = &pass->draft->plan;
	const struct plan_section *relocations = &plan->sections[pass->index];
	const struct plan_section *target = &plan->sections[pass->target];
	const uint64_t entry = (pass->image->is_64 ? 8 : 4) * (pass->has_addends ? 3 : 2);
	const uint64_t size = relocations->shdr.sh_size / entry * entry;
	uint8_t *kept = xmalloc(size + 1);
	uint64_t kept_size = 0;
	int code = NOTE_OK;
	pass->contents = xmalloc(target->shdr.sh_size + 1);
	memcpy(pass->contents, target->bytes, target->shdr.sh_size);
	for (uint64_t i = 0; code == NOTE_OK && i < size; i += entry) {
		bool drop;
		code = resolve_one(pass, relocations->bytes + i, &drop, err);
		if (code == NOTE_OK && !drop) {
			memcpy(kept + kept_size, relocations->bytes + i, entry);
			kept_size += entry;
		}
	}
	if (code == NOTE_OK && kept_size != relocations->shdr.sh_size) {
		draft_replace(pass->draft, pass->target, pass->contents, target->shdr.sh_size);
		draft_replace(pass->draft, pass->index, kept, kept_size);
		return NOTE_OK;
	}
	free(pass->contents);
	free(kept);
	return code;
}

/* A section that cannot be understood keeps its relocations, all of them; the first is told. */
static int keep(int code, char **kept, struct note_error *err)
{
	if (code != NOTE_UNSUPPORTED && code != NOTE_MALFORMED)
		return code;
	if (*kept == NULL && err->offset == NOTE_NO_OFFSET)
		*kept = xstrdup(err->text);
	else if (*kept == NULL)
		*kept = xasprintf("%s (offset %llu)", err->text, (unsigned long long)err->offset);
	return NOTE_OK;
}

/* Checks what the section refers to; *WANTED is false where it is none of ours. */
static int begin_pass(struct pass *pass, bool *wanted, struct note_error *err)
{
	const struct plan *plan = &pass->draft->plan;
	const struct plan_section *section = &plan->sections[pass->index];
	pass->target = section->shdr.sh_info;
	pass->has_addends = section->shdr.sh_type == SHT_RELA;
	*wanted = (section->shdr.sh_type == SHT_REL || section->shdr.sh_type == SHT_CREL ||
		   pass->has_addends) &&
		  section->fate == FATE_DEBUG && section->bytes != NULL &&
		  is_debug(plan, pass->target) && plan->sections[pass->target].bytes != NULL;
	if (!*wanted)
		return NOTE_OK;
	const struct plan_section *target = &plan->sections[pass->target];
	if (section->shdr.sh_type == SHT_CREL)
		return error_set(err, NOTE_UNSUPPORTED, section->shdr.sh_offset,
				 "%s: relocations in the compact form (CREL)", section->name);
	if (!reloc_knows(pass->image->ehdr.e_machine))
		return error_set(err, NOTE_UNSUPPORTED, section->shdr.sh_offset,
				 "%s: relocations of machine %u are not known", section->name,
				 pass->image->ehdr.e_machine);
	if (strncmp(target->name, ".zdebug_", 8) == 0 && !target->edited)
		return error_set(err, NOTE_UNSUPPORTED, target->shdr.sh_offset,
				 "%s: relocations of a section compressed the old way",
				 target->name);
	if (section->shdr.sh_link >= plan->count ||
	    plan->sections[section->shdr.sh_link].shdr.sh_type != SHT_SYMTAB ||
	    plan->sections[section->shdr.sh_link].bytes == NULL)
		return error_set(err, NOTE_MALFORMED, section->shdr.sh_offset,
				 "%s: relocations without a symbol table", section->name);
	pass->symbols = &plan->sections[section->shdr.sh_link];
	pass->extended = NULL;
	for (uint64_t i = 1; i < plan->count; i++)
		if (plan->sections[i].shdr.sh_type == SHT_SYMTAB_SHNDX &&
		    plan->sections[i].shdr.sh_link == section->shdr.sh_link &&
		    plan->sections[i].bytes != NULL)
			pass->extended = &plan->sections[i];
	return NOTE_OK;
}

int reloc_resolve(struct draft *draft, struct image *image, char **kept, struct note_error *err)
{
	struct note_error own;
	*kept = NULL;
	if (err == NULL)
		err = &own;
	int code = draft_inflate(draft, image, err);
	for (uint64_t i = 1; code == NOTE_OK && i < draft->plan.count; i++) {
		struct pass pass = {.draft = draft, .image = image, .index = i};
		bool wanted;
		code = begin_pass(&pass, &wanted, err);
		if (code == NOTE_OK && wanted)
			code = resolve_section(&pass, err);
		code = keep(code, kept, err);
	}
	return code;
}
