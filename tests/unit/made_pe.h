/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small PE image made by code: headers and one or two sections. */
#ifndef TESTS_MADE_PE_H
#define TESTS_MADE_PE_H

#include <string.h>

#include "libnote/image.h"

#define MADE_PE_SIZE 1536

struct made_pe {
	uint8_t bytes[MADE_PE_SIZE];
	struct image shape; /* little-endian */
	unsigned sections;
	uint32_t table; /* of section headers */
};

#define MADE_PE_TABLE (0x80 + 24 + 16)

static inline void made_pe_begin(struct made_pe *made)
{
	memset(made, 0, sizeof(*made));
	memcpy(made->bytes, "MZ", 2);
	image_put32(&made->shape, made->bytes + 0x3c, 0x80);
	memcpy(made->bytes + 0x80, "PE\0\0", 4);
	image_put16(&made->shape, made->bytes + 0x84, 0x8664);
	image_put16(&made->shape, made->bytes + 0x80 + 20, 16);
	image_put16(&made->shape, made->bytes + 0x80 + 24, 0x20b);
	made->table = MADE_PE_TABLE;
}

/* The same as a linker makes it: an optional header of full size, headers of 512 bytes, sections
 * aligned to 4096 in memory, no checksum. */
static inline void made_pe_begin_linked(struct made_pe *made)
{
	made_pe_begin(made);
	uint8_t *optional = made->bytes + 0x80 + 24;
	image_put16(&made->shape, made->bytes + 0x80 + 20, 112 + 16 * 8);
	image_put32(&made->shape, optional + 32, 4096);
	image_put32(&made->shape, optional + 36, 512);
	image_put32(&made->shape, optional + 60, 512);
	image_put32(&made->shape, optional + 108, 16);
	made->table = 0x80 + 24 + 112 + 16 * 8;
}

/* Adds a section of the file's 512 bytes at OFFSET. */
static inline void made_pe_section(struct made_pe *made, const char *name, uint32_t offset,
				   uint32_t size, uint32_t flags, const char *contents)
{
	uint8_t *entry = made->bytes + made->table + 40 * made->sections++;
	memcpy(entry, name, strnlen(name, 8));
	image_put32(&made->shape, entry + 8, size);
	image_put32(&made->shape, entry + 12, 4096 * made->sections);
	image_put32(&made->shape, entry + 16, 512);
	image_put32(&made->shape, entry + 20, offset);
	image_put32(&made->shape, entry + 36, flags);
	memcpy(made->bytes + offset, contents, strlen(contents));
	image_put16(&made->shape, made->bytes + 0x86, (uint16_t)made->sections);
	/* SizeOfImage, where the optional header is long enough to have it. */
	if (made->table != MADE_PE_TABLE)
		image_put32(&made->shape, made->bytes + 0x80 + 24 + 56,
			    4096 * (made->sections + 1));
}

#endif
