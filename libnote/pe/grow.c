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
	struct span file;
	uint64_t cut;   /* from here on all moves */
	uint64_t shift; /* by this much */
};

static uint32_t word(const struct growth *growth, uint64_t offset)
{
	return span_u32(growth->file, offset, false);
}

static uint64_t entry_at(const struct growth *growth, unsigned index)
{
	return growth->pe->sections + (uint64_t)index * ENTRY_SIZE;
}

/* Adds the distance to the offset of something at AT in the new FILE, where it moved. */
static void follow(const struct growth *growth, struct output *file, uint64_t at)
{
	const uint32_t value = span_u32(output_span(file), at, false);
	if (value >= growth->cut)
		output_u32(file, at, value + (uint32_t)growth->shift, false);
}

/* Where DIRECTORY's contents are in the file, all of them: 0 for nowhere. A section without bytes
 * in the file (PointerToRawData 0) holds none, whatever size it says. */
static uint64_t find_directory(const struct growth *growth, unsigned directory, uint32_t *size)
{
	const uint64_t table = growth->pe->optional + (growth->pe->is_64 ? 112 : 96);
	const uint64_t entry = table + 8 * (uint64_t)directory;
	*size = 0;
	if (directory >= word(growth, table - 4) ||
	    !span_holds(growth->pe->optional + growth->pe->optional_size, entry, 8))
		return 0;
	const uint32_t address = word(growth, entry);
	*size = word(growth, entry + 4);
	for (unsigned i = 0; i < growth->pe->section_count && *size != 0; i++) {
		const uint64_t section = entry_at(growth, i);
		const uint32_t start = word(growth, section + SECTION_ADDRESS);
		const uint32_t raw = word(growth, section + SECTION_RAW);
		if (address < start || raw == 0 ||
		    !span_holds(word(growth, section + SECTION_RAW_SIZE), address - start, *size))
			continue;
		const uint64_t at = (uint64_t)raw + (address - start);
		return span_holds(growth->file.size, at, *size) ? at : 0;
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
	int code = image_whole(image, &growth.file, err);
	if (code != NOTE_OK)
		return code;
	/* What is bound stands in the headers, by its offset. */
	const bool bound = find_directory(&growth, DIRECTORY_BOUND, &size) != 0 || size != 0;
	size = 0;
	const uint64_t debug = find_directory(&growth, DIRECTORY_DEBUG, &size);
	if (bound || (size != 0 && debug == 0) || !find_growth(&growth))
		return error_set(err, NOTE_UNSUPPORTED, pe->sections,
				 "no room for one more section header, and what stands behind the "
				 "headers cannot move");
	struct output file = {calloc(1, image->size + growth.shift), image->size + growth.shift,
			      false};
	if (file.bytes == NULL)
		return error_system(err, "new file");
	output_copy(&file, 0, span_first(growth.file, growth.cut));
	output_copy(&file, growth.cut + growth.shift, span_rest(growth.file, growth.cut));
	for (unsigned i = 0; i < pe->section_count; i++)
		for (uint64_t at = SECTION_RAW; at <= SECTION_OTHERS + 4; at += 4)
			follow(&growth, &file, entry_at(&growth, i) + at);
	follow(&growth, &file, pe->optional - 20 + 8);
	/* The directory moved too, unless it stands in the headers. */
	const uint64_t moved = debug >= growth.cut ? debug + growth.shift : debug;
	for (uint64_t at = 0; at + DEBUG_SIZE <= size; at += DEBUG_SIZE)
		follow(&growth, &file, moved + at + DEBUG_RAW);
	output_u32(&file, pe->optional + OPTIONAL_HEADERS_SIZE,
		   (uint32_t)(growth.cut + growth.shift), false);
	if (file.missed) {
		free(file.bytes);
		return error_set(err, NOTE_MALFORMED, pe->sections,
				 "a header speaks of what is not in the file");
	}
	*out = file.bytes;
	*out_size = file.size;
	return NOTE_OK;
}
