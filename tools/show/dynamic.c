/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The dynamic section (gABI, chapter 5): pairs of a tag and a value, up to DT_NULL. The values of
 * DT_SONAME and DT_NEEDED count from the string table, DT_STRTAB, which is an address: the PT_LOAD
 * that holds it says where in the file it lies.
 */
#include "tools/show/dynamic.h"

#define MOST_ENTRIES 65536
#define MOST_NEEDED  4096

struct names {
	struct image *image;
	struct span entries;
	uint64_t strings; /* offset in the file */
	uint64_t limit;
};

static uint64_t entry_at(const struct names *names, uint64_t at, uint64_t *value)
{
	const bool wide = names->image->is_64, big = names->image->is_big;
	*value = span_word(names->entries, at + (wide ? 8 : 4), wide, big);
	return span_word(names->entries, at, wide, big);
}

/* The place in the file of the address AT, and where that segment ends there. */
static bool find_place(struct image *image, uint64_t at, uint64_t *offset, uint64_t *limit)
{
	GElf_Phdr phdr;
	for (uint64_t i = 0; i < image->phnum; i++)
		if (image_phdr(image, i, &phdr, NULL) == NOTE_OK && phdr.p_type == PT_LOAD &&
		    at >= phdr.p_vaddr && at - phdr.p_vaddr < phdr.p_filesz &&
		    !__builtin_add_overflow(phdr.p_offset, at - phdr.p_vaddr, offset) &&
		    !__builtin_add_overflow(phdr.p_offset, phdr.p_filesz, limit))
			return true;
	return false;
}

static bool find_entries(struct names *names)
{
	struct image *image = names->image;
	const uint64_t unit = image->is_64 ? 16 : 8;
	GElf_Phdr phdr;
	for (uint64_t i = 0; i < image->phnum; i++) {
		if (image_phdr(image, i, &phdr, NULL) != NOTE_OK)
			return false;
		if (phdr.p_type != PT_DYNAMIC)
			continue;
		uint64_t count = phdr.p_filesz / unit;
		if (count > MOST_ENTRIES)
			count = MOST_ENTRIES;
		return image_span(image, phdr.p_offset, count * unit, "dynamic section",
				  &names->entries, NULL) == NOTE_OK;
	}
	return false;
}

static char *name_at(const struct names *names, uint64_t value)
{
	uint64_t offset;
	if (__builtin_add_overflow(names->strings, value, &offset) || offset >= names->limit)
		return NULL;
	const char *name =
		image_string(names->image, offset, names->limit, "a library's name", NULL);
	return name != NULL && name[0] != '\0' ? name_to_utf8(name) : NULL;
}

void dynamic_names(struct image *image, char **soname, struct strings *needed)
{
	struct names names = {.image = image};
	const uint64_t unit = image->is_64 ? 16 : 8;
	uint64_t tag = DT_NULL, value, table = 0;
	*soname = NULL;
	if (!find_entries(&names))
		return;
	for (uint64_t at = 0; at < names.entries.size; at += unit) {
		tag = entry_at(&names, at, &value);
		if (tag == DT_NULL)
			break;
		if (tag == DT_STRTAB)
			table = value;
	}
	if (!find_place(image, table, &names.strings, &names.limit))
		return;
	for (uint64_t at = 0; at < names.entries.size; at += unit) {
		tag = entry_at(&names, at, &value);
		if (tag == DT_NULL)
			break;
		if (tag == DT_SONAME && *soname == NULL)
			*soname = name_at(&names, value);
		char *name = tag == DT_NEEDED && needed->count < MOST_NEEDED
				     ? name_at(&names, value)
				     : NULL;
		if (name != NULL)
			strings_take(needed, name);
	}
}
