/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of this room alone: others include dwarf.h. */
#ifndef SPLITTER_DWARF_INTERNAL_H
#define SPLITTER_DWARF_INTERNAL_H

#include "libnote/error.h"
#include "tools/base/hash/hash.h"
#include "tools/base/text.h"
#include "tools/splitter/dwarf/constants.h"
#include "tools/splitter/dwarf/dwarf.h"

/* --- a reader that remembers that it ran over (cursor.c) --- */

/* Reads from BYTES[AT] on, never at END or beyond: then BAD is set, and this and all later reads
 * give 0. */
struct cursor {
	const struct image *image; /* for the byte order */
	const uint8_t *bytes;
	uint64_t at;
	uint64_t end;
	bool bad;
};

uint64_t cursor_fixed(struct cursor *cursor, unsigned size); /* 1, 2, 3, 4 or 8 bytes */
uint64_t cursor_long_uleb(struct cursor *cursor);            /* 64 bits at most, or BAD */
void cursor_skip(struct cursor *cursor, uint64_t size);
const char *cursor_string(struct cursor *cursor, size_t *length); /* "" where BAD */

/* The same as cursor_long_uleb: nearly all are one byte, and they come by the million. */
static inline uint64_t cursor_uleb(struct cursor *cursor)
{
	if (!cursor->bad && cursor->at < cursor->end && cursor->bytes[cursor->at] < 0x80)
		return cursor->bytes[cursor->at++];
	return cursor_long_uleb(cursor);
}

/* unit_length: sets *OFFSET_SIZE to 4 or 8. BAD where what it counts ends after END. */
uint64_t cursor_unit_length(struct cursor *cursor, unsigned *offset_size);

/* What the size of an attribute's value depends on. */
struct form_context {
	uint16_t version;
	uint8_t offset_size;  /* 4 or 8 */
	uint8_t address_size; /* 4 or 8 */
};

/* The size of a value of FORM, -1 where that depends on the value. */
int form_size(uint64_t form, const struct form_context *context);

/* Skips a value of FORM; false where the form is not known. DW_FORM_indirect is not taken. */
bool cursor_skip_form(struct cursor *cursor, uint64_t form, const struct form_context *context);

/* --- sections (sections.c) --- */

enum debug_kind {
	DEBUG_INFO,
	DEBUG_TYPES,
	DEBUG_ABBREV,
	DEBUG_LINE,
	DEBUG_STR,
	DEBUG_LINE_STR,
	DEBUG_STR_OFFSETS,
	DEBUG_MACRO,
	DEBUG_INDEX, /* of .dwp files: .debug_cu_index, .debug_tu_index */
	DEBUG_KINDS,
};

struct relocations;

/* A replacement in .debug_line, or in the one unit of a section, that may change its size. */
struct splice {
	uint64_t at;
	uint64_t old_size; /* without the NUL, which stays */
	char *text;
};

struct debug_section {
	const char *name;
	enum debug_kind kind;
	uint64_t index;       /* in the image */
	uint64_t file_offset; /* of the contents */
	uint8_t *inflated;    /* the contents where the file holds them compressed */
	bool is_zdebug;       /* the old way, by the name: ".zdebug_info" */
	const uint8_t *bytes; /* as they were, uncompressed */
	uint64_t size;
	uint64_t padding;                /* from here on, all bytes are zero; of units alone */
	uint64_t terminated;             /* below this, every string ends inside */
	uint8_t *changed;                /* a copy with changes in place; NULL: none */
	struct relocations *relocations; /* in relocatable files */
	bool unmerged;                   /* see struct section_edit */
	struct splice *grown;            /* paths held inline (grow.c), by AT */
	size_t grown_count;
	unsigned unit_offset_size; /* of the unit that has them */
};

/* A new string for a string section. */
struct new_string {
	uint64_t offset; /* in the section as it will be */
	uint32_t length;
};

