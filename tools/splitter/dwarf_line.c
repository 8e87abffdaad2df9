/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Line tables (.debug_line; DWARF 5, 6.2.4): their headers list the directories and the files that
 * a unit was made from. Versions 2 to 4 hold the names inline, version 5 mostly in
 * .debug_line_str. A name that is inline makes the header longer or shorter, and what lies behind
 * it moves; so all names are read first (splices), then the section is written once, and then
 * those who point into it are corrected.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/dwarf_internal.h"

#define NO_DIRECTORY UINT32_MAX

/* A directory of the table at hand; its number among the sources is asked for when the first file
 * lies in it. */
struct directory {
	const char *name;
	uint32_t number;
};

struct line_table {
	uint64_t start;
	uint64_t end;
	unsigned offset_size;
	uint64_t header_length_at;
	struct form_context context;
	const char *comp_dir;
	bool absolute; /* relative names have to become absolute: see struct line_user */
	bool is_go;
	bool has_primary;
	uint64_t new_start; /* in the section written anew */
	uint64_t new_end;
};

struct lines {
	struct dwarf *dwarf;
	struct debug_section *section;
	struct line_table *tables; /* by START */
	size_t count;
	struct directory *directories;
	size_t directory_count, directory_room;
};

static int malformed(const struct lines *lines, uint64_t at, const char *what)
{
	return section_error(lines->dwarf, lines->section, at, NOTE_MALFORMED, what);
}

/* --- directories and files --- */

static void add_directory(struct lines *lines, const char *name)
{
	if (lines->directory_count == lines->directory_room) {
		lines->directory_room = lines->directory_room == 0 ? 64 : lines->directory_room * 2;
		lines->directories = xrealloc(lines->directories,
					      lines->directory_room * sizeof(*lines->directories));
	}
	lines->directories[lines->directory_count++] = (struct directory){name, NO_DIRECTORY};
}

/* The number among the sources of directory INDEX, 0 being the compilation directory. */
static uint32_t directory_number(struct lines *lines, const struct line_table *table,
				 uint64_t index)
{
	if (index >= lines->directory_count)
		index = 0;
	struct directory *directory = &lines->directories[index];
	if (directory->number == NO_DIRECTORY) {
		const char *base = table->comp_dir;
		const char *zero = lines->directories[0].name;
		if (index > 0 && zero != NULL && (base == NULL || zero[0] == '/'))
			base = zero;
		/* Directory 0 is the compilation directory: relative to itself it is none. */
		if (index == 0 && base != NULL && zero != NULL && strcmp(base, zero) == 0)
			base = NULL;
		directory->number = source_list_directory(lines->dwarf->sources, !table->is_go,
							  base, directory->name);
	}
	return directory->number;
}

static void add_source(struct lines *lines, struct line_table *table, const char *name,
		       uint64_t directory, const uint8_t *md5)
{
	if (lines->dwarf->sources == NULL || name == NULL || !path_is_source(name))
		return;
	/* DWARF 5 tables may have no directory at all. */
	if (lines->directory_count == 0)
		add_directory(lines, table->comp_dir);
	uint32_t number = directory_number(lines, table, directory);
	if (table->is_go && name[0] != '/' &&
	    source_list_directory_name(lines->dwarf->sources, number)[0] != '/')
		return;
	source_list_add(lines->dwarf->sources, number, name, md5,
			table->is_go && !table->has_primary);
	table->has_primary = true;
}

static void add_splice(struct dwarf *dwarf, const struct string_ref *ref, char *text)
{
	if (dwarf->splice_count == dwarf->splice_room) {
		dwarf->splice_room = dwarf->splice_room == 0 ? 64 : dwarf->splice_room * 2;
		dwarf->splices =
			xrealloc(dwarf->splices, dwarf->splice_room * sizeof(*dwarf->splices));
	}
	dwarf->splices[dwarf->splice_count++] = (struct splice){ref->at, strlen(ref->text), text};
}

