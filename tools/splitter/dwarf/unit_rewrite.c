/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rewriting units: the names of their sources and compilation directories, and who refers to which
 * line table. The entries below the first are not read: no path of ours is there.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/dwarf/unit.h"

/* What DW_AT_stmt_list says, and its size; read before anything moves. */
static int read_user(struct dwarf *dwarf, const struct unit *unit, struct line_user *user)
{
	user->section = unit->section;
	user->size = unit->context.offset_size;
	if (unit->lines_form == DW_FORM_data4)
		user->size = 4;
	else if (unit->lines_form == DW_FORM_data8)
		user->size = 8;
	else if (unit->lines_form != DW_FORM_sec_offset)
		return section_error(dwarf, unit->section, unit->lines_at, NOTE_UNSUPPORTED,
				     "a line table's offset in a form of something else");
	user->table = section_offset(dwarf, unit->section, unit->lines_at, user->size);
	return NOTE_OK;
}

/* The main file. Go names a unit by its package, which is no file: there, the first file of the
 * line table is taken. rustc puts the name of the code generation unit behind the file's:
 * "src/main.rs/@/main.4f9a-cgu.0". */
static void add_primary(struct dwarf *dwarf, const struct unit *unit, const char *comp_dir,
			const char *name)
{
	if (dwarf->sources == NULL || name == NULL || unit->language == DW_LANG_Go ||
	    unit->tag == DW_TAG_type_unit)
		return;
	const char *end = strstr(name, "/@/");
	if (end != NULL)
		name = source_list_keep(dwarf->sources, name, (size_t)(end - name));
	if (!path_is_source(name))
		return;
	uint32_t directory = source_list_directory(dwarf->sources, dwarf->map, NULL, comp_dir);
	if (comp_dir != NULL)
		source_list_compiled(dwarf->sources, directory);
	source_list_add(dwarf->sources, directory, name, NULL, true);
}

/* A unit's name or compilation directory. */
struct unit_path {
	struct string_ref ref;
	char *inline_text; /* what it has to become where it is held inline; NULL: nothing */
};

static int read_path(struct dwarf *dwarf, struct unit *unit, uint64_t at, uint64_t form,
		     bool comp_dir, struct unit_path *path)
{
	if (form == 0)
		return NOTE_OK;
	struct cursor cursor = section_cursor(dwarf, unit->section, at, unit->end);
	int code = string_read(dwarf, unit->section, &cursor, form, &unit->context,
			       unit->str_offsets_base, &path->ref);
	/* Go says "." whatever the directory was, and its relative names (-trimpath) begin with a
	 * module's name: there is nothing that they are relative to. */
	if (comp_dir && unit->language == DW_LANG_Go && path->ref.text != NULL &&
	    path->ref.text[0] != '/')
		path->ref.text = NULL;
	if (code == NOTE_OK)
		code = string_rewrite(dwarf, &path->ref, comp_dir, &path->inline_text);
	return code;
}

/* Where the compilation directory cannot be rewritten (gcc holds "." inline with DWARF 4), the
 * name, which is relative to BASE, is made absolute instead, as the line table's names will be. */
static int make_name_absolute(struct dwarf *dwarf, struct unit *unit, struct unit_path *name,
			      const char *base)
{
	if (name->ref.text == NULL || !path_is_source(name->ref.text))
		return NOTE_OK;
	if (name->ref.text[0] == '/' && name->inline_text == NULL)
		return NOTE_OK;
	int code = NOTE_OK;
	char *original = path_absolute(dwarf->map, base, name->ref.text);
	char *installed = path_map_apply(dwarf->map, original);
	if (installed != NULL && name->ref.table != NULL) {
		code = string_set(dwarf, &name->ref, installed);
	} else if (installed != NULL) {
		bool done = false;
		code = dwarf_spend(dwarf, strlen(installed));
		if (code == NOTE_OK && unit->section->relocations == NULL)
			code = unit_put_inline(dwarf, unit, &(struct unit_texts){.name = installed},
					       &done);
		if (code == NOTE_OK && !done && name->ref.text[0] == '/')
			dwarf->summary.kept++;
	}
	free(original);
	free(installed);
	return code;
}

/* Encodes the first entry anew for what it holds inline. Where that cannot be (there is no room, no
 * string section, or relocations would have to be added), the line table alone says where the
 * sources are now. */
