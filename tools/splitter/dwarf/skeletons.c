/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Skeleton units (split DWARF; DWARF 5, 3.1.2, and the GNU extension of DWARF 4): they hold
 * addresses and the line table alone, and name a file, relative to the compilation directory, that
 * has all else.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/splitter/dwarf/unit.h"

/* The path that UNIT names, and in *NAME the field; NULL where it is no skeleton or has no name. */
static char *split_path(struct dwarf *dwarf, const struct unit *unit, struct string_ref *name)
{
	struct string_ref comp_dir = {0};
	const struct field *field = unit_split_name(unit);
	if (field == NULL)
		return NULL;
	struct cursor cursor = section_cursor(dwarf, unit->section, field->at, unit->end);
	if (string_read(dwarf, unit->section, &cursor, field->form, &unit->context,
			unit->str_offsets_base, name) != NOTE_OK ||
	    name->text == NULL)
		return NULL;
	cursor = section_cursor(dwarf, unit->section, unit->comp_dir_at, unit->end);
	if (unit->comp_dir_form != 0 &&
	    string_read(dwarf, unit->section, &cursor, unit->comp_dir_form, &unit->context,
			unit->str_offsets_base, &comp_dir) != NOTE_OK)
		return NULL;
	return path_absolute(dwarf->map, comp_dir.text, name->text);
}

int unit_rename_split(struct dwarf *dwarf, const struct unit *unit, char **inline_text)
{
	struct string_ref name = {0};
	int code = NOTE_OK;
	*inline_text = NULL;
	if (dwarf->map == NULL)
		return NOTE_OK;
	char *path = split_path(dwarf, unit, &name);
	char *now = path != NULL ? path_map_split_name(dwarf->map, path) : NULL;
	/* What is not there cannot be brought along: its name tells where it was. */
	char *place = now != NULL ? path_map_place(dwarf->map, path) : NULL;
	if (now != NULL && strcmp(now, name.text) != 0 &&
	    access(place != NULL ? place : path, R_OK) == 0) {
		if (name.table != NULL)
			code = string_set(dwarf, &name, now);
		else
			*inline_text = xstrdup(now);
	}
	free(place);
	free(now);
	free(path);
	return code;
}

static void add_path(struct dwarf *dwarf, const struct unit *unit, struct strings *paths)
{
	struct string_ref name = {0};
	char *path = split_path(dwarf, unit, &name);
	if (path != NULL)
		strings_take(paths, path);
}

void units_list_split(struct dwarf *dwarf, struct strings *paths)
{
	struct field fields[MAX_ATTRIBUTES];
	for (size_t i = 0; i < dwarf->section_count; i++) {
		struct debug_section *section = &dwarf->sections[i];
		if (section->kind != DEBUG_INFO)
			continue;
		struct unit unit = {.fields = fields};
		for (uint64_t at = 0, start = 0;; start = at) {
			int code = units_next(dwarf, section, &at, &unit);
			if (code == NOTE_ABSENT)
				break;
			if (code == NOTE_OK)
				add_path(dwarf, &unit, paths);
			if (at <= start)
				break;
		}
	}
	strings_sort(paths);
	size_t count = 0;
	for (size_t i = 0; i < paths->count; i++) {
		if (count > 0 && strcmp(paths->items[i], paths->items[count - 1]) == 0)
			free(paths->items[i]);
		else
			paths->items[count++] = paths->items[i];
	}
	paths->count = count;
}
