/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Line tables (.debug_line; DWARF 5, 6.2.4): their headers list the directories and the files that
 * a unit was made from. Versions 2 to 4 hold the names inline, version 5 mostly in
 * .debug_line_str. A name that is inline makes the header longer or shorter, and what lies behind
 * it moves; so all names are read first (splices), and then the section is written once.
 */
#include "tools/splitter/dwarf/line.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NO_DIRECTORY UINT32_MAX

/* --- directories and files --- */

/* Its relative names lead nowhere. */
static bool is_lost(const struct line_table *table)
{
	return table->is_go || table->foreign;
}

/* Whether the name may be relative to the build directory, for all that it says. */
static bool may_be_misplaced(const struct lines *lines, const struct line_table *table,
			     const char *name)
{
	return lines->dwarf->map != NULL && !table->foreign && table->comp_dir != NULL &&
	       table->comp_dir[0] != '/' && name != NULL && strncmp(name, "./", 2) == 0;
}

static void add_directory(struct lines *lines, const struct line_table *table,
			  const struct string_ref *ref)
{
	if (lines->directory_count == lines->directory_room) {
		lines->directory_room = lines->directory_room == 0 ? 64 : lines->directory_room * 2;
		lines->directories = xrealloc(lines->directories,
					      lines->directory_room * sizeof(*lines->directories));
	}
	bool is_open = lines->directory_count > 0 && may_be_misplaced(lines, table, ref->text);
	lines->directories[lines->directory_count++] =
		(struct directory){*ref, NO_DIRECTORY, is_open, false};
}

/* The directory with this number, 0 being the compilation directory. */
static struct directory *find_directory(struct lines *lines, const struct line_table *table,
					uint64_t index)
{
	/* DWARF 5 tables may have no directory at all. */
	if (lines->directory_count == 0)
		add_directory(lines, table, &(struct string_ref){.text = table->comp_dir});
	return &lines->directories[index < lines->directory_count ? index : 0];
}

/* Its number among the sources. */
static uint32_t directory_number(struct lines *lines, const struct line_table *table,
				 struct directory *directory)
{
	if (directory->number == NO_DIRECTORY) {
		const char *base = table->comp_dir;
		const char *zero = lines->directories[0].ref.text;
		bool is_zero = directory == lines->directories;
		if (!is_zero && zero != NULL && (base == NULL || zero[0] == '/'))
			base = zero;
		/* Directory 0 is the compilation directory: relative to itself it is none. */
		if (is_zero && base != NULL && zero != NULL && strcmp(base, zero) == 0)
			base = NULL;
		if (directory->in_build_dir)
			base = NULL;
		directory->number = source_list_directory(
			lines->dwarf->sources, !is_lost(table) ? lines->dwarf->map : NULL, base,
			directory->ref.text);
	}
	return directory->number;
}

static void add_source(struct lines *lines, struct line_table *table, const char *name,
		       uint32_t directory, const uint8_t *md5)
{
	struct source_list *sources = lines->dwarf->sources;
	if (is_lost(table) && name[0] != '/' &&
	    source_list_directory_name(sources, directory)[0] != '/')
		return;
	source_list_add(sources, directory, name, md5, table->is_go && !table->has_primary);
	table->has_primary = true;
}

/* Takes TEXT. */
static int add_splice(struct dwarf *dwarf, const struct string_ref *ref, char *text)
{
	if (dwarf->splice_count == dwarf->splice_room) {
		dwarf->splice_room = dwarf->splice_room == 0 ? 64 : dwarf->splice_room * 2;
		dwarf->splices =
			xrealloc(dwarf->splices, dwarf->splice_room * sizeof(*dwarf->splices));
	}
	dwarf->splices[dwarf->splice_count++] = (struct splice){ref->at, strlen(ref->text), text};
	return dwarf_spend(dwarf, strlen(text));
}

static int rewrite_name(struct lines *lines, const struct line_table *table,
			const struct string_ref *ref, bool comp_dir)
{
	char *text;
	if (table->foreign && ref->text != NULL &&
	    (ref->text[0] != '/' ||
	     (table->comp_dir != NULL && table->comp_dir[0] == '/' &&
	      strncmp(ref->text, table->comp_dir, strlen(table->comp_dir)) == 0))) {
		if (ref->table != NULL)
			string_mark(ref->table, ref->offset);
		return NOTE_OK;
	}
	int code = string_rewrite(lines->dwarf, ref, comp_dir, &text);
	return code == NOTE_OK && text != NULL ? add_splice(lines->dwarf, ref, text) : code;
}

