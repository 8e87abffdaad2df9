/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Single sections, as debuginfod serves them: the bytes as they stand in the file, those of the
 * debug file before those of the executable. Of an executable without its debug information only
 * what is loaded is taken: the rest differs from the debug file's for reasons of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/image.h"
#include "tools/share/internal.h"
#include "tools/share/look.h"

static int copy_bytes(struct image *image, const GElf_Shdr *shdr, struct spool *spool,
		      struct note_error *err)
{
	uint8_t *buffer = xmalloc(COPY_BUFFER);
	int code = NOTE_OK;
	for (uint64_t done = 0; code == NOTE_OK && done < shdr->sh_size;) {
		const uint64_t left = shdr->sh_size - done;
		const uint64_t step = left < COPY_BUFFER ? left : COPY_BUFFER;
		uint64_t offset;
		if (__builtin_add_overflow(shdr->sh_offset, done, &offset))
			code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "section: offset");
		else
			code = image_copy(image, offset, step, buffer, "section", err);
		if (code == NOTE_OK)
			code = spool_add(spool, buffer, step, err);
		done += step;
	}
	free(buffer);
	return code;
}

static int take_section(struct share *share, struct image *image, const char *name,
			const GElf_Shdr *shdr, size_t number, struct spooled *spooled,
			struct note_error *err)
{
	struct spool spool;
	struct spooled_section *section;
	char *origin = xasprintf("%s[%s]", spooled->origin, name);
	spooled->sections = xrealloc(spooled->sections,
				     (spooled->section_count + 1) * sizeof(*spooled->sections));
	section = &spooled->sections[spooled->section_count];
	char *suffix = xasprintf(".section.%zu", spooled->section_count);
	int code = spool_open(share, origin, number, suffix, &spool, err);
	free(suffix);
	free(origin);
	if (code != NOTE_OK)
		return code;
	code = copy_bytes(image, shdr, &spool, err);
	const int closed = spool_close(&spool, &section->file, code == NOTE_OK ? err : NULL);
	if (closed != NOTE_OK)
		return code != NOTE_OK ? code : closed;
	section->name = xstrdup(name);
	spooled->section_count++;
	return code;
}

/* What objcopy 2.44 may make of the empty sections of a debug file (.text among them): its bytes
 * are others'. */
static bool is_no_note(const GElf_Shdr *shdr, const char *name)
{
	return shdr->sh_type == SHT_NOTE && (shdr->sh_flags & SHF_ALLOC) != 0 &&
	       strncmp(name, ".note", 5) != 0;
}

int spool_sections(struct share *share, int fd, const struct look *look, size_t number,
		   struct spooled *spooled, struct note_error *err)
{
	const struct strings *wanted = share->hooks->sections;
	struct image *image;
	if (wanted == NULL || wanted->count == 0)
		return NOTE_OK;
	const bool debug = look->has_dwarf || is_debug_path(spooled->origin);
	int code = image_open_fd(&image, fd, err);
	if (code != NOTE_OK)
		return code;
	code = image_read_elf(image, err);
	for (size_t i = 0; code == NOTE_OK && i < wanted->count; i++) {
		GElf_Shdr shdr;
		if (image_find_section(image, wanted->items[i], &shdr) == 0 ||
		    shdr.sh_type == SHT_NOBITS || shdr.sh_size == 0 ||
		    is_no_note(&shdr, wanted->items[i]) ||
		    (!debug && (shdr.sh_flags & SHF_ALLOC) == 0))
			continue;
		code = take_section(share, image, wanted->items[i], &shdr, number, spooled, err);
	}
	image_close(image);
	return code;
}
