/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counting: all entries of all units (DWARF 5, 7.5.2), and the rows that the line number programs
 * make (6.2.5), whatever they say. Nothing that the splitter, dwz or compression does to a file
 * may change these.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/dwarf/unit.h"

enum {
	TAG_SUBPROGRAM = 0x2e,
	AT_LOW_PC = 0x11,
	AT_RANGES = 0x55,
	LNS_COPY = 1,
	LNS_FIXED_ADVANCE_PC = 9,
	LNE_END_SEQUENCE = 1,
};

/* Passes the values of an entry by its abbreviation; a form of SIZE bytes is passed with those
 * behind it. */
static bool pass_entry(struct dwarf *dwarf, struct cursor *cursor, const struct unit *unit,
		       const struct abbrev *abbrev, bool *is_function)
{
	uint64_t attribute, form, bytes = 0;
	struct cursor names = section_cursor(dwarf, dwarf->abbrev, abbrev->at, dwarf->abbrev->size);
	const bool may_be = cursor_uleb(&names) == TAG_SUBPROGRAM;
	*is_function = false;
	cursor_skip(&names, 1); /* whether it has children */
	/* Values may be of no bytes: many entries of many such must not make this slow. */
	for (unsigned i = 0; abbrev_attribute(&names, &attribute, &form); i++) {
		if (i == MAX_ATTRIBUTES)
			return false;
		if (attribute == AT_LOW_PC || attribute == AT_RANGES)
			*is_function = may_be;
		const int size = form_size(form, &unit->context);
		if (size >= 0) {
			bytes += (uint64_t)size;
			continue;
		}
		cursor_skip(cursor, bytes);
		bytes = 0;
		while (form == DW_FORM_indirect && !cursor->bad)
			form = cursor_uleb(cursor);
		if (!cursor_skip_form(cursor, form, &unit->context))
			return false;
	}
	cursor_skip(cursor, bytes);
	return !names.bad && !cursor->bad;
}

static bool count_entries(struct dwarf *dwarf, const struct unit *unit, uint64_t *functions)
{
	struct abbrev_table *table;
	if (unit->code == 0)
		return true;
	if (abbrev_table_find(dwarf, unit->abbrevs, &table) != NOTE_OK)
		return false;
	struct cursor cursor = section_cursor(dwarf, unit->section, unit->entry_end, unit->end);
	while (cursor.at < cursor.end) {
		const uint64_t code = cursor_uleb(&cursor);
		if (cursor.bad)
			return false;
		if (code == 0)
			continue;
		const struct abbrev *abbrev = abbrev_find(dwarf, table, code);
		bool is_function;
		if (abbrev == NULL || !pass_entry(dwarf, &cursor, unit, abbrev, &is_function))
			return false;
		*functions += is_function;
	}
	return true;
}

static void count_units(struct dwarf *dwarf, struct debug_section *section,
			struct dwarf_counts *counts)
{
	struct field fields[MAX_ATTRIBUTES];
	struct unit unit = {.fields = fields};
	uint64_t at = 0;
	int code;
	while ((code = units_next(dwarf, section, &at, &unit)) == NOTE_OK) {
		if (unit.tag == DW_TAG_compile_unit || unit.tag == DW_TAG_skeleton_unit)
			counts->units++;
		counts->skeletons +=
			unit.tag == DW_TAG_skeleton_unit || unit_split_name(&unit) != NULL;
		if (!count_entries(dwarf, &unit, &counts->functions))
			counts->unread = true;
	}
	if (code != NOTE_ABSENT)
		counts->unread = true;
}

/* The program of one table behind its header, to the end of CURSOR. */
static bool count_rows(struct cursor *cursor, uint8_t opcode_base, const uint8_t *lengths,
		       uint64_t *rows)
{
	while (cursor->at < cursor->end && !cursor->bad) {
		const uint8_t opcode = (uint8_t)cursor_fixed(cursor, 1);
		if (opcode >= opcode_base) {
			(*rows)++;
		} else if (opcode == 0) {
			const uint64_t size = cursor_uleb(cursor);
			struct cursor inside = *cursor;
			if (size != 0 && cursor_fixed(&inside, 1) == LNE_END_SEQUENCE)
				(*rows)++;
			cursor_skip(cursor, size);
		} else if (opcode == LNS_FIXED_ADVANCE_PC) {
			cursor_skip(cursor, 2);
		} else {
			*rows += opcode == LNS_COPY;
			for (uint8_t i = 0; i < lengths[opcode - 1]; i++)
				cursor_skip_form(cursor, DW_FORM_sdata, &(struct form_context){0});
		}
	}
	return !cursor->bad;
}

static bool count_table(struct cursor *table, unsigned offset_size, uint64_t *rows)
{
	const uint16_t version = (uint16_t)cursor_fixed(table, 2);
	if (version < 2 || version > 5)
		return false;
	if (version == 5)
		cursor_skip(table, 2); /* sizes of addresses and segment selectors */
	const uint64_t header = cursor_fixed(table, offset_size);
	struct cursor program = *table;
	cursor_skip(&program, header);
	cursor_skip(table, version >= 4 ? 5 : 4); /* of instructions, is_stmt, line base, range */
	const uint8_t opcode_base = (uint8_t)cursor_fixed(table, 1);
	uint8_t lengths[256] = {0};
	for (unsigned i = 0; i + 1 < opcode_base; i++)
		lengths[i] = (uint8_t)cursor_fixed(table, 1);
	return !table->bad && !program.bad && opcode_base != 0 &&
	       count_rows(&program, opcode_base, lengths, rows);
}

static void count_lines(struct dwarf *dwarf, struct dwarf_counts *counts)
{
	struct cursor cursor = section_cursor(dwarf, dwarf->line, 0, dwarf->line->size);
	while (cursor.at < cursor.end) {
		unsigned offset_size;
		const uint64_t length = cursor_unit_length(&cursor, &offset_size);
		struct cursor table = cursor;
		if (cursor.bad)
			break;
		table.end = cursor.at + length;
		/* Linkers may fill up a section with zeros. */
		if (length != 0 && !count_table(&table, offset_size, &counts->lines))
			counts->unread = true;
		cursor_skip(&cursor, length);
	}
	counts->unread = counts->unread || cursor.bad;
}

int dwarf_count(struct image *image, struct dwarf_counts *counts, struct note_error *err)
{
	struct note_error unwanted = {0};
	struct dwarf dwarf = {.image = image, .err = &unwanted};
	*counts = (struct dwarf_counts){0};
	int code = sections_load(&dwarf);
	if (code == NOTE_MALFORMED || code == NOTE_UNSUPPORTED) {
		counts->unread = true;
		code = NOTE_OK;
	} else if (code == NOTE_OK) {
		dwarf.abbrevs = abbrev_cache_new();
		for (size_t i = 0; i < dwarf.section_count; i++)
			if (dwarf.sections[i].kind == DEBUG_INFO)
				count_units(&dwarf, &dwarf.sections[i], counts);
		if (dwarf.line != NULL)
			count_lines(&dwarf, counts);
		abbrev_cache_free(dwarf.abbrevs);
	} else if (err != NULL) {
		*err = unwanted;
	}
	sections_free(&dwarf);
	return code;
}
