/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Paths that a unit's first entry holds inline (DW_FORM_string), as assemblers, Go, and gcc for
 * short ones write them, or in an alternate file, which others share. Entries behind it are
 * referred to by their offsets, so the entry must not change its size: it is encoded anew in the
 * same room, by an abbreviation of its own.
 *
 *   - A path of the alternate file becomes one of the unit's own file: both are references.
 *   - A path that is shorter stays inline; one that is longer becomes a reference to a string
 *     section.
 *   - Where that takes more room than there is, other attributes are held in less: inline strings
 *     (the producer) as references, the size of the code (DW_AT_high_pc) as a LEB128 number, in
 *     DWARF 5 the language as a constant in the abbreviation.
 *   - What is left over is filled up by an attribute without a meaning, a block of zeros.
 *
 * The abbreviation table that belongs to it is a copy of the unit's, behind the old tables, with
 * that one entry exchanged; units whose entries come out alike share it.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/dwarf/unit.h"

/* DW_AT_src_coords: reserved long ago for a GNU extension that was never made, so that every
 * reader knows its name and none its meaning. */
#define DW_AT_padding 0x2104

/* How an attribute will be held. */
struct encoding {
	uint64_t form;
	uint64_t size;
	const char *text; /* for forms of strings */
	uint64_t value;   /* for numbers */
};

struct plan {
	struct dwarf *dwarf;
	struct unit *unit;
	struct encoding fields[MAX_ATTRIBUTES];
	uint64_t room; /* of the entry's values */
	uint64_t size; /* of the encodings so far */
	struct string_table *table;
	uint64_t reference; /* its form: DW_FORM_strp or DW_FORM_line_strp */
};

static unsigned uleb_size(uint64_t value)
{
	unsigned size = 1;
	while ((value >>= 7) != 0)
		size++;
	return size;
}

static void put_uleb(struct text *out, uint64_t value)
{
	do {
		uint8_t byte = value & 0x7f;
		value >>= 7;
		if (value != 0)
			byte |= 0x80;
		text_add(out, &byte, 1);
	} while (value != 0);
}

/* In SIZE bytes: LEB128 numbers may end in zero digits. */
static void put_padded_uleb(struct text *out, uint64_t value, uint64_t size)
{
	for (uint64_t i = 1; i <= size; i++) {
		uint8_t byte = (uint8_t)(value & 0x7f) | (i < size ? 0x80 : 0);
		text_add(out, &byte, 1);
		value >>= 7;
	}
}

/* For values of at least 0. */
static void put_sleb(struct text *out, uint64_t value)
{
	while (value > 0x3f) {
		uint8_t byte = (uint8_t)(value & 0x7f) | 0x80;
		text_add(out, &byte, 1);
		value >>= 7;
	}
	uint8_t last = (uint8_t)value;
	text_add(out, &last, 1);
}

static void set_size(struct plan *plan, struct encoding *field, uint64_t size)
{
	plan->size = plan->size - field->size + size;
	field->size = size;
}

static void make_reference(struct plan *plan, struct encoding *field)
{
	field->form = plan->reference;
	set_size(plan, field, plan->unit->context.offset_size);
}

/* The old text of an inline string. */
static const char *old_text(const struct plan *plan, const struct field *field)
{
	return (const char *)plan->unit->section->bytes + field->at;
}

/* Holds other attributes in less room until the entry fits; false where it never does. */
static bool squeeze(struct plan *plan)
{
	struct unit *unit = plan->unit;
	unsigned reference_size = unit->context.offset_size;
	for (unsigned i = 0; i < unit->field_count && plan->size > plan->room; i++) {
		const struct field *old = &unit->fields[i];
		struct encoding *field = &plan->fields[i];
		if (field->form != DW_FORM_string || field->size <= reference_size ||
		    plan->table == NULL)
			continue;
		if (field->text == NULL)
			field->text = old_text(plan, old);
		make_reference(plan, field);
	}
	for (unsigned i = 0; i < unit->field_count && plan->size > plan->room; i++) {
		const struct field *old = &unit->fields[i];
		struct encoding *field = &plan->fields[i];
		bool is_size = old->attribute == DW_AT_high_pc &&
			       (old->form == DW_FORM_data8 || old->form == DW_FORM_data4);
		if (!is_size || unit->context.version < 4)
			continue;
		uint64_t value = unit_constant(plan->dwarf, unit, old->at, old->form);
		uint64_t lacking = plan->size - plan->room, least = uleb_size(value);
		if (least >= old->size)
			continue;
		field->value = value;
		field->form = DW_FORM_udata;
		set_size(plan, field, old->size - least > lacking ? old->size - lacking : least);
	}
	for (unsigned i = 0; i < unit->field_count && plan->size > plan->room; i++) {
		const struct field *old = &unit->fields[i];
		struct encoding *field = &plan->fields[i];
		if (old->attribute != DW_AT_language || unit->context.version < 5 ||
		    (old->form != DW_FORM_data1 && old->form != DW_FORM_data2))
			continue;
		field->value = unit_constant(plan->dwarf, unit, old->at, old->form);
		field->form = DW_FORM_implicit_const;
		set_size(plan, field, 0);
	}
	return plan->size <= plan->room;
}