static int put_inline(struct dwarf *dwarf, struct unit *unit, struct unit_path *name,
		      const struct unit_path *comp_dir, const char *split, const char *base,
		      bool *absolute)
{
	const struct unit_texts texts = {name->inline_text, comp_dir->inline_text, split};
	bool done = false;
	int code = NOTE_OK;
	*absolute = false;
	if (name->inline_text == NULL && comp_dir->inline_text == NULL && split == NULL)
		return NOTE_OK;
	if (unit->section->relocations == NULL)
		code = unit_put_inline(dwarf, unit, &texts, &done);
	else
		done = unit_grow(dwarf, unit, &texts);
	if (code != NOTE_OK || done)
		return code;
	if (comp_dir->inline_text == NULL) {
		dwarf->summary.kept++;
		return NOTE_OK;
	}
	*absolute = true;
	if (comp_dir->ref.text[0] == '/')
		dwarf->summary.kept++;
	return make_name_absolute(dwarf, unit, name, base);
}

/* A name that -ffile-prefix-map left relative to the build directory becomes absolute. */
static int place_name(struct dwarf *dwarf, struct unit_path *name, const char *comp_dir,
		      bool *in_build_dir)
{
	int code = NOTE_OK;
	*in_build_dir = dwarf->map != NULL && name->ref.text != NULL &&
			path_map_is_misplaced(dwarf->map, comp_dir, name->ref.text);
	if (!*in_build_dir)
		return NOTE_OK;
	char *original = path_absolute(dwarf->map, NULL, name->ref.text);
	char *installed = path_map_apply(dwarf->map, original);
	free(original);
	if (installed == NULL || name->ref.table == NULL) {
		name->inline_text = installed;
		return NOTE_OK;
	}
	code = string_set(dwarf, &name->ref, installed);
	free(installed);
	return code;
}

/* Whether names in this language may hold a '/', as packages' do in Go. */
static bool has_slashes(const struct unit *unit)
{
	switch (unit->language) {
	case 0:
		return unit->tag == DW_TAG_compile_unit;
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C_plus_plus:
	case DW_LANG_Fortran77:
	case DW_LANG_Fortran90:
	case DW_LANG_C99:
	case DW_LANG_Fortran95:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C11:
	case DW_LANG_C_plus_plus_14:
	case DW_LANG_Fortran03:
	case DW_LANG_Fortran08:
	case DW_LANG_C_plus_plus_17:
	case DW_LANG_C_plus_plus_20:
	case DW_LANG_C17:
	case DW_LANG_Fortran18:
	case DW_LANG_Mips_Assembler:
		return false;
	default:
		return true;
	}
}

/* Of a unit of another build, what is relative leads nowhere: all that its names and its table have
 * below our build directory is what they name by absolute paths. */
static int pass_foreign(struct dwarf *dwarf, struct unit *unit, struct line_user *user)
{
	struct unit_path comp_dir = {0};
	struct cursor cursor = section_cursor(dwarf, unit->section, unit->comp_dir_at, unit->end);
	int code = NOTE_OK;
	dwarf->summary.foreign++;
	if (unit->comp_dir_form != 0)
		code = string_read(dwarf, unit->section, &cursor, unit->comp_dir_form,
				   &unit->context, unit->str_offsets_base, &comp_dir.ref);
	if (code == NOTE_OK && comp_dir.ref.table != NULL)
		string_mark(comp_dir.ref.table, comp_dir.ref.offset);
	user->foreign = true;
	user->comp_dir = comp_dir.ref.text;
	user->at = unit->lines_at;
	if (code == NOTE_OK && unit->lines_form != 0)
		add_line_user(dwarf, user);
	return code;
}

/* Whether names that are relative to COMP_DIR, which stays, may lead below a build directory. */
static bool reaches_build_dir(const struct dwarf *dwarf, const struct unit *unit,
			      const char *comp_dir)
{
	if (dwarf->map == NULL || comp_dir == NULL || comp_dir[0] != '/' ||
	    unit->language == DW_LANG_Go)
		return false;
	char *installed = path_map_apply(dwarf->map, comp_dir);
	const bool moves = installed != NULL;
	free(installed);
	return !moves && path_map_may_reach(dwarf->map, comp_dir);
}