static int rewrite_name(struct lines *lines, const struct string_ref *ref, bool comp_dir)
{
	char *text;
	int code = string_rewrite(lines->dwarf, ref, comp_dir, &text);
	if (code == NOTE_OK && text != NULL)
		add_splice(lines->dwarf, ref, text);
	return code;
}

/* The name of a directory, or of a file in the compilation directory, of a table whose relative
 * names have to become absolute. */
static void make_absolute(struct lines *lines, const struct line_table *table,
			  const struct string_ref *ref)
{
	if (!path_is_source(ref->text))
		return;
	char *original = path_absolute(lines->dwarf->map, table->comp_dir, ref->text);
	char *installed = path_map_apply(lines->dwarf->map, original);
	if (installed != NULL)
		add_splice(lines->dwarf, ref, installed);
	free(original);
}

/* Versions 2 to 4: strings up to an empty one; files with numbers behind them. */
static int read_names_4(struct lines *lines, struct line_table *table, struct cursor *cursor)
{
	struct string_ref ref = {.section = lines->section};
	size_t length;
	add_directory(lines, table->comp_dir);
	for (bool files = false;; files = true) {
		for (;;) {
			ref.at = cursor->at;
			ref.text = cursor_string(cursor, &length);
			if (cursor->bad)
				return malformed(lines, ref.at, "a file list without an end");
			if (length == 0)
				break;
			uint64_t directory = 0;
			if (files) {
				directory = cursor_uleb(cursor);
				cursor_uleb(cursor); /* time */
				cursor_uleb(cursor); /* size */
			} else {
				add_directory(lines, ref.text);
			}
			int code = NOTE_OK;
			if (table->absolute && ref.text[0] != '/' && directory == 0)
				make_absolute(lines, table, &ref);
			else
				code = rewrite_name(lines, &ref, false);
			if (code != NOTE_OK)
				return code;
			if (files && !cursor->bad)
				add_source(lines, table, ref.text, directory, NULL);
		}
		if (files)
			return NOTE_OK;
	}
}

/* What an entry of a version 5 list holds, in order. */
#define MAX_FORMATS 255
struct entry_format {
	unsigned count;
	struct {
		uint64_t content;
		uint64_t form;
	} fields[MAX_FORMATS];
};

struct entry {
	struct string_ref path;
	uint64_t directory;
	const uint8_t *md5;
};

static int read_field(struct lines *lines, const struct line_table *table, struct cursor *cursor,
		      uint64_t content, uint64_t form, struct entry *entry)
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
	if (!cursor_skip_form(cursor, form, &table->context))
		return section_error(lines->dwarf, lines->section, start, NOTE_UNSUPPORTED,
				     "a field of a file in an unknown form");
	return NOTE_OK;
}

static int read_format(struct lines *lines, struct cursor *cursor, struct entry_format *format,
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
		return malformed(lines, start, "a file list without an end");
	return NOTE_OK;
}

/* Version 5: two lists, each with a description of its entries in front. */
static int read_names_5(struct lines *lines, struct line_table *table, struct cursor *cursor)
{
	for (bool files = false;; files = true) {
		struct entry_format format;
		uint64_t entries;
		int code = read_format(lines, cursor, &format, &entries);
		for (uint64_t i = 0; i < entries && code == NOTE_OK; i++) {
			struct entry entry = {0};
			uint64_t start = cursor->at;
			for (unsigned j = 0; j < format.count && code == NOTE_OK; j++)
				code = read_field(lines, table, cursor, format.fields[j].content,
						  format.fields[j].form, &entry);
			if (code != NOTE_OK)
				return code;
			if (cursor->bad || cursor->at == start)
				return malformed(lines, start, "a file list without an end");
			const char *name = entry.path.text;
			bool comp_dir =
				!files && i == 0 && name != NULL &&
				(table->comp_dir == NULL || strcmp(name, table->comp_dir) == 0);
			code = rewrite_name(lines, &entry.path, comp_dir);
			if (!files)
				add_directory(lines, name);
			else
				add_source(lines, table, name, entry.directory, entry.md5);
		}
		if (code != NOTE_OK || files)
			return code;
	}
}

