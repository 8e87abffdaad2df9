/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The SHT_NOTE sections of a file, for the walk over its notes (note.c). Internal to libnote. */
#ifndef NOTE_NOTE_SECTIONS_H
#define NOTE_NOTE_SECTIONS_H

#include "image.h"

/* One with bytes in the file. */
struct note_section {
	uint64_t start; /* in the file */
	uint64_t end;
	uint64_t index;
	uint64_t alignment;
	uint64_t address; /* 0 where it is not allocated */
};

/* An allocated section, by its address. */
struct note_address {
	uint64_t address;
	uint64_t shift; /* from its address to its offset, modulo 2^64 */
	size_t next;    /* the first one behind it whose shift is another */
};

struct note_sections {
	struct note_section *items; /* sorted by offset */
	size_t count;
	struct note_address *addresses; /* sorted by address */
	size_t address_count;
};

/* A section table that cannot be read leaves the segments: that is no failure of theirs. *OUT is
 * for note_sections_free(), whatever comes back. */
int note_sections_collect(struct note_sections *out, struct image *image, struct note_error *err);
void note_sections_free(struct note_sections *sections);

/* The section that holds OFFSET, NULL for none. */
const struct note_section *note_sections_at(const struct note_sections *sections, uint64_t offset);

/* In a debug file the program headers are those of the program, but the file offsets of what was
 * kept may be others. True where an allocated section of an address in PHDR says so. */
bool note_sections_moved(const struct note_sections *sections, const GElf_Phdr *phdr);

#endif
