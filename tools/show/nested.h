/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of a .deb or .rpm inside an archive. */
#ifndef SHOW_NESTED_H
#define SHOW_NESTED_H

#include "tools/base/stream/stream.h"
#include "tools/base/text.h"

struct rpm_files;

/* A package, where STREAM's run stands at its beginning; these and the budget outlive what is made
 * of them. */
struct nested {
	struct stream *stream;
	struct stream_budget *budget;
	uint64_t left;           /* of the payload, in the run */
	struct rpm_files *files; /* that an rpm lists, or NULL */
	struct stream *payload;
	/* Of a payload that names files by their numbers in that list: */
	struct stream *filled;
	struct text head; /* of the file at hand, as a cpio has it */
	size_t head_at;
	uint64_t through; /* bytes of its contents that follow as they are */
};

/* By its first bytes. */
bool nested_is_package(const void *head, size_t size);

/* *OUT is the archive of its files, which stands before its first file; NOTE_ABSENT where there are
 * none. nested_close() in any case. */
int nested_open(struct nested *nested, struct stream *stream, struct stream_budget *budget,
		struct stream **out, struct note_error *err);
void nested_close(struct nested *nested);

#endif
