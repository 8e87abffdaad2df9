/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading PE/COFF: a DOS header whose word at 0x3c says where "PE\0\0" stands, the COFF header (20
 * bytes) behind it, then the optional header, then the section table (40 bytes an entry). All of
 * it is little-endian, which an image has by default.
 */
#include "pe/pe.h"

#include <string.h>

#include "error.h"

#define DOS_HEADER_SIZE   64
#define COFF_HEADER_SIZE  24 /* with the signature */
#define SECTION_SIZE      40
#define OPTIONAL_PE32PLUS 0x20b

/* Of sections .pkgnote no more than this is read: a table may name the same bytes 65535 times. */
#define MAX_BYTES (64u << 20)

/* For images without an optional header. */
static bool is_64_bit_machine(uint16_t machine)
{
	return machine == 0x8664 || machine == 0xaa64 || machine == 0x5064 || machine == 0x6264 ||
	       machine == 0x0200;
}

static int read_table(struct pe *pe, struct span *out, struct note_error *err)
{
	return image_span(pe->image, pe->sections, (uint64_t)pe->section_count * SECTION_SIZE,
			  "section table", out, err);
}

/* Subsystem, a word at offset 68 of both optional headers: IMAGE_SUBSYSTEM_EFI_APPLICATION is 10,
 * then two kinds of driver, and EFI_ROM 13. */
bool pe_is_efi(const struct pe *pe)
{
	struct span header;
	if (pe->optional_size < 70 ||
	    image_span(pe->image, pe->optional, 70, "optional header", &header, NULL) != NOTE_OK)
		return false;
	const uint16_t subsystem = span_u16(header, 68, false);
	return subsystem >= 10 && subsystem <= 13;
}

int pe_read(struct pe *pe, struct image *image, struct note_error *err)
{
	*pe = (struct pe){.image = image};
	if (image->size < DOS_HEADER_SIZE)
		return error_set(err, NOTE_ABSENT, 0, "not a PE image");
	struct span dos, coff, magic, table;
	int code = image_span(image, 0, DOS_HEADER_SIZE, "DOS header", &dos, err);
	if (code != NOTE_OK)
		return code;
	const uint64_t start = span_equal(dos, 0, "MZ", 2) ? span_u32(dos, 0x3c, false) : 0;
	/* Without the second signature it is a DOS program, or text that begins with MZ. */
	if (start == 0 || !span_holds(image->size, start, COFF_HEADER_SIZE))
		return error_set(err, NOTE_ABSENT, 0, "not a PE image");
	code = image_span(image, start, COFF_HEADER_SIZE, "COFF header", &coff, err);
	if (code != NOTE_OK)
		return code;
	if (!span_equal(coff, 0, "PE\0\0", 4))
		return error_set(err, NOTE_ABSENT, 0, "not a PE image");
	pe->machine = span_u16(coff, 4, false);
	pe->section_count = span_u16(coff, 6, false);
	const uint64_t optional = start + COFF_HEADER_SIZE;
	const uint16_t optional_size = span_u16(coff, 20, false);
	pe->optional = optional;
	pe->optional_size = optional_size;
	pe->sections = optional + optional_size;
	pe->is_64 = is_64_bit_machine(pe->machine);
	if (optional_size >= 2) {
		code = image_span(image, optional, 2, "optional header", &magic, err);
		if (code != NOTE_OK)
			return code;
		if (span_u16(magic, 0, false) != 0)
			pe->is_64 = span_u16(magic, 0, false) == OPTIONAL_PE32PLUS;
	}
	return read_table(pe, &table, err);
}

static int read_section(struct pe *pe, struct span entry, uint64_t *budget, struct pe_note *note,
			struct note_error *err)
{
	struct span contents;
	const uint32_t virtual_size = span_u32(entry, 8, false);
	const uint32_t raw_size = span_u32(entry, 16, false);
	note->offset = span_u32(entry, 20, false);
	note->flags = span_u32(entry, 36, false);
	/* The raw size is rounded up to the file's alignment; the virtual size is the contents'.
	 * Without a place in the file (PointerToRawData 0) there are none. */
	note->size = virtual_size != 0 && virtual_size < raw_size ? virtual_size : raw_size;
	if (note->offset == 0)
		note->size = 0;
	if (note->size > *budget && span_holds(pe->image->size, note->offset, note->size))
		return error_set(err, NOTE_UNSUPPORTED, note->offset,
				 "more than %u MiB of sections .pkgnote", MAX_BYTES >> 20);
	int code =
		image_span(pe->image, note->offset, note->size, "section .pkgnote", &contents, err);
	if (code != NOTE_OK)
		return code;
	*budget -= note->size;
	note->payload = (const char *)contents.bytes;
	note->length = span_length(contents, 0);
	return NOTE_OK;
}

int pe_notes(struct pe *pe, pe_note_visit *visit, void *context, struct note_error *err)
{
	struct pe_note note;
	struct span table, entry;
	uint64_t budget = MAX_BYTES;
	int code = read_table(pe, &table, err);
	for (uint64_t at = 0; code == NOTE_OK && span_part(table, at, SECTION_SIZE, &entry);
	     at += SECTION_SIZE) {
		/* The name is 8 bytes, which .pkgnote fills without a NUL. */
		if (!span_equal(entry, 0, ".pkgnote", 8))
			continue;
		code = read_section(pe, entry, &budget, &note, err);
		if (code == NOTE_OK && !visit(context, &note))
			break;
	}
	return code;
}

static bool take_first(void *context, const struct pe_note *note)
{
	*(struct pe_note *)context = *note;
	return false;
}

int pe_package(struct pe *pe, const char **payload, size_t *length, uint64_t *offset,
	       struct note_error *err)
{
	struct pe_note note = {0};
	int code = pe_notes(pe, take_first, &note, err);
	if (code != NOTE_OK)
		return code;
	if (note.payload == NULL)
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no section .pkgnote");
	*payload = note.payload;
	*length = note.length;
	if (offset != NULL)
		*offset = note.offset;
	return NOTE_OK;
}
