/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tree that was split, proved against itself, without a server: what left the files is where
 * their links say, nothing got lost on the way, and nothing names the build directory. Nothing is
 * written.
 */
#ifndef SPLITTER_CHECK_CHECK_H
#define SPLITTER_CHECK_CHECK_H

#include "tools/base/manifest.h"
#include "tools/base/root/root.h"

struct check_options {
	struct root *root;
	const char *debug_root;           /* absolute */
	const struct strings *build_dirs; /* absolute; may be empty but for LEAKS */
	const struct manifest *manifest;  /* of the split; NULL: none */
	bool debug;                       /* look for debug files, links and sources */
	bool leaks;                       /* look for the names of build directories */
	const struct strings *only;       /* as in struct split_options */
	const struct strings *exclude;
	unsigned jobs;
	/* Called in the order of paths, by one thread at a time. CHECK is one of the words of
	 * pkgnote-split(1); OFFSET may be NOTE_NO_OFFSET. */
	void (*found)(void *context, const char *path, const char *check, const char *text,
		      uint64_t offset);
	void (*fail)(void *context, const char *path, const struct note_error *err);
	void *context;
};

struct check_totals {
	size_t files;  /* looked at */
	size_t linked; /* of these, files with a debuglink */
	size_t found;
	size_t failed;
};

int split_check(const struct check_options *options, struct check_totals *totals,
		struct note_error *err);

#endif
