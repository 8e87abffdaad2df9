/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that rewrites source paths in DWARF and lists the sources that it names.
 * In: an ELF image (unsplit, or a debug file) and a path map. Out: sections with new contents,
 * and the sources. The image itself is not changed.
 * Specification: DWARF 2 to 5; sections .debug_info, .debug_abbrev, .debug_line, .debug_str,
 * .debug_line_str (and those whose offsets into them move).
 */
#ifndef SPLITTER_DWARF_DWARF_H
#define SPLITTER_DWARF_DWARF_H

#include "libnote/image.h"
#include "tools/splitter/paths.h"

/* A section that gets new contents; BYTES is malloc'ed. Always uncompressed contents, also where
 * the file holds the section compressed: by SHF_COMPRESSED, or by its name, ".zdebug_*". In
 * relocatable files, sections of relocations against debug sections change too. */
struct section_edit {
	uint64_t section; /* index in the image; 0: a new one */
	uint8_t *bytes;
	uint64_t size;
	bool unmerged;    /* linkers are to leave the strings where they are: no SHF_MERGE */
	const char *name; /* of a new one */
};

struct section_edits {
	struct section_edit *items;
	size_t count;
};

void section_edits_free(struct section_edits *edits);

/* A source file that a unit names. */
struct dwarf_source {
	char *original;  /* absolute and normalised, where the compiler saw it */
	char *installed; /* where it is to lie below ROOT; NULL where it is not below the build
			    directory */
	uint8_t md5[16]; /* of its contents, where the line table has it (DWARF 5) */
	bool has_md5;
	bool primary; /* a unit's main file */
};

struct dwarf_sources {
	struct dwarf_source *items; /* sorted by original, each once */
	size_t count;
	/* Where units were compiled, as it is to lie below ROOT: names are relative to it, as
	 * "../src/a.c", and lead nowhere where it is not there. Without a map: as it is written. */
	struct strings directories;
};

void dwarf_sources_free(struct dwarf_sources *sources);

struct dwarf_summary {
	bool has_dwarf; /* .debug_info with at least one unit */
	uint64_t units;
	uint64_t ours;      /* units below a build directory */
	uint64_t foreign;   /* units that name sources relative to some directory that is not the
			       build's, as far as can be told: they stay as they are */
	uint64_t skeletons; /* units whose contents are in another file (split DWARF), the name of
			       which follows path_map_split_name() */
	/* Paths below the build directory that units hold inline and that found no room to grow:
	 * they stay as they are. The line tables name the installed sources all the same, by
	 * absolute paths. (Units in relocatable files without any string section.) */
	uint64_t kept;
	/* Units and tables that this stage cannot understand, which keep their bytes, and what was
	 * wrong with the first of them. */
	uint64_t unread;
	struct note_error first_unread;
};

/* Counts for several objects together. */
void dwarf_summary_add(struct dwarf_summary *sum, const struct dwarf_summary *one);

/* Rewrites by MAP (NULL: lists only, paths as they are). What lies, or is sound and not known here
 * (a newer DWARF), stays as it is, and is counted in SUMMARY: that is no failure. SOURCES and EDITS
 * may be NULL. */
int dwarf_rewrite(struct image *image, const struct path_map *map, struct section_edits *edits,
		  struct dwarf_sources *sources, struct dwarf_summary *summary,
		  struct note_error *err);

/* The same for an image that dwz has folded; ALTERNATE, the file that it shares strings with, may
 * be NULL: paths there then stay. ALTERNATE is not changed: a path of it that has to be another one
 * becomes a string of the image's own. */
int dwarf_rewrite_folded(struct image *image, struct image *alternate, const struct path_map *map,
			 struct section_edits *edits, struct dwarf_sources *sources,
			 struct dwarf_summary *summary, struct note_error *err);

/* The alternate file itself. Offsets into its entries stay; strings that are paths below a build
 * directory are gone, since those who name them got their own by dwarf_rewrite_folded. */
int dwarf_rewrite_alternate(struct image *image, const struct path_map *map,
			    struct section_edits *edits, struct note_error *err);

/* A .dwo or .dwp file, or an object that holds such sections beside its own (-gsplit-dwarf=single),
 * which then stay as they are: paths in .debug_str.dwo and .debug_line.dwo. SOURCES and EDITS may
 * be NULL; a .dwp file lists none. */
int dwarf_rewrite_split(struct image *image, const struct path_map *map,
			struct section_edits *edits, struct dwarf_sources *sources,
			struct dwarf_summary *summary, struct note_error *err);

/* Lists the files that skeleton units name for what they lack: as the compiler saw them, absolute
 * by MAP, which may be NULL; sorted, each once. What cannot be read names none. */
int dwarf_list_split(struct image *image, const struct path_map *map, struct strings *paths,
		     struct note_error *err);

/* Lists the sources that IMAGE names, paths as they are. ALTERNATE, the file that it shares strings
 * with (.gnu_debugaltlink), may be NULL: what is there then counts as not there. */
int dwarf_list(struct image *image, struct image *alternate, struct dwarf_sources *sources,
	       struct dwarf_summary *summary, struct note_error *err);

/* How much debug information there is: what must not get less when it moves. */
struct dwarf_counts {
	uint64_t units;     /* of .debug_info, but for partial and type units, which dwz adds */
	uint64_t functions; /* entries of functions that have code */
	uint64_t lines;     /* rows of the line tables */
	uint64_t skeletons; /* units whose entries are in another file (-gsplit-dwarf) */
	bool unread;        /* something could not be read: the counts are too low */
};

/* Counts in an image, relocatable ones too. What cannot be read is told by COUNTS->unread. */
int dwarf_count(struct image *image, struct dwarf_counts *counts, struct note_error *err);

/* False for names that a compiler made up: "<built-in>", "<artificial>", "<stdin>", "-", "". */
bool path_is_source(const char *path);

#endif
