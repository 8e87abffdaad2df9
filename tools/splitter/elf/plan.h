/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan: which section of a file goes where, and what its contents will be. The stages after it
 * (buildid, strip) read it; none changes it.
 */
#ifndef SPLITTER_ELF_PLAN_H
#define SPLITTER_ELF_PLAN_H

#include "libnote/image.h"
#include "tools/base/text.h"
#include "tools/splitter/dwarf/dwarf.h"

/* Where the contents of a section go. */
enum section_fate {
	FATE_SHIPPED, /* to the shipped file: all that is allocated, and what is not debug data */
	FATE_DEBUG,   /* to the debug file */
	FATE_BOTH,    /* notes, and what is kept by wish */
	FATE_NAMES,   /* the section name table: each file gets its own */
	FATE_FIRST,   /* to the debug file, and its first entry to both: symbols, by wish */
};

struct plan_section {
	GElf_Shdr shdr;   /* as in the image; sh_size and sh_flags by the edit where there is one */
	const char *name; /* the image's */
	enum section_fate fate;
	const uint8_t *bytes; /* the contents: the image's or an edit's; NULL for SHT_NOBITS */
	bool edited;
};

struct plan {
	struct plan_section *sections; /* COUNT of them, by their index in the image; behind them,
					  those that edits add */
	uint64_t count;
	uint8_t *names; /* the section name table, where edits add to it */
};

/* True where a section, not allocated and called NAME, holds debug information or what serves it
 * (DWARF, stabs, LTO's early debug, .gdb_index, .gnu_debugaltlink, their relocations). */
bool section_is_debug(const char *name);

/* What is not moved out, or moved out besides, as the user wants it. */
struct plan_options {
	bool keep_symtab;           /* the shipped file has the symbol table */
	bool keep_first_symbol;     /* or of it what loaded relocations without a symbol refer to */
	const struct strings *keep; /* fnmatch(3) patterns for section names; may be NULL */
	const struct strings *remove;
};

/* Decides each section's fate and finds its contents; EDITS (may be NULL) take the place of the
 * image's contents, and are plain even where the image's are compressed. The plan points into IMAGE
 * and EDITS, which must outlive it. NOTE_MALFORMED where headers lie, sections overlap so much that
 * two files would be larger than one can hold, NOTE_UNSUPPORTED where an edit changes what is
 * loaded, such a section is to be removed, or there are no sections. Free with plan_free, also
 * after a failure. */
int plan_make(struct plan *plan, struct image *image, const struct section_edits *edits,
	      const struct plan_options *options, struct note_error *err);
void plan_free(struct plan *plan);

#endif
