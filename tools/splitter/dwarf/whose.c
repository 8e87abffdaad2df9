/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose a unit is. Names that are relative (-ffile-prefix-map=DIR=.) lead to the build directory in
 * units of this build, and nowhere in those of somebody else's static library, which was built in
 * the same way. So a unit with a relative compilation directory is ours only if its main source is
 * there, below the build directory:
 *
 *   - where the line table has the source's MD5 (DWARF 5), that decides;
 *   - else another file could have the same name. A build that writes absolute directories writes
 *     them everywhere: where most of the units in question, of one language, have one below the
 *     build directory, a relative one comes from elsewhere.
 *
 * Besides, the other names of the build directory are learnt here: through symbolic links, and
 * /proc/self/cwd, which some tools call it, is as good as a relative one.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/digest.h"
#include "tools/base/root/root.h"
#include "tools/splitter/dwarf/unit.h"

#define CWD "/proc/self/cwd"

enum answer {
	NOT_ASKED, /* it has nothing to be judged by, or its directory is absolute */
	NOT_OURS,
	LIKELY, /* a source of that name is there */
	OURS,
};

struct seen {
	const char *comp_dir, *name; /* NULL: none */
	uint64_t language;
	uint64_t table; /* of lines; UINT64_MAX: none */
	enum answer answer;
};

struct survey {
	struct dwarf *dwarf;
	struct seen *units;
	size_t count, room;
	struct hash_map asked;    /* absolute compilation directories, by the first unit */
	struct hash_map by_table; /* units that were judged, by their line table */
	uint64_t absolute[4], likely[4];
};

/* Languages whose units are made by one compiler, with one set of options. */
static unsigned family(uint64_t language)
{
	switch (language) {
	case DW_LANG_Mips_Assembler:
		return 1;
	case DW_LANG_Fortran77:
	case DW_LANG_Fortran90:
	case DW_LANG_Fortran95:
	case DW_LANG_Fortran03:
	case DW_LANG_Fortran08:
	case DW_LANG_Fortran18:
		return 2;
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C_plus_plus:
	case DW_LANG_C99:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C11:
	case DW_LANG_C_plus_plus_14:
	case DW_LANG_C_plus_plus_17:
	case DW_LANG_C_plus_plus_20:
	case DW_LANG_C17:
		return 0;
	default:
		return 3;
	}
}

static bool is_cwd(const char *directory)
{
	return strncmp(directory, CWD, strlen(CWD)) == 0 &&
	       (directory[strlen(CWD)] == '\0' || directory[strlen(CWD)] == '/');
}

static bool is_relative(const struct seen *unit)
{
	return unit->comp_dir == NULL || unit->comp_dir[0] != '/' || is_cwd(unit->comp_dir);
}

/* --- seeing them --- */

static const char *text_of(struct dwarf *dwarf, const struct unit *unit, uint64_t at, uint64_t form)
{
	struct string_ref ref;
	struct cursor cursor = section_cursor(dwarf, unit->section, at, unit->end);
	if (form == 0 || string_read(dwarf, unit->section, &cursor, form, &unit->context,
				     unit->str_offsets_base, &ref) != NOTE_OK)
		return NULL;
	return ref.text;
}

static void see(void *context, struct unit *unit, int code)
{
	struct survey *survey = context;
	struct dwarf *dwarf = survey->dwarf;
	struct seen seen = {.table = UINT64_MAX, .language = unit->language};
	if (survey->count == survey->room) {
		survey->room = survey->room == 0 ? 256 : survey->room * 2;
		survey->units = xrealloc(survey->units, survey->room * sizeof(*survey->units));
	}
	if (code == NOTE_OK && unit->language != DW_LANG_Go) {
		seen.comp_dir = text_of(dwarf, unit, unit->comp_dir_at, unit->comp_dir_form);
		seen.name = text_of(dwarf, unit, unit->name_at, unit->name_form);
		if (unit->lines_form == DW_FORM_sec_offset || unit->lines_form == DW_FORM_data4 ||
		    unit->lines_form == DW_FORM_data8)
			seen.table = unit_constant(dwarf, unit, unit->lines_at, unit->lines_form);
	}
	survey->units[survey->count++] = seen;
}

/* --- other names of the build directory --- */

static void learn_names(struct survey *survey)
{
	for (size_t i = 0; i < survey->count; i++) {
		const struct seen *unit = &survey->units[i];
		size_t step = 0;
		bool known = false;
		if (is_relative(unit))
			continue;
		uint64_t hash = hash_bytes(unit->comp_dir, strlen(unit->comp_dir), 0);
		for (uint32_t j;
		     !known && (j = hash_map_next(&survey->asked, hash, &step)) != HASH_NONE;)
			known = strcmp(survey->units[j].comp_dir, unit->comp_dir) == 0;
		if (known)
			continue;
		hash_map_add(&survey->asked, hash, (uint32_t)i);
		free(dwarf_map_path(survey->dwarf, unit->comp_dir));
	}
}

/* --- judging --- */

/* GNU as 2.40 and others write the bytes of the number in the order of the machine. */
static bool is_same_md5(const uint8_t *a, const uint8_t *b)
{
	bool forward = true, backward = true;
	for (int i = 0; i < 16; i++) {
		forward = forward && a[i] == b[i];
		backward = backward && a[i] == b[15 - i];
	}
	return forward || backward;
}

