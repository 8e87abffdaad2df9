/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cutting a section out of a file, as debuginfod's /section does: its bytes as they lie there,
 * compressed or not. */
#include "tools/debuginfod/section.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/image.h"
#include "tools/base/file.h"

#define PIECE ((size_t)1 << 18)

static int copy(int fd, uint64_t offset, uint64_t size, struct staging *staging,
		struct note_error *err)
{
	char *piece = malloc(PIECE);
	int code = piece != NULL ? NOTE_OK : error_system(err, "section");
	while (size > 0 && code == NOTE_OK) {
		const ssize_t got =
			file_read_some(fd, piece, size < PIECE ? (size_t)size : PIECE, offset);
		if (got < 0)
			code = error_system(err, "read");
		else if (got == 0)
			code = error_set(err, NOTE_MALFORMED, offset, "it became shorter");
		else
			code = staging_write(staging, piece, (size_t)got, err);
		if (code == NOTE_OK) {
			offset += (uint64_t)got;
			size -= (uint64_t)got;
		}
	}
	free(piece);
	return code;
}

int section_cut(int fd, struct cache *cache, const struct cache_key *key, char **path,
		struct note_error *err)
{
	struct image *image;
	struct staging *staging = NULL;
	GElf_Shdr shdr;
	*path = NULL;
	int code = image_open_fd(&image, fd, err);
	if (code != NOTE_OK)
		return code;
	code = image_read_elf(image, err);
	if (code != NOTE_OK)
		goto out;
	if (image_find_section(image, key->wanted, &shdr) == 0 || shdr.sh_type == SHT_NOBITS ||
	    shdr.sh_size == 0) {
		code = error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no section %s in it",
				 key->wanted);
		goto out;
	}
	if (shdr.sh_offset > image->size || shdr.sh_size > image->size - shdr.sh_offset) {
		code = error_set(err, NOTE_MALFORMED, shdr.sh_offset,
				 "section %s ends after the file", key->wanted);
		goto out;
	}
	code = staging_open(&staging, cache, key, err);
	if (code == NOTE_OK)
		code = copy(fd, shdr.sh_offset, shdr.sh_size, staging, err);
	if (code == NOTE_OK) {
		code = staging_commit(staging, path, err);
		staging = NULL;
	}
out:
	staging_drop(staging);
	image_close(image);
	return code;
}
