/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by line.c, line_read.c and line_write.c. */
#ifndef SPLITTER_DWARF_LINE_H
#define SPLITTER_DWARF_LINE_H

#include "tools/splitter/dwarf/internal.h"

struct line_table {
	uint64_t start;
	uint64_t end;
	unsigned offset_size;
	uint64_t header_length_at;
	struct form_context context;
	const char *comp_dir;
	bool absolute; /* relative names have to become absolute: see struct line_user */
	bool is_go;
	bool foreign;
	bool has_primary;
	uint64_t new_start; /* in the section written anew */
	uint64_t new_end;
};

/* A directory of the table at hand; its number among the sources is asked for when the first file
 * lies in it. */
struct directory {
	struct string_ref ref;
	uint32_t number;
	bool is_open;      /* relative to which directory, its first file has to tell */
	bool in_build_dir; /* to the build directory */
};

struct lines {
	struct dwarf *dwarf;
	struct debug_section *section;
	struct line_table *tables; /* by START */
	size_t count;
	struct directory *directories;
	size_t directory_count, directory_room;
};

/* --- line_read.c --- */

/* What an entry of a version 5 list holds, in order. */
#define MAX_FORMATS 255
struct line_format {
	unsigned count;
	struct {
		uint64_t content;
		uint64_t form;
	} fields[MAX_FORMATS];
};

struct line_entry {
	struct string_ref path;
	uint64_t directory;
	const uint8_t *md5;
};

int line_malformed(const struct lines *lines, uint64_t at, const char *what);

/* The header of the table at TABLE->start up to its lists; CURSOR then stands there, and ends with
 * the header. */
int line_read_header(struct lines *lines, struct line_table *table, struct cursor *cursor);

int line_read_format(struct lines *lines, struct cursor *cursor, struct line_format *format,
		     uint64_t *entries);

/* One field of an entry: what is of use of it goes to ENTRY. */
int line_read_field(struct lines *lines, const struct line_table *table, struct cursor *cursor,
		    uint64_t content, uint64_t form, struct line_entry *entry);

/* --- line_write.c --- */

/* Writes .debug_line with the splices, then corrects all who point into it. */
int lines_write(struct lines *lines);

#endif
