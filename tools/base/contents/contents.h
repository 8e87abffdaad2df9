/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is inside an archive (tar, zip, cpio, each compressed or not), read as a stream by
 * libarchive: nothing is unpacked to disk. An archive inside one is opened from the stream of its
 * member. All that comes out of a file, nested or not, is counted against one bound.
 */
#ifndef BASE_CONTENTS_CONTENTS_H
#define BASE_CONTENTS_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"

/* How much may still come out. */
struct contents_budget {
	uint64_t left;
	unsigned factor; /* for messages */
};

/* FACTOR times the size of the file FD, 1 GB at least. */
struct contents_budget contents_budget_of(int fd, uint64_t factor);

struct contents;

struct contents_entry {
	const char *path; /* "usr/bin/x": no leading slash, no "." or ".."; NULL for a name that
			   * leads    out or is not there. Valid until the next */
	const char *name; /* as it stands there, "" where it is not */
	uint64_t size;    /* as the archive says */
	bool is_directory;
	bool is_file;        /* with contents */
	const char *symlink; /* where it is one: what it leads to, else NULL */
};

/* Whether the first bytes of the regular file FD are those of such an archive; of a compressed file
 * that is not said by its first bytes, but by the end of its NAME. */
bool contents_is_one(int fd, const char *name);

/* Whether a name ends as those of such archives do. */
bool contents_is_name(const char *name);

/* Opens the archive in the regular file FD, or in the member at hand of OUTER. Both outlive it.
 * NOTE_UNSUPPORTED where it is of no kind that is known, NOTE_MALFORMED. */
int contents_open(struct contents **out, int fd, struct contents_budget *budget,
		  struct note_error *err);
int contents_open_member(struct contents **out, struct contents *outer, struct note_error *err);
void contents_close(struct contents *contents); /* NULL is allowed */

/* The next entry; NOTE_ABSENT behind the last one. NOTE_MALFORMED where nothing more can be read.
 */
int contents_next(struct contents *contents, struct contents_entry *entry, struct note_error *err);

/* Up to ROOM bytes of the entry at hand; *GOT is 0 at its end. */
int contents_read(struct contents *contents, void *buffer, size_t room, size_t *got,
		  struct note_error *err);

/* "./usr/bin/x" as "usr/bin/x", for free(); NULL for a name that leads out, or without a name. */
char *contents_path(const char *name);

#endif
