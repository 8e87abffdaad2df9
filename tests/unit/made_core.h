/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small core file made by code, of either class and byte order, as Linux writes it: two modules
 * of one page each, the dynamic linker's data, NT_FILE, NT_AUXV and NT_PRPSINFO as asked for.
 */
#ifndef TESTS_MADE_CORE_H
#define TESTS_MADE_CORE_H

#include <stdio.h>
#include <string.h>

#include "libnote/image.h"

#define MADE_MAIN    0x400000u
#define MADE_DATA    0x600000u
#define MADE_LIBRARY 0x700000u
#define MADE_PAGE    4096u
#define MADE_SIZE    (4 * MADE_PAGE)

enum made_parts { MADE_FILES = 1, MADE_AUXV = 2, MADE_NAME = 4 };

struct made_core {
	uint8_t bytes[MADE_SIZE];
	struct image shape;
	uint64_t at; /* where the next note goes */
};

static inline size_t made_unit(const struct made_core *made)
{
	return made->shape.is_64 ? 8 : 4;
}

static inline void made_word(const struct made_core *made, uint8_t *p, uint64_t value)
{
	if (made->shape.is_64)
		image_put64(&made->shape, p, value);
	else
		image_put32(&made->shape, p, (uint32_t)value);
}

static inline uint64_t made_note(const struct made_core *made, uint8_t *p, const char *owner,
				 uint32_t type, const void *desc, size_t size)
{
	const size_t name_size = strlen(owner) + 1;
	const uint64_t desc_at = 12 + (name_size + 3) / 4 * 4;
	image_put32(&made->shape, p, (uint32_t)name_size);
	image_put32(&made->shape, p + 4, (uint32_t)size);
	image_put32(&made->shape, p + 8, type);
	memcpy(p + 12, owner, name_size);
	memcpy(p + desc_at, desc, size);
	return desc_at + (size + 3) / 4 * 4;
}

static inline void made_header(const struct made_core *made, uint8_t *p, uint16_t type,
			       uint16_t machine, uint16_t phnum)
{
	const bool wide = made->shape.is_64;
	GElf_Ehdr ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', wide ? ELFCLASS64 : ELFCLASS32,
				      made->shape.is_big ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT},
			  .e_type = type,
			  .e_machine = machine,
			  .e_version = EV_CURRENT,
			  .e_phoff = wide ? 64 : 52,
			  .e_ehsize = wide ? 64 : 52,
			  .e_phentsize = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr),
			  .e_phnum = phnum};
	image_put_ehdr(&made->shape, p, &ehdr, NULL);
}

static inline void made_segment(const struct made_core *made, uint8_t *p, unsigned index,
				uint32_t type, uint64_t offset, uint64_t address, uint64_t size)
{
	const size_t header = made->shape.is_64 ? 64 : 52;
	const size_t each = made->shape.is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	GElf_Phdr phdr = {.p_type = type,
			  .p_offset = offset,
			  .p_vaddr = address,
			  .p_filesz = size,
			  .p_memsz = size,
			  .p_flags = PF_R | PF_X,
			  .p_align = 4};
	image_put_phdr(&made->shape, p + header + index * each, &phdr, NULL);
}

/* A page that begins a module whose notes are at its offset 1024. */
static inline void made_module(const struct made_core *made, uint8_t *p, uint16_t type,
			       uint64_t link_address, const char *payload)
{
	uint64_t size = made_note(made, p + 1024, "GNU", 3, payload + 2, 8);
	size += made_note(made, p + 1024 + size, "FDO", NOTE_TYPE_PACKAGE, payload,
			  strlen(payload) + 1);
	made_header(made, p, type, EM_NONE, 4);
	made_segment(made, p, 0, PT_PHDR, made->shape.is_64 ? 64 : 52,
		     link_address + (made->shape.is_64 ? 64 : 52), 200);
	made_segment(made, p, 1, PT_LOAD, 0, link_address, MADE_PAGE);
	made_segment(made, p, 2, PT_NOTE, 1024, link_address + 1024, size);
	made_segment(made, p, 3, PT_DYNAMIC, 0x10000, link_address + (MADE_DATA - MADE_MAIN), 64);
}