static int read_table(struct lines *lines, struct line_table *table)
{
	struct dwarf *dwarf = lines->dwarf;
	struct cursor cursor =
		section_cursor(dwarf, lines->section, table->start, lines->section->size);
	uint64_t length = cursor_unit_length(&cursor, &table->offset_size);
	if (cursor.bad)
		return malformed(lines, table->start, "a line table ends after its section");
	cursor.end = table->end = cursor.at + length;
	uint16_t version = (uint16_t)cursor_fixed(&cursor, 2);
	if (!cursor.bad && (version < 2 || version > 5))
		return section_error(dwarf, lines->section, table->start, NOTE_UNSUPPORTED,
				     "a line table of a version other than 2 to 5");
	uint8_t address_size = 8;
	if (version >= 5) {
		address_size = (uint8_t)cursor_fixed(&cursor, 1);
		cursor_skip(&cursor, 1); /* segment selector size */
	}
	table->header_length_at = cursor.at;
	uint64_t header_length = cursor_fixed(&cursor, table->offset_size);
	if (cursor.bad || header_length > cursor.end - cursor.at)
		return malformed(lines, table->start, "a line table's header ends after it");
	cursor.end = cursor.at + header_length;
	/* minimum_instruction_length, from version 4 on maximum_operations_per_instruction,
	 * default_is_stmt, line_base, line_range */
	cursor_skip(&cursor, version >= 4 ? 5 : 4);
	uint64_t opcode_base = cursor_fixed(&cursor, 1);
	cursor_skip(&cursor, opcode_base > 0 ? opcode_base - 1 : 0);
	if (cursor.bad)
		return malformed(lines, table->start, "a line table ends inside its header");
	table->context = (struct form_context){version, (uint8_t)table->offset_size, address_size};
	lines->directory_count = 0;
	return version >= 5 ? read_names_5(lines, table, &cursor)
			    : read_names_4(lines, table, &cursor);
}

/* --- who refers to which table --- */

static int compare_users(const void *a, const void *b)
{
	const struct line_user *left = a, *right = b;
	if (left->table != right->table)
		return left->table < right->table ? -1 : 1;
	/* One that knows the compilation directory first; then by position, for the order to be
	 * the same every time. */
	if ((left->comp_dir != NULL) != (right->comp_dir != NULL))
		return left->comp_dir != NULL ? -1 : 1;
	if (left->section->index != right->section->index)
		return left->section->index < right->section->index ? -1 : 1;
	return left->at < right->at ? -1 : left->at > right->at;
}

static int read_tables(struct lines *lines)
{
	struct dwarf *dwarf = lines->dwarf;
	qsort(dwarf->users, dwarf->user_count, sizeof(*dwarf->users), compare_users);
	lines->tables = xcalloc(dwarf->user_count, sizeof(*lines->tables));
	uint64_t end = 0;
	for (size_t i = 0; i < dwarf->user_count; i++) {
		const struct line_user *user = &dwarf->users[i];
		if (i > 0 && user->table == user[-1].table)
			continue;
		if (user->table >= lines->section->size)
			return section_error(dwarf, user->section, user->at, NOTE_MALFORMED,
					     "a line table's offset lies outside .debug_line");
		if (user->table < end)
			return section_error(dwarf, user->section, user->at, NOTE_MALFORMED,
					     "a line table lies inside another");
		struct line_table *table = &lines->tables[lines->count];
		*table = (struct line_table){.start = user->table,
					     .comp_dir = user->comp_dir,
					     .absolute = user->absolute,
					     .is_go = user->is_go};
		int code = read_table(lines, table);
		if (code != NOTE_OK)
			return code;
		end = table->end;
		lines->count++;
	}
	return NOTE_OK;
}

/* --- writing .debug_line anew --- */

