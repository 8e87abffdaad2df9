/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that makes two files of one: the debug file and the shipped file.
 *
 * The debug file has the same section headers, in the same order, as the original, so that every
 * index (st_shndx, sh_link, sh_info) still fits. Sections that stay in the shipped file are
 * SHT_NOBITS there, with their addresses, sizes and flags; notes have their contents in both. The
 * program headers are copied as they are: they describe memory, not this file.
 *
 * The shipped file has the original's bytes up to the end of what is loaded, at the same offsets,
 * then the other sections that stay, .gnu_debuglink, .shstrtab and a new section header table.
 *
 * Specification: System V gABI, chapters 4 and 5; .gnu_debuglink: GDB manual, "Debugging
 * Information in Separate Files".
 */
#ifndef SPLITTER_STRIP_H
#define SPLITTER_STRIP_H

#include "libnote/image.h"
#include "tools/splitter/dwarf.h"

/* Where the contents of a section go. */
enum section_fate {
	FATE_SHIPPED, /* to the shipped file: all that is allocated, and what is not debug data */
	FATE_DEBUG,   /* to the debug file */
	FATE_BOTH,    /* notes */
	FATE_NAMES,   /* the section name table: each file gets its own */
};

struct strip_section {
	GElf_Shdr shdr;   /* as in the image; sh_size and sh_flags by the edit where there is one */
	const char *name; /* the image's */
	enum section_fate fate;
	const uint8_t *bytes; /* the contents: the image's or an edit's; NULL for SHT_NOBITS */
};

struct strip_plan {
	struct strip_section *sections; /* COUNT of them, by their index in the image */
	uint64_t count;
};

/* True where a section, not allocated and called NAME, holds debug information or what serves it
 * (DWARF, stabs, LTO's early debug, .gdb_index, .gnu_debugaltlink, their relocations). */
bool section_is_debug(const char *name);

/* Decides each section's fate and finds its contents; EDITS (may be NULL) take the place of the
 * image's contents. The plan points into IMAGE and EDITS, which must outlive it. NOTE_MALFORMED
 * where headers lie, sections overlap so much that two files would be larger than one can hold,
 * NOTE_UNSUPPORTED where an edit changes what is loaded. Free with strip_plan_free, also after a
 * failure. */
int strip_plan_make(struct strip_plan *plan, struct image *image, const struct section_edits *edits,
		    struct note_error *err);
void strip_plan_free(struct strip_plan *plan);

/* A finished file; BYTES is malloc'ed, the caller's. */
struct strip_output {
	uint8_t *bytes;
	uint64_t size;
};

int strip_debug_file(struct strip_output *out, struct image *image, const struct strip_plan *plan,
		     struct note_error *err);

/* LINK is the debug file's name without directory, CRC32 its checksum: its bytes must be final. */
int strip_shipped_file(struct strip_output *out, struct image *image, const struct strip_plan *plan,
		       const char *link, uint32_t crc32, struct note_error *err);

#endif