/* What a string section turns into. */
struct string_table {
	struct debug_section *section; /* NULL: not in the file */
	struct text added;             /* new strings, behind the old ones */
	struct new_string *strings;
	size_t count, room;
	struct hash_map by_text;
	/* Old offsets met so far, and the new ones (equal: the string stays). */
	struct {
		uint64_t from, to;
	} * moves;
	size_t move_count, move_room;
	struct hash_map by_offset;
	uint8_t *marks; /* one bit for each byte; NULL: none set */
};

/* A table of abbreviations made for units whose first entry was encoded anew (first_entry.c). */
struct new_table {
	uint64_t old;  /* the table that it is a copy of */
	uint64_t code; /* of the exchanged declaration, and where that is in what was added */
	uint64_t declaration_at;
	uint64_t declaration_size;
	uint64_t now; /* its offset in .debug_abbrev as it will be */
};

/* Who refers to a line table; SIZE 0: nobody that is known, but it is there. */
struct line_user {
	uint64_t table; /* its offset in .debug_line */
	struct debug_section *section;
	uint64_t at; /* of the offset in that section */
	const char *comp_dir;
	uint8_t size;
	bool is_go;    /* its relative names lead nowhere, its first file is the main one */
	bool foreign;  /* its relative names are those of another build */
	bool absolute; /* its relative names become absolute: the unit's compilation directory was
			  not, or could not be, rewritten */
};

struct source_list;
struct abbrev_cache;
struct line_table;

struct dwarf {
	struct image *image;
	const struct path_map *map;            /* NULL: nothing is rewritten */
	struct path_map *own_map;              /* the same with names that only this file has */
	uint8_t *foreign;                      /* of units, by their number (whose.c) */
	struct strings foreign_names;          /* of those that are not of this build; sorted */
	const struct debug_section *alternate; /* .debug_str of the alternate file, or NULL */
	struct note_error *err;
	struct debug_section *sections;
	size_t section_count;
	uint64_t inflated; /* bytes, of all sections that were compressed */
	struct debug_section *abbrev;
	struct debug_section *line;
	struct debug_section *str_offsets;
	struct string_table str;
	struct debug_section made_str; /* its section where the file has none and needs one */
	struct string_table line_str;
	struct abbrev_cache *abbrevs;
	struct text abbrevs_added; /* behind the old ones */
	struct new_table *tables;
	size_t table_count;
	bool tables_full; /* no more of them */
	struct hash_map tables_by_hash;
	struct source_list *sources; /* NULL: not wanted */
	struct line_user *users;
	size_t user_count, user_room;
	struct splice *splices; /* by AT */
	size_t splice_count, splice_room;
	struct text new_line; /* .debug_line where its size changed */
	bool line_resized;
	bool has_line_strp;  /* entries other than units' first hold strings by DW_FORM_line_strp */
	bool has_slashes;    /* units of languages whose names may hold a '/' */
	bool has_names;      /* .debug_names, which refers to strings */
	bool lines_complete; /* there is no line table but those that units refer to */
	bool torn;           /* something was not understood, and may refer to anything */
	bool fixed;          /* nothing may change any more */
	bool is_split;       /* of a .dwo or .dwp file: its sections (split_file.c) */
	bool has_strp;       /* there, something may refer to strings by their offsets */
	struct line_table *line_tables; /* once they were rewritten */
	size_t line_table_count;
	size_t index_count; /* sections that say where in a .dwp file what lies of which unit */
	bool is_alternate;  /* others refer to its strings, and have their own for paths */
	uint64_t searched;  /* bytes of line tables, for one file's MD5 */
	uint64_t spent; /* bytes of new paths, so that a small file cannot ask for much memory */
	struct dwarf_summary summary;
};

/* --- what all stand on (cursor.c) --- */

/* What dwarf->err tells of stays as it is, and is counted. False where CODE is no matter of what
 * the file says. */
bool dwarf_pass_over(struct dwarf *dwarf, int code);

/* Takes SIZE bytes from what this file's paths may grow to. NOTE_MALFORMED where that is far more
 * than any compiler's names come to. */
int dwarf_spend(struct dwarf *dwarf, uint64_t size);

