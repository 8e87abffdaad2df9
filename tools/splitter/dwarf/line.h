/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by line.c and line_write.c. */
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

/* Writes .debug_line with the splices, then corrects all who point into it. */
int lines_write(struct lines *lines);

#endif
