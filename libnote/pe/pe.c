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

/* For images without an optional header. */
static bool is_64_bit_machine(uint16_t machine)
{
	return machine == 0x8664 || machine == 0xaa64 || machine == 0x5064 || machine == 0x6264 ||
	       machine == 0x0200;
}

int pe_read(struct pe *pe, struct image *image, struct note_error *err)
{
	*pe = (struct pe){.image = image};
	if (image->size < DOS_HEADER_SIZE)
		return error_set(err, NOTE_ABSENT, 0, "not a PE image");
	const uint8_t *dos = image_bytes(image, 0, DOS_HEADER_SIZE, "DOS header", err);
	if (dos == NULL)
		return NOTE_SYSTEM;
	const uint64_t start = dos[0] == 'M' && dos[1] == 'Z' ? image_u32(image, dos + 0x3c) : 0;
	/* Without the second signature it is a DOS program, or text that begins with MZ. */
	if (start == 0 || start > image->size || image->size - start < COFF_HEADER_SIZE)
		return error_set(err, NOTE_ABSENT, 0, "not a PE image");
	const uint8_t *coff = image_bytes(image, start, COFF_HEADER_SIZE, "COFF header", err);
	if (coff == NULL)
		return NOTE_SYSTEM;
	if (memcmp(coff, "PE\0\0", 4) != 0)
		return error_set(err, NOTE_ABSENT, 0, "not a PE image");
	pe->machine = image_u16(image, coff + 4);
	pe->section_count = image_u16(image, coff + 6);
	const uint64_t optional = start + COFF_HEADER_SIZE;
	const uint16_t optional_size = image_u16(image, coff + 20);
	pe->optional = optional;
	pe->optional_size = optional_size;
	pe->sections = optional + optional_size;
	pe->is_64 = is_64_bit_machine(pe->machine);
	if (optional_size >= 2) {
		const uint8_t *magic = image_bytes(image, optional, 2, "optional header", err);
		if (magic == NULL)
			return NOTE_MALFORMED;
		if (image_u16(image, magic) != 0)
			pe->is_64 = image_u16(image, magic) == OPTIONAL_PE32PLUS;
	}
	if (image_bytes(image, pe->sections, (uint64_t)pe->section_count * SECTION_SIZE,
			"section table", err) == NULL)
		return NOTE_MALFORMED;
	return NOTE_OK;
}

/* The name is 8 bytes, which .pkgnote fills without a NUL. */
static bool is_package_section(const uint8_t *entry)
{
	return memcmp(entry, ".pkgnote", 8) == 0;
}

static int read_section(struct pe *pe, const uint8_t *entry, struct pe_note *note,
			struct note_error *err)
{
	const uint32_t virtual_size = image_u32(pe->image, entry + 8);
	const uint32_t raw_size = image_u32(pe->image, entry + 16);
	note->offset = image_u32(pe->image, entry + 20);
	note->flags = image_u32(pe->image, entry + 36);
	/* The raw size is rounded up to the file's alignment; the virtual size is the contents'. */
	note->size = virtual_size != 0 && virtual_size < raw_size ? virtual_size : raw_size;
	note->payload = (const char *)image_bytes(pe->image, note->offset, note->size,
						  "section .pkgnote", err);
	if (note->payload == NULL)
		return NOTE_MALFORMED;
	note->length = strnlen(note->payload, note->size);
	return NOTE_OK;
}

int pe_notes(struct pe *pe, pe_note_visit *visit, void *context, struct note_error *err)
{
	struct pe_note note;
	const uint8_t *table =
		image_bytes(pe->image, pe->sections, (uint64_t)pe->section_count * SECTION_SIZE,
			    "section table", err);
	if (table == NULL)
		return NOTE_MALFORMED;
	for (unsigned i = 0; i < pe->section_count; i++) {
		const uint8_t *entry = table + (size_t)i * SECTION_SIZE;
		if (!is_package_section(entry))
			continue;
		int code = read_section(pe, entry, &note, err);
		if (code != NOTE_OK)
			return code;
		if (!visit(context, &note))
			break;
	}
	return NOTE_OK;
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