/* A unit is ours if its directory or its name is below a build directory. */
static bool is_ours(const struct dwarf *dwarf, const struct unit_path *name, const char *comp_dir)
{
	if (dwarf->map == NULL)
		return false;
	char *installed = comp_dir != NULL ? path_map_apply_comp_dir(dwarf->map, comp_dir) : NULL;
	if (installed == NULL && name->ref.text != NULL) {
		char *original = path_absolute(dwarf->map, comp_dir, name->ref.text);
		installed = path_map_apply(dwarf->map, original);
		free(original);
	}
	const bool ours = installed != NULL;
	free(installed);
	return ours;
}

static int rewrite_paths(struct dwarf *dwarf, struct unit *unit, struct unit_path *name,
			 struct unit_path *comp_dir, const char *split, struct line_user *user)
{
	bool in_build_dir = false;
	int code = read_path(dwarf, unit, unit->comp_dir_at, unit->comp_dir_form, true, comp_dir);
	if (code == NOTE_OK)
		code = read_path(dwarf, unit, unit->name_at, unit->name_form, false, name);
	const char *base = comp_dir->ref.text;
	if (code == NOTE_OK)
		code = place_name(dwarf, name, base, &in_build_dir);
	if (in_build_dir)
		base = NULL;
	if (code == NOTE_OK)
		code = put_inline(dwarf, unit, name, comp_dir, split, base, &user->absolute);
	if (code == NOTE_OK && !user->absolute && reaches_build_dir(dwarf, unit, base)) {
		user->absolute = true;
		code = make_name_absolute(dwarf, unit, name, base);
	}
	if (code == NOTE_OK && is_ours(dwarf, name, base))
		dwarf->summary.ours++;
	if (code == NOTE_OK)
		add_primary(dwarf, unit, base, name->ref.text);
	return code;
}

static int unit_rewrite(struct dwarf *dwarf, struct unit *unit, bool foreign)
{
	struct unit_path name = {0}, comp_dir = {0};
	struct line_user user = {0};
	char *split = NULL;
	dwarf->has_slashes = dwarf->has_slashes || has_slashes(unit);
	int code = unit->lines_form != 0 ? read_user(dwarf, unit, &user) : NOTE_OK;
	if (unit_split_name(unit) != NULL) {
		dwarf->summary.skeletons++;
		code = code == NOTE_OK && !foreign ? unit_rename_split(dwarf, unit, &split) : code;
	}
	if (code == NOTE_OK && foreign)
		return pass_foreign(dwarf, unit, &user);
	if (code == NOTE_OK)
		code = rewrite_paths(dwarf, unit, &name, &comp_dir, split, &user);
	free(split);
	if (code == NOTE_OK && unit->lines_form != 0) {
		user.at = unit->lines_at; /* which may have moved */
		user.comp_dir = comp_dir.ref.text;
		user.is_go = unit->language == DW_LANG_Go;
		add_line_user(dwarf, &user);
	}
	free(name.inline_text);
	free(comp_dir.inline_text);
	return code;
}

/* The units of one section. */
static int section_rewrite(struct dwarf *dwarf, struct debug_section *section, uint64_t *number)
{
	struct field fields[MAX_ATTRIBUTES];
	struct unit unit = {.fields = fields};
	for (uint64_t at = 0;; ++*number) {
		const uint64_t start = at;
		int code = units_next(dwarf, section, &at, &unit);
		if (code == NOTE_ABSENT)
			return NOTE_OK;
		if (code == NOTE_OK)
			code = unit_rewrite(dwarf, &unit,
					    dwarf->foreign != NULL && dwarf->foreign[*number] != 0);
		if (code != NOTE_OK && !dwarf_pass_over(dwarf, code))
			return code;
		if (section->kind == DEBUG_INFO)
			dwarf->summary.has_dwarf = true;
		dwarf->summary.units++;
		if (at <= start) { /* where the next one begins is not known */
			++*number;
			return NOTE_OK;
		}
	}
}

int units_rewrite(struct dwarf *dwarf)
{
	uint64_t number = 0;
	int code = NOTE_OK;
	for (size_t i = 0; i < dwarf->section_count && code == NOTE_OK; i++)
		if (dwarf->sections[i].kind == DEBUG_INFO || dwarf->sections[i].kind == DEBUG_TYPES)
			code = section_rewrite(dwarf, &dwarf->sections[i], &number);
	return code;
}
