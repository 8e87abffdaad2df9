/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The alternate files that the debug files of a tree name, into the manifest: see together.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/splitter/together/internal.h"

/* The facts of a finished debug file. */
void note_debug_file(const struct split_run *run, struct outcome *outcome,
		     const struct strip_output *file)
{
	struct image *image = NULL;
	outcome->debug_crc32 = crc32_of(0, file->bytes, file->size);
	outcome->debug_size = file->size;
	if (run->options->digests)
		sha256_hex(file->bytes, file->size, outcome->debug_sha256);
	if (image_open_memory(&image, file->bytes, file->size, NULL) == NOTE_OK &&
	    image_read_elf(image, NULL) == NOTE_OK)
		outcome->alternate = alternate_of(image, outcome->debug_path);
	image_close(image);
}

/* Notes an alternate file, and makes its .build-id link. */
static int enter_alternate(const struct split_run *run, struct manifest *manifest, const char *path,
			   struct note_error *err)
{
	const struct split_options *options = run->options;
	struct image *image = NULL;
	struct build_id id;
	uint8_t *bytes = NULL;
	size_t size;
	int fd;
	char hex[2 * BUILD_ID_MAX + 1] = "";
	int code = root_open_file(options->root, path, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = file_read(fd, &bytes, &size, err);
	close(fd);
	if (code == NOTE_OK)
		code = image_open_memory(&image, bytes, size, err);
	if (code == NOTE_OK)
		code = image_read_elf(image, err);
	if (code == NOTE_OK)
		code = build_id_find(image, &id, err);
	if (code == NOTE_OK) {
		struct manifest_alternate *alternate = manifest_add_alternate(manifest);
		hex_encode(id.bytes, id.size, hex);
		alternate->path = xasprintf("/%s", path);
		alternate->build_id = xstrdup(hex);
		alternate->size = size;
		if (options->digests)
			sha256_hex(bytes, size, alternate->sha256);
	}
	if (code == NOTE_OK && options->links)
		code = layout_alternate_link(&run->layout, options->root, path, hex, err);
	image_close(image);
	free(bytes);
	return code;
}

void together_enter(const struct split_run *run, struct manifest *manifest)
{
	struct strings paths = {0};
	for (size_t i = 0; i < run->inputs.count; i++)
		if (run->outcomes[i].verdict == VERDICT_SPLIT && run->outcomes[i].alternate != NULL)
			strings_add(&paths, run->outcomes[i].alternate);
	strings_sort(&paths);
	for (size_t i = 0; i < paths.count; i++) {
		struct note_error err;
		if (i != 0 && strcmp(paths.items[i], paths.items[i - 1]) == 0)
			continue;
		if (enter_alternate(run, manifest, paths.items[i], &err) != NOTE_OK)
			run->options->tell(run->options->context, SPLIT_FAILED, paths.items[i],
					   NULL, &err);
	}
	strings_free(&paths);
}
