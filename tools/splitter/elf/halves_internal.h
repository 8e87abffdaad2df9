/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by debug_half.c, shipped_*.c, renumber.c and minidebug.c, which write ELF files, alone.
 */
#ifndef SPLITTER_ELF_HALVES_INTERNAL_H
#define SPLITTER_ELF_HALVES_INTERNAL_H

#include "tools/base/text.h"
#include "tools/splitter/elf/halves.h"

/* Where the tables of a new file lie. */
struct file_layout {
	uint64_t phoff;
	uint64_t shoff;
	uint64_t shnum;
	uint64_t shstrndx;
	uint64_t size; /* of the whole file */
};

/* The sizes of one header in the file's class. */
uint64_t ehdr_size(const struct image *image);
uint64_t phdr_size(const struct image *image);
uint64_t shdr_size(const struct image *image);
uint64_t symbol_size(const struct image *image);

/* Gives the section an offset at or after *END and moves *END behind it. */
int place_section(uint64_t *end, GElf_Shdr *shdr, struct note_error *err);

/* Places a table of COUNT section headers after END; fills shoff, shnum and size. */
int place_table(const struct image *image, uint64_t end, uint64_t count, struct file_layout *out,
		struct note_error *err);

/* The image's ELF header, with LAYOUT's tables, at BYTES. */
int put_ehdr(struct image *image, uint8_t *bytes, const struct file_layout *layout,
	     struct note_error *err);

/* Adds the contents of .gnu_debuglink to OUT: name, NUL, padding to 4, CRC-32. */
void make_debuglink(const struct image *image, const char *link, uint32_t crc32, struct text *out);

/* PIECES of a finished file, or of one that failed with CODE, in one; frees them. */
int join_pieces(struct strip_output *out, struct pieces *pieces, int code, struct note_error *err);

/* Puts counts that do not fit the ELF header into section header 0 (gABI, "ELF Header"). */
void extend_numbering(const struct file_layout *layout, GElf_Shdr *zero);

#endif
