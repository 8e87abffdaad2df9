/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The headers of a PE image: see frame.h. */
#include "pe/frame.h"

#include "error.h"

#define SYMBOL_SIZE   18
#define DIR_SIGNATURE 4

uint32_t frame_word(const struct frame *frame, uint64_t offset)
{
	return span_u32(frame->file, offset, false);
}

uint64_t frame_entry(const struct frame *frame, unsigned index)
{
	return frame->pe->sections + (uint64_t)index * ENTRY_SIZE;
}

bool frame_is_note(const struct frame *frame, unsigned index)
{
	return span_equal(frame->file, frame_entry(frame, index), ".pkgnote", 8);
}

uint64_t frame_memory_end(const struct frame *frame, unsigned index)
{
	const uint64_t entry = frame_entry(frame, index);
	const uint32_t size = frame_word(frame, entry + SECTION_VIRTUAL_SIZE);
	return (uint64_t)frame_word(frame, entry + SECTION_ADDRESS) +
	       (size != 0 ? size : frame_word(frame, entry + SECTION_RAW_SIZE));
}

uint64_t frame_raw_end(const struct frame *frame, unsigned index)
{
	const uint64_t entry = frame_entry(frame, index);
	const uint32_t raw = frame_word(frame, entry + SECTION_RAW);
	return raw != 0 ? (uint64_t)raw + frame_word(frame, entry + SECTION_RAW_SIZE) : 0;
}

static bool is_power_of_two(uint64_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

int frame_read(struct frame *frame, struct pe *pe, struct note_error *err)
{
	struct image *image = pe->image;
	*frame = (struct frame){.pe = pe, .count = pe->section_count};
	int code = image_whole(image, &frame->file, err);
	if (code != NOTE_OK)
		return code;
	frame->optional = pe->optional;
	const uint64_t table = pe->is_64 ? OPTIONAL_DIRECTORIES_64 : OPTIONAL_DIRECTORIES_32;
	if (pe->optional_size < table)
		return error_set(err, NOTE_UNSUPPORTED, frame->optional,
				 "a PE image with an optional header of %u bytes: an object file?",
				 pe->optional_size);
	frame->directories = frame->optional + table;
	frame->directory_count = frame_word(frame, frame->directories - 4);
	if (frame->directory_count > (pe->optional_size - table) / 8)
		return error_set(err, NOTE_MALFORMED, frame->directories - 4,
				 "more data directories than the optional header holds");
	frame->section_alignment = frame_word(frame, frame->optional + OPTIONAL_SECTION_ALIGNMENT);
	frame->file_alignment = frame_word(frame, frame->optional + OPTIONAL_FILE_ALIGNMENT);
	frame->headers_size = frame_word(frame, frame->optional + OPTIONAL_HEADERS_SIZE);
	if (!is_power_of_two(frame->section_alignment) || !is_power_of_two(frame->file_alignment) ||
	    frame->file_alignment > 0x10000 || frame->section_alignment > 0x10000000)
		return error_set(err, NOTE_MALFORMED, frame->optional + OPTIONAL_SECTION_ALIGNMENT,
				 "sections aligned to %llu, in the file to %llu",
				 (unsigned long long)frame->section_alignment,
				 (unsigned long long)frame->file_alignment);
	if (frame_entry(frame, frame->count) > frame->headers_size)
		return error_set(err, NOTE_MALFORMED, frame->optional + OPTIONAL_HEADERS_SIZE,
				 "the section table ends after SizeOfHeaders");
	for (unsigned i = 0; i < frame->count; i++)
		if (frame_raw_end(frame, i) > frame->file.size)
			return error_set(err, NOTE_MALFORMED, frame_entry(frame, i),
					 "section %u ends after the file", i + 1);
	return NOTE_OK;
}

/* A data directory's first word and size; false where it is not there. */
bool frame_directory(const struct frame *frame, unsigned index, uint32_t *start, uint32_t *size)
{
	if (index >= frame->directory_count)
		return false;
	*start = frame_word(frame, frame->directories + 8 * (uint64_t)index);
	*size = frame_word(frame, frame->directories + 8 * (uint64_t)index + 4);
	return *size != 0;
}

int frame_check_signature(const struct frame *frame, struct note_error *err)
{
	uint32_t start, size;
	if (!frame_directory(frame, DIR_SIGNATURE, &start, &size))
		return NOTE_OK;
	return error_set(err, NOTE_UNSUPPORTED, start,
			 "it is signed: the signature would not hold any longer; stamp before "
			 "signing");
}

/* The end of all that the headers speak of, COFF symbols and their strings with it. */
int frame_end(const struct frame *frame, uint64_t *end, struct note_error *err)
{
	const uint64_t coff = frame->optional - 20;
	const uint32_t symbols = frame_word(frame, coff + 8);
	const uint64_t symbols_size = (uint64_t)frame_word(frame, coff + 12) * SYMBOL_SIZE;
	*end = frame->headers_size;
	for (unsigned i = 0; i < frame->count; i++)
		if (frame_raw_end(frame, i) > *end)
			*end = frame_raw_end(frame, i);
	if (symbols != 0 && symbols_size != 0) {
		const uint64_t strings = symbols + symbols_size;
		if (strings > frame->file.size)
			return error_set(err, NOTE_MALFORMED, coff + 8,
					 "the symbols end after the file");
		uint64_t last = strings;
		if (frame->file.size - strings >= 4)
			last += frame_word(frame, strings);
		if (last > frame->file.size)
			return error_set(err, NOTE_MALFORMED, strings,
					 "the symbols' names end after the file");
		if (last > *end)
			*end = last;
	}
	return NOTE_OK;
}