/* --- the abbreviation --- */

/* The declaration behind its code: tag, children, attributes with their forms. */
static void put_declaration(const struct plan *plan, struct text *out)
{
	const struct unit *unit = plan->unit;
	const uint8_t *abbrevs = plan->dwarf->abbrev->bytes;
	put_uleb(out, unit->tag);
	text_add(out, &unit->has_children, 1);
	for (unsigned i = 0; i < unit->field_count; i++) {
		const struct field *old = &unit->fields[i];
		put_uleb(out, old->attribute);
		put_uleb(out, plan->fields[i].form);
		if (old->form == DW_FORM_implicit_const)
			text_add(out, abbrevs + old->constant_at, old->constant_size);
		else if (plan->fields[i].form == DW_FORM_implicit_const)
			put_sleb(out, plan->fields[i].value);
	}
	uint64_t left = plan->room - plan->size;
	if (left > 0) {
		put_uleb(out, DW_AT_padding);
		put_uleb(out, left <= 256 ? DW_FORM_block1 : DW_FORM_block4);
	}
	text_add(out, "\0", 2);
}

/* Copies the unit's table, with DECLARATION instead of that of its code. */
static int copy_table(const struct plan *plan, const struct text *declaration, struct text *out)
{
	struct dwarf *dwarf = plan->dwarf;
	const struct unit *unit = plan->unit;
	uint64_t room = dwarf->abbrev->size * 4 + 65536;
	struct cursor cursor =
		section_cursor(dwarf, dwarf->abbrev, unit->abbrevs, dwarf->abbrev->size);
	for (;;) {
		uint64_t start = cursor.at;
		uint64_t code = cursor_uleb(&cursor);
		if (code != 0) {
			uint64_t attribute, form;
			cursor_uleb(&cursor);
			cursor_skip(&cursor, 1);
			while (abbrev_attribute(&cursor, &attribute, &form))
				;
		}
		if (cursor.bad)
			return section_error(dwarf, dwarf->abbrev, unit->abbrevs, NOTE_MALFORMED,
					     "a table without an end");
		if (code == unit->code && code != 0) {
			put_uleb(out, code);
			text_add(out, declaration->data, declaration->size);
		} else {
			text_add(out, dwarf->abbrev->bytes + start, cursor.at - start);
		}
		/* Units by the thousand that want tables of their own are no compiler's. */
		dwarf->tables_full = out->size + dwarf->abbrevs_added.size > room;
		if (dwarf->tables_full)
			return section_error(dwarf, dwarf->abbrev, unit->abbrevs, NOTE_UNSUPPORTED,
					     "too many abbreviation tables would be needed");
		if (code == 0)
			return NOTE_OK;
	}
}

/* Sets the unit's table to one with the entry's new form. */
static int set_table(struct plan *plan)
{
	struct dwarf *dwarf = plan->dwarf;
	struct unit *unit = plan->unit;
	struct text declaration = {0}, table = {0};
	put_declaration(plan, &declaration);
	uint64_t hash = hash_bytes(declaration.data, declaration.size,
				   hash_number(unit->abbrevs, unit->code));
	const struct new_table *found = NULL;
	size_t step = 0;
	for (uint32_t i; (i = hash_map_next(&dwarf->tables_by_hash, hash, &step)) != HASH_NONE;) {
		const struct new_table *other = &dwarf->tables[i];
		if (other->old == unit->abbrevs && other->code == unit->code &&
		    other->declaration_size == declaration.size &&
		    memcmp(dwarf->abbrevs_added.data + other->declaration_at, declaration.data,
			   declaration.size) == 0)
			found = other;
	}
	int code = NOTE_OK;
	if (found == NULL && dwarf->tables_full)
		code = section_error(dwarf, dwarf->abbrev, unit->abbrevs, NOTE_UNSUPPORTED,
				     "too many abbreviation tables would be needed");
	if (code != NOTE_OK)
		goto out;
	if (found == NULL) {
		code = copy_table(plan, &declaration, &table);
		if (code != NOTE_OK)
			goto out;
		dwarf->tables =
			xrealloc(dwarf->tables, (dwarf->table_count + 1) * sizeof(*dwarf->tables));
		struct new_table *added = &dwarf->tables[dwarf->table_count];
		const char *at = memmem(table.data, table.size, declaration.data, declaration.size);
		*added = (struct new_table){
			.old = unit->abbrevs,
			.code = unit->code,
			.now = dwarf->abbrev->size + dwarf->abbrevs_added.size,
			.declaration_at = dwarf->abbrevs_added.size + (uint64_t)(at - table.data),
			.declaration_size = declaration.size,
		};
		hash_map_add(&dwarf->tables_by_hash, hash, (uint32_t)dwarf->table_count++);
		text_add(&dwarf->abbrevs_added, table.data, table.size);
		found = added;
	}
	code = section_put_offset(dwarf, unit->section, unit->abbrevs_at, unit->context.offset_size,
				  found->now);
out:
	text_free(&declaration);
	text_free(&table);
	return code;
}

