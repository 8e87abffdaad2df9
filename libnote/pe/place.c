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
#include "pe/frame.h"

#define PAGE         4096
#define SECTIONS_MAX 96          /* what Windows loads */
#define FLAGS        0x40000040u /* IMAGE_SCN_CNT_INITIALIZED_DATA, IMAGE_SCN_MEM_READ */

static void put(struct output *file, uint64_t offset, uint32_t value)
{
	output_u32(file, offset, value, false);
}

/* A new file of SIZE bytes that begins with the first KEPT of the old one. */
static int begin(const struct frame *frame, struct output *file, uint64_t size, uint64_t kept,
		 struct note_error *err)
{
	*file = (struct output){calloc(1, size != 0 ? size : 1), size, false};
	if (file->bytes == NULL)
		return error_system(err, "new file");
	output_copy(file, 0, span_first(frame->file, kept));
	return NOTE_OK;
}

/* Ends the writing: FILE is the caller's, or gone. */
static int finish(struct output *file, int code, uint8_t **out, size_t *out_size,
		  struct note_error *err)
{
	if (code == NOTE_OK && file->missed)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "a header speaks of what is not in the file");
	if (code != NOTE_OK) {
		free(file->bytes);
		return code;
	}
	*out = file->bytes;
	*out_size = file->size;
	return NOTE_OK;
}

/* The sum of all 16-bit words with the carries added in, and the file's size. A 0 says that there
 * is none, and stays. */
static void put_checksum(const struct frame *frame, struct output *file)
{
	const uint64_t at = frame->optional + OPTIONAL_CHECKSUM;
	uint64_t sum = 0;
	if (frame_word(frame, at) == 0)
		return;
	put(file, at, 0);
	for (uint64_t i = 0; i + 1 < file->size; i += 2)
		sum += span_u16(output_span(file), i, false);
	if (file->size % 2 != 0)
		sum += span_u8(output_span(file), file->size - 1);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	put(file, at, (uint32_t)(sum + file->size));
}

/* SizeOfImage and SizeOfInitializedData: of FRAME's sections, and one that ends at LAST. */
static int put_sizes(const struct frame *frame, struct output *file, uint64_t last,
		     uint64_t data_size, struct note_error *err)
{
	uint64_t end = last;
	for (unsigned i = 0; i < frame->count; i++)
		if (frame_memory_end(frame, i) > end)
			end = frame_memory_end(frame, i);
	if (!align_up(end, frame->section_alignment, &end) || end > UINT32_MAX ||
	    data_size > UINT32_MAX)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "the image would be larger than 4 GiB");
	put(file, frame->optional + OPTIONAL_IMAGE_SIZE, (uint32_t)end);
	put(file, frame->optional + OPTIONAL_DATA_SIZE, (uint32_t)data_size);
	return NOTE_OK;
}

/* Where the section headers have to end. */
static uint64_t header_limit(const struct frame *frame)
{
	const uint64_t start = frame_entry(frame, frame->count);
	uint64_t limit = frame->headers_size;
	uint32_t bound, bound_size;
	if (frame_directory(frame, DIR_BOUND, &bound, &bound_size) && bound >= start &&
	    bound < limit)
		limit = bound;
	for (unsigned i = 0; i < frame->count; i++) {
		const uint32_t raw = frame_word(frame, frame_entry(frame, i) + SECTION_RAW);
		if (raw != 0 && raw < limit)
			limit = raw;
	}
	return limit < frame->file.size ? limit : frame->file.size;
}

