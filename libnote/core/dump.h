/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PT_LOAD segments of a core file: which addresses were mapped, and which of them were written
 * to it. For the files of this room alone.
 *
 * Segments may share their bytes, so that a small file could stand for terabytes: what is read of
 * one core is bounded by its size.
 */
#ifndef LIBNOTE_CORE_DUMP_H
#define LIBNOTE_CORE_DUMP_H

#include "core/core.h"

/* A PT_LOAD as its header has it. */
struct segment {
	uint64_t address;
	uint64_t size;   /* in memory */
	uint64_t filled; /* of that, in the file by the header's word */
	uint32_t flags;
};

struct dump {
	struct space space; /* the first: it is handed to the reader */
	struct image *image;
	struct load *loads; /* sorted by address: what was written to the file, and is there */
	size_t load_count;
	struct segment *segments; /* sorted by address: all */
	size_t segment_count;
	uint64_t extent; /* where the file ends by the word of its headers */
	uint64_t budget; /* bytes that may still be read */
};

/* Reads the program headers of the core IMAGE. dump_free() also after failure. */
int dump_read(struct dump *dump, struct image *image, struct note_error *err);
void dump_free(struct dump *dump);

/* The segment that holds ADDRESS, NULL for none. */
const struct segment *dump_segment(const struct dump *dump, uint64_t address);

/* Whether the byte at ADDRESS is in the file. */
bool dump_has(const struct dump *dump, uint64_t address);

/* The start of the segment number INDEX of those that are in the file; false beyond the last. */
bool dump_start(const struct dump *dump, size_t index, uint64_t *address);

#endif
