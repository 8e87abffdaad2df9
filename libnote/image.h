/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bounded view of bytes: a file, a piece of memory, or a part of another view (an archive
 * member, the first page of a module inside a core).
 *
 * This is the gate. Every offset and length that comes out of a file is handed to image_bytes(),
 * or image_span(), which refuse what does not lie inside the view; what they give is read and
 * written through span.h, and no other code adds numbers from a file to a pointer. Class and byte
 * order end here too: headers come out as libelf's GElf structures, in the machine's own order.
 *
 * Internal to the project (the tools share it), not installed. An image may be used by one
 * thread at a time.
 */
#ifndef NOTE_IMAGE_H
#define NOTE_IMAGE_H

#include <gelf.h>
#include <stdbool.h>

#include "elf_values.h"
#include "libnote.h"
#include "span.h"

struct image {
	uint64_t size;
	/* Set before image_read_elf() where the view is of a process's memory: the section headers
	 * are not there, and count as none. */
	bool in_memory;
	/* Set by image_read_elf(). */
	bool is_elf;
	bool is_64;
	bool is_big;
	GElf_Ehdr ehdr;
	uint64_t phnum; /* the real counts, extended numbering resolved */
	uint64_t shnum;
	uint64_t shstrndx;
	/* Private: where the bytes come from. */
	int fd;                /* -1 where they are in memory */
	const uint8_t *memory; /* NULL where they are read on demand */
	uint64_t base;         /* where the view starts in the file behind fd */
	struct chunks *chunks;
	struct span phdrs; /* the tables, once they were asked for */
	struct span shdrs;
	struct span names; /* of the sections: the whole table, where it is of a sane size */
};

/* A view of the regular file behind FD, read piece by piece on demand; FD stays the caller's and
 * must outlive the image. NOTE_UNSUPPORTED where FD is not a regular file. */
int image_open_fd(struct image **out, int fd, struct note_error *err);

/* A view of SIZE bytes at BYTES, which stay the caller's and must outlive the image. */
int image_open_memory(struct image **out, const void *bytes, uint64_t size, struct note_error *err);

/* A view of a part of PARENT, which must outlive it. NOTE_MALFORMED where the part does not lie
 * inside the parent. */
int image_open_part(struct image **out, struct image *parent, uint64_t offset, uint64_t size,
		    struct note_error *err);

/* NULL is allowed. */
void image_close(struct image *image);

/* The gate: LENGTH bytes at OFFSET, valid as long as the image. NULL with NOTE_MALFORMED where
 * they do not lie inside the view (WHAT names them in the message), or NOTE_SYSTEM. The bytes
 * are not aligned. LENGTH 0 gives a non-NULL pointer. */
const uint8_t *image_bytes(struct image *image, uint64_t offset, uint64_t length, const char *what,
			   struct note_error *err);

/* The same with its length. NOTE_OK, or the code that ERR says. */
int image_span(struct image *image, uint64_t offset, uint64_t length, const char *what,
	       struct span *out, struct note_error *err);

/* All of the view. */
int image_whole(struct image *image, struct span *out, struct note_error *err);

/* The same copied to OUT, and nothing kept: for what is looked at once and let go, so that a walk
 * over a large file does not end with all of it in memory. */
int image_copy(struct image *image, uint64_t offset, uint64_t length, void *out, const char *what,
	       struct note_error *err);

/* The NUL-terminated string at OFFSET whose NUL lies before LIMIT (an offset too). One of more than
 * 64 KiB is NOTE_UNSUPPORTED: many names that share an end would be read over and over. */
const char *image_string(struct image *image, uint64_t offset, uint64_t limit, const char *what,
			 struct note_error *err);

/* Reads the ELF header and the table sizes. NOTE_ABSENT where the magic is not there,
 * NOTE_MALFORMED where the header lies. */
int image_read_elf(struct image *image, struct note_error *err);

/* Header number INDEX (below phnum or shnum); NOTE_MALFORMED where it lies outside. */
int image_phdr(struct image *image, uint64_t index, GElf_Phdr *out, struct note_error *err);
int image_shdr(struct image *image, uint64_t index, GElf_Shdr *out, struct note_error *err);

/* The type of section INDEX alone, SHT_NULL where it cannot be read: for finding the few that
 * matter among thousands. */
uint32_t image_section_type(struct image *image, uint64_t index);

/* The name of a section, "" where the file has no section name table. */
const char *image_section_name(struct image *image, const GElf_Shdr *shdr, struct note_error *err);

/* The first section called NAME: its index, or 0 where there is none (section 0 has no name).
 * A broken table reads as "none". */
uint64_t image_find_section(struct image *image, const char *name, GElf_Shdr *out);

/* Integers at P in the file's byte order; P need not be aligned. */
uint16_t image_u16(const struct image *image, const uint8_t *p);
uint32_t image_u32(const struct image *image, const uint8_t *p);
uint64_t image_u64(const struct image *image, const uint8_t *p);

/* The reverse: write VALUE at P in the file's byte order. */
void image_put16(const struct image *image, uint8_t *p, uint16_t value);
void image_put32(const struct image *image, uint8_t *p, uint32_t value);
void image_put64(const struct image *image, uint8_t *p, uint64_t value);

/* Headers back into the file's class and byte order, at P, which has room for ehdr.e_ehsize,
 * e_phentsize or e_shentsize bytes. NOTE_UNSUPPORTED where a value does not fit class 32. */
int image_put_ehdr(const struct image *image, uint8_t *p, const GElf_Ehdr *ehdr,
		   struct note_error *err);
int image_put_phdr(const struct image *image, uint8_t *p, const GElf_Phdr *phdr,
		   struct note_error *err);
int image_put_shdr(const struct image *image, uint8_t *p, const GElf_Shdr *shdr,
		   struct note_error *err);

/* VALUE rounded up to ALIGNMENT (0 and 1: none; else a power of two). False where it wraps or
 * ALIGNMENT is no power of two. */
bool align_up(uint64_t value, uint64_t alignment, uint64_t *out);

#endif
