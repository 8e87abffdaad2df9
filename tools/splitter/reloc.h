/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Relocations in debug sections of relocatable files: what each type does to its place, and the
 * stage that resolves those between debug sections in a debug file. The others, against what a
 * kernel or linker will place, stay: their values are not known before.
 * Specification: the psABI supplements of the machines, "Relocation Types".
 */
#ifndef SPLITTER_RELOC_H
#define SPLITTER_RELOC_H

#include "tools/splitter/draft.h"

enum reloc_operation {
	RELOC_NONE,
	RELOC_SET, /* place = symbol + addend */
	RELOC_ADD, /* place += symbol + addend */
	RELOC_SUB,
};

/* What a type does; SIZE 0 stands for an unsigned LEB128 number, whose length stays. */
struct reloc_kind {
	enum reloc_operation operation;
	uint8_t bits; /* of the place: 6, 8, 16, 24, 32 or 64; 0: ULEB128 */
};

/* True where MACHINE's types are known at all. */
bool reloc_knows(unsigned machine);

/* False where TYPE is none that debug sections have. */
bool reloc_find(unsigned machine, uint32_t type, struct reloc_kind *out);

/* Applies KIND with VALUE (symbol + addend) at OFFSET of the SIZE bytes at BYTES. False where the
 * place does not lie inside, or the value does not fit it. */
bool reloc_apply(const struct image *image, const struct reloc_kind *kind, uint8_t *bytes,
		 uint64_t size, uint64_t offset, uint64_t value);

/* Resolves what relocations of the draft's debug sections against debug sections there are, and
 * drops them. NOTE_UNSUPPORTED, with the offset of the relocation in the file, where a type or the
 * machine is not known. */
int reloc_resolve(struct draft *draft, struct image *image, struct note_error *err);

#endif
