/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A .deb (.ddeb, .udeb) or .rpm read in place, as a stream: its header's facts, then its regular
 * files one after the other. Nothing is unpacked to disk, and no file need be in memory as a
 * whole. Bounded: what unpacks to more than 64 MiB and a thousand times its size is refused.
 */
#ifndef BASE_PACKAGE_PACKAGE_H
#define BASE_PACKAGE_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"

struct package;

struct package_head {
	const char *type; /* "deb" or "rpm" */
	char *name;
	char *version; /* with its epoch where it has one: "1:2.10" */
	char *release; /* rpm's release, Debian's revision; NULL where there is none */
	char *architecture;
	char *source_name;    /* of the source package, NULL where the header does not say */
	char *source_version; /* its version and release as in a note: "1:2.10-3", "2.10-3" */
	bool is_debug;        /* made to carry debug information or sources alone */
};

struct package_file {
	const char *path; /* "usr/bin/x": no leading slash, no "." or ".."; valid until the next */
	uint64_t size;
	/* Hard links. In a .deb (tar) a further name of a file names the one before, and has no
	 * contents; in an .rpm (cpio) all but the last name of an INODE come without contents. */
	const char *link; /* the other name, or NULL */
	uint64_t inode;
	bool later;         /* rpm: the contents come with another name of the same inode */
	uint32_t mode;      /* its kind and permissions, as stat's */
	const char *target; /* of a symbolic link, else NULL */
};

/* Opens the package in the regular file FD, which stays the caller's and must outlive it.
 * NOTE_ABSENT where it is neither kind, NOTE_MALFORMED, NOTE_UNSUPPORTED. */
int package_open(struct package **out, int fd, struct note_error *err);
void package_close(struct package *package); /* NULL is allowed */

const struct package_head *package_head(const struct package *package);

/* From now on package_next() hands over directories, symbolic links and devices, too; the path of
 * the topmost directory is "". */
void package_every(struct package *package);

/* The next regular file; NOTE_ABSENT behind the last one. NOTE_MALFORMED for a broken archive, or
 * a name that leads out of the package. */
int package_next(struct package *package, struct package_file *file, struct note_error *err);

/* Up to ROOM bytes of the file at hand; *GOT is 0 at its end. */
int package_read(struct package *package, void *buffer, size_t room, size_t *got,
		 struct note_error *err);

/* --- the files that an rpm's header lists, for who reads its payload as it comes --- */

struct rpm_file {
	const char *folder; /* "/usr/bin/" */
	const char *name;
	uint64_t size;
	uint64_t inode; /* and, above 32 bits, the device */
	uint16_t mode;
	bool is_ghost;
	bool is_linked; /* other files have the same inode */
	bool later;     /* the contents come with another name of the same inode */
};

struct rpm_files;

/* Of a header: COUNT entries of 16 bytes at ENTRIES, SIZE bytes at STORE. NULL where it has no such
 * list, or a broken one. */
struct rpm_files *rpm_files_of(const void *entries, size_t count, const void *store, size_t size);
void rpm_files_free(struct rpm_files *files); /* NULL is allowed */

/* NULL where there is no such file. */
const struct rpm_file *rpm_files_get(const struct rpm_files *files, uint64_t index);

#endif
