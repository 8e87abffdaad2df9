/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The DWARF stage alone, for dwarf.sh:  dwarf_apply IN OUT BUILDDIR INSTALLED
 * Writes IN to OUT with the edits of dwarf_rewrite (new contents behind the file's end, section
 * headers corrected), and lists the sources on stdout: "ORIGINAL INSTALLED|- MD5|- primary|-".
 * Without BUILDDIR it only lists. With broken:COUNT for OUT, it runs COUNT times on the file with
 * some bytes changed, and says what came of it. Exit status: 0, or the note code made positive.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/image.h"
#include "tools/base/root/root.h"
#include "tools/splitter/dwarf/dwarf.h"

static void list(const struct dwarf_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		const struct dwarf_source *source = &sources->items[i];
		char md5[33] = "-";
		if (source->has_md5)
			hex_encode(source->md5, 16, md5);
		printf("%s %s %s %s\n", source->original,
		       source->installed != NULL ? source->installed : "-", md5,
		       source->primary ? "primary" : "-");
	}
}

/* BYTES is the file; each edited section goes behind its end. */
static uint8_t *apply(struct image *image, uint8_t *bytes, size_t *size,
		      const struct section_edits *edits)
{
	uint64_t shoff = image->ehdr.e_shoff;
	for (size_t i = 0; i < edits->count; i++) {
		const struct section_edit *edit = &edits->items[i];
		GElf_Shdr shdr;
		if (edit->section == 0 || image_shdr(image, edit->section, &shdr, NULL) != 0)
			exit(9);
		size_t at = (*size + 15) & ~(size_t)15;
		bytes = realloc(bytes, at + edit->size);
		if (bytes == NULL)
			exit(9);
		memset(bytes + *size, 0, at - *size);
		memcpy(bytes + at, edit->bytes, edit->size);
		*size = at + edit->size;
		shdr.sh_offset = at;
		shdr.sh_size = edit->size;
		shdr.sh_flags &= ~(uint64_t)SHF_COMPRESSED;
		image_put_shdr(image, bytes + shoff + edit->section * image->ehdr.e_shentsize,
			       &shdr, NULL);
	}
	return bytes;
}

/* One run on BYTES; returns its code. OUT may be NULL. */
static int run(const uint8_t *bytes, size_t size, const struct path_map *map, const char *out,
	       bool quiet, struct note_error *err)
{
	struct image *image;
	struct section_edits edits = {0};
	struct dwarf_sources sources = {0};
	struct dwarf_summary summary = {0};
	int code = image_open_memory(&image, bytes, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_OK)
		code = dwarf_rewrite(image, map, &edits, &sources, &summary, err);
	if (code == NOTE_OK && !quiet) {
		list(&sources);
		fprintf(stderr, "units %llu, edits %zu, kept %llu\n",
			(unsigned long long)summary.units, edits.count,
			(unsigned long long)summary.kept);
	}
	if (code == NOTE_OK && out != NULL) {
		uint8_t *copy = malloc(size + 1);
		if (copy == NULL)
			exit(9);
		memcpy(copy, bytes, size);
		copy = apply(image, copy, &size, &edits);
		FILE *file = fopen(out, "wb");
		if (file == NULL || fwrite(copy, 1, size, file) != size || fclose(file) != 0)
			code = NOTE_SYSTEM;
		free(copy);
	}
	if (code == NOTE_OK && quiet && summary.unread != 0) {
		*err = summary.first_unread;
		code = err->code;
	}
	section_edits_free(&edits);
	dwarf_sources_free(&sources);
	image_close(image);
	return code;
}

/* COUNT runs, each with some bytes changed, behind the file header. */
static void run_broken(uint8_t *bytes, size_t size, const struct path_map *map, unsigned count)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff, 0x21, 0x08, 0x1f};
	unsigned long tally[6] = {0};
	uint64_t state = 1;
	uint8_t *copy = malloc(size);
	if (copy == NULL || size < 128)
		exit(9);
	for (unsigned i = 0; i < count; i++) {
		struct note_error err;
		memcpy(copy, bytes, size);
		for (unsigned j = 0; j <= i % 6; j++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			copy[64 + (state >> 33) % (size - 64)] = values[(state >> 20) % 8];
		}
		int code = run(copy, size, map, NULL, true, &err);
		if (code > 0 || code < -5 || (code != NOTE_OK && err.text[0] == '\0'))
			exit(8);
		tally[-code]++;
	}
	free(copy);
	printf("done %lu, malformed %lu, unsupported %lu\n", tally[0], tally[2], tally[3]);
}

int main(int argc, char **argv)
{
	struct note_error err = {0};
	uint8_t *bytes;
	size_t size;
	int fd = argc == 2 || argc == 5 ? open(argv[1], O_RDONLY) : -1;
	if (fd < 0 || file_read(fd, &bytes, &size, &err) != NOTE_OK) {
		fprintf(stderr, "dwarf_apply IN [OUT|broken:COUNT BUILDDIR INSTALLED]: %s\n",
			err.text);
		return 9;
	}
	close(fd);
	struct path_map *map = argc == 5 ? path_map_new(argv[3], argv[4]) : NULL;
	int code = NOTE_OK;
	if (argc == 5 && strncmp(argv[2], "broken:", 7) == 0)
		run_broken(bytes, size, map, (unsigned)strtoul(argv[2] + 7, NULL, 10));
	else
		code = run(bytes, size, map, argc == 5 ? argv[2] : NULL, false, &err);
	if (code != NOTE_OK)
		fprintf(stderr, "%s: %s\n", argv[1], err.text);
	path_map_free(map);
	free(bytes);
	return -code;
}
