/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Takes the old paths out of the string sections: nobody needs to learn from a release where it was
 * built. Linkers let strings share their tails ("a.c" may be the end of "/build/foo/a.c"), so the
 * bytes of an old path are made zero only up to the first one that something else refers to, and
 * only where everything that could refer to the section was seen:
 *
 *     .debug_line_str  units' first entries and line tables, which were all read; other entries
 *                      hold no strings by this form
 *     .debug_str       the same, .debug_str_offsets, .debug_macro, and all entries of all units
 *
 * To read all entries takes ten times as long as all else here together. It is spared where every
 * unit is C, C++, Fortran or assembler: there, no name of an entry holds a '/' (but operator/,
 * which is no end of a path), so none begins before the last component of a path; that is kept
 * instead.
 *
 * Where something is in the way of that proof, the old bytes stay.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/dwarf/unit.h"

/* --- who refers to .debug_str --- */

/* Every offset in .debug_str_offsets, as it is now (7.26). */
static bool mark_offsets(struct dwarf *dwarf)
{
	struct debug_section *section = dwarf->str_offsets;
	if (section == NULL)
		return true;
	if (section->relocations != NULL)
		return false;
	struct cursor cursor = section_cursor(dwarf, section, 0, section->size);
	while (cursor.at < cursor.end) {
		unsigned size;
		uint64_t length = cursor_unit_length(&cursor, &size);
		if (cursor.bad || length < 4)
			return false;
		uint64_t end = cursor.at + length;
		cursor_skip(&cursor, 4); /* version, padding */
		for (uint64_t at = cursor.at; at < end && size <= end - at; at += size) {
			const uint8_t *p = section_now(section) + at;
			string_mark(&dwarf->str, size == 8 ? image_u64(dwarf->image, p)
							   : image_u32(dwarf->image, p));
		}
		cursor.at = end;
	}
	return true;
}

/* How to pass the values of an entry, made of its abbreviation once: entries come by the million.
 */
enum step_kind {
	STEP_BYTES, /* SIZE of them */
	STEP_STRP,  /* a string of .debug_str */
	STEP_LEB,
	STEP_FORM, /* anything else: a value of form SIZE */
	STEP_END,
};

struct step {
	uint32_t kind;
	uint32_t size;
};

struct steps {
	struct step *items;
	size_t count, room;
};

static void add_step(struct steps *steps, uint32_t kind, uint64_t size)
{
	if (steps->count == steps->room) {
		steps->room = steps->room == 0 ? 1024 : steps->room * 2;
		steps->items = xrealloc(steps->items, steps->room * sizeof(*steps->items));
	}
	steps->items[steps->count++] = (struct step){kind, (uint32_t)size};
}

/* False where there is a form that is not known. */
static bool make_steps(struct dwarf *dwarf, struct steps *steps, const struct unit *unit,
		       struct abbrev *abbrev)
{
	uint64_t attribute, form, bytes = 0;
	struct cursor cursor =
		section_cursor(dwarf, dwarf->abbrev, abbrev->at, dwarf->abbrev->size);
	cursor_uleb(&cursor); /* the tag */
	cursor_skip(&cursor, 1);
	abbrev->steps = (uint32_t)steps->count + 1;
	while (abbrev_attribute(&cursor, &attribute, &form)) {
		int size = form_size(form, &unit->context);
		if (form != DW_FORM_strp && size >= 0) {
			bytes += (uint64_t)size;
			continue;
		}
		if (bytes > 0)
			add_step(steps, STEP_BYTES, bytes);
		bytes = 0;
		if (form == DW_FORM_strp)
			add_step(steps, STEP_STRP, 0);
		else if (form == DW_FORM_udata || form == DW_FORM_sdata)
			add_step(steps, STEP_LEB, 0);
		else if (form <= UINT32_MAX)
			add_step(steps, STEP_FORM, form);
		else
			return false;
	}
	if (bytes > UINT32_MAX)
		return false;
	if (bytes > 0)
		add_step(steps, STEP_BYTES, bytes);
	add_step(steps, STEP_END, 0);
	return !cursor.bad && steps->count < UINT32_MAX;
}

/* Passes the values of an entry and marks its strings. */
static bool mark_entry(struct dwarf *dwarf, struct cursor *cursor, const struct unit *unit,
		       const struct step *step)
{
	for (; step->kind != STEP_END; step++) {
		uint64_t form = step->size;
		switch (step->kind) {
		case STEP_BYTES:
			cursor_skip(cursor, step->size);
			break;
		case STEP_STRP:
			string_mark(&dwarf->str, cursor_fixed(cursor, unit->context.offset_size));
			break;
		case STEP_LEB:
			cursor_skip_form(cursor, DW_FORM_udata, &unit->context);
			break;
		default:
			while (form == DW_FORM_indirect && !cursor->bad)
				form = cursor_uleb(cursor);
			if (form == DW_FORM_strp)
				string_mark(&dwarf->str,
					    cursor_fixed(cursor, unit->context.offset_size));
			else if (!cursor_skip_form(cursor, form, &unit->context))
				return false;
		}
	}
	return !cursor->bad;
}