/* Whether one more section header fits behind the others, over bytes that are nothing else. */
static int check_header_room(const struct frame *frame, struct note_error *err)
{
	const uint64_t start = frame_entry(frame, frame->count);
	bool free = start + ENTRY_SIZE <= header_limit(frame);
	/* What is taken out leaves room of its own. */
	const uint64_t taken = frame_entry(frame, frame->pe->section_count);
	for (uint64_t i = taken; free && i < start + ENTRY_SIZE; i++)
		free = span_u8(frame->file, i) == 0;
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
		const uint32_t raw = frame_word(frame, frame_entry(frame, i) + SECTION_RAW);
		if (raw != 0 && raw != frame_word(frame, frame_entry(frame, i) + SECTION_ADDRESS))
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
		if (frame_memory_end(frame, i) > *address)
			*address = frame_memory_end(frame, i);
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
	int code = frame_end(&all, &end, err);
	if (code == NOTE_OK)
		code = frame_end(frame, kept, err);
	if (code != NOTE_OK)
		return code;
	if (!span_is_zero(span_rest(frame->file, end)))
		return error_set(err, NOTE_UNSUPPORTED, end,
				 "bytes follow the PE image from here on: nothing can be added "
				 "behind it");
	*behind = frame->file.size;
	for (unsigned i = all.count; i-- > frame->count;) {
		const uint32_t raw = frame_word(frame, frame_entry(frame, i) + SECTION_RAW);
		if (frame_raw_end(frame, i) == *behind && raw >= *kept)
			*behind = raw;
	}
	return NOTE_OK;
}

/* Clears the sections that are taken out, and what lies between them; the size of their data. */
static uint64_t take_out(const struct frame *frame, struct output *file, uint64_t kept,
			 uint64_t behind)
{
	uint64_t data_size = 0, first = behind, last = kept;
	for (unsigned i = frame->count; i < frame->pe->section_count; i++) {
		const uint64_t raw = frame_word(frame, frame_entry(frame, i) + SECTION_RAW);
		const uint64_t stop =
			frame_raw_end(frame, i) < behind ? frame_raw_end(frame, i) : behind;
		data_size += frame_word(frame, frame_entry(frame, i) + SECTION_RAW_SIZE);
		output_fill(file, frame_entry(frame, i), ENTRY_SIZE, 0);
		if (raw < kept || raw >= stop)
			continue;
		first = raw < first ? raw : first;
		last = stop > last ? stop : last;
	}
	if (first < last)
		output_fill(file, first, last - first, 0);
	return data_size;
}

static void put_header(const struct frame *frame, struct output *file, unsigned index,
		       uint64_t length, uint64_t address, uint64_t raw_size, uint64_t offset)
{
	static const uint8_t name[] = {'.', 'p', 'k', 'g', 'n', 'o', 't', 'e'};
	const uint64_t entry = frame_entry(frame, index);
	output_copy(file, entry, (struct span){name, sizeof(name)});
	put(file, entry + SECTION_VIRTUAL_SIZE, (uint32_t)length);
	put(file, entry + SECTION_ADDRESS, (uint32_t)address);
	put(file, entry + SECTION_RAW_SIZE, (uint32_t)raw_size);
	put(file, entry + SECTION_RAW, (uint32_t)offset);
	put(file, entry + SECTION_FLAGS, FLAGS);
}

static struct span text_of(const char *payload)
{
	return (struct span){(const uint8_t *)payload, strlen(payload)};
}

/* Sections from frame->count on are taken out. */
static int add_section(const struct frame *frame, const char *payload, uint8_t **out,
		       size_t *out_size, struct note_error *err)
{
	const size_t length = strlen(payload);
	uint64_t kept = 0, behind = 0, offset = 0, address = 0, raw_size;
	uint64_t data_size = frame_word(frame, frame->optional + OPTIONAL_DATA_SIZE);
	struct output file;
	int code = find_end(frame, &kept, &behind, err);
	if (code == NOTE_OK)
		code = check_header_room(frame, err);
	if (code == NOTE_OK)
		code = find_place(frame, behind, length, &offset, &address, err);
	if (code != NOTE_OK)
		return code;
	align_up(length, frame->file_alignment, &raw_size);
	code = begin(frame, &file, offset + raw_size, behind, err);
	if (code != NOTE_OK)
		return code;
	const uint64_t less = take_out(frame, &file, kept, behind);
	data_size -= less < data_size ? less : data_size;
	output_copy(&file, offset, text_of(payload));
	put_header(frame, &file, frame->count, length, address, raw_size, offset);
	output_u16(&file, frame->optional - 18, (uint16_t)(frame->count + 1), false);
	code = put_sizes(frame, &file, address + length, data_size + raw_size, err);
	put_checksum(frame, &file);
	return finish(&file, code, out, out_size, err);
}

