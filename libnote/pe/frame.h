/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The headers of a PE image that is to be changed, read and checked as a whole; what is read
 * beyond its end is 0. For the files of this room alone.
 * Specification: Microsoft's "PE Format".
 */
#ifndef LIBNOTE_PE_FRAME_H
#define LIBNOTE_PE_FRAME_H

#include "pe/pe.h"

#define ENTRY_SIZE 40
#define DIR_BOUND  11

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
	struct span file;
	uint64_t optional; /* where the optional header starts */
	uint64_t directories;
	uint32_t directory_count;
	uint64_t section_alignment;
	uint64_t file_alignment;
	uint64_t headers_size;
	unsigned count; /* of sections, without those that are taken out */
};

/* The word at OFFSET of the file, where the section header INDEX starts, whether it is a
 * .pkgnote's. */
uint32_t frame_word(const struct frame *frame, uint64_t offset);
uint64_t frame_entry(const struct frame *frame, unsigned index);
bool frame_is_note(const struct frame *frame, unsigned index);

/* Where a section ends in memory and in the file; 0 where it has no bytes there. */
uint64_t frame_memory_end(const struct frame *frame, unsigned index);
uint64_t frame_raw_end(const struct frame *frame, unsigned index);

/* NOTE_UNSUPPORTED for an object file, NOTE_MALFORMED where headers lie. */
int frame_read(struct frame *frame, struct pe *pe, struct note_error *err);

/* A data directory's first word and size; false where it is not there. */
bool frame_directory(const struct frame *frame, unsigned index, uint32_t *start, uint32_t *size);

/* NOTE_UNSUPPORTED where there is a signature. */
int frame_check_signature(const struct frame *frame, struct note_error *err);

/* The end of all that the headers speak of, COFF symbols and their strings with it. */
int frame_end(const struct frame *frame, uint64_t *end, struct note_error *err);

#endif
