/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/share/look.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/image.h"
#include "libnote/note.h"
#include "tools/base/elf/loaded.h"
#include "tools/base/text.h"
#include "tools/share/internal.h"

bool share_same_loaded(struct share *share, const char *a, const char *b)
{
	int x = -1, y = -1;
	const bool same = root_open_file(share->root, a, &x, NULL) == NOTE_OK &&
			  root_open_file(share->root, b, &y, NULL) == NOTE_OK && loaded_same(x, y);
	if (x >= 0)
		close(x);
	if (y >= 0)
		close(y);
	return same;
}

bool is_debug_path(const char *path)
{
	return strncmp(path, "usr/lib/debug/", 14) == 0 || ends_with(path, ".debug");
}

/* N-V.A by the note; a note that does not say all three names nothing. */
static char *package_name(struct image *image)
{
	const char *payload;
	size_t length;
	struct note_package *package;
	char *out = NULL;
	if (elf_package(image, &payload, &length, NULL, NULL) != NOTE_OK ||
	    note_package_parse(&package, payload, length, NULL) != NOTE_OK)
		return NULL;
	const char *name = note_package_get(package, "name");
	const char *version = note_package_get(package, "version");
	const char *architecture = note_package_get(package, "architecture");
	if (name != NULL && version != NULL && architecture != NULL)
		out = xasprintf("%s-%s.%s", name, version, architecture);
	note_package_free(package);
	return out;
}

static int look_at_elf(struct image *image, struct look *look, struct note_error *err)
{
	GElf_Shdr dwarf;
	const uint8_t *id;
	size_t size;
	int code = elf_build_id(image, &id, &size, NULL, err);
	if (code == NOTE_ABSENT)
		return NOTE_OK;
	if (code != NOTE_OK)
		return code;
	if (size < MIN_BUILD_ID || size > MAX_BUILD_ID)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "a build-id of %zu bytes: only those of %d to %d can be served",
				 size, MIN_BUILD_ID, MAX_BUILD_ID);
	hex_encode(id, size, look->build_id);
	look->has_dwarf = image_find_section(image, ".debug_info", &dwarf) != 0 &&
			  dwarf.sh_type != SHT_NOBITS && dwarf.sh_size != 0;
	look->alternate = image_find_section(image, ".gnu_debugaltlink", &dwarf) != 0;
	look->package = package_name(image);
	return NOTE_OK;
}

int look_at(int fd, struct look *look, struct note_error *err)
{
	struct image *image;
	*look = (struct look){0};
	int code = image_open_fd(&image, fd, err);
	if (code != NOTE_OK)
		return code;
	code = image_read_elf(image, err);
	if (code == NOTE_ABSENT)
		code = NOTE_OK;
	else if (code == NOTE_OK && image->ehdr.e_type != ET_CORE)
		code = look_at_elf(image, look, err);
	image_close(image);
	if (code != NOTE_OK)
		look_free(look);
	return code;
}

void look_free(struct look *look)
{
	free(look->package);
	*look = (struct look){0};
}
