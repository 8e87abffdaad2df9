/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/reloc.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"

#ifndef EM_LOONGARCH
#define EM_LOONGARCH 258
#endif

/* --- types --- */

struct row {
	uint16_t machine;
	uint16_t type;
	struct reloc_kind kind;
};

static const struct row rows[] = {
	{EM_386, 1 /* R_386_32 */, {RELOC_SET, 32}},
	{EM_386, 20 /* R_386_16 */, {RELOC_SET, 16}},
	{EM_386, 22 /* R_386_8 */, {RELOC_SET, 8}},
	{EM_X86_64, 1 /* R_X86_64_64 */, {RELOC_SET, 64}},
	{EM_X86_64, 10 /* R_X86_64_32 */, {RELOC_SET, 32}},
	{EM_X86_64, 11 /* R_X86_64_32S */, {RELOC_SET, 32}},
	{EM_X86_64, 12 /* R_X86_64_16 */, {RELOC_SET, 16}},
	{EM_X86_64, 14 /* R_X86_64_8 */, {RELOC_SET, 8}},
	{EM_AARCH64, 257 /* R_AARCH64_ABS64 */, {RELOC_SET, 64}},
	{EM_AARCH64, 258 /* R_AARCH64_ABS32 */, {RELOC_SET, 32}},
	{EM_AARCH64, 259 /* R_AARCH64_ABS16 */, {RELOC_SET, 16}},
	{EM_ARM, 2 /* R_ARM_ABS32 */, {RELOC_SET, 32}},
	{EM_ARM, 5 /* R_ARM_ABS16 */, {RELOC_SET, 16}},
	{EM_ARM, 8 /* R_ARM_ABS8 */, {RELOC_SET, 8}},
	{EM_PPC, 1 /* R_PPC_ADDR32 */, {RELOC_SET, 32}},
	{EM_PPC, 3 /* R_PPC_ADDR16 */, {RELOC_SET, 16}},
	{EM_PPC, 24 /* R_PPC_UADDR32 */, {RELOC_SET, 32}},
	{EM_PPC, 25 /* R_PPC_UADDR16 */, {RELOC_SET, 16}},
	{EM_PPC64, 1 /* R_PPC64_ADDR32 */, {RELOC_SET, 32}},
	{EM_PPC64, 3 /* R_PPC64_ADDR16 */, {RELOC_SET, 16}},
	{EM_PPC64, 24 /* R_PPC64_UADDR32 */, {RELOC_SET, 32}},
	{EM_PPC64, 25 /* R_PPC64_UADDR16 */, {RELOC_SET, 16}},
	{EM_PPC64, 38 /* R_PPC64_ADDR64 */, {RELOC_SET, 64}},
	{EM_PPC64, 43 /* R_PPC64_UADDR64 */, {RELOC_SET, 64}},
	{EM_S390, 1 /* R_390_8 */, {RELOC_SET, 8}},
	{EM_S390, 3 /* R_390_16 */, {RELOC_SET, 16}},
	{EM_S390, 4 /* R_390_32 */, {RELOC_SET, 32}},
	{EM_S390, 22 /* R_390_64 */, {RELOC_SET, 64}},
	{EM_RISCV, 1 /* R_RISCV_32 */, {RELOC_SET, 32}},
	{EM_RISCV, 2 /* R_RISCV_64 */, {RELOC_SET, 64}},
	{EM_RISCV, 33 /* R_RISCV_ADD8 */, {RELOC_ADD, 8}},
	{EM_RISCV, 34 /* R_RISCV_ADD16 */, {RELOC_ADD, 16}},
	{EM_RISCV, 35 /* R_RISCV_ADD32 */, {RELOC_ADD, 32}},
	{EM_RISCV, 36 /* R_RISCV_ADD64 */, {RELOC_ADD, 64}},
	{EM_RISCV, 37 /* R_RISCV_SUB8 */, {RELOC_SUB, 8}},
	{EM_RISCV, 38 /* R_RISCV_SUB16 */, {RELOC_SUB, 16}},
	{EM_RISCV, 39 /* R_RISCV_SUB32 */, {RELOC_SUB, 32}},
	{EM_RISCV, 40 /* R_RISCV_SUB64 */, {RELOC_SUB, 64}},
	{EM_RISCV, 52 /* R_RISCV_SUB6 */, {RELOC_SUB, 6}},
	{EM_RISCV, 53 /* R_RISCV_SET6 */, {RELOC_SET, 6}},
	{EM_RISCV, 54 /* R_RISCV_SET8 */, {RELOC_SET, 8}},
	{EM_RISCV, 55 /* R_RISCV_SET16 */, {RELOC_SET, 16}},
	{EM_RISCV, 56 /* R_RISCV_SET32 */, {RELOC_SET, 32}},
	{EM_RISCV, 60 /* R_RISCV_SET_ULEB128 */, {RELOC_SET, 0}},
	{EM_RISCV, 61 /* R_RISCV_SUB_ULEB128 */, {RELOC_SUB, 0}},
	{EM_LOONGARCH, 1 /* R_LARCH_32 */, {RELOC_SET, 32}},
	{EM_LOONGARCH, 2 /* R_LARCH_64 */, {RELOC_SET, 64}},
	{EM_LOONGARCH, 47 /* R_LARCH_ADD8 */, {RELOC_ADD, 8}},
	{EM_LOONGARCH, 48 /* R_LARCH_ADD16 */, {RELOC_ADD, 16}},
	{EM_LOONGARCH, 49 /* R_LARCH_ADD24 */, {RELOC_ADD, 24}},
	{EM_LOONGARCH, 50 /* R_LARCH_ADD32 */, {RELOC_ADD, 32}},
	{EM_LOONGARCH, 51 /* R_LARCH_ADD64 */, {RELOC_ADD, 64}},
	{EM_LOONGARCH, 52 /* R_LARCH_SUB8 */, {RELOC_SUB, 8}},
	{EM_LOONGARCH, 53 /* R_LARCH_SUB16 */, {RELOC_SUB, 16}},
	{EM_LOONGARCH, 54 /* R_LARCH_SUB24 */, {RELOC_SUB, 24}},
	{EM_LOONGARCH, 55 /* R_LARCH_SUB32 */, {RELOC_SUB, 32}},
	{EM_LOONGARCH, 56 /* R_LARCH_SUB64 */, {RELOC_SUB, 64}},
	{EM_LOONGARCH, 105 /* R_LARCH_ADD6 */, {RELOC_ADD, 6}},
	{EM_LOONGARCH, 106 /* R_LARCH_SUB6 */, {RELOC_SUB, 6}},
	{EM_LOONGARCH, 107 /* R_LARCH_ADD_ULEB128 */, {RELOC_ADD, 0}},
	{EM_LOONGARCH, 108 /* R_LARCH_SUB_ULEB128 */, {RELOC_SUB, 0}},
};