static enum answer ask_for(struct survey *survey, const char *directory, const char *name,
			   const uint8_t *wanted)
{
	char *path = path_absolute(survey->dwarf->map, directory, name);
	char *installed = path_map_apply(survey->dwarf->map, path);
	if (installed == NULL) {
		free(path);
		return NOT_OURS;
	}
	free(installed);
	uint8_t digest[MD5_SIZE];
	const bool there =
		path_map_has_source(survey->dwarf->map, path, wanted != NULL ? digest : NULL);
	free(path);
	if (!there)
		return NOT_OURS;
	return wanted == NULL ? LIKELY : is_same_md5(digest, wanted) ? OURS : NOT_OURS;
}

static enum answer judge(struct survey *survey, const struct seen *unit)
{
	uint8_t digest[16];
	enum answer answer;
	const char *end = strstr(unit->name, "/@/"); /* rustc's code generation units */
	char *name =
		strndup(unit->name, end != NULL ? (size_t)(end - unit->name) : strlen(unit->name));
	const char *directory = unit->comp_dir;
	if (name == NULL)
		return NOT_ASKED;
	if (directory != NULL && is_cwd(directory)) {
		directory += strlen(CWD);
		directory += directory[0] == '/' ? 1 : 0;
	}
	const bool has = unit->table != UINT64_MAX &&
			 line_table_md5(survey->dwarf, unit->table, name, digest);
	answer = ask_for(survey, directory, name, has ? digest : NULL);
	if (answer == NOT_OURS && strncmp(name, "./", 2) == 0)
		answer = ask_for(survey, NULL, name, has ? digest : NULL);
	free(name);
	return answer;
}

static bool is_judged(const struct seen *unit)
{
	return is_relative(unit) && unit->name != NULL && path_is_source(unit->name) &&
	       unit->name[0] != '/' && unit->language != DW_LANG_Go;
}

/* The first unit that was judged and has this line table. */
static const struct seen *find_judged(const struct survey *survey, uint64_t table)
{
	const uint64_t hash = hash_number(table, 0);
	size_t step = 0;
	for (uint32_t i; (i = hash_map_next(&survey->by_table, hash, &step)) != HASH_NONE;)
		if (survey->units[i].table == table)
			return &survey->units[i];
	return NULL;
}

static void judge_all(struct survey *survey)
{
	struct dwarf *dwarf = survey->dwarf;
	for (size_t i = 0; i < survey->count; i++) {
		struct seen *unit = &survey->units[i];
		if (is_judged(unit)) {
			unit->answer = judge(survey, unit);
			survey->likely[family(unit->language)] += unit->answer == LIKELY;
			if (find_judged(survey, unit->table) == NULL)
				hash_map_add(&survey->by_table, hash_number(unit->table, 0),
					     (uint32_t)i);
		} else if (!is_relative(unit)) {
			char *installed = path_map_apply(dwarf->map, unit->comp_dir);
			survey->absolute[family(unit->language)] += installed != NULL;
			free(installed);
		}
	}
	for (size_t i = 0; i < survey->count; i++) {
		struct seen *unit = &survey->units[i];
		const unsigned language = family(unit->language);
		if (unit->answer == LIKELY &&
		    survey->absolute[language] >= survey->likely[language])
			unit->answer = NOT_OURS;
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool dwarf_is_of_foreign(const struct dwarf *dwarf, const char *comp_dir, const char *name)
{
	const struct strings *names = &dwarf->foreign_names;
	if (names->count == 0 || comp_dir == NULL || comp_dir[0] != '/' || name[0] == '/' ||
	    bsearch(&name, names->items, names->count, sizeof(*names->items), compare_names) ==
		    NULL)
		return false;
	char *path = path_absolute(dwarf->map, comp_dir, name);
	const bool there = path_map_has_source(dwarf->map, path, NULL);
	free(path);
	return !there;
}

/* Units without a name of their own, of types and what dwz took out, go with the unit whose line
 * table they share. */
static enum answer answer_for(const struct survey *survey, const struct seen *unit)
{
	if (unit->answer != NOT_ASKED || unit->table == UINT64_MAX || !is_relative(unit))
		return unit->answer;
	const struct seen *judged = find_judged(survey, unit->table);
	return judged != NULL ? judged->answer : NOT_ASKED;
}

void units_tell_whose(struct dwarf *dwarf)
{
	struct survey survey = {.dwarf = dwarf};
	struct note_error *err = dwarf->err, unwanted = {0};
	bool cwd = false;
	/* Where the build directory is gone nothing can be told, and all are ours. */
	if (access(path_map_build_dir(dwarf->map), F_OK) != 0)
		return;
	dwarf->err = &unwanted; /* told when they are rewritten */
	units_visit(dwarf, true, see, &survey);
	learn_names(&survey);
	judge_all(&survey);
	dwarf->foreign = xcalloc(survey.count + 1, 1);
	for (size_t i = 0; i < survey.count; i++) {
		const struct seen *unit = &survey.units[i];
		const enum answer answer = answer_for(&survey, unit);
		dwarf->foreign[i] = answer == NOT_OURS;
		if (answer == NOT_OURS && unit->name != NULL)
			strings_add(&dwarf->foreign_names, unit->name);
		cwd = cwd || (answer >= LIKELY && unit->comp_dir != NULL && is_cwd(unit->comp_dir));
	}
	strings_unique(&dwarf->foreign_names);
	if (cwd && dwarf->own_map == NULL)
		dwarf->map = dwarf->own_map = path_map_copy(dwarf->map);
	if (cwd)
		path_map_name(dwarf->own_map, CWD, path_map_build_dir(dwarf->map));
	dwarf->err = err;
	free(survey.units);
	hash_map_free(&survey.asked);
	hash_map_free(&survey.by_table);
}
