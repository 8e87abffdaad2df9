/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From one file (or process) to its records as text. Prints nothing itself, so that several can
 * be worked on at once. */
#ifndef SHOW_INSPECT_H
#define SHOW_INSPECT_H

#include "tools/show/binary.h"
#include "tools/show/record.h"

struct root;

struct inspect_failure {
	char *file; /* as messages name it */
	struct note_error error;
};

/* A named file that turned out to be a directory: its place among what came of the others. */
struct inspect_directory {
	const char *path; /* the caller's */
	size_t out;       /* bytes of text before it */
	size_t failures;  /* failures before it */
};

/* What came of some files, in their order; zero-initialised is nothing. */
struct inspection {
	struct text out;
	struct binaries binaries; /* where the style wants these in place of text */
	bool wanting;             /* some record has a problem */
	struct inspect_failure *failures;
	size_t failure_count;
	struct inspect_directory *directories;
	size_t directory_count;
};

void inspection_free(struct inspection *inspection);

/* Tells of a failure with FILE, or its part MEMBER where that is not NULL. */
void inspection_fail(struct inspection *inspection, const char *file, const char *member,
		     const struct note_error *error);

/* Tells of something that was passed over, which is no failure. */
void inspection_say(struct inspection *inspection, const char *file, const char *what);

/* The file behind FD, called PATH, or a directory where it was NAMED, which is only noted. What is
 * nothing that holds notes is passed over in silence, or a failure where the file was NAMED.
 * Archives and packages are opened only where NAMED. */
void inspect_file(struct inspection *inspection, const struct record_style *style, int fd,
		  const char *path, bool named);

/* An image that may be an ELF file or a PE image: true where it is either. */
bool inspect_image(struct inspection *inspection, const struct record_style *style,
		   struct image *image, const char *path, const char *member);

/* Every module of the process. */
void inspect_process(struct inspection *inspection, const struct record_style *style, pid_t pid);

/* Every ELF file and PE image in a .deb or .rpm, streamed. */
bool package_is_one(struct image *image);
void inspect_package(struct inspection *inspection, const struct record_style *style, int fd,
		     const char *path);

/* Every ELF file and PE image in a tar, zip or cpio, and in such archives inside it; or in the
 * layers of a container image that it is. */
void inspect_archive(struct inspection *inspection, const struct record_style *style, int fd,
		     const char *path);

/* Those in the image that the directory ROOT, called PATH, holds by the OCI image layout. */
void inspect_layout(struct inspection *inspection, const struct record_style *style,
		    struct root *root, const char *path);

#endif
