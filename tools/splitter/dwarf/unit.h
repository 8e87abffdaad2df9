/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by those who read units: unit.c, abbrev.c, whose.c, unit_rewrite.c, first_entry.c,
 * scrub.c. */
#ifndef SPLITTER_DWARF_UNIT_H
#define SPLITTER_DWARF_UNIT_H

#include "tools/splitter/dwarf/internal.h"

/* No compiler gives a unit more; attributes without a value must not make many units slow. */
#define MAX_ATTRIBUTES 128

/* An attribute of a unit's first entry. */
struct field {
	uint64_t attribute;
	uint64_t form; /* what DW_FORM_indirect stands for, where it is one */
	uint64_t at;   /* of the value */
	uint64_t size;
	uint64_t constant_at; /* of DW_FORM_implicit_const, in .debug_abbrev */
	uint64_t constant_size;
};

struct unit {
	struct debug_section *section;
	uint64_t start;
	uint64_t end;
	uint64_t abbrevs; /* offset of its table */
	uint64_t abbrevs_at;
	struct form_context context;
	/* Of the first entry: */
	uint64_t code;             /* of its abbreviation; 0: there is none */
	uint64_t entry, entry_end; /* the values */
	uint64_t tag;
	uint8_t has_children;
	uint64_t language;
	uint64_t str_offsets_base;
	uint64_t name_at, name_form; /* form 0: not there */
	uint64_t comp_dir_at, comp_dir_form;
	uint64_t lines_at, lines_form;
	struct field *fields; /* MAX_ATTRIBUTES of them */
	unsigned field_count;
};

/* Reads the unit at *AT of SECTION, which then is behind it; UNIT->fields is the caller's.
 * NOTE_ABSENT behind the last. */
int units_next(struct dwarf *dwarf, struct debug_section *section, uint64_t *at, struct unit *unit);

/* SEE each unit of all sections that hold units, those of types too where TYPES; CODE is what
 * units_next() said of it. A section ends where it is not known where the next one begins. */
void units_visit(struct dwarf *dwarf, bool types,
		 void (*see)(void *context, struct unit *unit, int code), void *context);

/* The attribute that names the file with the rest of a skeleton unit; NULL where UNIT is none. */
const struct field *unit_split_name(const struct unit *unit);

/* Renames the file that UNIT, a skeleton, names (skeletons.c). Before the rest of it changes. A
 * name that is held inline is left alone: *INLINE_TEXT, the caller's, is what it should become. */
int unit_rename_split(struct dwarf *dwarf, const struct unit *unit, char **inline_text);

/* A constant or offset of FORM at AT, which was checked to lie inside; 0 for other classes. */
uint64_t unit_constant(struct dwarf *dwarf, const struct unit *unit, uint64_t at, uint64_t form);

/* --- abbreviations (abbrev.c) --- */

struct abbrev {
	uint64_t code;
	uint64_t at;    /* of its tag, in .debug_abbrev */
	uint32_t steps; /* of scrub.c: 0, or 1 and where they begin */
};

struct abbrev_table {
	uint64_t offset;
	size_t first; /* of COUNT abbreviations, in the cache's list */
	size_t count;
	struct form_context context; /* of scrub.c: version 0 at first */
	bool bad;                    /* it cannot be read */
	bool has_strp; /* other entries than a unit's first hold strings in these forms */
	bool has_line_strp;
};

/* The table at OFFSET, read and kept; valid until the next call. */
int abbrev_table_find(struct dwarf *dwarf, uint64_t offset, struct abbrev_table **out);

/* NULL where the table has no such code. */
struct abbrev *abbrev_find(struct dwarf *dwarf, const struct abbrev_table *table, uint64_t code);

/* One attribute of an abbreviation; false behind the last. */
bool abbrev_attribute(struct cursor *cursor, uint64_t *attribute, uint64_t *form);

/* The strings of a unit's first entry that may have to change. */
struct unit_texts {
	const char *name, *comp_dir;
	const char *split; /* the other half of a skeleton */
};

/* Encodes the first entry anew with these texts (NULL: as it is) for the strings that it holds
 * inline. *DONE is false, and nothing was changed, where there is not enough room. */
int unit_put_inline(struct dwarf *dwarf, struct unit *unit, const struct unit_texts *texts,
		    bool *done);

/* The same in a relocatable file: they take the place of what is held inline, and the unit grows.
 * False, and nothing was changed, where something counts on it to stay as it is (grow.c). */
bool unit_grow(const struct dwarf *dwarf, const struct unit *unit, const struct unit_texts *texts);

#endif
