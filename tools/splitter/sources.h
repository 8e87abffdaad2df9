/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stage that copies sources below ROOT: each once, however many files name it.
 * Thread-safe: whoever names a source first copies it.
 */
#ifndef SPLITTER_SOURCES_H
#define SPLITTER_SOURCES_H

#include "tools/base/root/root.h"
#include "tools/splitter/dwarf/dwarf.h"

struct source {
	char *installed;       /* below ROOT */
	char *original;        /* where it was compiled from */
	bool missing;          /* it is not there, or no regular file */
	struct note_error err; /* code is not NOTE_OK where it could not be copied */
};

struct sources;

struct sources *sources_new(struct root *root);
void sources_free(struct sources *sources);

/* The source that is to lie at INSTALLED (below ROOT), copied from ORIGINAL now unless another
 * call did or does. Valid until sources_free; its result is settled once all threads are done. */
const struct source *sources_take(struct sources *sources, const char *installed,
				  const char *original);

/* How many different sources are there, and how many are missing, once all threads are done. */
void sources_count(const struct sources *sources, size_t *there, size_t *missing);

#endif
