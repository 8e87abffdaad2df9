/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/elf/plan.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/splitter/relocs/crel.h"

#ifndef SHT_LLVM_ADDRSIG
#define SHT_LLVM_ADDRSIG 0x6fff4c03
#endif

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

static bool matches(const struct strings *patterns, const char *name)
{
	for (size_t i = 0; patterns != NULL && i < patterns->count; i++)
		if (fnmatch(patterns->items[i], name, 0) == 0)
			return true;
	return false;
}

/* A relocatable file needs its symbols and its relocations; those of debug data go with it. */
static enum section_fate fate_of_relocations(const struct plan *plan, const struct image *image,
					     const GElf_Shdr *shdr)
{
	if (image->ehdr.e_type != ET_REL)
		return FATE_DEBUG; /* of no use without the symbol table (ld --emit-relocs) */
	if (shdr->sh_info >= plan->count)
		return FATE_SHIPPED;
	const struct plan_section *target = &plan->sections[shdr->sh_info];
	const bool moves = (target->shdr.sh_flags & SHF_ALLOC) == 0 &&
			   target->shdr.sh_type != SHT_NOTE && section_is_debug(target->name);
	return moves ? FATE_DEBUG : FATE_SHIPPED;
}

static enum section_fate fate_of(const struct plan *plan, const struct image *image, uint64_t index,
				 uint64_t strtab, const struct plan_options *options)
{
	const struct plan_section *section = &plan->sections[index];
	/* A relocatable file's relocations need it in either half. Else it is in one: what reads
	 * both files (gdb, eu-unstrip) would have it twice. */
	const enum section_fate symbols = image->ehdr.e_type == ET_REL ? FATE_BOTH
					  : options->keep_symtab       ? FATE_SHIPPED
								       : FATE_DEBUG;
	if (index == image->shstrndx && index != strtab)
		return FATE_NAMES;
	if (strcmp(section->name, ".gnu_debuglink") == 0)
		return FATE_DEBUG; /* it is another's: eu-unstrip looks for it there */
	switch (section->shdr.sh_type) {
	case SHT_NOTE:
	case SHT_GROUP: /* see follow_members */
		return FATE_BOTH;
	case SHT_LLVM_ADDRSIG: /* numbers of symbols, for the linker: they would be others */
		return FATE_DEBUG;
	case SHT_SYMTAB:
	case SHT_SYMTAB_SHNDX:
		return symbols;
	case SHT_STRTAB:
		if (index == strtab)
			return symbols;
		return section_is_debug(section->name) ? FATE_DEBUG : FATE_SHIPPED;
	case SHT_REL:
	case SHT_RELA:
	case SHT_CREL:
		return fate_of_relocations(plan, image, &section->shdr);
	default:
		return section_is_debug(section->name) ? FATE_DEBUG : FATE_SHIPPED;
	}
}

/* The loaded relocations of a static program (IRELATIVE) name no symbol, but the table in which
 * they do not: without one a checker finds a symbol that is not there. */
static bool refer_to_none(const struct plan *plan, const struct image *image, uint64_t symtab)
{
	bool found = false;
	for (uint64_t i = 1; i < plan->count; i++) {
		const struct plan_section *section = &plan->sections[i];
		const GElf_Shdr *shdr = &section->shdr;
		const bool has_addends = shdr->sh_type == SHT_RELA;
		if ((shdr->sh_flags & SHF_ALLOC) == 0 || section->bytes == NULL ||
		    (shdr->sh_type != SHT_REL && !has_addends) || shdr->sh_link != symtab)
			continue;
		const uint64_t word = image->is_64 ? 8 : 4;
		const uint64_t entry = word * (has_addends ? 3 : 2);
		for (uint64_t at = 0; at + entry <= shdr->sh_size; at += entry) {
			const uint8_t *info = section->bytes + at + word;
			if (image->is_64 ? image_u64(image, info) >> 32 != 0
					 : image_u32(image, info) >> 8 != 0)
				return false;
		}
		found = true;
	}
	return found;
}

static void keep_first_symbol(struct plan *plan, const struct image *image, uint64_t strtab)
{
	for (uint64_t i = 1; i < plan->count; i++) {
		struct plan_section *section = &plan->sections[i];
		if (section->shdr.sh_type != SHT_SYMTAB || section->fate != FATE_DEBUG ||
		    section->bytes == NULL || strtab == 0 || strtab >= plan->count ||
		    plan->sections[strtab].fate != FATE_DEBUG ||
		    plan->sections[strtab].shdr.sh_size == 0 ||
		    section->shdr.sh_size < section->shdr.sh_entsize ||
		    section->shdr.sh_entsize < 16 || !refer_to_none(plan, image, i))
			continue;
		section->fate = FATE_FIRST;
		plan->sections[strtab].fate = FATE_FIRST;
	}
}

