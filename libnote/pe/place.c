/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The package metadata into a PE image that is linked already: one more section, .pkgnote, with the
 * bare JSON. Its header goes behind the others, into the room that linkers leave up to
 * SizeOfHeaders, or that grow.c makes; its contents behind all else in the file, its address
 * behind all else in memory. A section .pkgnote that ends the table can be taken out in the same
 * way.
 *
 * What cannot stay true forbids it: a signature (it covers the file), and bytes behind the image
 * whose reader counts from the end of the file. Specification: Microsoft's "PE Format"; UAPI.8.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "pe/pe.h"

#define ENTRY_SIZE    40
#define SYMBOL_SIZE   18
#define SECTIONS_MAX  96 /* what Windows loads */
#define PAGE          4096
#define FLAGS         0x40000040u /* IMAGE_SCN_CNT_INITIALIZED_DATA, IMAGE_SCN_MEM_READ */
#define DIR_SIGNATURE 4
#define DIR_BOUND     11

/* Of the optional header, both kinds. */
enum {
	OPTIONAL_DATA_SIZE = 8,
	OPTIONAL_SECTION_ALIGNMENT = 32,
	OPTIONAL_FILE_ALIGNMENT = 36,
	OPTIONAL_IMAGE_SIZE = 56,
	OPTIONAL_HEADERS_SIZE = 60,
	OPTIONAL_CHECKSUM = 64,
	OPTIONAL_DIRECTORIES_32 = 96,
	OPTIONAL_DIRECTORIES_64 = 112,
};

/* Of a section header. */
enum {
	SECTION_VIRTUAL_SIZE = 8,
	SECTION_ADDRESS = 12,
	SECTION_RAW_SIZE = 16,
	SECTION_RAW = 20,
	SECTION_FLAGS = 36
};

struct frame {
	struct pe *pe;
	const uint8_t *bytes; /* the whole file */
	uint64_t size;
	uint64_t optional; /* where the optional header starts */
	uint64_t directories;
	uint32_t directory_count;
	uint64_t section_alignment;
	uint64_t file_alignment;
	uint64_t headers_size;
	unsigned count; /* of sections, without those that are taken out */
};

static uint32_t word(const struct frame *frame, uint64_t offset)
{
	return image_u32(frame->pe->image, frame->bytes + offset);
}

static uint64_t entry_at(const struct frame *frame, unsigned index)
{
	return frame->pe->sections + (uint64_t)index * ENTRY_SIZE;
}

static bool is_note(const struct frame *frame, unsigned index)
{
	return memcmp(frame->bytes + entry_at(frame, index), ".pkgnote", 8) == 0;
}

static uint64_t memory_end(const struct frame *frame, unsigned index)
{
	const uint64_t entry = entry_at(frame, index);
	const uint32_t size = word(frame, entry + SECTION_VIRTUAL_SIZE);
	return (uint64_t)word(frame, entry + SECTION_ADDRESS) +
	       (size != 0 ? size : word(frame, entry + SECTION_RAW_SIZE));
}

static uint64_t raw_end(const struct frame *frame, unsigned index)
{
	const uint64_t entry = entry_at(frame, index);
	const uint32_t raw = word(frame, entry + SECTION_RAW);
	return raw != 0 ? (uint64_t)raw + word(frame, entry + SECTION_RAW_SIZE) : 0;
}