/* Makes a name absolute that is relative to BASE (NULL: to the build directory). */
static int make_absolute(struct lines *lines, const struct string_ref *ref, const char *base)
{
	int code = NOTE_OK;
	char *original = path_absolute(lines->dwarf->map, base, ref->text);
	char *installed = path_map_apply(lines->dwarf->map, original);
	free(original);
	if (installed != NULL && ref->table == NULL)
		return add_splice(lines->dwarf, ref, installed);
	if (installed != NULL)
		code = string_set(lines->dwarf, ref, installed);
	free(installed);
	return code;
}

/* Finds out what a directory is relative to, by the first file in it. */
static int close_directory(struct lines *lines, const struct line_table *table,
			   struct directory *directory, const char *file)
{
	if (!directory->is_open)
		return NOTE_OK;
	directory->is_open = false;
	char *path = xasprintf("%s/%s", directory->ref.text, file);
	directory->in_build_dir = path_map_is_misplaced(lines->dwarf->map, table->comp_dir, path);
	free(path);
	if (directory->in_build_dir)
		return make_absolute(lines, &directory->ref, NULL);
	return table->absolute ? make_absolute(lines, &directory->ref, table->comp_dir) : NOTE_OK;
}

/* A name below the build directory in a directory that is not becomes absolute. */
static int leave_directory(struct lines *lines, const struct line_table *table,
			   const struct directory *directory, const struct string_ref *ref)
{
	const struct path_map *map = lines->dwarf->map;
	if (directory->ref.text == NULL)
		return NOTE_OK;
	char *base = path_absolute(map, table->comp_dir, directory->ref.text);
	char *installed = path_map_apply(map, base);
	const int code = installed == NULL ? make_absolute(lines, ref, base) : NOTE_OK;
	free(installed);
	free(base);
	return code;
}

static int read_directory(struct lines *lines, const struct line_table *table,
			  const struct string_ref *ref, bool is_comp_dir)
{
	add_directory(lines, table, ref);
	if (lines->directories[lines->directory_count - 1].is_open)
		return NOTE_OK;
	if (table->absolute && ref->text != NULL && ref->text[0] != '/')
		return make_absolute(lines, ref, table->comp_dir);
	return rewrite_name(lines, table, ref, is_comp_dir);
}

static int read_file(struct lines *lines, struct line_table *table, const struct string_ref *ref,
		     uint64_t index, const uint8_t *md5)
{
	struct dwarf *dwarf = lines->dwarf;
	const char *name = ref->text;
	if (name == NULL)
		return NOTE_OK;
	if (!path_is_source(name))
		return rewrite_name(lines, table, ref, false);
	struct directory *directory = find_directory(lines, table, index);
	const bool theirs = directory == lines->directories &&
			    dwarf_is_of_foreign(dwarf, table->comp_dir, name);
	bool in_build_dir = false;
	int code;
	if (name[0] == '/') {
		code = rewrite_name(lines, table, ref, false);
	} else if (directory == lines->directories) {
		in_build_dir = may_be_misplaced(lines, table, name) &&
			       path_map_is_misplaced(dwarf->map, table->comp_dir, name);
		code = in_build_dir      ? make_absolute(lines, ref, NULL)
		       : table->absolute ? make_absolute(lines, ref, table->comp_dir)
					 : NOTE_OK;
	} else {
		code = close_directory(lines, table, directory, name);
		if (code == NOTE_OK && table->absolute && strchr(name, '/') != NULL)
			code = leave_directory(lines, table, directory, ref);
	}
	if (code == NOTE_OK && dwarf->sources != NULL && !theirs)
		add_source(lines, table, name,
			   in_build_dir
				   ? source_list_directory(dwarf->sources, dwarf->map, NULL, NULL)
				   : directory_number(lines, table, directory),
			   md5);
	return code;
}

/* Versions 2 to 4: strings up to an empty one; files with numbers behind them. */
static int read_names_4(struct lines *lines, struct line_table *table, struct cursor *cursor)
{
	struct string_ref ref = {.section = lines->section};
	size_t length;
	add_directory(lines, table, &(struct string_ref){.text = table->comp_dir});
	for (bool files = false;; files = true) {
		for (;;) {
			ref.at = cursor->at;
			ref.text = cursor_string(cursor, &length);
			if (cursor->bad)
				return line_malformed(lines, ref.at, "a file list without an end");
			if (length == 0)
				break;
			if (length >= PATH_MAX)
				ref.text = NULL;
			int code;
			if (files) {
				uint64_t directory = cursor_uleb(cursor);
				cursor_uleb(cursor); /* time */
				cursor_uleb(cursor); /* size */
				code = read_file(lines, table, &ref, directory, NULL);
			} else {
				code = read_directory(lines, table, &ref, false);
			}
			if (code != NOTE_OK)
				return code;
		}
		if (files)
			return NOTE_OK;
	}
}

