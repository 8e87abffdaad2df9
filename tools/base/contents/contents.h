/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is inside an archive (tar, zip, cpio, each compressed or not), read as a stream by
 * libarchive: nothing is unpacked to disk. Of archives in a row, with zeros between them, all are
 * read as if they were one. An archive inside one is opened from the stream of its member.
 */
#ifndef BASE_CONTENTS_CONTENTS_H
#define BASE_CONTENTS_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/base/stream/stream.h"

struct contents;

struct contents_entry {
	const char *path; /* "usr/bin/x": no leading slash, no "." or ".."; NULL for a name that
			   * leads    out or is not there. Valid until the next */
	const char *name; /* as it stands there, "" where it is not */
	uint64_t size;    /* as the archive says */
	bool is_directory;
	bool is_file;         /* with contents */
	const char *hardlink; /* where it is one to a file before it: that one's path, else NULL */
	const char *symlink;  /* where it is one: what it leads to, else NULL */
};

/* Whether the first bytes are those of such an archive: up to 512 of them. */
bool contents_is_head(const void *head, size_t size);

/* The same of the regular file FD; of a compressed file that is not said by its first bytes, but by
 * the end of its NAME. */
bool contents_is_one(int fd, const char *name);

/* The same where the first bytes are known: HEAD, 512 of them or all that there are. */
bool contents_begins(const void *head, size_t size, const char *name);

/* Whether a name ends as those of such archives do. */
bool contents_is_name(const char *name);

/* Opens the archive that STREAM's run begins with, or the one in the regular file FD. These and
 * BUDGET outlive it. NOTE_UNSUPPORTED where it is of no kind that is known, NOTE_MALFORMED. */
int contents_open(struct contents **out, struct stream *stream, struct stream_budget *budget,
		  struct note_error *err);
int contents_open_fd(struct contents **out, int fd, struct stream_budget *budget,
		     struct note_error *err);
/* The archive that is the member at hand of OUTER, which outlives it. */
int contents_open_member(struct contents **out, struct contents *outer, struct note_error *err);
void contents_close(struct contents *contents); /* NULL is allowed */

/* The next entry; NOTE_ABSENT behind the last one. NOTE_MALFORMED where nothing more can be read,
 * or where something that is no archive stands behind the last one. */
int contents_next(struct contents *contents, struct contents_entry *entry, struct note_error *err);

/* Up to ROOM bytes of the entry at hand; *GOT is 0 at its end. */
int contents_read(struct contents *contents, void *buffer, size_t room, size_t *got,
		  struct note_error *err);

/* The bytes of the entry at hand as a stream of their own, before its first run; CONTENTS outlives
 * it. */
int contents_stream(struct contents *contents, struct stream **out, struct note_error *err);

/* "./usr/bin/x" as "usr/bin/x", for free(); NULL for a name that leads out, or without a name. */
char *contents_path(const char *name);

#endif
