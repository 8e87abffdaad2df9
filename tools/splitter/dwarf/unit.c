/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Units: of each, the header and the attributes of its first entry, which names the source and the
 * compilation directory and points at the line table (DWARF 5, 7.5.1 and 3.1). The entries below
 * it are not read: no path of ours is there.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/dwarf/unit.h"

static int malformed(struct dwarf *dwarf, const struct unit *unit, const char *what)
{
	return section_error(dwarf, unit->section, unit->start, NOTE_MALFORMED, what);
}

/* The header at CURSOR, which then stands at the first entry and ends with the unit. */
static int read_header(struct dwarf *dwarf, struct unit *unit, struct cursor *cursor)
{
	unsigned offset_size;
	uint64_t length = cursor_unit_length(cursor, &offset_size);
	if (cursor->bad)
		return malformed(dwarf, unit, "a unit's length ends after its section");
	cursor->end = unit->end = cursor->at + length;
	uint16_t version = (uint16_t)cursor_fixed(cursor, 2);
	if (!cursor->bad && (version < 2 || version > 5))
		return section_error(dwarf, unit->section, unit->start, NOTE_UNSUPPORTED,
				     "a unit of a DWARF version other than 2 to 5");
	uint64_t type = unit->section->kind == DEBUG_TYPES ? DW_UT_type : DW_UT_compile;
	uint8_t address_size;
	if (version >= 5) {
		type = cursor_fixed(cursor, 1);
		address_size = (uint8_t)cursor_fixed(cursor, 1);
		unit->abbrevs_at = cursor->at;
		cursor_skip(cursor, offset_size);
	} else {
		unit->abbrevs_at = cursor->at;
		cursor_skip(cursor, offset_size);
		address_size = (uint8_t)cursor_fixed(cursor, 1);
	}
	if (type == DW_UT_type || type == DW_UT_split_type)
		cursor_skip(cursor, 8 + (uint64_t)offset_size); /* signature, type_offset */
	else if (type == DW_UT_skeleton || type == DW_UT_split_compile)
		cursor_skip(cursor, 8); /* dwo_id */
	else if (type != DW_UT_compile && type != DW_UT_partial)
		return section_error(dwarf, unit->section, unit->start, NOTE_UNSUPPORTED,
				     "a unit of an unknown type");
	if (cursor->bad)
		return malformed(dwarf, unit, "a unit ends inside its header");
	if (address_size != 4 && address_size != 8 && address_size != 2)
		return malformed(dwarf, unit, "a unit with an odd address size");
	unit->abbrevs = section_offset(dwarf, unit->section, unit->abbrevs_at, offset_size);
	unit->context = (struct form_context){version, (uint8_t)offset_size, address_size};
	return NOTE_OK;
}

uint64_t unit_constant(struct dwarf *dwarf, const struct unit *unit, uint64_t at, uint64_t form)
{
	struct cursor cursor = section_cursor(dwarf, unit->section, at, unit->end);
	switch (form) {
	case DW_FORM_data1:
		return cursor_fixed(&cursor, 1);
	case DW_FORM_data2:
		return cursor_fixed(&cursor, 2);
	case DW_FORM_data4:
		return section_offset(dwarf, unit->section, at, 4);
	case DW_FORM_data8:
		return section_offset(dwarf, unit->section, at, 8);
	case DW_FORM_udata:
		return cursor_uleb(&cursor);
	case DW_FORM_sec_offset:
		return section_offset(dwarf, unit->section, at, unit->context.offset_size);
	default:
		return 0;
	}
}

static void note_attribute(struct dwarf *dwarf, struct unit *unit, uint64_t attribute, uint64_t at,
			   uint64_t form)
{
	switch (attribute) {
	case DW_AT_name:
		unit->name_at = at;
		unit->name_form = form;
		break;
	case DW_AT_comp_dir:
		unit->comp_dir_at = at;
		unit->comp_dir_form = form;
		break;
	case DW_AT_stmt_list:
		unit->lines_at = at;
		unit->lines_form = form;
		break;
	case DW_AT_language:
		unit->language = unit_constant(dwarf, unit, at, form);
		break;
	case DW_AT_str_offsets_base:
		unit->str_offsets_base = unit_constant(dwarf, unit, at, form);
		break;
	default:
		break;
	}
}

/* The size of the signed LEB128 number that ends at END; what stands in front of it is the last
 * byte of another number, which has its high bit clear. */
static uint64_t constant_size(const struct debug_section *section, uint64_t end)
{
	uint64_t size = 1;
	while (size < end && (section->bytes[end - 1 - size] & 0x80) != 0)
		size++;
	return size;
}

