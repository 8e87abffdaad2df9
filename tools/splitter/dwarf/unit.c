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
		return malformed(dwarf, unit, "a line table's offset in a form of something else");
	user->table = section_offset(dwarf, unit->section, unit->lines_at, user->size);
	return NOTE_OK;
}

void add_line_user(struct dwarf *dwarf, const struct line_user *user)
{
	if (dwarf->user_count == dwarf->user_room) {
		dwarf->user_room = dwarf->user_room == 0 ? 64 : dwarf->user_room * 2;
		dwarf->users = xrealloc(dwarf->users, dwarf->user_room * sizeof(*dwarf->users));
	}
	dwarf->users[dwarf->user_count++] = *user;
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
	uint32_t directory = source_list_directory(dwarf->sources, true, NULL, comp_dir);
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
			code = unit_put_inline(dwarf, unit, installed, NULL, &done);
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
		      const struct unit_path *comp_dir, const char *base, bool *absolute)
{
	bool done = false;
	int code = NOTE_OK;
	*absolute = false;
	if (name->inline_text == NULL && comp_dir->inline_text == NULL)
		return NOTE_OK;
	if (unit->section->relocations == NULL)
		code = unit_put_inline(dwarf, unit, name->inline_text, comp_dir->inline_text,
				       &done);
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

static int unit_rewrite(struct dwarf *dwarf, struct unit *unit)
{
	bool in_build_dir = false;
	struct unit_path name = {0}, comp_dir = {0};
	struct line_user user = {0};
	dwarf->has_slashes = dwarf->has_slashes || has_slashes(unit);
	int code = unit->lines_form != 0 ? read_user(dwarf, unit, &user) : NOTE_OK;
	if (code == NOTE_OK)
		code = read_path(dwarf, unit, unit->comp_dir_at, unit->comp_dir_form, true,
				 &comp_dir);
	if (code == NOTE_OK)
		code = read_path(dwarf, unit, unit->name_at, unit->name_form, false, &name);
	if (code == NOTE_OK)
		code = place_name(dwarf, &name, comp_dir.ref.text, &in_build_dir);
	if (code == NOTE_OK)
		code = put_inline(dwarf, unit, &name, &comp_dir,
				  in_build_dir ? NULL : comp_dir.ref.text, &user.absolute);
	if (code == NOTE_OK && unit->lines_form != 0) {
		user.at = unit->lines_at; /* which may have moved */
		user.comp_dir = comp_dir.ref.text;
		user.is_go = unit->language == DW_LANG_Go;
		add_line_user(dwarf, &user);
	}
	if (code == NOTE_OK)
		add_primary(dwarf, unit, in_build_dir ? NULL : comp_dir.ref.text, name.ref.text);
	free(name.inline_text);
	free(comp_dir.inline_text);
	return code;
}

/* Linkers may fill up a section with zeros. */
static bool is_padding(const struct debug_section *section, uint64_t at)
{
	for (; at < section->size; at++)
		if (section->bytes[at] != 0)
			return false;
	return true;
}

int units_next(struct dwarf *dwarf, struct debug_section *section, uint64_t *at, struct unit *unit)
{
	if (*at >= section->size ||
	    (section->size - *at >= 4 && section->bytes[*at] == 0 && is_padding(section, *at)))
		return NOTE_ABSENT;
	struct cursor cursor = section_cursor(dwarf, section, *at, section->size);
	*unit = (struct unit){.section = section, .start = *at, .fields = unit->fields};
	int code = read_header(dwarf, unit, &cursor);
	if (code == NOTE_OK)
		code = read_entry(dwarf, unit, &cursor);
	*at = unit->end;
	return code;
}

int units_rewrite(struct dwarf *dwarf)
{
	struct field fields[MAX_ATTRIBUTES];
	struct unit unit = {.fields = fields};
	dwarf->abbrevs = abbrev_cache_new();
	for (size_t i = 0; i < dwarf->section_count; i++) {
		struct debug_section *section = &dwarf->sections[i];
		if (section->kind != DEBUG_INFO && section->kind != DEBUG_TYPES)
			continue;
		for (uint64_t at = 0;;) {
			int code = units_next(dwarf, section, &at, &unit);
			if (code == NOTE_ABSENT)
				break;
			if (code == NOTE_OK)
				code = unit_rewrite(dwarf, &unit);
			if (code != NOTE_OK)
				return code;
			if (section->kind == DEBUG_INFO)
				dwarf->summary.has_dwarf = true;
			dwarf->summary.units++;
		}
	}
	return NOTE_OK;
}
