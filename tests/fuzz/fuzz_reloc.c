/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The debug file of a relocatable file: paths that its relocations name, sections made plain,
 * relocations resolved, an index added; and what is written packed once more, as after dwz. The
 * last byte chooses the machine, whose types differ.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/elf/elf.h"
#include "tools/splitter/split_internal.h"
#include "tools/splitter/together/together.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct path_map *map;

static void read_back(const struct strip_output *output)
{
	struct image *image;
	GElf_Shdr shdr;
	if (image_open_memory(&image, output->bytes, output->size, NULL) != NOTE_OK ||
	    image_read_elf(image, NULL) != NOTE_OK)
		abort();
	for (uint64_t i = 1; i < image->shnum; i++)
		if (image_shdr(image, i, &shdr, NULL) != NOTE_OK ||
		    image_section_name(image, &shdr, NULL) == NULL)
			abort();
	free(alternate_of(image, "usr/lib/debug/a/b.debug"));
	image_close(image);
}

static void write_debug_file(struct image *image, const struct plan *plan, uint8_t choice)
{
	struct draft draft;
	struct strip_output debug = {0};
	draft_begin(&draft, plan);
	char *kept = NULL;
	int code = reloc_resolve(&draft, image, &kept, NULL);
	free(kept);
	if (code == NOTE_OK && (choice & 8) != 0)
		code = draft_add(&draft, image, ".gdb_index", calloc(1, 5), 5, NULL);
	if (code == NOTE_OK)
		code = strip_debug_file(&debug, image, &draft.plan, NULL);
	if (code == NOTE_OK) {
		read_back(&debug);
		static const uint8_t id[20];
		const struct alternate_link link = {"/usr/lib/debug/.dwz/x", id, sizeof(id)};
		if (debug_file_repack(&debug,
				      (choice & 16) != 0 ? COMPRESSION_ZLIB : COMPRESSION_NONE,
				      &link, 1, NULL) == NOTE_OK)
			read_back(&debug);
	}
	free(debug.bytes);
	draft_free(&draft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t machines[] = {EM_X86_64, EM_RISCV, 258 /* EM_LOONGARCH */, EM_MIPS};
	const struct plan_options options = {.keep_symtab = false};
	struct image *image;
	struct section_edits edits = {0};
	struct dwarf_sources sources = {0};
	struct dwarf_summary summary;
	struct plan plan = {0};
	const uint8_t choice = size != 0 ? data[size - 1] : 0;
	if (map == NULL)
		map = path_map_new("/tmp", "/usr/src/debug/x-1-1.x86_64");
	uint8_t *copy = malloc(size + 1); /* so that a read behind the end is seen */
	memcpy(copy, data, size);
	if (image_open_memory(&image, copy, size, NULL) == NOTE_OK &&
	    image_read_elf(image, NULL) == NOTE_OK && image->shnum < 1000) {
		image->ehdr.e_type = ET_REL;
		image->ehdr.e_machine = machines[choice & 3];
		int code = dwarf_rewrite(image, (choice & 4) != 0 ? map : NULL, &edits, &sources,
					 &summary, NULL);
		if (code == NOTE_OK)
			code = plan_make(&plan, image, &edits, &options, NULL);
		if (code == NOTE_OK)
			write_debug_file(image, &plan, choice);
		plan_free(&plan);
		section_edits_free(&edits);
		dwarf_sources_free(&sources);
	}
	image_close(image);
	free(copy);
	return 0;
}
