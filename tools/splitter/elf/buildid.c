/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/elf/buildid.h"

#include <string.h>
#include <xxhash.h>

#include "libnote/error.h"
#include "libnote/note.h"

int build_id_find(struct image *image, struct build_id *out, struct note_error *err)
{
	const uint8_t *bytes;
	int code = elf_build_id(image, &bytes, &out->size, &out->offset, err);
	if (code != NOTE_OK)
		return code;
	if (out->size == 0)
		return error_set(err, NOTE_ABSENT, out->offset, "empty build-id");
	if (out->size > BUILD_ID_MAX)
		return error_set(err, NOTE_UNSUPPORTED, out->offset, "build-id of %zu bytes",
				 out->size);
	memcpy(out->bytes, bytes, out->size);
	return NOTE_OK;
}

static void add_number(XXH3_state_t *state, uint64_t value)
{
	uint8_t bytes[8];
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	XXH3_128bits_update(state, bytes, sizeof(bytes));
}

static void add_text(XXH3_state_t *state, const char *text)
{
	add_number(state, strlen(text));
	XXH3_128bits_update(state, text, strlen(text));
}

static int add_headers(XXH3_state_t *state, struct image *image, struct note_error *err)
{
	const GElf_Ehdr *ehdr = &image->ehdr;
	XXH3_128bits_update(state, ehdr->e_ident, EI_NIDENT);
	add_number(state, ehdr->e_type);
	add_number(state, ehdr->e_machine);
	add_number(state, ehdr->e_flags);
	add_number(state, ehdr->e_version);
	add_number(state, ehdr->e_entry);
	add_number(state, image->phnum);
	for (uint64_t i = 0; i < image->phnum; i++) {
		GElf_Phdr phdr;
		int code = image_phdr(image, i, &phdr, err);
		if (code != NOTE_OK)
			return code;
		add_number(state, phdr.p_type);
		add_number(state, phdr.p_flags);
		add_number(state, phdr.p_offset);
		add_number(state, phdr.p_vaddr);
		add_number(state, phdr.p_paddr);
		add_number(state, phdr.p_filesz);
		add_number(state, phdr.p_memsz);
		add_number(state, phdr.p_align);
	}
	return NOTE_OK;
}

/* The contents of a section; where they hold the id, zeros stand for it. */
static void add_contents(XXH3_state_t *state, const struct plan_section *section,
			 const struct build_id *id)
{
	static const uint8_t zeros[BUILD_ID_MAX];
	const uint64_t start = section->shdr.sh_offset;
	const uint64_t size = section->shdr.sh_size;
	const uint64_t before = id->offset - start;
	if (id->offset < start || before > size || id->size > size - before) {
		XXH3_128bits_update(state, section->bytes, size);
		return;
	}
	XXH3_128bits_update(state, section->bytes, before);
	XXH3_128bits_update(state, zeros, id->size);
	XXH3_128bits_update(state, section->bytes + before + id->size, size - before - id->size);
}

/* All of a header that the debug file has, too: files of one id have one debug file. Where a
 * section lies in the file is of what is loaded alone. */
static void add_section(XXH3_state_t *state, const GElf_Shdr *shdr)
{
	const uint64_t numbers[] = {
		shdr->sh_type,    shdr->sh_flags,
		shdr->sh_addr,    shdr->sh_size,
		shdr->sh_link,    shdr->sh_info,
		shdr->sh_entsize, shdr->sh_addralign,
		shdr->sh_name,    (shdr->sh_flags & SHF_ALLOC) != 0 ? shdr->sh_offset : 0,
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		add_number(state, numbers[i]);
}

int build_id_compute(struct image *image, const struct plan *plan, const char *seed,
		     struct build_id *id, struct note_error *err)
{
	XXH3_state_t *state = XXH3_createState();
	if (state == NULL)
		return error_system(err, "build-id");
	XXH3_128bits_reset(state);
	add_text(state, seed != NULL ? seed : "");
	int code = add_headers(state, image, err);
	for (uint64_t i = 1; code == NOTE_OK && i < plan->count; i++) {
		const struct plan_section *section = &plan->sections[i];
		add_text(state, section->name);
		add_section(state, &section->shdr);
		if (section->bytes != NULL)
			add_contents(state, section, id);
	}
	for (size_t done = 0; code == NOTE_OK && done < id->size;) {
		XXH128_canonical_t digest;
		XXH128_canonicalFromHash(&digest, XXH3_128bits_digest(state));
		const size_t left = id->size - done;
		const size_t take = left < sizeof(digest.digest) ? left : sizeof(digest.digest);
		memcpy(id->bytes + done, digest.digest, take);
		XXH3_128bits_update(state, digest.digest, sizeof(digest.digest));
		done += take;
	}
	XXH3_freeState(state);
	return code;
}
