/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a debug package holds, to be compared with what others hold: see parallel.c. */
#ifndef RELEASE_HOLDING_H
#define RELEASE_HOLDING_H

#include "tools/release/inputs/input.h"

/* One path of one package. */
struct holding {
	const struct debug_package *holder;
	char *path; /* with a leading slash */
	char *link; /* hard link: the other name, or NULL */
	char *target;
	uint64_t inode;
	uint32_t mode;
	bool shared; /* another package has it, too */
	char sha256[65];
};

struct debug_package {
	struct unit *unit;
	const char *type;
	char *name;
	char *called;  /* "tool-debuginfo-1.0-1.x86_64" */
	char *version; /* "-1.0-1", as names of the new kind have it */
	char *source_version;
	struct holding *items; /* sorted by path */
	size_t count;
	bool is_read;
	bool wants_digests;
	/* What is found. */
	size_t old, conflicts;
	const char *old_path;
	const struct debug_package *rival; /* the first that it conflicts with */
};

/* Reads PACKAGE, of which the unit is set; where it is no debug package, IS_READ stays false. */
int debug_package_read(struct debug_package *package, struct note_error *err);

/* Fills the digests of its regular files. */
int debug_package_digest(struct debug_package *package, struct note_error *err);

void debug_package_free(struct debug_package *package);

#endif