bool reloc_knows(unsigned machine)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].machine == machine)
			return true;
	return false;
}

bool reloc_find(unsigned machine, uint32_t type, struct reloc_kind *out)
{
	*out = (struct reloc_kind){RELOC_NONE, 8};
	if (type == 0) /* R_*_NONE of every machine */
		return true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].machine == machine && rows[i].type == type) {
			*out = rows[i].kind;
			return true;
		}
	return false;
}

/* --- places --- */

static uint64_t combine(enum reloc_operation operation, uint64_t old, uint64_t value)
{
	switch (operation) {
	case RELOC_ADD:
		return old + value;
	case RELOC_SUB:
		return old - value;
	default:
		return value;
	}
}

/* Modulo what its bytes can hold: halfway through a pair the number may be larger. */
static bool apply_uleb(enum reloc_operation operation, uint8_t *p, uint64_t room, uint64_t value)
{
	uint64_t old = 0;
	uint64_t length = 0;
	do {
		if (length == room || length == 10)
			return false;
		old |= length < 9 || (p[length] & 0x7e) == 0
			       ? (uint64_t)(p[length] & 0x7f) << (7 * length)
			       : 0;
	} while ((p[length++] & 0x80) != 0);
	uint64_t now = combine(operation, old, value);
	for (uint64_t i = 0; i < length; i++, now >>= 7)
		p[i] = (uint8_t)((p[i] & 0x80) | (now & 0x7f));
	return true;
}

