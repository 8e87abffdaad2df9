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
 * then the other sections that stay, .gnu_debugdata, .gnu_debuglink, .shstrtab and a new section
 * header table.
 *
 * Specification: System V gABI, chapters 4 and 5; .gnu_debuglink: GDB manual, "Debugging
 * Information in Separate Files".
 */
#ifndef SPLITTER_ELF_HALVES_H
#define SPLITTER_ELF_HALVES_H

#include "libnote/image.h"
#include "tools/base/pieces/pieces.h"
#include "tools/splitter/elf/plan.h"

/* A finished file; BYTES is malloc'ed, the caller's. */
struct strip_output {
	uint8_t *bytes;
	uint64_t size;
};

/* The debug file; its pieces lie in IMAGE's and PLAN's contents, which have to outlive them. OUT is
 * to be freed whatever comes back. */
int strip_debug_pieces(struct pieces *out, struct image *image, const struct plan *plan,
		       struct note_error *err);

/* The same in one. */
int strip_debug_file(struct strip_output *out, struct image *image, const struct plan *plan,
		     struct note_error *err);

/* The whole file with the plan's contents, for what has no segments: each section may move. */
int strip_nothing(struct strip_output *out, struct image *image, const struct plan *plan,
		  struct note_error *err);

/* What the shipped file gets besides. */
struct strip_additions {
	const char *link;         /* the debug file's name without directory; NULL for none */
	uint32_t crc32;           /* of the debug file, whose bytes must be final */
	const uint8_t *debugdata; /* .gnu_debugdata, or NULL */
	uint64_t debugdata_size;
	bool lean; /* a relocatable file: without symbols that no linker wants, names share tails */
};

/* As strip_debug_pieces: in IMAGE's, PLAN's and ADDITIONS' contents. */
int strip_shipped_pieces(struct pieces *out, struct image *image, const struct plan *plan,
			 const struct strip_additions *additions, struct note_error *err);

/* The same in one. */
int strip_shipped_file(struct strip_output *out, struct image *image, const struct plan *plan,
		       const struct strip_additions *additions, struct note_error *err);

#endif
