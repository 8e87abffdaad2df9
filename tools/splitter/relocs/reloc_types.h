/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What relocations of debug sections do to their places, by machine and type.
 * Specification: the psABI supplements of the machines, "Relocation Types".
 */
#ifndef SPLITTER_RELOCS_RELOC_TYPES_H
#define SPLITTER_RELOCS_RELOC_TYPES_H

#include "libnote/image.h"

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

/* The number of BITS (8 to 64) at P. */
uint64_t reloc_read(const struct image *image, const uint8_t *p, unsigned bits);

#endif