int sections_load(struct dwarf *dwarf);
void sections_free(struct dwarf *dwarf);

/* A cursor over [AT, END) of SECTION. */
struct cursor section_cursor(const struct dwarf *dwarf, const struct debug_section *section,
			     uint64_t at, uint64_t end);

/* Sets ERR to "SECTION+OFFSET: WHAT"; returns CODE. */
int section_error(const struct dwarf *dwarf, const struct debug_section *section, uint64_t at,
		  int code, const char *what);

/* An offset of SIZE (4, 8) bytes at AT, which lies inside. */
uint64_t section_offset(const struct dwarf *dwarf, const struct debug_section *section, uint64_t at,
			unsigned size);
int section_put_offset(struct dwarf *dwarf, struct debug_section *section, uint64_t at,
		       unsigned size, uint64_t value);

/* A copy of SECTION's contents to change; the same one every time. */
uint8_t *section_change(struct debug_section *section);

/* The contents with the changes in place so far. */
const uint8_t *section_now(const struct debug_section *section);

/* Moves what changed into EDITS. */
void sections_edits(struct dwarf *dwarf, struct section_edits *edits);

/* --- relocatable files (reloc.c) --- */

/* Reads the relocation section number INDEX, which is SECTION's. */
int relocations_load(struct dwarf *dwarf, struct debug_section *section, uint64_t index,
		     const GElf_Shdr *shdr);
void relocations_free(struct relocations *list);

/* What SIZE bytes at AT of SECTION stand for where IN_PLACE is written there. */
uint64_t relocated(const struct dwarf *dwarf, const struct debug_section *section, uint64_t at,
		   unsigned size, uint64_t in_place);

/* Adds DIFFERENCE to the addend of the relocation of AT; NOTE_ABSENT where the addend is in the
 * place itself, NOTE_UNSUPPORTED where a linker would not see it. The addend as it was in the file
 * counts, not an earlier change. */
int relocation_add(struct dwarf *dwarf, struct debug_section *section, uint64_t at,
		   uint64_t difference);

/* Moves the relocations of SECTION along with what COUNT splices, by AT, move. */
void relocations_move(struct dwarf *dwarf, struct debug_section *section,
		      const struct splice *splices, size_t count);

/* Whether a symbol leads to what lies behind AT in SECTION, which has relocations. */
bool relocations_name_inside(const struct dwarf *dwarf, const struct debug_section *section,
			     uint64_t at);

/* The changed relocations, malloc'ed, or NULL; SECTION is the index of theirs. */
uint8_t *relocations_take(struct relocations *list, uint64_t *section, uint64_t *size);

/* --- strings (strings.c) --- */

/* A string as an attribute or a line table names it. */
struct string_ref {
	const char *text; /* NULL: not there, in another file, or no path by its length */
	struct debug_section *section; /* that holds the field */
	uint64_t at;                   /* of the field there; of the text itself where inline */
	struct string_table *table;    /* NULL: inline */
	uint64_t offset;               /* in the table */
	uint8_t size;                  /* of the field */
};

/* Reads a value of FORM at CURSOR as a string of SECTION's. STR_OFFSETS_BASE is for the strx
 * forms. NOTE_MALFORMED, or NOTE_UNSUPPORTED where FORM is none for strings. */
int string_read(struct dwarf *dwarf, struct debug_section *section, struct cursor *cursor,
		uint64_t form, const struct form_context *context, uint64_t str_offsets_base,
		struct string_ref *ref);

/* The string at the offset of SIZE bytes at AT of SECTION, which is one of .debug_str. */
int string_follow(struct dwarf *dwarf, struct debug_section *section, uint64_t at, unsigned size,
		  struct string_ref *ref);

/* Rewrites the path that REF names by the map. A string that is not in a table is left alone, and
 * the caller is told by *INLINE_TEXT (its own then, else NULL) what it should become. COMP_DIR:
 * it is a compilation directory. */
int string_rewrite(struct dwarf *dwarf, const struct string_ref *ref, bool comp_dir,
		   char **inline_text);