static bool is_power_of_two(uint64_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

/* --- reading --- */

static int read_frame(struct frame *frame, struct pe *pe, struct note_error *err)
{
	struct image *image = pe->image;
	*frame = (struct frame){.pe = pe, .size = image->size, .count = pe->section_count};
	frame->bytes = image_bytes(image, 0, image->size, "file", err);
	if (frame->bytes == NULL)
		return NOTE_SYSTEM;
	frame->optional = pe->optional;
	const uint64_t table = pe->is_64 ? OPTIONAL_DIRECTORIES_64 : OPTIONAL_DIRECTORIES_32;
	if (pe->optional_size < table)
		return error_set(err, NOTE_UNSUPPORTED, frame->optional,
				 "a PE image with an optional header of %u bytes: an object file?",
				 pe->optional_size);
	frame->directories = frame->optional + table;
	frame->directory_count = word(frame, frame->directories - 4);
	if (frame->directory_count > (pe->optional_size - table) / 8)
		return error_set(err, NOTE_MALFORMED, frame->directories - 4,
				 "more data directories than the optional header holds");
	frame->section_alignment = word(frame, frame->optional + OPTIONAL_SECTION_ALIGNMENT);
	frame->file_alignment = word(frame, frame->optional + OPTIONAL_FILE_ALIGNMENT);
	frame->headers_size = word(frame, frame->optional + OPTIONAL_HEADERS_SIZE);
	if (!is_power_of_two(frame->section_alignment) || !is_power_of_two(frame->file_alignment) ||
	    frame->file_alignment > 0x10000 || frame->section_alignment > 0x10000000)
		return error_set(err, NOTE_MALFORMED, frame->optional + OPTIONAL_SECTION_ALIGNMENT,
				 "sections aligned to %llu, in the file to %llu",
				 (unsigned long long)frame->section_alignment,
				 (unsigned long long)frame->file_alignment);
	if (entry_at(frame, frame->count) > frame->headers_size)
		return error_set(err, NOTE_MALFORMED, frame->optional + OPTIONAL_HEADERS_SIZE,
				 "the section table ends after SizeOfHeaders");
	for (unsigned i = 0; i < frame->count; i++)
		if (raw_end(frame, i) > frame->size)
			return error_set(err, NOTE_MALFORMED, entry_at(frame, i),
					 "section %u ends after the file", i + 1);
	return NOTE_OK;
}

/* A data directory's first word and size; false where it is not there. */
static bool directory(const struct frame *frame, unsigned index, uint32_t *start, uint32_t *size)
{
	if (index >= frame->directory_count)
		return false;
	*start = word(frame, frame->directories + 8 * (uint64_t)index);
	*size = word(frame, frame->directories + 8 * (uint64_t)index + 4);
	return *size != 0;
}

static int check_signature(const struct frame *frame, struct note_error *err)
{
	uint32_t start, size;
	if (!directory(frame, DIR_SIGNATURE, &start, &size))
		return NOTE_OK;
	return error_set(err, NOTE_UNSUPPORTED, start,
			 "it is signed: the signature would not hold any longer; stamp before "
			 "signing");
}

/* The end of all that the headers speak of, COFF symbols and their strings with it. */
static int image_end(const struct frame *frame, uint64_t *end, struct note_error *err)
{
	const uint64_t coff = frame->optional - 20;
	const uint32_t symbols = word(frame, coff + 8);
	const uint64_t symbols_size = (uint64_t)word(frame, coff + 12) * SYMBOL_SIZE;
	*end = frame->headers_size;
	for (unsigned i = 0; i < frame->count; i++)
		if (raw_end(frame, i) > *end)
			*end = raw_end(frame, i);
	if (symbols != 0 && symbols_size != 0) {
		const uint64_t strings = symbols + symbols_size;
		if (strings > frame->size)
			return error_set(err, NOTE_MALFORMED, coff + 8,
					 "the symbols end after the file");
		uint64_t last = strings;
		if (frame->size - strings >= 4)
			last += word(frame, strings);
		if (last > frame->size)
			return error_set(err, NOTE_MALFORMED, strings,
					 "the symbols' names end after the file");
		if (last > *end)
			*end = last;
	}
	return NOTE_OK;
}

/* --- writing --- */

static void put(const struct frame *frame, uint8_t *file, uint64_t offset, uint32_t value)
{
	image_put32(frame->pe->image, file + offset, value);
}

/* The sum of all 16-bit words with the carries added in, and the file's size. A 0 says that there
 * is none, and stays. */
static void put_checksum(const struct frame *frame, uint8_t *file, uint64_t size)
{
	const uint64_t at = frame->optional + OPTIONAL_CHECKSUM;
	uint64_t sum = 0;
	if (word(frame, at) == 0)
		return;
	put(frame, file, at, 0);
	for (uint64_t i = 0; i + 1 < size; i += 2)
		sum += image_u16(frame->pe->image, file + i);
	if (size % 2 != 0)
		sum += file[size - 1];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	put(frame, file, at, (uint32_t)(sum + size));
}

/* SizeOfImage and SizeOfInitializedData: of FRAME's sections, and one that ends at LAST. */
static int put_sizes(const struct frame *frame, uint8_t *file, uint64_t last, uint64_t data_size,
		     struct note_error *err)
{
	uint64_t end = last;
	for (unsigned i = 0; i < frame->count; i++)
		if (memory_end(frame, i) > end)
			end = memory_end(frame, i);
	if (!align_up(end, frame->section_alignment, &end) || end > UINT32_MAX ||
	    data_size > UINT32_MAX)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "the image would be larger than 4 GiB");
	put(frame, file, frame->optional + OPTIONAL_IMAGE_SIZE, (uint32_t)end);
	put(frame, file, frame->optional + OPTIONAL_DATA_SIZE, (uint32_t)data_size);
	return NOTE_OK;
}

