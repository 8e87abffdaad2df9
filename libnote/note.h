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

#endif