/* Copies [FROM, TO) of the section, changed in place or not, with the splices that lie there. */
static void copy_spliced(struct lines *lines, uint64_t from, uint64_t to, size_t *splice)
{
	struct dwarf *dwarf = lines->dwarf;
	const uint8_t *bytes =
		lines->section->changed != NULL ? lines->section->changed : lines->section->bytes;
	for (; *splice < dwarf->splice_count && dwarf->splices[*splice].at < to; ++*splice) {
		const struct splice *next = &dwarf->splices[*splice];
		text_add(&dwarf->new_line, bytes + from, next->at - from);
		text_puts(&dwarf->new_line, next->text);
		from = next->at + next->old_size;
	}
	text_add(&dwarf->new_line, bytes + from, to - from);
}

/* Adds what the table grew by to the length in SIZE bytes at AT. */
static int grow_length(struct lines *lines, uint64_t at, unsigned size, uint64_t old,
		       uint64_t grown)
{
	uint8_t *p = (uint8_t *)lines->dwarf->new_line.data + at;
	uint64_t length = old + grown;
	if (size == 8)
		image_put64(lines->dwarf->image, p, length);
	else if (length >= 0xfffffff0)
		return malformed(lines, at, "a line table grows too large for 32-bit DWARF");
	else
		image_put32(lines->dwarf->image, p, (uint32_t)length);
	return NOTE_OK;
}

static int write_table(struct lines *lines, struct line_table *table, size_t *splice)
{
	struct text *out = &lines->dwarf->new_line;
	table->new_start = out->size;
	copy_spliced(lines, table->start, table->end, splice);
	table->new_end = out->size;
	/* May wrap: a table that shrinks grows by a negative number. */
	uint64_t grown = (table->new_end - table->new_start) - (table->end - table->start);
	unsigned size = table->offset_size;
	uint64_t length_at = size == 8 ? 4 : 0;
	int code = grow_length(lines, table->new_start + length_at, size,
			       table->end - table->start - length_at - size, grown);
	if (code != NOTE_OK)
		return code;
	return grow_length(
		lines, table->new_start + (table->header_length_at - table->start), size,
		section_offset(lines->dwarf, lines->section, table->header_length_at, size), grown);
}

/* Where the line table at OLD, or what lies between two, is now; false where that is inside. */
static bool find_moved(const struct lines *lines, uint64_t old, uint64_t *now)
{
	size_t low = 0, high = lines->count; /* the last table that begins at OLD or before */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (lines->tables[middle].start <= old)
			low = middle + 1;
		else
			high = middle;
	}
	*now = old;
	if (low == 0)
		return true;
	const struct line_table *table = &lines->tables[low - 1];
	if (old == table->start)
		*now = table->new_start;
	else if (old >= table->end)
		*now = table->new_end + (old - table->end);
	else
		return false;
	return true;
}

/* Writes the section, then corrects all who point into it. */
static int rebuild(struct lines *lines)
{
	struct dwarf *dwarf = lines->dwarf;
	size_t splice = 0;
	uint64_t at = 0;
	dwarf->line_resized = true;
	for (size_t i = 0; i < lines->count; i++) {
		copy_spliced(lines, at, lines->tables[i].start, &splice);
		int code = write_table(lines, &lines->tables[i], &splice);
		if (code != NOTE_OK)
			return code;
		at = lines->tables[i].end;
	}
	copy_spliced(lines, at, lines->section->size, &splice);
	if (lines->section->relocations != NULL)
		relocations_move(dwarf, lines->section);
	int code = macros_read(dwarf);
	for (size_t i = 0; i < dwarf->user_count && code == NOTE_OK; i++) {
		const struct line_user *user = &dwarf->users[i];
		uint64_t now;
		if (!find_moved(lines, user->table, &now))
			code = section_error(dwarf, user->section, user->at, NOTE_MALFORMED,
					     "a line table lies inside another");
		else if (now != user->table)
			code = section_put_offset(dwarf, user->section, user->at, user->size, now);
	}
	return code;
}

int lines_rewrite(struct dwarf *dwarf)
{
	if (dwarf->line == NULL || dwarf->user_count == 0)
		return NOTE_OK;
	struct lines lines = {.dwarf = dwarf, .section = dwarf->line};
	int code = read_tables(&lines);
	if (code == NOTE_OK && dwarf->splice_count > 0)
		code = rebuild(&lines);
	free(lines.tables);
	free(lines.directories);
	return code;
}