static uint64_t read_place(const struct image *image, const uint8_t *p, unsigned bits)
{
	switch (bits) {
	case 64:
		return image_u64(image, p);
	case 32:
		return image_u32(image, p);
	case 16:
		return image_u16(image, p);
	case 24: /* little-endian machines alone have it */
		return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16;
	default:
		return p[0];
	}
}

static void write_place(const struct image *image, uint8_t *p, unsigned bits, uint64_t value)
{
	switch (bits) {
	case 64:
		image_put64(image, p, value);
		break;
	case 32:
		image_put32(image, p, (uint32_t)value);
		break;
	case 16:
		image_put16(image, p, (uint16_t)value);
		break;
	case 24:
		p[0] = (uint8_t)value;
		p[1] = (uint8_t)(value >> 8);
		p[2] = (uint8_t)(value >> 16);
		break;
	case 6: /* the other two are part of an opcode */
		p[0] = (uint8_t)((p[0] & 0xc0) | (value & 0x3f));
		break;
	default:
		p[0] = (uint8_t)value;
		break;
	}
}

bool reloc_apply(const struct image *image, const struct reloc_kind *kind, uint8_t *bytes,
		 uint64_t size, uint64_t offset, uint64_t value)
{
	if (kind->operation == RELOC_NONE)
		return true;
	const unsigned length = (kind->bits + 7) / 8;
	if (offset > size || length > size - offset)
		return false;
	uint8_t *p = bytes + offset;
	if (kind->bits == 0)
		return apply_uleb(kind->operation, p, size - offset, value);
	if (kind->operation == RELOC_SET && kind->bits >= 16 && kind->bits < 64 &&
	    value >> kind->bits != 0 && (int64_t)value >> (kind->bits - 1) != -1)
		return false;
	write_place(image, p, kind->bits,
		    combine(kind->operation, read_place(image, p, kind->bits), value));
	return true;
}

/* --- the stage --- */

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
	return read_place(image, pass->contents + offset, kind->bits);
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

/* Checks what the section refers to; *WANTED is false where it is none of ours. */
static int begin_pass(struct pass *pass, bool *wanted, struct note_error *err)
{
	const struct plan *plan = &pass->draft->plan;
	const struct plan_section *section = &plan->sections[pass->index];
	pass->target = section->shdr.sh_info;
	pass->has_addends = section->shdr.sh_type == SHT_RELA;
	*wanted = (section->shdr.sh_type == SHT_REL || pass->has_addends) &&
		  section->fate == FATE_DEBUG && section->bytes != NULL &&
		  is_debug(plan, pass->target) && plan->sections[pass->target].bytes != NULL;
	if (!*wanted)
		return NOTE_OK;
	const struct plan_section *target = &plan->sections[pass->target];
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

int reloc_resolve(struct draft *draft, struct image *image, struct note_error *err)
{
	int code = draft_inflate(draft, image, err);
	for (uint64_t i = 1; code == NOTE_OK && i < draft->plan.count; i++) {
		struct pass pass = {.draft = draft, .image = image, .index = i};
		bool wanted;
		code = begin_pass(&pass, &wanted, err);
		if (code == NOTE_OK && wanted)
			code = resolve_section(&pass, err);
	}
	return code;
}
