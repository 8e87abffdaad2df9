/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole way of one file through the splitter, in memory: judge, rewrite, plan, build-id, debug
 * file, shipped file. What comes out is read again: it must be sound.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/archives/members.h"
#include "tools/splitter/compress/compress.h"
#include "tools/splitter/dwarf/dwarf.h"
#include "tools/splitter/elf/elf.h"
#include "tools/splitter/inputs/inputs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct path_map *map;

/* What we wrote ourselves reads without an error, section by section. */
static void read_back(const struct strip_output *output)
{
	struct image *image;
	GElf_Shdr shdr;
	if (image_open_memory(&image, output->bytes, output->size, NULL) != NOTE_OK ||
	    image_read_elf(image, NULL) != NOTE_OK)
		abort();
	for (uint64_t i = 1; i < image->shnum; i++) {
		if (image_shdr(image, i, &shdr, NULL) != NOTE_OK ||
		    image_section_name(image, &shdr, NULL) == NULL)
			abort();
		if (shdr.sh_type != SHT_NOBITS && shdr.sh_type != SHT_NULL &&
		    image_bytes(image, shdr.sh_offset, shdr.sh_size, "section", NULL) == NULL)
			abort();
	}
	image_close(image);
}

static void split(struct image *image, struct section_edits *edits, uint8_t choice)
{
	const struct plan_options options = {.keep_symtab = (choice & 1) != 0};
	static const enum compression kinds[] = {COMPRESSION_NONE, COMPRESSION_ZLIB,
						 COMPRESSION_ZSTD, COMPRESSION_NONE};
	struct strip_output debug = {0};
	struct strip_output shipped = {0};
	struct compressed compressed = {0};
	struct build_id id;
	struct plan plan;
	int code = plan_make(&plan, image, edits, &options, NULL);
	if (code == NOTE_OK && build_id_find(image, &id, NULL) == NOTE_OK)
		code = build_id_compute(image, &plan, "seed", &id, NULL);
	if (code == NOTE_OK)
		code = compress_plan(&compressed, image, &plan, kinds[choice >> 1 & 3], 1, NULL);
	if (code == NOTE_OK && strip_debug_file(&debug, image, &plan, NULL) == NOTE_OK)
		read_back(&debug);
	struct strip_additions additions = {.link = "x.debug", .crc32 = 1};
	uint8_t *mini = NULL;
	if (code == NOTE_OK && (choice & 8) != 0)
		minidebug_make(&mini, &additions.debugdata_size, image, &plan, NULL);
	additions.debugdata = mini;
	if (code == NOTE_OK &&
	    strip_shipped_file(&shipped, image, &plan, &additions, NULL) == NOTE_OK)
		read_back(&shipped);
	free(mini);
	free(debug.bytes);
	free(shipped.bytes);
	compressed_free(&compressed);
	plan_free(&plan);
}

/* A member that grows by a byte, so that all after it moves. */
static int grow(void *context, struct image *member, uint8_t **bytes, uint64_t *size,
		struct note_error *err)
{
	(void)context;
	const uint8_t *old = image_bytes(member, 0, member->size, "member", err);
	if (old == NULL)
		return NOTE_MALFORMED;
	*size = member->size + 1;
	*bytes = malloc(*size);
	memcpy(*bytes, old, member->size);
	(*bytes)[member->size] = 0;
	return NOTE_OK;
}

static void rewrite_archive(struct image *image)
{
	uint8_t *bytes;
	uint64_t size;
	members_rewrite(&bytes, &size, image, true, grow, NULL, NULL);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image;
	struct section_edits edits = {0};
	struct dwarf_sources sources = {0};
	struct dwarf_summary summary;
	enum input_kind kind;
	char reason[120];
	const uint8_t choice = size != 0 ? data[size - 1] : 0;
	if (map == NULL)
		map = path_map_new("/tmp", "/usr/src/debug/x-1-1.x86_64");
	uint8_t *copy = malloc(size + 1); /* so that a read behind the end is seen */
	memcpy(copy, data, size);
	if (image_open_memory(&image, copy, size, NULL) == NOTE_OK) {
		struct note_error err;
		const int code = scan_judge(image, false, &kind, reason, &err);
		if (code == NOTE_OK && kind == INPUT_ARCHIVE)
			rewrite_archive(image);
		if (code == NOTE_OK && image->is_elf &&
		    dwarf_rewrite(image, map, &edits, &sources, &summary, &err) == NOTE_OK)
			split(image, &edits, choice);
		section_edits_free(&edits);
		dwarf_sources_free(&sources);
		image_close(image);
	}
	free(copy);
	return 0;
}