/* At MADE_DATA: the dynamic section, r_debug at 256, two link maps at 512 and 768, strings at
 * 1024. */
static inline void made_link_maps(const struct made_core *made, uint8_t *p)
{
	const size_t unit = made_unit(made);
	made_word(made, p, DT_DEBUG);
	made_word(made, p + unit, MADE_DATA + 256);
	made_word(made, p + 256, 1);
	made_word(made, p + 256 + unit, MADE_DATA + 512);
	made_word(made, p + 512 + unit, MADE_DATA + 1024);
	made_word(made, p + 512 + 3 * unit, MADE_DATA + 768);
	made_word(made, p + 768, MADE_LIBRARY);
	made_word(made, p + 768 + unit, MADE_DATA + 1025);
	memcpy(p + 1024, "\0/lib/made.so\0/bin/made", 23);
}

static inline void made_files(struct made_core *made, uint8_t *p)
{
	static const uint64_t entries[] = {MADE_MAIN,    MADE_MAIN + MADE_PAGE,    0,
					   MADE_LIBRARY, MADE_LIBRARY + MADE_PAGE, 0};
	static const char names[] = "/bin/main\0/lib/library.so";
	uint8_t desc[256];
	const size_t unit = made_unit(made);
	size_t at = 2 * unit;
	made_word(made, desc, 2);
	made_word(made, desc + unit, MADE_PAGE);
	for (size_t i = 0; i < 6; i++, at += unit)
		made_word(made, desc + at, entries[i]);
	memcpy(desc + at, names, sizeof(names));
	made->at += made_note(made, p + made->at, "CORE", 0x46494c45, desc, at + sizeof(names));
}

static inline void made_auxv(struct made_core *made, uint8_t *p)
{
	const size_t unit = made_unit(made);
	const uint64_t pairs[] = {
		3, MADE_MAIN + (made->shape.is_64 ? 64 : 52), 5, 4, 31, MADE_DATA + 1038, 0, 0};
	uint8_t desc[64];
	for (size_t i = 0; i < 8; i++)
		made_word(made, desc + i * unit, pairs[i]);
	made->at += made_note(made, p + made->at, "CORE", 6, desc, 8 * unit);
}

static inline void make_core(struct made_core *made, bool is_64, bool is_big, unsigned parts)
{
	memset(made, 0, sizeof(*made));
	made->shape.is_64 = is_64;
	made->shape.is_big = is_big;
	made->at = 1024;
	made_header(made, made->bytes, ET_CORE, EM_NONE, 4);
	uint8_t info[136] = {0};
	memcpy(info + (is_64 ? 40 : 28), "made", 5);
	if (parts & MADE_NAME)
		made->at +=
			made_note(made, made->bytes + made->at, "CORE", 3, info, is_64 ? 136 : 124);
	if (parts & MADE_FILES)
		made_files(made, made->bytes);
	if (parts & MADE_AUXV)
		made_auxv(made, made->bytes);
	made_segment(made, made->bytes, 0, PT_NOTE, 1024, 0, made->at - 1024);
	made_segment(made, made->bytes, 1, PT_LOAD, MADE_PAGE, MADE_MAIN, MADE_PAGE);
	made_segment(made, made->bytes, 2, PT_LOAD, 2 * MADE_PAGE, MADE_DATA, MADE_PAGE);
	made_segment(made, made->bytes, 3, PT_LOAD, 3 * MADE_PAGE, MADE_LIBRARY, MADE_PAGE);
	made_module(made, made->bytes + MADE_PAGE, ET_EXEC, MADE_MAIN, "{\"name\":\"main\"}");
	made_link_maps(made, made->bytes + 2 * MADE_PAGE);
	made_module(made, made->bytes + 3 * MADE_PAGE, ET_DYN, 0, "{\"name\":\"library\"}");
}

#endif