/* Version 5: two lists, each with a description of its entries in front. */
static int read_names_5(struct lines *lines, struct line_table *table, struct cursor *cursor)
{
	for (bool files = false;; files = true) {
		struct line_format format;
		uint64_t entries;
		int code = line_read_format(lines, cursor, &format, &entries);
		for (uint64_t i = 0; i < entries && code == NOTE_OK; i++) {
			struct line_entry entry = {0};
			uint64_t start = cursor->at;
			for (unsigned j = 0; j < format.count && code == NOTE_OK; j++)
				code = line_read_field(lines, table, cursor,
						       format.fields[j].content,
						       format.fields[j].form, &entry);
			if (code != NOTE_OK)
				return code;
			if (cursor->bad || cursor->at == start)
				return line_malformed(lines, start, "a file list without an end");
			const char *name = entry.path.text;
			bool is_comp_dir =
				i == 0 && name != NULL &&
				(table->comp_dir == NULL || strcmp(name, table->comp_dir) == 0);
			code = files ? read_file(lines, table, &entry.path, entry.directory,
						 entry.md5)
				     : read_directory(lines, table, &entry.path, is_comp_dir);
		}
		if (code != NOTE_OK || files)
			return code;
	}
}

static int read_table(struct lines *lines, struct line_table *table)
{
	struct cursor cursor;
	int code = line_read_header(lines, table, &cursor);
	if (code != NOTE_OK)
		return code;
	lines->directory_count = 0;
	return table->context.version >= 5 ? read_names_5(lines, table, &cursor)
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

static void drop_splices(struct dwarf *dwarf, size_t count)
{
	while (dwarf->splice_count > count)
		free(dwarf->splices[--dwarf->splice_count].text);
}

/* Where it fails, what it did for the table at hand is undone but for strings, each of which is
 * right by itself. */
static int try_table(struct lines *lines, struct line_table *table, const struct line_user *user,
		     uint64_t end)
{
	struct dwarf *dwarf = lines->dwarf;
	const size_t splices = dwarf->splice_count;
	int code;
	if (user->table >= lines->section->size)
		code = section_error(dwarf, user->section, user->at, NOTE_MALFORMED,
				     "a line table's offset lies outside .debug_line");
	else if (user->table < end)
		code = section_error(dwarf, user->section, user->at, NOTE_MALFORMED,
				     "a line table lies inside another");
	else
		code = read_table(lines, table);
	if (code == NOTE_OK)
		return NOTE_OK;
	drop_splices(dwarf, splices);
	return dwarf_pass_over(dwarf, code) ? NOTE_ABSENT : code;
}

static int read_tables(struct lines *lines)
{
	struct dwarf *dwarf = lines->dwarf;
	qsort(dwarf->users, dwarf->user_count, sizeof(*dwarf->users), compare_users);
	lines->tables = xcalloc(dwarf->user_count, sizeof(*lines->tables));
	uint64_t end = 0;
	bool complete = true;
	for (size_t i = 0; i < dwarf->user_count; i++) {
		const struct line_user *user = &dwarf->users[i];
		if (i > 0 && user->table == user[-1].table)
			continue;
		struct line_table *table = &lines->tables[lines->count];
		*table = (struct line_table){.start = user->table,
					     .comp_dir = user->comp_dir,
					     .absolute = user->absolute,
					     .foreign = user->foreign,
					     .is_go = user->is_go};
		int code = try_table(lines, table, user, end);
		if (code == NOTE_ABSENT)
			continue;
		if (code != NOTE_OK)
			return code;
		complete = complete && table->start == end;
		end = table->end;
		lines->count++;
	}
	dwarf->lines_complete = complete && !dwarf->torn && end == lines->section->size;
	return NOTE_OK;
}

static int compare_splices(const void *a, const void *b)
{
	const struct splice *left = a, *right = b;
	return left->at < right->at ? -1 : left->at > right->at;
}

int lines_rewrite(struct dwarf *dwarf)
{
	dwarf->lines_complete = dwarf->line == NULL;
	if (dwarf->line == NULL || dwarf->user_count == 0)
		return NOTE_OK;
	struct lines lines = {.dwarf = dwarf, .section = dwarf->line};
	int code = read_tables(&lines);
	/* In a .dwp file all that refers to tables is relative to what the index says of a unit. */
	if (code == NOTE_OK && dwarf->is_split && dwarf->torn)
		drop_splices(dwarf, 0);
	if (code == NOTE_OK && dwarf->splice_count > 0) {
		code = dwarf->index_count == 0 ? macros_read(dwarf, false) : NOTE_OK;
		if (code != NOTE_OK && dwarf_pass_over(dwarf, code))
			code = NOTE_OK;
		qsort(dwarf->splices, dwarf->splice_count, sizeof(*dwarf->splices),
		      compare_splices);
	}
	if (code == NOTE_OK && dwarf->splice_count > 0)
		code = lines_write(&lines);
	dwarf->line_tables = lines.tables;
	dwarf->line_table_count = lines.count;
	free(lines.directories);
	return code;
}