/* Where the section headers have to end. */
static uint64_t header_limit(const struct frame *frame)
{
	const uint64_t start = entry_at(frame, frame->count);
	uint64_t limit = frame->headers_size;
	uint32_t bound, bound_size;
	if (directory(frame, DIR_BOUND, &bound, &bound_size) && bound >= start && bound < limit)
		limit = bound;
	for (unsigned i = 0; i < frame->count; i++) {
		const uint32_t raw = word(frame, entry_at(frame, i) + SECTION_RAW);
		if (raw != 0 && raw < limit)
			limit = raw;
	}
	return limit < frame->size ? limit : frame->size;
}

/* Whether one more section header fits behind the others, over bytes that are nothing else. */
static int check_header_room(const struct frame *frame, struct note_error *err)
{
	const uint64_t start = entry_at(frame, frame->count);
	bool free = start + ENTRY_SIZE <= header_limit(frame);
	/* What is taken out leaves room of its own. */
	const uint64_t taken = entry_at(frame, frame->pe->section_count);
	for (uint64_t i = taken; free && i < start + ENTRY_SIZE; i++)
		free = frame->bytes[i] == 0;
	if (!free)
		return error_set(err, NOTE_UNSUPPORTED, start,
				 "no room for one more section header before the first section");
	if (frame->count >= SECTIONS_MAX)
		return error_set(err, NOTE_UNSUPPORTED, start, "%u sections: no more are loaded",
				 frame->count);
	return NOTE_OK;
}

/* With sections aligned to less than a page, addresses are offsets: so Windows wants it. */
static bool is_mapped_whole(const struct frame *frame)
{
	for (unsigned i = 0; i < frame->count; i++) {
		const uint32_t raw = word(frame, entry_at(frame, i) + SECTION_RAW);
		if (raw != 0 && raw != word(frame, entry_at(frame, i) + SECTION_ADDRESS))
			return false;
	}
	return frame->section_alignment < PAGE && frame->count != 0;
}

/* Where the new section goes, in the file and in memory. */
static int find_place(const struct frame *frame, uint64_t behind, size_t length, uint64_t *offset,
		      uint64_t *address, struct note_error *err)
{
	uint64_t raw_size;
	*address = frame->headers_size;
	for (unsigned i = 0; i < frame->count; i++)
		if (memory_end(frame, i) > *address)
			*address = memory_end(frame, i);
	bool good = align_up(*address, frame->section_alignment, address) &&
		    align_up(behind, frame->file_alignment, offset) &&
		    align_up(length, frame->file_alignment, &raw_size);
	if (good && is_mapped_whole(frame)) {
		const uint64_t alignment = frame->section_alignment > frame->file_alignment
						   ? frame->section_alignment
						   : frame->file_alignment;
		good = align_up(*address > *offset ? *address : *offset, alignment, offset);
		*address = *offset;
	}
	if (!good || *address + length > UINT32_MAX || *offset + raw_size > UINT32_MAX)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "the image would be larger than 4 GiB");
	return NOTE_OK;
}

/* Where what is kept of the file ends: sections that are taken out end it, or stay as zeros. */
static int find_end(const struct frame *frame, uint64_t *kept, uint64_t *behind,
		    struct note_error *err)
{
	struct frame all = *frame;
	uint64_t end;
	all.count = frame->pe->section_count;
	int code = image_end(&all, &end, err);
	if (code == NOTE_OK)
		code = image_end(frame, kept, err);
	if (code != NOTE_OK)
		return code;
	for (uint64_t i = end; i < frame->size; i++)
		if (frame->bytes[i] != 0)
			return error_set(err, NOTE_UNSUPPORTED, end,
					 "bytes follow the PE image from here on: nothing can be "
					 "added behind it");
	*behind = frame->size;
	for (unsigned i = all.count; i-- > frame->count;) {
		const uint32_t raw = word(frame, entry_at(frame, i) + SECTION_RAW);
		if (raw_end(frame, i) == *behind && raw >= *kept)
			*behind = raw;
	}
	return NOTE_OK;
}

