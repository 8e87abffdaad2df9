/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file lists that rpm's debuginfo subpackages are made from, as find-debuginfo writes them:
 *
 *   debugfiles.list        %dir lines, then all below /usr/lib/debug, sources without another list
 *   (-S) debugsourcefiles.list   what lies right below /usr/src/debug
 *   debugsources.list      sources, relative to the build directory, each with a NUL behind it;
 *                          with a slash at the end, where units were compiled
 *   debuglinks.list        "LINK TARGET", for symbolic links to debug files
 *   elfbins.list           ".//PATH" of each file that was split
 *
 * and, for each -o after an -l or -p, a list of what those choose, which the first then lacks. A
 * name with white space is quoted, and what rpm takes for a macro or a pattern is escaped.
 */
#ifndef SPLITTER_LISTS_H
#define SPLITTER_LISTS_H

#include "tools/base/manifest.h"
#include "tools/base/root/root.h"

/* A list of its own for some files. */
struct list_choice {
	const char *output;
	struct strings lists; /* files that list shipped files, as %files does */
	const char *pattern;  /* an extended regular expression for whole lines, or NULL */
};

struct lists_options {
	struct root *root;
	const char *directory;      /* where lists are read and written */
	const char *debug_root;     /* below ROOT */
	const char *sources;        /* below ROOT: where the build directory's sources went */
	const char *suffix;         /* between a file's name and ".debug" */
	const char *output;         /* "debugfiles.list" */
	const char *sources_output; /* or NULL: OUTPUT has the sources, too */
	const struct list_choice *choices;
	size_t choice_count;
	bool sync; /* lists are on the disk when they are written */
};

/* NOTE_SYSTEM where a file cannot be read or written, NOTE_USAGE for a bad pattern. */
int lists_write(const struct lists_options *options, const struct manifest *manifest,
		struct note_error *err);

#endif
