/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/elf/draft.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "libnote/error.h"
#include "libnote/large.h"
#include "tools/base/expansion/expansion.h"

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2
#endif

void draft_begin(struct draft *draft, const struct plan *plan)
{
	*draft = (struct draft){.plan.count = plan->count};
	draft->plan.sections = xcalloc(plan->count, sizeof(*plan->sections));
	memcpy(draft->plan.sections, plan->sections, plan->count * sizeof(*plan->sections));
}

void draft_free(struct draft *draft)
{
	for (size_t i = 0; i < draft->owned_count; i++)
		free(draft->owned[i]);
	free(draft->owned);
	plan_free(&draft->plan);
	*draft = (struct draft){0};
}

static void own(struct draft *draft, uint8_t *bytes)
{
	draft->owned = xrealloc(draft->owned, (draft->owned_count + 1) * sizeof(*draft->owned));
	draft->owned[draft->owned_count++] = bytes;
}

void draft_replace(struct draft *draft, uint64_t index, uint8_t *bytes, uint64_t size)
{
	struct plan_section *section = &draft->plan.sections[index];
	own(draft, bytes);
	section->bytes = bytes;
	section->shdr.sh_size = size;
	section->edited = true;
}

int draft_add(struct draft *draft, const struct image *image, const char *name, uint8_t *bytes,
	      uint64_t size, struct note_error *err)
{
	struct plan *plan = &draft->plan;
	const uint64_t table = image->shstrndx;
	own(draft, bytes);
	if (table == SHN_UNDEF || table >= plan->count || plan->sections[table].bytes == NULL ||
	    plan->sections[table].shdr.sh_size > UINT32_MAX / 2)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "there is no table for the name of section %s", name);
	const struct plan_section *names = &plan->sections[table];
	const uint64_t old = names->shdr.sh_size;
	uint8_t *grown = xmalloc(old + strlen(name) + 1);
	memcpy(grown, names->bytes, old);
	memcpy(grown + old, name, strlen(name) + 1);
	draft_replace(draft, table, grown, old + strlen(name) + 1);
	plan->sections = xrealloc(plan->sections, (plan->count + 1) * sizeof(*plan->sections));
	plan->sections[plan->count++] = (struct plan_section){
		.shdr = {.sh_name = (uint32_t)old,
			 .sh_type = SHT_PROGBITS,
			 .sh_size = size,
			 .sh_addralign = 4},
		.name = name,
		.fate = FATE_DEBUG,
		.bytes = bytes,
		.edited = true,
	};
	return NOTE_OK;
}

static bool inflate(uint32_t type, const uint8_t *from, uint64_t from_size, uint8_t *to,
		    uint64_t size)
{
	if (type == ELFCOMPRESS_ZSTD)
		return ZSTD_decompress(to, size, from, from_size) == size;
	struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();
	const bool good = inflater != NULL &&
			  libdeflate_zlib_decompress(inflater, from, from_size, to, size, NULL) ==
				  LIBDEFLATE_SUCCESS;
	libdeflate_free_decompressor(inflater);
	return good;
}

static int inflate_section(struct draft *draft, const struct image *image, uint64_t index,
			   uint64_t *left, struct note_error *err)
{
	struct plan_section *section = &draft->plan.sections[index];
	const uint64_t header = image->is_64 ? sizeof(Elf64_Chdr) : sizeof(Elf32_Chdr);
	const uint64_t stored = section->shdr.sh_size;
	const uint8_t *p = section->bytes;
	if (stored < header)
		return error_set(err, NOTE_MALFORMED, section->shdr.sh_offset,
				 "%s: a compressed section without its header", section->name);
	const uint32_t type = image_u32(image, p);
	const uint64_t size = image->is_64 ? image_u64(image, p + 8) : image_u32(image, p + 4);
	const uint64_t alignment =
		image->is_64 ? image_u64(image, p + 16) : image_u32(image, p + 8);
	if (type != ELFCOMPRESS_ZLIB && type != ELFCOMPRESS_ZSTD)
		return error_set(err, NOTE_UNSUPPORTED, section->shdr.sh_offset,
				 "%s: a section compressed in an unknown way", section->name);
	if (size > *left)
		return expansion_error(err, NOTE_MALFORMED, section->shdr.sh_offset, section->name,
				       EXPANSION_MEMORY);
	*left -= size;
	uint8_t *to = large_alloc(size);
	if (to == NULL)
		return error_system(err, "%s", section->name);
	if (!inflate(type, p + header, stored - header, to, size)) {
		free(to);
		return error_set(err, NOTE_MALFORMED, section->shdr.sh_offset,
				 "%s: a compressed section that is broken", section->name);
	}
	draft_replace(draft, index, to, size);
	section->shdr.sh_flags &= ~(uint64_t)SHF_COMPRESSED;
	section->shdr.sh_addralign = alignment;
	return NOTE_OK;
}

int draft_inflate(struct draft *draft, const struct image *image, struct note_error *err)
{
	uint64_t left = expansion_bound(image->size, EXPANSION_MEMORY);
	int code = NOTE_OK;
	for (uint64_t i = 1; code == NOTE_OK && i < draft->plan.count; i++) {
		const struct plan_section *section = &draft->plan.sections[i];
		if (section->fate == FATE_DEBUG && section->bytes != NULL &&
		    (section->shdr.sh_flags & SHF_COMPRESSED) != 0)
			code = inflate_section(draft, image, i, &left, err);
	}
	return code;
}