/* A group stays with the first of its members that does, and goes when all of them go. */
static void follow_members(struct plan *plan, const struct image *image)
{
	for (uint64_t i = 1; i < plan->count; i++) {
		struct plan_section *group = &plan->sections[i];
		if (group->shdr.sh_type != SHT_GROUP || group->bytes == NULL)
			continue;
		group->fate = FATE_DEBUG;
		for (uint64_t at = 4; at + 4 <= group->shdr.sh_size; at += 4) {
			const uint32_t member = image_u32(image, group->bytes + at);
			if (member < plan->count && member != i &&
			    plan->sections[member].fate != FATE_DEBUG)
				group->fate = FATE_BOTH;
		}
	}
}

/* What the user wants otherwise. The symbol table stays whole or goes whole. */
static int apply_wishes(struct plan *plan, const struct plan_options *options,
			struct note_error *err)
{
	for (uint64_t i = 1; i < plan->count; i++) {
		struct plan_section *section = &plan->sections[i];
		const bool debug = section->fate == FATE_DEBUG &&
				   section->shdr.sh_type != SHT_SYMTAB &&
				   section->shdr.sh_type != SHT_STRTAB;
		if (debug && matches(options->keep, section->name))
			section->fate = FATE_BOTH; /* debuggers read one of the two files */
		if (section->fate == FATE_NAMES || !matches(options->remove, section->name))
			continue;
		if ((section->shdr.sh_flags & SHF_ALLOC) != 0)
			return error_set(err, NOTE_UNSUPPORTED, section->shdr.sh_offset,
					 "%s: a section that is loaded cannot be removed",
					 section->name);
		section->fate = FATE_DEBUG;
	}
	return NOTE_OK;
}

/* --- sections that belong to each other --- */

/* How often that is asked anew: real files need two rounds, and a file that was made to need
 * thousands shall not take the square of that. */
#define MAX_ROUNDS 8

/* Loaded sections stay; the symbol table and its strings go by options, notes and groups their own
 * way. */
static bool may_follow(const struct plan_section *section)
{
	switch (section->shdr.sh_type) {
	case SHT_NULL:
	case SHT_SYMTAB:
	case SHT_SYMTAB_SHNDX:
	case SHT_NOTE:
	case SHT_GROUP:
		return false;
	default:
		return (section->shdr.sh_flags & SHF_ALLOC) == 0;
	}
}

static bool names_section(const GElf_Shdr *shdr)
{
	return shdr->sh_type == SHT_REL || shdr->sh_type == SHT_RELA || shdr->sh_type == SHT_CREL ||
	       (shdr->sh_flags & SHF_INFO_LINK) != 0;
}

/* The section that SECTION is about: it is of no use without that one. 0 for none. */
static uint64_t subject_of(const struct plan *plan, const struct plan_section *section)
{
	const GElf_Shdr *shdr = &section->shdr;
	if (names_section(shdr) && shdr->sh_info < plan->count)
		return shdr->sh_info;
	if ((shdr->sh_flags & SHF_LINK_ORDER) != 0 && shdr->sh_link < plan->count)
		return shdr->sh_link;
	return 0;
}

/* What is about a section that moves goes with it, whatever it is called. */
static bool follow_subjects(struct plan *plan)
{
	bool changed = false;
	for (uint64_t i = 1; i < plan->count; i++) {
		struct plan_section *section = &plan->sections[i];
		const uint64_t subject = subject_of(plan, section);
		if (subject != 0 && section->fate == FATE_SHIPPED && may_follow(section) &&
		    plan->sections[subject].fate == FATE_DEBUG &&
		    may_follow(&plan->sections[subject])) {
			section->fate = FATE_DEBUG;
			changed = true;
		}
	}
	return changed;
}

/* What others refer to (strings by sh_link) goes where they go: to the debug file when all of them
 * do, to both where one of them stays. */
static bool follow_users(struct plan *plan, uint8_t *users)
{
	enum { MOVES = 1, STAYS = 2 };
	bool changed = false;
	memset(users, 0, plan->count);
	for (uint64_t i = 1; i < plan->count; i++) {
		const struct plan_section *section = &plan->sections[i];
		const uint64_t link = section->shdr.sh_link;
		if (link == 0 || link >= plan->count || section->fate == FATE_NAMES)
			continue;
		users[link] |= section->fate == FATE_DEBUG ? MOVES : STAYS;
	}
	for (uint64_t i = 1; i < plan->count; i++) {
		struct plan_section *section = &plan->sections[i];
		if (!may_follow(section) || users[i] == 0 || section->fate == FATE_NAMES)
			continue;
		const bool goes = section->fate == FATE_SHIPPED && users[i] == MOVES;
		const bool is_needed = section->fate == FATE_DEBUG && (users[i] & STAYS) != 0;
		if (goes || is_needed)
			section->fate = goes ? FATE_DEBUG : FATE_BOTH;
		changed = changed || goes || is_needed;
	}
	return changed;
}

