/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of a .deb or .rpm inside an archive. */
#ifndef SHOW_NESTED_H
#define SHOW_NESTED_H

#include "tools/base/stream/stream.h"

/* A part of a stream. */
struct nested {
	struct stream *stream;
	uint64_t left;
};

/* By its first bytes. */
bool nested_is_package(const void *head, size_t size);

/* The archive of its files, which STREAM's run has inside, for stream_close(); NESTED, STREAM and
 * BUDGET outlive it. */
int nested_open(struct nested *nested, struct stream *stream, struct stream_budget *budget,
		struct stream **payload, struct note_error *err);

#endif
