/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Units of relocatable files whose first entry holds a path inline, as nasm's and yasm's do. A
 * reference to a string section would want a relocation that is not there, so the path grows where
 * it is: what lies behind it moves, with its relocations (DWARF 5, 7.5.1; gABI, Relocation).
 *
 * Only where nobody counts from the unit's beginning to what lies behind: it is alone in its
 * section, no entry refers to another, no symbol and no index of names leads into it. That is what
 * assemblers make; where it is otherwise the path stays, and is counted.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/dwarf/unit.h"

static bool is_reference(uint64_t form)
{
	switch (form) {
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
	case DW_FORM_ref_udata:
	case DW_FORM_ref_addr:
	case DW_FORM_indirect:
		return true;
	default:
		return false;
	}
}

static bool has_references(const struct dwarf *dwarf, const struct unit *unit)
{
	struct cursor cursor =
		section_cursor(dwarf, dwarf->abbrev, unit->abbrevs, dwarf->abbrev->size);
	uint64_t attribute, form;
	while (cursor_uleb(&cursor) != 0) {
		cursor_uleb(&cursor); /* tag */
		cursor_skip(&cursor, 1);
		while (abbrev_attribute(&cursor, &attribute, &form))
			if (is_reference(form))
				return true;
	}
	return cursor.bad;
}

/* Indices of names say where in a unit an entry is. */
static bool has_index(const struct dwarf *dwarf)
{
	for (uint64_t i = 1; i < dwarf->image->shnum; i++) {
		GElf_Shdr shdr;
		if (image_shdr(dwarf->image, i, &shdr, NULL) != NOTE_OK)
			return true;
		const char *name = image_section_name(dwarf->image, &shdr, NULL);
		if (name == NULL || (shdr.sh_size != 0 && (strstr(name, "_pubnames") != NULL ||
							   strstr(name, "_pubtypes") != NULL)))
			return true;
	}
	return dwarf->has_names;
}

static bool can_grow(const struct dwarf *dwarf, const struct unit *unit)
{
	const struct debug_section *section = unit->section;
	return section->relocations != NULL && dwarf->abbrev != NULL && unit->start == 0 &&
	       unit->end == section->size &&
	       !relocations_name_inside(dwarf, section, unit->entry) &&
	       !has_references(dwarf, unit) && !has_index(dwarf);
}

static void add(struct debug_section *section, uint64_t at, const char *text)
{
	if (text == NULL)
		return;
	section->grown =
		xrealloc(section->grown, (section->grown_count + 1) * sizeof(*section->grown));
	section->grown[section->grown_count++] =
		(struct splice){at, strlen((const char *)section->bytes + at), xstrdup(text)};
}

bool unit_grow(const struct dwarf *dwarf, const struct unit *unit, const struct unit_texts *texts)
{
	const bool name = texts->name != NULL && unit->name_form == DW_FORM_string;
	const bool comp_dir = texts->comp_dir != NULL && unit->comp_dir_form == DW_FORM_string;
	const bool name_first = unit->name_at < unit->comp_dir_at;
	struct debug_section *section = unit->section;
	if (name != (texts->name != NULL) || comp_dir != (texts->comp_dir != NULL) ||
	    texts->split != NULL || !can_grow(dwarf, unit))
		return false;
	if (name_first)
		add(section, unit->name_at, texts->name);
	add(section, unit->comp_dir_at, texts->comp_dir);
	if (!name_first)
		add(section, unit->name_at, texts->name);
	section->unit_offset_size = unit->context.offset_size;
	return true;
}

/* The length of the section's one unit counts what it has grown by. */
static void put_length(const struct dwarf *dwarf, struct text *out, unsigned offset_size)
{
	uint8_t *bytes = (uint8_t *)out->data;
	if (offset_size == 8)
		image_put64(dwarf->image, bytes + 4, out->size - 12);
	else
		image_put32(dwarf->image, bytes, (uint32_t)(out->size - 4));
}

uint8_t *section_grow(struct dwarf *dwarf, struct debug_section *section, uint64_t *size)
{
	const uint8_t *bytes = section_now(section);
	struct text out = {0};
	uint64_t from = 0;
	for (size_t i = 0; i < section->grown_count; i++) {
		const struct splice *splice = &section->grown[i];
		text_add(&out, bytes + from, splice->at - from);
		text_puts(&out, splice->text);
		from = splice->at + splice->old_size;
	}
	text_add(&out, bytes + from, section->size - from);
	put_length(dwarf, &out, section->unit_offset_size);
	relocations_move(dwarf, section, section->grown, section->grown_count);
	*size = out.size;
	return (uint8_t *)out.data;
}