/* Clears the sections that are taken out; the size of their data. */
static uint64_t take_out(const struct frame *frame, uint8_t *file, uint64_t kept, uint64_t behind)
{
	uint64_t data_size = 0;
	for (unsigned i = frame->count; i < frame->pe->section_count; i++) {
		const uint64_t raw = word(frame, entry_at(frame, i) + SECTION_RAW);
		const uint64_t stop = raw_end(frame, i) < behind ? raw_end(frame, i) : behind;
		data_size += word(frame, entry_at(frame, i) + SECTION_RAW_SIZE);
		if (raw >= kept && raw < stop)
			memset(file + raw, 0, stop - raw);
		memset(file + entry_at(frame, i), 0, ENTRY_SIZE);
	}
	return data_size;
}

/* Sections from frame->count on are taken out. */
static int add_section(const struct frame *frame, const char *payload, uint8_t **out,
		       size_t *out_size, struct note_error *err)
{
	const size_t length = strlen(payload);
	uint64_t kept = 0, behind = 0, offset = 0, address = 0, raw_size;
	uint64_t data_size = word(frame, frame->optional + OPTIONAL_DATA_SIZE);
	int code = find_end(frame, &kept, &behind, err);
	if (code == NOTE_OK)
		code = check_header_room(frame, err);
	if (code == NOTE_OK)
		code = find_place(frame, behind, length, &offset, &address, err);
	if (code != NOTE_OK)
		return code;
	align_up(length, frame->file_alignment, &raw_size);
	uint8_t *file = calloc(1, offset + raw_size);
	if (file == NULL)
		return error_system(err, "new file");
	memcpy(file, frame->bytes, behind);
	const uint64_t less = take_out(frame, file, kept, behind);
	data_size -= less < data_size ? less : data_size;
	memcpy(file + offset, payload, length);
	const uint64_t entry = entry_at(frame, frame->count);
	memcpy(file + entry, ".pkgnote", 8);
	put(frame, file, entry + SECTION_VIRTUAL_SIZE, (uint32_t)length);
	put(frame, file, entry + SECTION_ADDRESS, (uint32_t)address);
	put(frame, file, entry + SECTION_RAW_SIZE, (uint32_t)raw_size);
	put(frame, file, entry + SECTION_RAW, (uint32_t)offset);
	put(frame, file, entry + SECTION_FLAGS, FLAGS);
	image_put16(frame->pe->image, file + frame->optional - 18, (uint16_t)(frame->count + 1));
	code = put_sizes(frame, file, address + length, data_size + raw_size, err);
	if (code != NOTE_OK) {
		free(file);
		return code;
	}
	put_checksum(frame, file, offset + raw_size);
	*out = file;
	*out_size = offset + raw_size;
	return NOTE_OK;
}

/* How long the contents of a section may be where it lies. */
static uint64_t room_of(const struct frame *frame, unsigned index)
{
	const uint32_t address = word(frame, entry_at(frame, index) + SECTION_ADDRESS);
	uint64_t room = word(frame, entry_at(frame, index) + SECTION_RAW_SIZE);
	for (unsigned i = 0; i < frame->count; i++) {
		const uint32_t other = word(frame, entry_at(frame, i) + SECTION_ADDRESS);
		if (i != index && other >= address && other - address < room)
			room = other - address;
		/* Bytes of its own only. */
		if (i != index && word(frame, entry_at(frame, i) + SECTION_RAW) != 0 &&
		    word(frame, entry_at(frame, i) + SECTION_RAW) < raw_end(frame, index) &&
		    raw_end(frame, i) > word(frame, entry_at(frame, index) + SECTION_RAW))
			room = 0;
	}
	return word(frame, entry_at(frame, index) + SECTION_RAW) >= frame->headers_size ? room : 0;
}

