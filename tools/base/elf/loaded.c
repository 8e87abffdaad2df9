/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/elf/loaded.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/base/text.h"

#define CHUNK (64u * 1024)

static void add_number(struct sha256 *sha256, uint64_t number)
{
	uint8_t bytes[8];
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	sha256_add(sha256, bytes, sizeof(bytes));
}

/* Zeroes what of HEADER, the first SIZE bytes of the file, tells of the section headers: they are
 * not loaded, and move with what lies before them. */
static void forget_sections(const struct image *image, uint8_t *header, uint64_t size)
{
	const struct {
		size_t offset, size;
	} fields[] = {{image->is_64 ? offsetof(Elf64_Ehdr, e_shoff) : offsetof(Elf32_Ehdr, e_shoff),
		       image->is_64 ? 8 : 4},
		      {image->is_64 ? offsetof(Elf64_Ehdr, e_shnum) : offsetof(Elf32_Ehdr, e_shnum),
		       4}}; /* e_shstrndx follows */
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (size >= fields[i].offset + fields[i].size)
			memset(header + fields[i].offset, 0, fields[i].size);
}

static int add_bytes(struct sha256 *sha256, struct image *image, uint64_t offset, uint64_t size,
		     struct note_error *err)
{
	uint8_t *buffer = xmalloc(CHUNK);
	int code = NOTE_OK;
	for (uint64_t done = 0; code == NOTE_OK && done < size;) {
		const uint64_t step = size - done < CHUNK ? size - done : CHUNK;
		uint64_t at;
		if (__builtin_add_overflow(offset, done, &at))
			code = error_set(err, NOTE_MALFORMED, offset, "segment: offset");
		else
			code = image_copy(image, at, step, buffer, "segment", err);
		if (code == NOTE_OK && at == 0)
			forget_sections(image, buffer, step);
		if (code == NOTE_OK)
			sha256_add(sha256, buffer, step);
		done += step;
	}
	free(buffer);
	return code;
}

/* Without BYTES the layout alone. */
static int add_segments(struct sha256 *sha256, struct image *image, bool bytes,
			struct note_error *err)
{
	int code = NOTE_OK;
	for (uint64_t i = 0; code == NOTE_OK && i < image->phnum; i++) {
		GElf_Phdr phdr;
		code = image_phdr(image, i, &phdr, err);
		if (code != NOTE_OK || phdr.p_type != PT_LOAD)
			continue;
		add_number(sha256, phdr.p_vaddr);
		add_number(sha256, phdr.p_memsz);
		add_number(sha256, phdr.p_flags);
		if (bytes)
			add_number(sha256, phdr.p_filesz);
		if (bytes)
			code = add_bytes(sha256, image, phdr.p_offset, phdr.p_filesz, err);
	}
	return code;
}

static int add_sections(struct sha256 *sha256, struct image *image, bool bytes,
			struct note_error *err)
{
	int code = NOTE_OK;
	for (uint64_t i = 1; code == NOTE_OK && i < image->shnum; i++) {
		GElf_Shdr shdr;
		code = image_shdr(image, i, &shdr, err);
		if (code != NOTE_OK || (shdr.sh_flags & SHF_ALLOC) == 0)
			continue;
		const char *name = image_section_name(image, &shdr, err);
		if (name == NULL)
			return NOTE_MALFORMED;
		sha256_add(sha256, name, strlen(name) + 1);
		add_number(sha256, shdr.sh_addr);
		add_number(sha256, shdr.sh_size);
		add_number(sha256, shdr.sh_flags);
		if (bytes && shdr.sh_type != SHT_NOBITS)
			code = add_bytes(sha256, image, shdr.sh_offset, shdr.sh_size, err);
	}
	return code;
}

/* A loaded section that is neither written to nor has bytes: they are in the shipped file. */
static bool is_debug_file(struct image *image)
{
	for (uint64_t i = 1; i < image->shnum; i++) {
		GElf_Shdr shdr;
		if (image_shdr(image, i, &shdr, NULL) == NOTE_OK && shdr.sh_type == SHT_NOBITS &&
		    (shdr.sh_flags & SHF_ALLOC) != 0 && (shdr.sh_flags & SHF_WRITE) == 0)
			return true;
	}
	return false;
}

int loaded_digest(struct image *image, char out[65], struct note_error *err)
{
	const bool debug = is_debug_file(image);
	struct sha256 *sha256 = sha256_begin();
	add_number(sha256, image->is_64);
	add_number(sha256, image->is_big);
	add_number(sha256, image->ehdr.e_machine);
	add_number(sha256, image->ehdr.e_type);
	add_number(sha256, debug);
	int code = image->ehdr.e_type == ET_REL || debug ? add_sections(sha256, image, !debug, err)
							 : NOTE_OK;
	if (code == NOTE_OK)
		code = add_segments(sha256, image, !debug, err);
	sha256_end(sha256, out);
	return code;
}

static bool digest_of(int fd, char out[65])
{
	struct image *image;
	if (image_open_fd(&image, fd, NULL) != NOTE_OK)
		return false;
	const bool good = image_read_elf(image, NULL) == NOTE_OK &&
			  loaded_digest(image, out, NULL) == NOTE_OK;
	image_close(image);
	return good;
}

bool loaded_same(int a, int b)
{
	char x[65], y[65];
	return digest_of(a, x) && digest_of(b, y) && strcmp(x, y) == 0;
}
