/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header of a line table, and how version 5 describes the entries of its lists. */
#include <string.h>

#include "tools/splitter/dwarf/line.h"

int line_malformed(const struct lines *lines, uint64_t at, const char *what)
{
	return section_error(lines->dwarf, lines->section, at, NOTE_MALFORMED, what);
}

int line_read_field(struct lines *lines, const struct line_table *table, struct cursor *cursor,
		    uint64_t content, uint64_t form, struct line_entry *entry)
{
	uint64_t start = cursor->at;
	if (content == DW_LNCT_path)
		return string_read(lines->dwarf, lines->section, cursor, form, &table->context,
				   table->offset_size == 8 ? 16 : 8, &entry->path);
	if (content == DW_LNCT_directory_index) {
		switch (form) {
		case DW_FORM_udata:
			entry->directory = cursor_uleb(cursor);
			return NOTE_OK;
		case DW_FORM_data1:
		case DW_FORM_data2:
		case DW_FORM_data4:
			entry->directory = cursor_fixed(cursor, form == DW_FORM_data1   ? 1
								: form == DW_FORM_data2 ? 2
											: 4);
			return NOTE_OK;
		default:
			return section_error(lines->dwarf, lines->section, start, NOTE_UNSUPPORTED,
					     "a directory's number in an unknown form");
		}
	}
	if (content == DW_LNCT_MD5 && form == DW_FORM_data16)
		entry->md5 = cursor->bytes + start;
	if (form == DW_FORM_strp || form == DW_FORM_line_strp) {
		struct string_ref ref;
		int code = string_read(lines->dwarf, lines->section, cursor, form, &table->context,
				       0, &ref);
		if (code == NOTE_OK && ref.table != NULL)
			string_mark(ref.table, ref.offset);
		return code;
	}
	if (!cursor_skip_form(cursor, form, &table->context))
		return section_error(lines->dwarf, lines->section, start, NOTE_UNSUPPORTED,
				     "a field of a file in an unknown form");
	return NOTE_OK;
}

int line_read_format(struct lines *lines, struct cursor *cursor, struct line_format *format,
		     uint64_t *entries)
{
	uint64_t start = cursor->at;
	format->count = (unsigned)cursor_fixed(cursor, 1);
	for (unsigned i = 0; i < format->count; i++) {
		format->fields[i].content = cursor_uleb(cursor);
		format->fields[i].form = cursor_uleb(cursor);
	}
	*entries = cursor_uleb(cursor);
	/* Every entry takes a byte at least: the count is bounded by what is there. */
	if (cursor->bad || *entries > cursor->end - cursor->at ||
	    (format->count == 0 && *entries > 0))
		return line_malformed(lines, start, "a file list without an end");
	return NOTE_OK;
}

int line_read_header(struct lines *lines, struct line_table *table, struct cursor *cursor)
{
	struct dwarf *dwarf = lines->dwarf;
	*cursor = section_cursor(dwarf, lines->section, table->start, lines->section->size);
	uint64_t length = cursor_unit_length(cursor, &table->offset_size);
	if (cursor->bad)
		return line_malformed(lines, table->start, "a line table ends after its section");
	cursor->end = table->end = cursor->at + length;
	uint16_t version = (uint16_t)cursor_fixed(cursor, 2);
	if (!cursor->bad && (version < 2 || version > 5))
		return section_error(dwarf, lines->section, table->start, NOTE_UNSUPPORTED,
				     "a line table of a version other than 2 to 5");
	uint8_t address_size = 8;
	if (version >= 5) {
		address_size = (uint8_t)cursor_fixed(cursor, 1);
		cursor_skip(cursor, 1); /* segment selector size */
	}
	table->header_length_at = cursor->at;
	uint64_t header_length = cursor_fixed(cursor, table->offset_size);
	if (cursor->bad || header_length > cursor->end - cursor->at)
		return line_malformed(lines, table->start, "a line table's header ends after it");
	cursor->end = cursor->at + header_length;
	/* minimum_instruction_length, from version 4 on maximum_operations_per_instruction,
	 * default_is_stmt, line_base, line_range */
	cursor_skip(cursor, version >= 4 ? 5 : 4);
	uint64_t opcode_base = cursor_fixed(cursor, 1);
	cursor_skip(cursor, opcode_base > 0 ? opcode_base - 1 : 0);
	if (cursor->bad)
		return line_malformed(lines, table->start, "a line table ends inside its header");
	table->context = (struct form_context){version, (uint8_t)table->offset_size, address_size};
	return NOTE_OK;
}

/* --- one file's MD5 --- */

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

bool line_table_md5(struct dwarf *dwarf, uint64_t offset, const char *name, uint8_t md5[16])
{
	struct lines lines = {.dwarf = dwarf, .section = dwarf->line};
	struct line_table table = {.start = offset};
	struct cursor cursor;
	struct line_format format;
	uint64_t entries;
	bool found = false;
	if (dwarf->line == NULL || offset >= dwarf->line->size ||
	    line_read_header(&lines, &table, &cursor) != NOTE_OK || table.context.version < 5)
		return false;
	/* No compiler's units share their tables so that this would be much. */
	dwarf->searched += cursor.end - cursor.at;
	if (dwarf->searched > 8 * dwarf->line->size)
		return false;
	for (bool files = false;; files = true) {
		if (line_read_format(&lines, &cursor, &format, &entries) != NOTE_OK)
			return false;
		for (uint64_t i = 0; i < entries; i++) {
			struct line_entry entry = {0};
			uint64_t start = cursor.at;
			for (unsigned j = 0; j < format.count; j++)
				if (line_read_field(&lines, &table, &cursor,
						    format.fields[j].content, format.fields[j].form,
						    &entry) != NOTE_OK)
					return false;
			if (cursor.bad || cursor.at == start)
				return false;
			if (!files || entry.md5 == NULL || entry.path.text == NULL || found ||
			    strcmp(last_component(entry.path.text), last_component(name)) != 0)
				continue;
			memcpy(md5, entry.md5, 16);
			found = true;
		}
		if (files)
			return found;
	}
}
