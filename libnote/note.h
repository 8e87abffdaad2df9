/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The notes of an ELF image. Internal to the project (the tools share it), not installed.
 *
 * Format (gABI, "Note Section"): namesz, descsz, type, each 4 bytes in both classes, then the
 * owner's name and the descriptor, each padded to 4; in a segment or section of alignment 8, to 8.
 * Notes are found through PT_NOTE, and through SHT_NOTE sections that no PT_NOTE covers.
 */
#ifndef NOTE_NOTE_H
#define NOTE_NOTE_H

#include "image.h"

struct elf_note {
	uint32_t type;
	const char *owner; /* NUL-terminated, "" where there is none; valid during the visit */
	uint64_t offset;   /* of the note's header, in the file */
	uint64_t size;     /* header, name, descriptor and padding together */
	const uint8_t *desc;
	uint64_t desc_offset;
	uint64_t desc_size;
	struct span padding; /* what follows the descriptor, up to the end of the note */
	uint64_t alignment;  /* 4 or 8 */
	bool in_segment;     /* found through a PT_NOTE */
	uint64_t section;    /* the index of the SHT_NOTE section that holds it, 0 for none */
};

/* Calls VISIT for each note, in file order within each segment or section; false ends the walk.
 * A broken note ends the walk of its segment with NOTE_MALFORMED after the others were seen. */
typedef bool elf_note_visit(void *context, const struct elf_note *note);
int elf_notes(struct image *image, elf_note_visit *visit, void *context, struct note_error *err);

/* The same for SIZE bytes of notes at OFFSET, whatever the file's headers say. */
int elf_notes_in(struct image *image, uint64_t offset, uint64_t size, uint64_t alignment,
		 elf_note_visit *visit, void *context, struct note_error *err);

/* The build-id (type 3, owner "GNU"): its bytes, their number, and their offset in the file.
 * NOTE_ABSENT where there is none. Any out pointer may be NULL. */
int elf_build_id(struct image *image, const uint8_t **id, size_t *size, uint64_t *offset,
		 struct note_error *err);

/* The payload of the first package note, without its NUL and padding. NOTE_ABSENT. */
int elf_package(struct image *image, const char **payload, size_t *length, uint64_t *offset,
		struct note_error *err);

/* --- note_sections.c: the SHT_NOTE sections of a file, for the walk over its notes --- */

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

/* How many bytes of PHDR, a PT_NOTE, are to be read. objcopy 2.44 gives debug files some of
 * hundreds of megabytes, over whatever lies behind the notes: one that is large beyond reason ends
 * where the last section of notes in it does. */
uint64_t note_sections_extent(const struct note_sections *sections, const GElf_Phdr *phdr);

#endif
