/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Room for one more section header in a PE image whose headers are full: all that follows them in
 * the file moves on by one unit of FileAlignment. Addresses stay, since sections begin at a page
 * of their own in memory; what holds offsets in the file follows: the section headers, the COFF
 * header for its symbols, and the debug directory.
 * Specification: Microsoft's "PE Format": COFF File Header, Section Table, The .debug Section.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "pe/pe.h"

#define ENTRY_SIZE 40
#define DEBUG_SIZE 28
#define PAGE       4096

/* Offsets in the optional header, in a section header, and in an entry of the debug directory. */
enum { OPTIONAL_SECTION_ALIGNMENT = 32, OPTIONAL_FILE_ALIGNMENT = 36, OPTIONAL_HEADERS_SIZE = 60 };
enum { SECTION_ADDRESS = 12, SECTION_RAW_SIZE = 16, SECTION_RAW = 20, SECTION_OTHERS = 24 };
enum { DEBUG_RAW = 24, DIRECTORY_DEBUG = 6, DIRECTORY_BOUND = 11 };

struct growth {
	const struct pe *pe;
	const uint8_t *bytes;
	uint64_t cut;   /* from here on all moves */
	uint64_t shift; /* by this much */
};

static uint32_t word(const struct growth *growth, uint64_t offset)
{
	return image_u32(growth->pe->image, growth->bytes + offset);
}

static uint64_t entry_at(const struct growth *growth, unsigned index)
{
	return growth->pe->sections + (uint64_t)index * ENTRY_SIZE;
}

/* Adds the distance to the offset of something at AT in the new FILE, where it moved. */
static void follow(const struct growth *growth, uint8_t *file, uint64_t at)
{
	const uint32_t value = image_u32(growth->pe->image, file + at);
	if (value >= growth->cut)
		image_put32(growth->pe->image, file + at, value + (uint32_t)growth->shift);
}

/* Where DIRECTORY's contents are in the file: 0 for nowhere. */
static uint64_t find_directory(const struct growth *growth, unsigned directory, uint32_t *size)
{
	const uint64_t table = growth->pe->optional + (growth->pe->is_64 ? 112 : 96);
	if (directory >= word(growth, table - 4))
		return 0;
	const uint32_t address = word(growth, table + 8 * (uint64_t)directory);
	*size = word(growth, table + 8 * (uint64_t)directory + 4);
	for (unsigned i = 0; i < growth->pe->section_count && *size != 0; i++) {
		const uint64_t entry = entry_at(growth, i);
		const uint32_t start = word(growth, entry + SECTION_ADDRESS);
		const uint32_t raw_size = word(growth, entry + SECTION_RAW_SIZE);
		if (address >= start && address - start < raw_size &&
		    *size <= raw_size - (address - start))
			return word(growth, entry + SECTION_RAW) + (uint64_t)(address - start);
	}
	return 0;
}

/* Finds CUT and SHIFT; false where sections do not let the headers grow. */
static bool find_growth(struct growth *growth)
{
	const uint64_t optional = growth->pe->optional;
	const uint64_t headers_size = word(growth, optional + OPTIONAL_HEADERS_SIZE);
	uint64_t lowest = UINT64_MAX; /* address */
	growth->cut = headers_size;
	if (!align_up(ENTRY_SIZE, word(growth, optional + OPTIONAL_FILE_ALIGNMENT),
		      &growth->shift) ||
	    word(growth, optional + OPTIONAL_SECTION_ALIGNMENT) < PAGE ||
	    growth->pe->image->size + growth->shift > UINT32_MAX ||
	    headers_size > growth->pe->image->size ||
	    entry_at(growth, growth->pe->section_count) > headers_size)
		return false;
	for (unsigned i = 0; i < growth->pe->section_count; i++) {
		const uint64_t entry = entry_at(growth, i);
		const uint32_t raw = word(growth, entry + SECTION_RAW);
		if (raw != 0 && raw < headers_size)
			return false;
		if (word(growth, entry + SECTION_ADDRESS) < lowest)
			lowest = word(growth, entry + SECTION_ADDRESS);
	}
	return growth->pe->section_count != 0 && headers_size + growth->shift <= lowest;
}

int pe_grow(struct pe *pe, uint8_t **out, size_t *out_size, struct note_error *err)
{
	struct growth growth = {.pe = pe};
	struct image *image = pe->image;
	uint32_t size = 0;
	growth.bytes = image_bytes(image, 0, image->size, "file", err);
	if (growth.bytes == NULL)
		return NOTE_SYSTEM;
	/* What is bound stands in the headers, by its offset. */
	const bool bound = find_directory(&growth, DIRECTORY_BOUND, &size) != 0 || size != 0;
	size = 0;
	const uint64_t debug = find_directory(&growth, DIRECTORY_DEBUG, &size);
	if (bound || (size != 0 && debug == 0) || !find_growth(&growth))
		return error_set(err, NOTE_UNSUPPORTED, pe->sections,
				 "no room for one more section header, and what stands behind the "
				 "headers cannot move");
	uint8_t *file = calloc(1, image->size + growth.shift);
	if (file == NULL)
		return error_system(err, "new file");
	memcpy(file, growth.bytes, growth.cut);
	memcpy(file + growth.cut + growth.shift, growth.bytes + growth.cut,
	       image->size - growth.cut);
	for (unsigned i = 0; i < pe->section_count; i++)
		for (uint64_t at = SECTION_RAW; at <= SECTION_OTHERS + 4; at += 4)
			follow(&growth, file, entry_at(&growth, i) + at);
	follow(&growth, file, pe->optional - 20 + 8);
	for (uint64_t at = 0; at + DEBUG_SIZE <= size; at += DEBUG_SIZE)
		follow(&growth, file, debug + growth.shift + at + DEBUG_RAW);
	image_put32(image, file + pe->optional + OPTIONAL_HEADERS_SIZE,
		    (uint32_t)(growth.cut + growth.shift));
	*out = file;
	*out_size = image->size + growth.shift;
	return NOTE_OK;
}