static int overwrite(const struct frame *frame, unsigned index, const char *payload, uint8_t **out,
		     size_t *out_size, struct note_error *err)
{
	const size_t length = strlen(payload);
	const uint64_t entry = entry_at(frame, index);
	const uint32_t raw = word(frame, entry + SECTION_RAW);
	uint8_t *file = malloc(frame->size);
	if (file == NULL)
		return error_system(err, "new file");
	memcpy(file, frame->bytes, frame->size);
	memset(file + raw, 0, word(frame, entry + SECTION_RAW_SIZE));
	memcpy(file + raw, payload, length);
	put(frame, file, entry + SECTION_VIRTUAL_SIZE, (uint32_t)length);
	put(frame, file, entry + SECTION_FLAGS, FLAGS);
	/* SizeOfImage as it was, but for a section that ends it. */
	if (memory_end(frame, index) < (uint64_t)word(frame, entry + SECTION_ADDRESS) + length) {
		int code = put_sizes(frame, file,
				     (uint64_t)word(frame, entry + SECTION_ADDRESS) + length,
				     word(frame, frame->optional + OPTIONAL_DATA_SIZE), err);
		if (code != NOTE_OK) {
			free(file);
			return code;
		}
	}
	put_checksum(frame, file, frame->size);
	*out = file;
	*out_size = frame->size;
	return NOTE_OK;
}

static bool is_same(const struct frame *frame, unsigned index, const char *payload)
{
	const uint64_t entry = entry_at(frame, index);
	const size_t length = strlen(payload);
	const uint32_t raw = word(frame, entry + SECTION_RAW);
	return word(frame, entry + SECTION_FLAGS) == FLAGS && raw != 0 &&
	       word(frame, entry + SECTION_VIRTUAL_SIZE) == length &&
	       word(frame, entry + SECTION_RAW_SIZE) >= length &&
	       memcmp(frame->bytes + raw, payload, length) == 0;
}

static int place(struct pe *pe, const char *payload, bool replace, bool may_grow, uint8_t **out,
		 size_t *out_size, struct note_error *err);

/* The same once the headers have room. */
static int place_grown(struct pe *pe, const char *payload, uint8_t **out, size_t *out_size,
		       struct note_error *err)
{
	struct image *image = NULL;
	struct pe grown;
	uint8_t *longer = NULL;
	size_t size;
	int code = pe_grow(pe, &longer, &size, err);
	if (code == NOTE_OK)
		code = image_open_memory(&image, longer, size, err);
	if (code == NOTE_OK)
		code = pe_read(&grown, image, err);
	if (code == NOTE_OK)
		code = place(&grown, payload, false, false, out, out_size, err);
	image_close(image);
	free(longer);
	return code;
}

static int place(struct pe *pe, const char *payload, bool replace, bool may_grow, uint8_t **out,
		 size_t *out_size, struct note_error *err)
{
	struct frame frame;
	unsigned found = 0;
	unsigned first = 0;
	int code = read_frame(&frame, pe, err);
	if (code != NOTE_OK)
		return code;
	for (unsigned i = frame.count; i-- > 0;)
		if (is_note(&frame, i)) {
			found++;
			first = i;
		}
	if (found != 0 && (!replace || (found == 1 && is_same(&frame, first, payload)))) {
		*out = malloc(frame.size);
		if (*out == NULL)
			return error_system(err, "copy");
		memcpy(*out, frame.bytes, frame.size);
		*out_size = frame.size;
		return NOTE_OK;
	}
	code = check_signature(&frame, err);
	if (code != NOTE_OK)
		return code;
	if (found == 1 && strlen(payload) <= room_of(&frame, first))
		return overwrite(&frame, first, payload, out, out_size, err);
	/* Those that end the table go; one before others would leave a hole in memory. */
	if (found != 0 && first + found != frame.count)
		return error_set(err, NOTE_UNSUPPORTED, entry_at(&frame, first),
				 "a section .pkgnote that is to be replaced stands before others");
	frame.count -= found;
	if (may_grow && found == 0 &&
	    entry_at(&frame, frame.count) + ENTRY_SIZE > header_limit(&frame))
		return place_grown(pe, payload, out, out_size, err);
	return add_section(&frame, payload, out, out_size, err);
}

int pe_place(struct pe *pe, const char *payload, bool replace, uint8_t **out, size_t *out_size,
	     struct note_error *err)
{
	return place(pe, payload, replace, true, out, out_size, err);
}
