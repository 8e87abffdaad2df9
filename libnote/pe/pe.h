/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PE/COFF images: EFI programs, unified kernel images, Windows programs. The package metadata is
 * the bare JSON in a section called .pkgnote.
 * Specification: Microsoft's "PE Format"; UAPI.8. Internal to the project, not installed.
 */
#ifndef LIBNOTE_PE_PE_H
#define LIBNOTE_PE_PE_H

#include "image.h"

struct pe {
	struct image *image;
	uint16_t machine; /* IMAGE_FILE_MACHINE_* */
	bool is_64;       /* PE32+ */
	uint16_t section_count;
	uint64_t optional; /* where the optional header starts */
	uint16_t optional_size;
	uint64_t sections; /* where the section table starts */
};

/* Whether firmware runs it (an EFI application or driver), and no system that is up. */
bool pe_is_efi(const struct pe *pe);

/* A .pkgnote section. */
struct pe_note {
	const char *payload; /* without the padding; not NUL-terminated */
	uint64_t length;
	uint64_t offset; /* in the file */
	uint64_t size;   /* with padding */
	uint32_t flags;  /* IMAGE_SCN_* */
};

/* Reads the headers. NOTE_ABSENT where IMAGE is no PE image, NOTE_MALFORMED where they lie. */
int pe_read(struct pe *pe, struct image *image, struct note_error *err);

/* Calls VISIT for each .pkgnote section in the order of the table; false ends it. */
typedef bool pe_note_visit(void *context, const struct pe_note *note);
int pe_notes(struct pe *pe, pe_note_visit *visit, void *context, struct note_error *err);

/* The payload of the first one; NOTE_ABSENT. */
int pe_package(struct pe *pe, const char **payload, size_t *length, uint64_t *offset,
	       struct note_error *err);

/* A copy of the image with PAYLOAD (checked) in a section .pkgnote, for free(); where there is one
 * and not REPLACE, as it is. PE's image must be in memory. NOTE_UNSUPPORTED, saying why, where it
 * is signed or nothing can be added, NOTE_MALFORMED where headers lie. */
int pe_place(struct pe *pe, const char *payload, bool replace, uint8_t **out, size_t *out_size,
	     struct note_error *err);

/* For pe_place() alone, which has checked the headers: a copy of the image with room for one more
 * section header. NOTE_UNSUPPORTED where none can be made. */
int pe_grow(struct pe *pe, uint8_t **out, size_t *out_size, struct note_error *err);

#endif