/* How long the contents of a section may be where it lies. */
static uint64_t room_of(const struct frame *frame, unsigned index)
{
	const uint32_t address = frame_word(frame, frame_entry(frame, index) + SECTION_ADDRESS);
	uint64_t room = frame_word(frame, frame_entry(frame, index) + SECTION_RAW_SIZE);
	for (unsigned i = 0; i < frame->count; i++) {
		const uint32_t other = frame_word(frame, frame_entry(frame, i) + SECTION_ADDRESS);
		if (i != index && other >= address && other - address < room)
			room = other - address;
		/* Bytes of its own only. */
		if (i != index && frame_word(frame, frame_entry(frame, i) + SECTION_RAW) != 0 &&
		    frame_word(frame, frame_entry(frame, i) + SECTION_RAW) <
			    frame_raw_end(frame, index) &&
		    frame_raw_end(frame, i) >
			    frame_word(frame, frame_entry(frame, index) + SECTION_RAW))
			room = 0;
	}
	return frame_word(frame, frame_entry(frame, index) + SECTION_RAW) >= frame->headers_size
		       ? room
		       : 0;
}

static int overwrite(const struct frame *frame, unsigned index, const char *payload, uint8_t **out,
		     size_t *out_size, struct note_error *err)
{
	const uint64_t length = strlen(payload);
	const uint64_t entry = frame_entry(frame, index);
	const uint32_t raw = frame_word(frame, entry + SECTION_RAW);
	const uint64_t end = frame_word(frame, entry + SECTION_ADDRESS) + length;
	struct output file;
	int code = begin(frame, &file, frame->file.size, frame->file.size, err);
	if (code != NOTE_OK)
		return code;
	output_fill(&file, raw, frame_word(frame, entry + SECTION_RAW_SIZE), 0);
	output_copy(&file, raw, text_of(payload));
	put(&file, entry + SECTION_VIRTUAL_SIZE, (uint32_t)length);
	put(&file, entry + SECTION_FLAGS, FLAGS);
	/* SizeOfImage as it was, but for a section that ends it. */
	if (frame_memory_end(frame, index) < end)
		code = put_sizes(frame, &file, end,
				 frame_word(frame, frame->optional + OPTIONAL_DATA_SIZE), err);
	put_checksum(frame, &file);
	return finish(&file, code, out, out_size, err);
}

static bool is_same(const struct frame *frame, unsigned index, const char *payload)
{
	const uint64_t entry = frame_entry(frame, index);
	const size_t length = strlen(payload);
	const uint32_t raw = frame_word(frame, entry + SECTION_RAW);
	return frame_word(frame, entry + SECTION_FLAGS) == FLAGS && raw != 0 &&
	       frame_word(frame, entry + SECTION_VIRTUAL_SIZE) == length &&
	       frame_word(frame, entry + SECTION_RAW_SIZE) >= length &&
	       span_equal(frame->file, raw, payload, length);
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
	int code = frame_read(&frame, pe, err);
	if (code != NOTE_OK)
		return code;
	for (unsigned i = frame.count; i-- > 0;)
		if (frame_is_note(&frame, i)) {
			found++;
			first = i;
		}
	if (found != 0 && (!replace || (found == 1 && is_same(&frame, first, payload)))) {
		struct output copy;
		code = begin(&frame, &copy, frame.file.size, frame.file.size, err);
		return code == NOTE_OK ? finish(&copy, code, out, out_size, err) : code;
	}
	code = frame_check_signature(&frame, err);
	if (code != NOTE_OK)
		return code;
	if (found == 1 && strlen(payload) <= room_of(&frame, first))
		return overwrite(&frame, first, payload, out, out_size, err);
	/* Those that end the table go; one before others would leave a hole in memory. */
	if (found != 0 && first + found != frame.count)
		return error_set(err, NOTE_UNSUPPORTED, frame_entry(&frame, first),
				 "a section .pkgnote that is to be replaced stands before others");
	frame.count -= found;
	if (may_grow && found == 0 &&
	    frame_entry(&frame, frame.count) + ENTRY_SIZE > header_limit(&frame))
		return place_grown(pe, payload, out, out_size, err);
	return add_section(&frame, payload, out, out_size, err);
}

int pe_place(struct pe *pe, const char *payload, bool replace, uint8_t **out, size_t *out_size,
	     struct note_error *err)
{
	return place(pe, payload, replace, true, out, out_size, err);
}
