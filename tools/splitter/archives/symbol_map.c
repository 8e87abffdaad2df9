/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GNU's form: a count, that many offsets of members' headers, both big-endian words of 4 bytes, and
 * as many names, each with a NUL behind it.
 */
#include "tools/splitter/archives/symbol_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/static_archive.h"

#ifndef STB_GNU_UNIQUE
#define STB_GNU_UNIQUE 10
#endif

struct map {
	uint64_t *offsets; /* of the member's header, for each name */
	uint64_t count, room;
	struct text names;
	bool good;
};

static void add(struct map *map, const char *name, uint64_t offset)
{
	if (map->count == map->room) {
		map->room = map->room == 0 ? 256 : map->room * 2;
		map->offsets = xrealloc(map->offsets, map->room * sizeof(*map->offsets));
	}
	map->offsets[map->count++] = offset;
	text_add(&map->names, name, strlen(name) + 1);
}

/* The symbols of TABLE that others may link with. */
static bool add_symbols(struct map *map, struct image *image, const GElf_Shdr *table,
			uint64_t offset)
{
	const bool is_64 = image->is_64;
	const uint64_t size = is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	GElf_Shdr strings;
	if (image_shdr(image, table->sh_link, &strings, NULL) != NOTE_OK)
		return false;
	const uint8_t *symbols = image_bytes(image, table->sh_offset, table->sh_size, "", NULL);
	const char *names =
		(const char *)image_bytes(image, strings.sh_offset, strings.sh_size, "", NULL);
	if (symbols == NULL || names == NULL || strings.sh_size == 0 ||
	    names[strings.sh_size - 1] != '\0')
		return false;
	for (uint64_t at = size; at + size <= table->sh_size; at += size) {
		const uint8_t *p = symbols + at;
		const uint32_t name = image_u32(image, p);
		const unsigned bind = GELF_ST_BIND(
			p[is_64 ? offsetof(Elf64_Sym, st_info) : offsetof(Elf32_Sym, st_info)]);
		const uint16_t section =
			image_u16(image, p + (is_64 ? offsetof(Elf64_Sym, st_shndx)
						    : offsetof(Elf32_Sym, st_shndx)));
		if (name >= strings.sh_size)
			return false;
		if (section != SHN_UNDEF &&
		    (bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE))
			add(map, names + name, offset);
	}
	return true;
}

static bool visit(void *context, const struct static_archive_member *member)
{
	struct map *map = context;
	struct image *image = member->image;
	map->good = image != NULL && image_read_elf(image, NULL) == NOTE_OK;
	for (uint64_t i = 1; map->good && i < image->shnum; i++) {
		GElf_Shdr shdr;
		map->good = image_shdr(image, i, &shdr, NULL) == NOTE_OK;
		const char *name = map->good ? image_section_name(image, &shdr, NULL) : NULL;
		map->good = name != NULL && strncmp(name, ".gnu.lto_", 9) != 0;
		if (map->good && shdr.sh_type == SHT_SYMTAB)
			map->good = add_symbols(map, image, &shdr,
						member->offset - STATIC_ARCHIVE_HEADER_SIZE);
	}
	return map->good;
}

static void put_word(struct text *out, uint64_t value)
{
	const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
				  (uint8_t)(value >> 8), (uint8_t)value};
	text_add(out, bytes, sizeof(bytes));
}

/* ARCHIVE with MAP in place of what ends at END. */
static void put_map(struct text *archive, const struct map *map, uint64_t end)
{
	const uint64_t length = 4 + 4 * map->count + map->names.size;
	const uint64_t now =
		STATIC_ARCHIVE_MAGIC_SIZE + STATIC_ARCHIVE_HEADER_SIZE + length + length % 2;
	struct text out = {0};
	if (now - end + archive->size > UINT32_MAX)
		return;
	text_add(&out, STATIC_ARCHIVE_MAGIC, STATIC_ARCHIVE_MAGIC_SIZE);
	text_printf(&out, "%-16s%-12d%-6d%-6d%-8d%-10llu`\n", "/", 0, 0, 0, 0,
		    (unsigned long long)(length + length % 2));
	put_word(&out, map->count);
	for (uint64_t i = 0; i < map->count; i++)
		put_word(&out, map->offsets[i] - end + now);
	text_add(&out, map->names.data, map->names.size);
	text_add(&out, "", length % 2);
	text_add(&out, archive->data + end, archive->size - end);
	text_free(archive);
	*archive = out;
}

void symbol_map_renew(struct text *archive)
{
	struct map map = {.good = true};
	struct image *image = NULL;
	uint64_t size;
	const uint8_t *header = (const uint8_t *)archive->data + STATIC_ARCHIVE_MAGIC_SIZE;
	if (archive->size < STATIC_ARCHIVE_MAGIC_SIZE + STATIC_ARCHIVE_HEADER_SIZE ||
	    !static_archive_header(header, &size) || memcmp(header, "/ ", 2) != 0)
		return;
	const uint64_t end =
		STATIC_ARCHIVE_MAGIC_SIZE + STATIC_ARCHIVE_HEADER_SIZE + size + size % 2;
	if (end <= archive->size &&
	    image_open_memory(&image, archive->data, archive->size, NULL) == NOTE_OK &&
	    static_archive_members(image, visit, &map, NULL) == NOTE_OK && map.good &&
	    map.count != 0)
		put_map(archive, &map, end);
	image_close(image);
	free(map.offsets);
	text_free(&map.names);
}
