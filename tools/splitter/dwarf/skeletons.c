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

struct listing {
	struct dwarf *dwarf;
	struct strings *paths;
};

/* Takes PATH; where it leads below a build directory by a symbolic link, its name is the one there.
 */
static char *follow_links(const struct path_map *map, char *path)
{
	char *installed = map != NULL ? path_map_apply(map, path) : NULL;
	const size_t length = map != NULL && installed == NULL ? path_map_leads_in(map, path) : 0;
	free(installed);
	if (length == 0)
		return path;
	char *directory = xasprintf("%.*s", (int)length, path);
	char *real = realpath(directory, NULL);
	char *there = real != NULL ? xasprintf("%s%s", real, path + length) : xstrdup(path);
	free(real);
	free(directory);
	free(path);
	return there;
}

static void list_path(void *context, struct unit *unit, int code)
{
	struct listing *listing = context;
	struct string_ref name = {0};
	char *path = code == NOTE_OK ? split_path(listing->dwarf, unit, &name) : NULL;
	if (path != NULL)
		strings_take(listing->paths, follow_links(listing->dwarf->map, path));
}

void units_list_split(struct dwarf *dwarf, struct strings *paths)
{
	units_visit(dwarf, false, list_path, &(struct listing){dwarf, paths});
	strings_unique(paths);
}
