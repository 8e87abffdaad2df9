/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The other half of a skeleton unit: .dwo files, and .dwp files, which are many of them in one
 * (DWARF 5, 7.3.5 and appendix F; DWARF 4: the GNU extension "Debug Fission", index version 2).
 *
 *     .debug_str_offsets.dwo  all references to .debug_str.dwo go through it: numbers of four bytes
 *                             in DWARF 4, tables with headers in DWARF 5, one for each .dwo file
 *     .debug_line.dwo         directories and files, inline; of a .dwo file one table
 *     .debug_cu_index,        of a .dwp file: for each unit what is its own in every section.
 *     .debug_tu_index         Offsets in units count from there
 *
 * So a string moves wherever it is referred to from, no unit needs to be read for it, and a line
 * table that grows moves nothing but what the index says.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/dwarf/line.h"
#include "tools/splitter/dwarf/unit.h"

enum {
	DW_SECT_LINE = 4,
};

/* No compiler's index has more kinds of sections. */
#define MAX_COLUMNS 64

/* --- strings --- */

/* What cannot be read is passed over, and only what was is known to be all. */
static int read_offsets(struct dwarf *dwarf, uint64_t at, uint64_t end, unsigned size)
{
	for (; size <= end - at; at += size) {
		struct string_ref ref;
		char *inline_text;
		int code = string_follow(dwarf, dwarf->str_offsets, at, size, &ref);
		if (code == NOTE_OK)
			code = string_rewrite(dwarf, &ref, false, &inline_text);
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}

/* The version of the first unit, and the size of its offsets. */
static uint64_t read_version(struct dwarf *dwarf, unsigned *offset_size)
{
	*offset_size = 4;
	for (size_t i = 0; i < dwarf->section_count; i++) {
		struct debug_section *section = &dwarf->sections[i];
		if (section->kind != DEBUG_INFO && section->kind != DEBUG_TYPES)
			continue;
		struct cursor cursor = section_cursor(dwarf, section, 0, section->size);
		cursor_unit_length(&cursor, offset_size);
		const uint64_t version = cursor_fixed(&cursor, 2);
		if (!cursor.bad)
			return version;
	}
	return 0;
}

static int rewrite_strings(struct dwarf *dwarf)
{
	struct debug_section *section = dwarf->str_offsets;
	unsigned size;
	const uint64_t version = read_version(dwarf, &size);
	if (section == NULL || dwarf->str.section == NULL)
		return NOTE_OK;
	if (version < 5)
		return read_offsets(dwarf, 0, section->size, size);
	struct cursor cursor = section_cursor(dwarf, section, 0, section->size);
	while (cursor.at < cursor.end) {
		const uint64_t start = cursor.at;
		const uint64_t length = cursor_unit_length(&cursor, &size);
		const uint64_t end = cursor.at + length;
		cursor_skip(&cursor, 4); /* version, padding */
		if (cursor.bad || length < 4)
			return section_error(dwarf, section, start, NOTE_MALFORMED,
					     "a table of strings ends after its section");
		int code = read_offsets(dwarf, cursor.at, end, size);
		if (code != NOTE_OK)
			return code;
		cursor.at = end;
	}
	return NOTE_OK;
}

/* Whether an entry may refer to a string but through the tables: all tables of abbreviations, one
 * behind the other. */
static bool has_strp(struct dwarf *dwarf)
{
	if (dwarf->abbrev == NULL)
		return false;
	struct cursor cursor = section_cursor(dwarf, dwarf->abbrev, 0, dwarf->abbrev->size);
	while (!cursor.bad && cursor.at < cursor.end) {
		uint64_t attribute, form;
		if (cursor_uleb(&cursor) == 0)
			continue;
		cursor_uleb(&cursor); /* the tag */
		cursor_skip(&cursor, 1);
		while (abbrev_attribute(&cursor, &attribute, &form))
			if (form == DW_FORM_strp || form == DW_FORM_indirect)
				return true;
	}
	return cursor.bad;
}

/* --- units of a .dwo file, for what they hold inline and for their line tables --- */

static int rewrite_unit(struct dwarf *dwarf, struct unit *unit)
{
	const struct {
		uint64_t at, form;
	} fields[2] = {{unit->name_at, unit->name_form}, {unit->comp_dir_at, unit->comp_dir_form}};
	char *texts[2] = {NULL, NULL};
	bool done = true;
	int code = NOTE_OK;
	for (int i = 0; i < 2 && code == NOTE_OK; i++) {
		struct string_ref ref;
		if (fields[i].form != DW_FORM_string)
			continue;
		struct cursor cursor =
			section_cursor(dwarf, unit->section, fields[i].at, unit->end);
		code = string_read(dwarf, unit->section, &cursor, DW_FORM_string, &unit->context, 0,
				   &ref);
		if (code == NOTE_OK && ref.text != NULL)
			texts[i] = dwarf_map_path(dwarf, ref.text);
	}
	if (code == NOTE_OK && (texts[0] != NULL || texts[1] != NULL))
		code = unit_put_inline(dwarf, unit,
				       &(struct unit_texts){.name = texts[0], .comp_dir = texts[1]},
				       &done);
	dwarf->summary.kept += !done;
	free(texts[0]);
	free(texts[1]);
	if (code == NOTE_OK && unit->lines_form == DW_FORM_sec_offset)
		add_line_user(dwarf,
			      &(struct line_user){
				      .table = section_offset(dwarf, unit->section, unit->lines_at,
							      unit->context.offset_size),
				      .section = unit->section,
				      .at = unit->lines_at,
				      .size = unit->context.offset_size,
				      .foreign = true,
			      });
	return code;
}

static int rewrite_units(struct dwarf *dwarf)
{
	struct field fields[MAX_ATTRIBUTES];
	for (size_t i = 0; i < dwarf->section_count; i++) {
		struct debug_section *section = &dwarf->sections[i];
		if (section->kind != DEBUG_INFO && section->kind != DEBUG_TYPES)
			continue;
		struct unit unit = {.fields = fields};
		for (uint64_t at = 0, start = 0;; start = at) {
			int code = units_next(dwarf, section, &at, &unit);
			if (code == NOTE_ABSENT)
				break;
			if (code == NOTE_OK)
				code = rewrite_unit(dwarf, &unit);
			if (code != NOTE_OK && !dwarf_pass_over(dwarf, code))
				return code;
			dwarf->summary.units++;
			if (at <= start)
				break;
		}
	}
	return NOTE_OK;
}

/* --- the index of a .dwp file (DWARF 5, 7.3.5.3) --- */

struct index {
	struct debug_section *section;
	uint64_t columns, rows;
	uint64_t offsets; /* where the table of them begins; that of sizes is behind it */
	uint64_t column;  /* the one of line tables; COLUMNS: there is none */
};

/* The number of SIZE bytes at AT; 0 behind the end. */
static uint64_t number_at(const struct dwarf *dwarf, const struct debug_section *section,
			  uint64_t at, unsigned size)
{
	struct cursor cursor = section_cursor(dwarf, section, at, section->size);
	return cursor_fixed(&cursor, size);
}

static int read_index(struct dwarf *dwarf, struct debug_section *section, struct index *index)
{
	struct cursor cursor = section_cursor(dwarf, section, 0, section->size);
	*index = (struct index){.section = section};
	const uint64_t version = cursor_fixed(&cursor, 4);
	/* Version 5 has two bytes, and two of padding. */
	const uint64_t short_version = number_at(dwarf, section, 0, 2);
	index->columns = cursor_fixed(&cursor, 4);
	index->rows = cursor_fixed(&cursor, 4);
	const uint64_t slots = cursor_fixed(&cursor, 4);
	if (!cursor.bad && version != 2 && short_version != 5)
		return section_error(dwarf, section, 0, NOTE_UNSUPPORTED,
				     "an index of a version other than 2 and 5");
	cursor_skip(&cursor, slots * 12); /* signatures, and the rows that they have */
	const uint64_t head = cursor.at;
	index->offsets = head + index->columns * 4;
	/* None of these is over 32 bits. */
	cursor_skip(&cursor, index->columns * 4);
	if (index->columns <= MAX_COLUMNS)
		cursor_skip(&cursor, index->columns * index->rows * 8);
	if (cursor.bad || index->columns > MAX_COLUMNS)
		return section_error(dwarf, section, 0, NOTE_MALFORMED,
				     "an index ends after its section");
	index->column = index->columns;
	for (uint64_t i = 0; i < index->columns; i++)
		if (number_at(dwarf, section, head + i * 4, 4) == DW_SECT_LINE)
			index->column = i;
	return NOTE_OK;
}

/* Where the number of ROW stands in the table at TABLE. */
static uint64_t index_at(const struct index *index, uint64_t table, uint64_t row)
{
	return table + (row * index->columns + index->column) * 4;
}

/* Units of types share what their .dwo file has: each table is somebody's more than once. */
static int add_indexed(struct dwarf *dwarf, const struct index *index)
{
	const uint64_t sizes = index->offsets + index->columns * index->rows * 4;
	for (uint64_t i = 0; index->column < index->columns && i < index->rows; i++) {
		const uint64_t at = index_at(index, index->offsets, i);
		const uint64_t start = number_at(dwarf, index->section, at, 4);
		const uint64_t size =
			number_at(dwarf, index->section, index_at(index, sizes, i), 4);
		if (size == 0)
			continue;
		struct line_user user = {
			.table = start, .section = index->section, .at = at, .foreign = true};
		/* With a second table in it, units would refer to what moves in it. */
		struct cursor cursor = {.bad = true};
		unsigned offset_size;
		if (dwarf->line != NULL && start < dwarf->line->size)
			cursor = section_cursor(dwarf, dwarf->line, start, dwarf->line->size);
		const uint64_t length = cursor_unit_length(&cursor, &offset_size);
		if (cursor.bad || cursor.at + length - start != size)
			return section_error(dwarf, index->section, at, NOTE_UNSUPPORTED,
					     "a unit with other than one line table");
		add_line_user(dwarf, &user);
	}
	return NOTE_OK;
}

static const struct line_table *find_table(const struct dwarf *dwarf, uint64_t start)
{
	size_t low = 0, high = dwarf->line_table_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (dwarf->line_tables[middle].start < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < dwarf->line_table_count && dwarf->line_tables[low].start == start
		       ? &dwarf->line_tables[low]
		       : NULL;
}

/* Says where the tables are now. */
static int move_index(struct dwarf *dwarf, const struct index *index)
{
	const uint64_t sizes = index->offsets + index->columns * index->rows * 4;
	int code = NOTE_OK;
	for (uint64_t i = 0; index->column < index->columns && i < index->rows && code == NOTE_OK;
	     i++) {
		const uint64_t at = index_at(index, index->offsets, i);
		const uint64_t size_at = index_at(index, sizes, i);
		const struct line_table *table =
			find_table(dwarf, number_at(dwarf, index->section, at, 4));
		if (table == NULL || number_at(dwarf, index->section, size_at, 4) == 0)
			continue;
		code = section_put_offset(dwarf, index->section, at, 4, table->new_start);
		if (code == NOTE_OK)
			code = section_put_offset(dwarf, index->section, size_at, 4,
						  table->new_end - table->new_start);
	}
	return code;
}

/* --- line tables --- */

/* gcc makes one that no unit refers to. */
static void add_unreferenced(struct dwarf *dwarf)
{
	struct debug_section *section = dwarf->line;
	struct cursor cursor = section_cursor(dwarf, section, 0, section->size);
	while (cursor.at < cursor.end) {
		unsigned size;
		const uint64_t start = cursor.at;
		const uint64_t length = cursor_unit_length(&cursor, &size);
		if (cursor.bad)
			return;
		add_line_user(dwarf, &(struct line_user){.table = start,
							 .section = section,
							 .at = start,
							 .foreign = true});
		cursor.at += length;
	}
}

/* One for each index, of units and of types; NOTE_UNSUPPORTED where there are more. */
static int rewrite_lines(struct dwarf *dwarf)
{
	struct index indices[2];
	size_t count = 0;
	int code = NOTE_OK;
	for (size_t i = 0; i < dwarf->section_count && code == NOTE_OK; i++) {
		struct debug_section *section = &dwarf->sections[i];
		if (section->kind != DEBUG_INDEX || section->size < 16)
			continue;
		if (count == 2)
			return section_error(dwarf, section, 0, NOTE_UNSUPPORTED,
					     "more than two indices");
		code = read_index(dwarf, section, &indices[count]);
		if (code == NOTE_OK)
			code = add_indexed(dwarf, &indices[count++]);
	}
	if (code != NOTE_OK)
		return code;
	dwarf->index_count = count;
	if (dwarf->line != NULL)
		add_unreferenced(dwarf);
	code = lines_rewrite(dwarf);
	for (size_t i = 0; i < count && code == NOTE_OK && dwarf->line_resized; i++)
		code = move_index(dwarf, &indices[i]);
	return code;
}

int split_file_rewrite(struct dwarf *dwarf)
{
	bool packed = false;
	for (size_t i = 0; i < dwarf->section_count; i++)
		packed = packed || dwarf->sections[i].kind == DEBUG_INDEX;
	if (packed) { /* its units' directories are not known */
		source_list_free(dwarf->sources);
		dwarf->sources = NULL;
	}
	dwarf->has_strp = has_strp(dwarf);
	int code = rewrite_strings(dwarf);
	if (code != NOTE_OK && dwarf_pass_over(dwarf, code))
		code = NOTE_OK;
	if (code == NOTE_OK && !packed)
		code = rewrite_units(dwarf);
	if (code == NOTE_OK)
		code = rewrite_lines(dwarf);
	if (code != NOTE_OK && dwarf_pass_over(dwarf, code))
		code = NOTE_OK;
	if (code == NOTE_OK && dwarf->sources != NULL)
		code = dwarf_spend(dwarf, source_list_size(dwarf->sources));
	if (code == NOTE_OK && !dwarf->torn)
		strings_scrub(dwarf);
	return code;
}