/* --- the entry --- */

static int put_field(struct plan *plan, unsigned index, struct text *out)
{
	struct unit *unit = plan->unit;
	const struct field *old = &unit->fields[index];
	const struct encoding *field = &plan->fields[index];
	uint8_t bytes[8];
	if (field->text != NULL && field->form == DW_FORM_string) {
		text_add(out, field->text, field->size);
	} else if (field->text != NULL) {
		uint64_t offset = string_table_add(plan->table, field->text);
		if (field->size == 4 && offset > UINT32_MAX)
			return section_error(plan->dwarf, unit->section, old->at, NOTE_UNSUPPORTED,
					     "a new offset does not fit 32-bit DWARF");
		if (field->size == 8)
			image_put64(plan->dwarf->image, bytes, offset);
		else
			image_put32(plan->dwarf->image, bytes, (uint32_t)offset);
		text_add(out, bytes, field->size);
	} else if (field->form == DW_FORM_udata && old->form != DW_FORM_udata) {
		put_padded_uleb(out, field->value, field->size);
	} else if (field->form != DW_FORM_implicit_const) {
		if (old->attribute == DW_AT_stmt_list)
			unit->lines_at = unit->entry + out->size;
		text_add(out, section_now(unit->section) + old->at, old->size);
	}
	return NOTE_OK;
}

static int put_entry(struct plan *plan)
{
	struct unit *unit = plan->unit;
	struct text out = {0};
	int code = NOTE_OK;
	for (unsigned i = 0; i < unit->field_count && code == NOTE_OK; i++)
		code = put_field(plan, i, &out);
	if (code == NOTE_OK)
		code = set_table(plan);
	if (code == NOTE_OK) {
		uint64_t left = plan->room - plan->size;
		uint8_t length[4] = {(uint8_t)(left - 1)};
		if (left > 256)
			image_put32(plan->dwarf->image, length, (uint32_t)(left - 4));
		uint8_t *to = section_change(unit->section) + unit->entry;
		memset(to, 0, plan->room);
		if (out.size > 0)
			memcpy(to, out.data, out.size);
		if (left > 0)
			memcpy(to + out.size, length, left > 256 ? 4 : 1);
	}
	text_free(&out);
	return code;
}

int unit_put_inline(struct dwarf *dwarf, struct unit *unit, const struct unit_texts *texts,
		    bool *done)
{
	const struct field *split = unit_split_name(unit);
	struct plan plan = {.dwarf = dwarf, .unit = unit, .room = unit->entry_end - unit->entry};
	*done = false;
	/* In a .dwo file no reference of such a form is allowed. */
	if (dwarf->is_split) {
		plan.table = NULL;
	} else if (dwarf->str.section != NULL) {
		plan.table = &dwarf->str;
		plan.reference = DW_FORM_strp;
	} else if (dwarf->line_str.section != NULL && unit->context.version >= 5) {
		plan.table = &dwarf->line_str;
		plan.reference = DW_FORM_line_strp;
	} else if (dwarf->image->ehdr.e_type != ET_REL) {
		/* Compilers of Pascal and Haskell, and assemblers, need no string section. */
		dwarf->made_str = (struct debug_section){
			.name = ".debug_str", .kind = DEBUG_STR, .bytes = (const uint8_t *)""};
		dwarf->str.section = &dwarf->made_str;
		plan.table = &dwarf->str;
		plan.reference = DW_FORM_strp;
	}
	for (unsigned i = 0; i < unit->field_count; i++) {
		const struct field *old = &unit->fields[i];
		struct encoding *field = &plan.fields[i];
		*field = (struct encoding){.form = old->form, .size = old->size};
		plan.size += old->size;
		const bool elsewhere =
			old->form == DW_FORM_GNU_strp_alt || old->form == DW_FORM_strp_sup;
		if (old->form != DW_FORM_string && !elsewhere)
			continue;
		field->text = old->at == unit->name_at       ? texts->name
			      : old->at == unit->comp_dir_at ? texts->comp_dir
			      : old == split                 ? texts->split
							     : NULL;
		if (field->text == NULL)
			continue;
		if (elsewhere && plan.table == NULL)
			return NOTE_OK;
		if (elsewhere) {
			make_reference(&plan, field);
			continue;
		}
		set_size(&plan, field, strlen(field->text) + 1);
		if (field->size > old->size && plan.table != NULL)
			make_reference(&plan, field);
	}
	if (!squeeze(&plan))
		return NOTE_OK;
	*done = true;
	return put_entry(&plan);
}