/* A string that is no path stays where it is. */
static void mark_string(struct dwarf *dwarf, const struct unit *unit, const struct field *field)
{
	struct string_table *table = field->form == DW_FORM_strp        ? &dwarf->str
				     : field->form == DW_FORM_line_strp ? &dwarf->line_str
									: NULL;
	if (table != NULL && dwarf->map != NULL)
		string_mark(table, section_offset(dwarf, unit->section, field->at,
						  unit->context.offset_size));
}

/* Where the attributes of the unit's first entry lie. A unit may be empty. */
static int read_entry(struct dwarf *dwarf, struct unit *unit, struct cursor *cursor)
{
	/* What DWARF 5 leaves out begins behind the table's header. */
	unit->str_offsets_base = unit->context.offset_size == 8 ? 16 : 8;
	if (cursor->at == cursor->end)
		return NOTE_OK;
	unit->code = cursor_uleb(cursor);
	unit->entry = unit->entry_end = cursor->at;
	if (cursor->bad)
		return malformed(dwarf, unit, "a unit ends inside its first entry");
	if (unit->code == 0)
		return NOTE_OK;
	if (dwarf->abbrev == NULL || unit->abbrevs >= dwarf->abbrev->size)
		return malformed(dwarf, unit, "a unit's abbreviations lie outside .debug_abbrev");
	struct abbrev_table *table;
	int result = abbrev_table_find(dwarf, unit->abbrevs, &table);
	if (result != NOTE_OK)
		return result;
	const struct abbrev *declaration = abbrev_find(dwarf, table, unit->code);
	if (declaration == NULL)
		return malformed(dwarf, unit, "a unit's first entry without an abbreviation");
	struct cursor abbrev =
		section_cursor(dwarf, dwarf->abbrev, declaration->at, dwarf->abbrev->size);
	unit->tag = cursor_uleb(&abbrev);
	unit->has_children = (uint8_t)cursor_fixed(&abbrev, 1);
	uint64_t attribute, form;
	while (abbrev_attribute(&abbrev, &attribute, &form)) {
		if (unit->field_count == MAX_ATTRIBUTES)
			return malformed(dwarf, unit, "a unit with too many attributes");
		struct field *field = &unit->fields[unit->field_count++];
		*field = (struct field){.attribute = attribute};
		if (form == DW_FORM_implicit_const) {
			field->constant_size = constant_size(dwarf->abbrev, abbrev.at);
			field->constant_at = abbrev.at - field->constant_size;
		}
		while (form == DW_FORM_indirect && !cursor->bad)
			form = cursor_uleb(cursor);
		field->form = form;
		field->at = cursor->at;
		if (!cursor_skip_form(cursor, form, &unit->context))
			return section_error(dwarf, unit->section, field->at, NOTE_UNSUPPORTED,
					     "an attribute in an unknown form");
		if (cursor->bad)
			return malformed(dwarf, unit, "a unit ends inside its first entry");
		field->size = cursor->at - field->at;
		note_attribute(dwarf, unit, attribute, field->at, form);
		if (attribute != DW_AT_name && attribute != DW_AT_comp_dir)
			mark_string(dwarf, unit, field);
	}
	unit->entry_end = cursor->at;
	return NOTE_OK;
}

const struct field *unit_split_name(const struct unit *unit)
{
	for (unsigned i = 0; i < unit->field_count; i++)
		if (unit->fields[i].attribute == DW_AT_dwo_name ||
		    unit->fields[i].attribute == DW_AT_GNU_dwo_name)
			return &unit->fields[i];
	return NULL;
}

int units_next(struct dwarf *dwarf, struct debug_section *section, uint64_t *at, struct unit *unit)
{
	/* Linkers may fill up a section with zeros. */
	if (*at >= section->size || (section->size - *at >= 4 && *at >= section->padding))
		return NOTE_ABSENT;
	struct cursor cursor = section_cursor(dwarf, section, *at, section->size);
	*unit = (struct unit){.section = section, .start = *at, .fields = unit->fields};
	int code = read_header(dwarf, unit, &cursor);
	if (code == NOTE_OK)
		code = read_entry(dwarf, unit, &cursor);
	*at = unit->end; /* 0 where its length lies */
	return code;
}

void units_visit(struct dwarf *dwarf, bool types,
		 void (*see)(void *context, struct unit *unit, int code), void *context)
{
	struct field fields[MAX_ATTRIBUTES];
	struct unit unit = {.fields = fields};
	for (size_t i = 0; i < dwarf->section_count; i++) {
		struct debug_section *section = &dwarf->sections[i];
		if (section->kind != DEBUG_INFO && (!types || section->kind != DEBUG_TYPES))
			continue;
		for (uint64_t at = 0, start = 0;; start = at) {
			const int code = units_next(dwarf, section, &at, &unit);
			if (code == NOTE_ABSENT)
				break;
			see(context, &unit, code);
			if (at <= start)
				break;
		}
	}
}
