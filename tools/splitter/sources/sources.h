/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that copies sources below ROOT: each once, however many files name it.
 * Thread-safe: whoever names a source first copies it. Where several build directories have a file
 * of one relative name, the first of them in the order of --build-dir that has it gives the
 * contents, whoever came first.
 */
#ifndef SPLITTER_SOURCES_H
#define SPLITTER_SOURCES_H

#include "tools/base/root/root.h"
#include "tools/splitter/dwarf/dwarf.h"

struct source {
	char *installed;       /* below ROOT */
	char *original;        /* where its contents are from, or should be */
	struct strings places; /* all that were named for it */
	bool busy;             /* some thread is at it */
	bool missing;          /* it is not there, or no regular file */
	struct note_error err; /* code is not NOTE_OK where it could not be copied */
};

struct sources;

/* For what goes below DIRECTORY, itself below ROOT. Where that is not there yet, it is filled
 * beside its place until sources_settle. BUILD_DIRS may be NULL, as may MAP, which has
 * them in their order. */
struct sources *sources_new(struct root *root, const char *directory, const struct path_map *map,
			    const struct strings *build_dirs);
void sources_free(struct sources *sources);

/* The source that is to lie at INSTALLED (below ROOT), copied from ORIGINAL now unless another
 * call did or does. Valid until sources_free; its result is settled once all threads are done. */
const struct source *sources_take(struct sources *sources, const char *installed,
				  const char *original);

/* The same where an earlier run has changed all that said where it is from: from the build
 * directory whose file is there already, or the first that has one of that name. */
const struct source *sources_take_again(struct sources *sources, const char *installed);

/* A directory below ROOT in which units were compiled. */
void sources_compiled_in(struct sources *sources, const char *directory);

/* Makes those directories, once all threads are done, if there is a source at all: gdb looks for
 * "DIRECTORY/../src/a.c". OUT gets their
 * names, sorted and with a "/" in front. */
int sources_make_directories(struct sources *sources, struct strings *out, struct note_error *err);

/* Gives the directory its name, once all are in it. */
int sources_settle(struct sources *sources, struct note_error *err);

/* Tells, in the order of names, of each place whose contents gave way to other ones, once all
 * threads are done. */
typedef void sources_lost(void *context, const struct source *source, const char *place);
void sources_tell_lost(const struct sources *sources, sources_lost *lost, void *context);

/* How many different sources are there, and how many are missing, once all threads are done. */
void sources_count(const struct sources *sources, size_t *there, size_t *missing);

#endif
