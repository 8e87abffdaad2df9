/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The DWARF stage on any bytes: rewritten, listed, counted, as a file that dwz has folded, as the
 * alternate file of one. What comes out is read once more: a rewritten section must be as sound as
 * the one that went in.
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/image.h"
#include "tools/splitter/dwarf/dwarf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The file with the edited sections behind its end. */
static uint8_t *apply(struct image *image, const uint8_t *data, size_t *size,
		      const struct section_edits *edits)
{
	size_t total = *size;
	for (size_t i = 0; i < edits->count; i++)
		total += edits->items[i].size;
	uint8_t *bytes = malloc(total);
	if (bytes == NULL)
		abort();
	memcpy(bytes, data, *size);
	for (size_t i = 0; i < edits->count; i++) {
		const struct section_edit *edit = &edits->items[i];
		uint8_t *header =
			bytes + image->ehdr.e_shoff + edit->section * image->ehdr.e_shentsize;
		GElf_Shdr shdr;
		if (image_shdr(image, edit->section, &shdr, NULL) != NOTE_OK)
			abort();
		if (edit->size > 0)
			memcpy(bytes + *size, edit->bytes, edit->size);
		shdr.sh_offset = *size;
		shdr.sh_size = edit->size;
		shdr.sh_flags &= ~(uint64_t)SHF_COMPRESSED;
		if (image_put_shdr(image, header, &shdr, NULL) != NOTE_OK)
			abort();
		*size += edit->size;
	}
	return bytes;
}

static int rewrite(const uint8_t *data, size_t size, const struct path_map *map, bool split,
		   uint8_t **result, size_t *result_size)
{
	struct image *image;
	struct section_edits edits;
	struct dwarf_sources sources;
	struct dwarf_summary summary;
	struct note_error err;
	if (image_open_memory(&image, data, size, &err) != NOTE_OK)
		return NOTE_SYSTEM;
	int code = image_read_elf(image, &err);
	if (code == NOTE_OK) {
		code = split ? dwarf_rewrite_split(image, map, &edits, &sources, &summary, &err)
			     : dwarf_rewrite(image, map, &edits, &sources, &summary, &err);
		if (code == NOTE_OK) {
			*result_size = size;
			*result = apply(image, data, result_size, &edits);
		}
		section_edits_free(&edits);
		dwarf_sources_free(&sources);
	}
	image_close(image);
	return code;
}

/* What only reads, and what has a second file: the same one. */
static void read_otherwise(const uint8_t *data, size_t size, const struct path_map *map)
{
	struct image *image;
	struct section_edits edits = {0};
	struct dwarf_sources sources = {0};
	struct dwarf_summary summary;
	struct dwarf_counts counts;
	struct strings split = {0};
	if (image_open_memory(&image, data, size, NULL) != NOTE_OK)
		return;
	if (image_read_elf(image, NULL) == NOTE_OK) {
		dwarf_count(image, &counts, NULL);
		dwarf_list_split(image, map, &split, NULL);
		strings_free(&split);
		dwarf_list(image, image, &sources, &summary, NULL);
		dwarf_sources_free(&sources);
		dwarf_rewrite_folded(image, image, map, &edits, &sources, &summary, NULL);
		section_edits_free(&edits);
		dwarf_sources_free(&sources);
		dwarf_rewrite_alternate(image, map, &edits, NULL);
		section_edits_free(&edits);
	}
	image_close(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct path_map *map;
	if (map == NULL)
		map = path_map_new("/", "/usr/src/debug/hello-2.10-1.x86_64");
	for (int split = 0; split < 2; split++) {
		uint8_t *once = NULL, *twice = NULL;
		size_t once_size = 0, twice_size = 0;
		if (rewrite(data, size, map, split, &once, &once_size) == NOTE_OK)
			rewrite(once, once_size, map, split, &twice, &twice_size);
		free(once);
		free(twice);
	}
	read_otherwise(data, size, map);
	return 0;
}
