/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of this room alone: others include check.h. */
#ifndef SPLITTER_CHECK_INTERNAL_H
#define SPLITTER_CHECK_INTERNAL_H

#include "libnote/image.h"
#include "tools/splitter/check/check.h"

struct finding {
	const char *check;
	char *text;
	uint64_t offset;
};

/* What was found at one name of the tree. */
struct subject {
	char *path; /* below ROOT */
	bool is_link;
	const struct manifest_file *entry; /* what the manifest says of it, or NULL */
	bool skipped;                      /* by the split, which said so */
	bool looked;
	bool linked;
	char *debug_path; /* the debug file that it leads to, below ROOT, or NULL */
	char *alternate;  /* and that one's alternate file */
	struct finding *findings;
	size_t count;
	struct note_error err; /* why it could not be looked at */
};

/* Adds a finding to SUBJECT. */
void found(struct subject *subject, const char *check, uint64_t offset, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* --- debug_half.c: the way from a shipped file to its debug file, and what is there --- */

/* Looks at the ELF file IMAGE, the shipped file SUBJECT. */
int check_shipped(const struct check_options *options, struct subject *subject, struct image *image,
		  struct note_error *err);

/* Where the name PATH leads, by symbolic links inside ROOT; NULL where that is no regular file. The
 * caller frees it. */
char *follow(struct root *root, const char *path);

/* Opens what PATH, a regular file, holds: *FD and *IMAGE are the caller's. */
int open_image(struct root *root, const char *path, int *fd, struct image **image,
	       struct note_error *err);

/* --- leaks.c --- */

/* The build directories under all their names. */
void leaks_names(const struct strings *build_dirs, struct strings *names);

/* Looks for NAMES in the SIZE bytes of a file. IMAGE, if it is ELF, tells in which section. */
void check_leaks(const struct strings *names, struct subject *subject, const uint8_t *bytes,
		 size_t size, struct image *image);

#endif