static void follow(struct plan *plan, uint64_t strtab)
{
	uint8_t *users = xcalloc(plan->count, sizeof(*users));
	const enum section_fate strings =
		strtab < plan->count ? plan->sections[strtab].fate : FATE_SHIPPED;
	bool changed = true;
	for (unsigned round = 0; changed && round < MAX_ROUNDS; round++) {
		changed = follow_subjects(plan);
		changed = follow_users(plan, users) || changed;
		if (strtab != 0 && strtab < plan->count)
			plan->sections[strtab].fate = strings; /* goes with its symbols */
	}
	free(users);
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

/* A section that the image does not have, of debug strings. */
static int add_section(struct plan *plan, const struct image *image,
		       const struct section_edit *edit, struct note_error *err)
{
	const uint64_t table = image->shstrndx;
	const size_t length = strlen(edit->name) + 1;
	if (table == SHN_UNDEF || table >= plan->count || plan->names != NULL ||
	    plan->sections[table].bytes == NULL ||
	    plan->sections[table].shdr.sh_size > UINT32_MAX / 2)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "there is no table for the name of section %s", edit->name);
	struct plan_section *names = &plan->sections[table];
	const uint64_t old = names->shdr.sh_size;
	plan->names = xmalloc(old + length);
	memcpy(plan->names, names->bytes, old);
	memcpy(plan->names + old, edit->name, length);
	names->bytes = plan->names;
	names->shdr.sh_size = old + length;
	names->edited = true;
	plan->sections = xrealloc(plan->sections, (plan->count + 1) * sizeof(*plan->sections));
	plan->sections[plan->count++] = (struct plan_section){
		.shdr = {.sh_name = (uint32_t)old,
			 .sh_type = SHT_PROGBITS,
			 .sh_flags = SHF_MERGE | SHF_STRINGS,
			 .sh_size = edit->size,
			 .sh_entsize = 1,
			 .sh_addralign = 1},
		.name = edit->name,
		.fate = FATE_DEBUG,
		.bytes = edit->bytes,
		.edited = true,
	};
	return NOTE_OK;
}

static int apply_edits(struct plan *plan, const struct image *image,
		       const struct section_edits *edits, struct note_error *err)
{
	for (size_t i = 0; edits != NULL && i < edits->count; i++) {
		const struct section_edit *edit = &edits->items[i];
		if (edit->section == 0 && edit->name != NULL) {
			int code = add_section(plan, image, edit, err);
			if (code != NOTE_OK)
				return code;
			continue;
		}
		if (edit->section == 0 || edit->section >= plan->count)
			return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "edit of no section");
		struct plan_section *section = &plan->sections[edit->section];
		if ((section->shdr.sh_flags & SHF_ALLOC) != 0)
			return error_set(err, NOTE_UNSUPPORTED, section->shdr.sh_offset,
					 "%s: debug information in memory cannot change",
					 section->name);
		if ((section->shdr.sh_flags & SHF_COMPRESSED) != 0) {
			section->shdr.sh_flags &= ~(uint64_t)SHF_COMPRESSED;
			section->shdr.sh_addralign = 1;
		}
		if (edit->unmerged) {
			section->shdr.sh_flags &= ~(uint64_t)(SHF_MERGE | SHF_STRINGS);
			section->shdr.sh_entsize = 0;
		}
		section->bytes = edit->bytes;
		section->shdr.sh_size = edit->size;
		section->edited = true;
	}
	return NOTE_OK;
}

int plan_make(struct plan *plan, struct image *image, const struct section_edits *edits,
	      const struct plan_options *options, struct note_error *err)
{
	uint64_t contents = 0;
	uint64_t strtab = 0;
	*plan = (struct plan){0};
	if (image->shnum == 0)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "no sections");
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
	if (image->shstrndx != SHN_UNDEF && image->shstrndx < plan->count &&
	    plan->sections[image->shstrndx].bytes == NULL)
		return error_set(err, NOTE_MALFORMED, image->ehdr.e_shoff,
				 "the section name table has no contents");
	for (uint64_t i = 1; i < plan->count; i++) {
		struct plan_section *section = &plan->sections[i];
		const bool loaded = (section->shdr.sh_flags & SHF_ALLOC) != 0 &&
				    section->shdr.sh_type != SHT_NOTE;
		section->fate = loaded ? FATE_SHIPPED : fate_of(plan, image, i, strtab, options);
	}
	int code = apply_wishes(plan, options, err);
	follow(plan, strtab);
	follow_members(plan, image);
	if (options->keep_first_symbol)
		keep_first_symbol(plan, image, strtab);
	return code == NOTE_OK ? apply_edits(plan, image, edits, err) : code;
}

void plan_free(struct plan *plan)
{
	free(plan->sections);
	free(plan->names);
	*plan = (struct plan){0};
}
