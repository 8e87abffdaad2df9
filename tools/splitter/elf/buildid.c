/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/elf/buildid.h"

#include <endian.h>
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

/* SIZE bytes of NUMBERS, which become little-endian words: together, for a call costs more than
 * what it hashes of one. */
static void add_numbers(XXH3_state_t *state, uint64_t numbers[], size_t size)
{
	for (size_t i = 0; i < size / sizeof(numbers[0]); i++)
		numbers[i] = htole64(numbers[i]);
	XXH3_128bits_update(state, numbers, size);
}

static void add_text(XXH3_state_t *state, const char *text)
{
	uint64_t length[] = {strlen(text)};
	add_numbers(state, length, sizeof(length));
	XXH3_128bits_update(state, text, strlen(text));
}

static int add_headers(XXH3_state_t *state, struct image *image, struct note_error *err)
{
	const GElf_Ehdr *ehdr = &image->ehdr;
	XXH3_128bits_update(state, ehdr->e_ident, EI_NIDENT);
	uint64_t header[] = {ehdr->e_type,    ehdr->e_machine, ehdr->e_flags,
			     ehdr->e_version, ehdr->e_entry,   image->phnum};
	add_numbers(state, header, sizeof(header));
	for (uint64_t i = 0; i < image->phnum; i++) {
		GElf_Phdr phdr;
		int code = image_phdr(image, i, &phdr, err);
		if (code != NOTE_OK)
			return code;
		uint64_t segment[] = {phdr.p_type,  phdr.p_flags,  phdr.p_offset, phdr.p_vaddr,
				      phdr.p_paddr, phdr.p_filesz, phdr.p_memsz,  phdr.p_align};
		add_numbers(state, segment, sizeof(segment));
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
	uint64_t numbers[] = {
		shdr->sh_type,    shdr->sh_flags,
		shdr->sh_addr,    shdr->sh_size,
		shdr->sh_link,    shdr->sh_info,
		shdr->sh_entsize, shdr->sh_addralign,
		shdr->sh_name,    (shdr->sh_flags & SHF_ALLOC) != 0 ? shdr->sh_offset : 0,
	};
	add_numbers(state, numbers, sizeof(numbers));
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