/* The offset of the string TEXT behind the old ones, added where it is not there yet. */
uint64_t string_table_add(struct string_table *table, const char *text);

/* Makes REF's field, which is one of a table, refer to TEXT. */
int string_set(struct dwarf *dwarf, const struct string_ref *ref, const char *text);

/* Something refers to OFFSET of the table's old strings, and will. */
void string_mark(struct string_table *table, uint64_t offset);
bool string_is_marked(const struct string_table *table, uint64_t offset);

void string_table_free(struct string_table *table);

/* --- units (unit_rewrite.c), whose they are (whose.c), line tables (line.c), macros (macro.c) ---
 */

/* Finds out which units are of this build: fills dwarf->foreign, and dwarf->own_map where units
 * have other names for the build directory. */
void units_tell_whose(struct dwarf *dwarf);

/* Whether NAME, relative to COMP_DIR, is a source of a unit of another build, inlined: ocamlopt
 * names it as that unit does, relative to where it was compiled. */
bool dwarf_is_of_foreign(const struct dwarf *dwarf, const char *comp_dir, const char *name);

/* The new name of the absolute PATH, as path_map_apply() has it; where PATH leads below a build
 * directory by a symbolic link, that name of it counts from now on. */
char *dwarf_map_path(struct dwarf *dwarf, const char *path);

/* The contents of SECTION with the paths that its unit was given, malloc'ed (grow.c). */
uint8_t *section_grow(struct dwarf *dwarf, struct debug_section *section, uint64_t *size);

/* Lists the files of the skeletons among the units (skeletons.c). */
void units_list_split(struct dwarf *dwarf, struct strings *paths);

/* Reads all units: rewrites names and compilation directories, fills dwarf->users. */
int units_rewrite(struct dwarf *dwarf);
void add_line_user(struct dwarf *dwarf, const struct line_user *user);
struct abbrev_cache *abbrev_cache_new(void);
void abbrev_cache_free(struct abbrev_cache *cache);

/* The MD5 that the line table at OFFSET has of the file NAME; false where it has none. */
bool line_table_md5(struct dwarf *dwarf, uint64_t offset, const char *name, uint8_t md5[16]);

/* The steps for a .dwo or .dwp file (split_file.c). */
int split_file_rewrite(struct dwarf *dwarf);

/* Reads all line tables that units refer to: rewrites directories and files, lists sources. Then
 * rebuilds .debug_line where it must, and corrects those who refer to it. */
int lines_rewrite(struct dwarf *dwarf);

/* Adds the line table references of .debug_macro to dwarf->users; or, if MARK, marks the strings
 * of .debug_str that it refers to. */
int macros_read(struct dwarf *dwarf, bool mark);

/* Makes old paths in the string sections zero where nobody can miss them (scrub.c). All
 * references must have their new values. */
void strings_scrub(struct dwarf *dwarf);

/* --- the list of sources (sources.c) --- */

struct source_list *source_list_new(void);
void source_list_free(struct source_list *list);

/* The number of a directory, DIRECTORY below BASE (either may be NULL), for source_list_add. What
 * is relative then is below the build directory of MAP, unless that is NULL. */
uint32_t source_list_directory(struct source_list *list, const struct path_map *map,
			       const char *base, const char *directory);

/* A unit was compiled there. */
void source_list_compiled(struct source_list *list, uint32_t number);

/* Its normalised path. */
const char *source_list_directory_name(const struct source_list *list, uint32_t number);

/* NAME in DIRECTORY; NAME must stay valid until the list is finished. MD5 may be NULL. */
void source_list_add(struct source_list *list, uint32_t directory, const char *name,
		     const uint8_t *md5, bool primary);

/* A string of LENGTH bytes at NAME that lives as long as the list. */
const char *source_list_keep(struct source_list *list, const char *name, size_t length);

/* The bytes that the paths will take. */
uint64_t source_list_size(const struct source_list *list);

/* Makes the paths: sorted, each once. */
void source_list_finish(struct source_list *list, const struct path_map *map,
			struct dwarf_sources *out);

#endif
