/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as an ELF file or static archive: headers, names, kind, debuglink, notes, the judge. */
#include <stdlib.h>
#include <string.h>

#include "libnote/describe.h"
#include "libnote/judge/check.h"
#include "libnote/static_archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take_problem(void *context, const struct note_problem *problem)
{
	*(size_t *)context += strlen(problem->code) + strlen(problem->detail);
	return 1;
}

static bool take_note(void *context, const struct elf_note *note)
{
	size_t *sum = context;
	*sum += strlen(note->owner);
	for (uint64_t i = 0; i < note->desc_size; i++)
		*sum += note->desc[i];
	note_type_name(note->owner, note->type);
	return true;
}

static void read_all(struct image *image)
{
	GElf_Phdr phdr;
	GElf_Shdr shdr;
	size_t sum = 0;
	const char *name;
	uint32_t crc;
	if (image_read_elf(image, NULL) != NOTE_OK)
		return;
	for (uint64_t i = 0; i < image->phnum && image_phdr(image, i, &phdr, NULL) == NOTE_OK; i++)
		sum += phdr.p_type;
	for (uint64_t i = 0; i < image->shnum && image_shdr(image, i, &shdr, NULL) == NOTE_OK;
	     i++) {
		name = image_section_name(image, &shdr, NULL);
		if (name != NULL)
			sum += strlen(name);
	}
	elf_file_kind(image);
	if (elf_debuglink(image, &name, &crc, NULL) == NOTE_OK)
		sum += strlen(name);
	elf_notes(image, take_note, &sum, NULL);
	elf_check(image, take_problem, &sum, NULL);
}

static bool take_member(void *context, const struct static_archive_member *member)
{
	(void)context;
	if (strlen(member->name) < 4096 && member->image != NULL)
		read_all(member->image);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image *image;
	if (image_open_memory(&image, data, size, NULL) != NOTE_OK)
		return 0;
	read_all(image);
	static_archive_members(image, take_member, NULL, NULL);
	image_close(image);
	return 0;
}
