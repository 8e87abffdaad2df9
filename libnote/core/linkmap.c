/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The dynamic linker's own list of what it loaded, in the memory of a process: AT_PHDR leads to the
 * program headers, PT_DYNAMIC to DT_DEBUG, that to struct r_debug {int version; link_map *map},
 * and that to a chain of struct link_map {address, name, dynamic section, next, ...}.
 * Specification: SVR4 and <link.h>.
 */
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "error.h"
#include "sorted.h"

/* No process loads more; a chain in broken memory may go in circles. */
#define MAX_LINKS   65536
#define MAX_DYNAMIC 1024
#define MAX_HEADERS 256
#define MAX_NAME    4096

/* Reads the COUNT words at ADDRESS. */
static bool read_words(struct space *space, uint64_t address, uint64_t *out, size_t count)
{
	const size_t unit = space->is_64 ? 8 : 4;
	uint8_t bytes[8 * 8];
	if (space->read(space, address, bytes, count * unit, NULL) != NOTE_OK)
		return false;
	for (size_t i = 0; i < count; i++)
		out[i] = span_word((struct span){bytes, sizeof(bytes)}, i * unit, space->is_64,
				   space->is_big);
	return true;
}

/* The string at ADDRESS into OUT; false where it is not there or has no end. */
static bool read_name(struct space *space, uint64_t address, char out[MAX_NAME])
{
	size_t step = 256;
	for (size_t at = 0; at < MAX_NAME;) {
		if (step > MAX_NAME - at)
			step = MAX_NAME - at;
		if (space->read(space, address + at, out + at, step, NULL) != NOTE_OK) {
			if ((step /= 2) == 0)
				return false;
			continue;
		}
		if (memchr(out + at, '\0', step) != NULL)
			return true;
		at += step;
	}
	return false;
}

/* Where r_debug lies, 0 where that cannot be found out. */
static uint64_t find_debug(struct space *space, uint64_t dynamic)
{
	uint64_t entry[2], value;
	const size_t unit = space->is_64 ? 8 : 4;
	for (size_t i = 0; i < MAX_DYNAMIC; i++, dynamic += 2 * unit) {
		if (!read_words(space, dynamic, entry, 2) || entry[0] == DT_NULL)
			return 0;
		if (entry[0] == DT_DEBUG)
			return entry[1];
		if (entry[0] == DT_MIPS_RLD_MAP)
			return read_words(space, entry[1], &value, 1) ? value : 0;
		if (entry[0] == DT_MIPS_RLD_MAP_REL)
			return read_words(space, dynamic + entry[1], &value, 1) ? value : 0;
	}
	return 0;
}

/* The address of the program's dynamic section, 0 for none. */
static uint64_t find_dynamic(struct space *space, uint64_t at, uint64_t count)
{
	const size_t size = space->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint8_t bytes[MAX_HEADERS * sizeof(Elf64_Phdr)];
	struct image *image;
	uint64_t bias = 0, dynamic = 0;
	if (at == 0 || count == 0 || count > MAX_HEADERS ||
	    space->read(space, at, bytes, count * size, NULL) != NOTE_OK ||
	    image_open_memory(&image, bytes, count * size, NULL) != NOTE_OK)
		return 0;
	image->is_64 = space->is_64;
	image->is_big = space->is_big;
	image->phnum = count;
	for (uint64_t i = 0; i < count; i++) {
		GElf_Phdr phdr;
		if (image_phdr(image, i, &phdr, NULL) != NOTE_OK)
			break;
		if (phdr.p_type == PT_PHDR)
			bias = at - phdr.p_vaddr;
		else if (phdr.p_type == PT_DYNAMIC)
			dynamic = phdr.p_vaddr;
	}
	image_close(image);
	return dynamic != 0 ? bias + dynamic : 0;
}

static bool give_name(struct candidate *item, const char *name)
{
	if (item == NULL || item->path != NULL || name[0] == '\0')
		return true;
	item->path = strdup(name);
	return item->path != NULL;
}

/* LIST is sorted by address. */
static struct candidate *candidate_at(struct candidates *list, uint64_t address)
{
	const size_t at = FIRST_WHERE(i, list->count, list->items[i].address >= address);
	return at < list->count && list->items[at].address == address ? &list->items[at] : NULL;
}

/* The program itself: the candidate closest below its program headers. */
static struct candidate *main_program(struct candidates *list, uint64_t phdr)
{
	struct candidate *best = NULL;
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].address <= phdr &&
		    (best == NULL || list->items[i].address > best->address))
			best = &list->items[i];
	return best;
}

int link_map_names(struct space *space, uint64_t phdr, uint64_t phnum, uint64_t main_path,
		   const char *main_name, struct candidates *list, struct note_error *err)
{
	char name[MAX_NAME];
	uint64_t words[4], link = 0;
	if (phdr == 0)
		return NOTE_OK;
	const bool named = main_path != 0 && read_name(space, main_path, name) && name[0] != 0;
	bool ok = give_name(main_program(list, phdr), named ? name : main_name);
	const uint64_t dynamic = find_dynamic(space, phdr, phnum);
	const uint64_t debug = dynamic != 0 ? find_debug(space, dynamic) : 0;
	if (debug != 0 && read_words(space, debug, words, 2))
		link = words[1];
	for (size_t i = 0; ok && link != 0 && i < MAX_LINKS && i < 4 * list->count; i++) {
		if (!read_words(space, link, words, 4))
			break;
		struct candidate *item = candidate_at(list, words[0]);
		if (item != NULL && item->path == NULL && read_name(space, words[1], name))
			ok = give_name(item, name);
		link = words[3];
	}
	return ok ? NOTE_OK : error_system(err, "link map");
}