/* Every entry of a unit behind the first. */
static bool mark_unit(struct dwarf *dwarf, struct steps *steps, const struct unit *unit)
{
	struct abbrev_table *table;
	if (unit->code == 0)
		return true;
	if (abbrev_table_find(dwarf, unit->abbrevs, &table) != NOTE_OK)
		return false;
	if (!table->has_strp)
		return true;
	/* The steps are made for one size of offsets and addresses. */
	if (table->context.version == 0)
		table->context = unit->context;
	else if (memcmp(&table->context, &unit->context, sizeof(table->context)) != 0)
		return false;
	struct cursor cursor = section_cursor(dwarf, unit->section, unit->entry_end, unit->end);
	while (cursor.at < cursor.end) {
		uint64_t code = cursor_uleb(&cursor);
		if (cursor.bad)
			return false;
		if (code == 0)
			continue;
		struct abbrev *abbrev = abbrev_find(dwarf, table, code);
		if (abbrev == NULL)
			return false;
		if (abbrev->steps == 0 && !make_steps(dwarf, steps, unit, abbrev))
			return false;
		if (!mark_entry(dwarf, &cursor, unit, &steps->items[abbrev->steps - 1]))
			return false;
	}
	return true;
}

static bool mark_units(struct dwarf *dwarf)
{
	struct field fields[MAX_ATTRIBUTES];
	struct steps steps = {0};
	bool good = true;
	for (size_t i = 0; i < dwarf->section_count && good; i++) {
		struct debug_section *section = &dwarf->sections[i];
		if (section->kind != DEBUG_INFO && section->kind != DEBUG_TYPES)
			continue;
		/* Each offset would have to be looked up among the relocations. */
		good = section->relocations == NULL;
		struct unit unit = {.fields = fields};
		for (uint64_t at = 0; good && units_next(dwarf, section, &at, &unit) == NOTE_OK;)
			good = mark_unit(dwarf, &steps, &unit);
	}
	free(steps.items);
	return good;
}

/* --- blanking --- */

/* Keeps the last component of each path, which may be anybody's, unless ALL was seen. */
static void scrub(struct string_table *table, bool all)
{
	struct debug_section *section = table->section;
	for (size_t i = 0; i < table->move_count; i++) {
		uint64_t from = table->moves[i].from;
		/* The tail of a longer string belongs to that one. */
		if (table->moves[i].to == from || (from > 0 && section->bytes[from - 1] != '\0'))
			continue;
		const char *path = (const char *)section->bytes + from;
		uint64_t end = from + strlen(path), keep = from;
		if (!all)
			end = from + (uint64_t)(strrchr(path, '/') + 1 - path);
		while (keep < end && !string_is_marked(table, keep))
			keep++;
		if (keep > from)
			memset(section_change(section) + from, 0, keep - from);
	}
}

static bool has_moved(const struct string_table *table)
{
	for (size_t i = 0; i < table->move_count; i++)
		if (table->moves[i].to != table->moves[i].from)
			return true;
	return false;
}

/* Of an alternate file: the paths that only files which share it named. Their last components stay,
 * as above. */
static void scrub_shared(struct dwarf *dwarf)
{
	struct string_table *table = &dwarf->str;
	struct debug_section *section = table->section;
	for (uint64_t at = 0, next; section != NULL && at < section->terminated; at = next) {
		const char *text = (const char *)section->bytes + at;
		const size_t length = strlen(text);
		next = at + length + 1;
		char *path = text[0] == '/' && length < PATH_MAX ? path_map_apply(dwarf->map, text)
								 : NULL;
		const uint64_t end =
			path != NULL ? at + (uint64_t)(strrchr(text, '/') + 1 - text) : at;
		uint64_t keep = at;
		while (keep < end && !string_is_marked(table, keep))
			keep++;
		if (keep > at)
			memset(section_change(section) + at, 0, keep - at);
		free(path);
	}
}

void strings_scrub(struct dwarf *dwarf)
{
	struct note_error *err = dwarf->err;
	if (!dwarf->lines_complete)
		return;
	dwarf->err = NULL; /* failing to prove is no failure */
	if (dwarf->is_alternate)
		scrub_shared(dwarf);
	if (has_moved(&dwarf->line_str) && !dwarf->has_line_strp)
		scrub(&dwarf->line_str, true);
	bool all = dwarf->has_slashes;
	/* In split files every slot of every offset's table was read. */
	if (dwarf->is_split) {
		if (has_moved(&dwarf->str) && !dwarf->has_strp &&
		    macros_read(dwarf, true) == NOTE_OK)
			scrub(&dwarf->str, true);
	} else if (has_moved(&dwarf->str) && macros_read(dwarf, true) == NOTE_OK &&
		   (!all || (!dwarf->has_names && mark_offsets(dwarf) && mark_units(dwarf))))
		scrub(&dwarf->str, all);
	dwarf->err = err;
}
