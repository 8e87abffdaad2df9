/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Problem reports of apport, *.crash (apport's problem_report.py): lines "Key: value"; a binary
 * value is "Key: base64" and lines that begin with a blank, each of them base64 of its own.
 * Together these are a gzip stream. The core is CoreDump.
 */
#ifndef BASE_STORED_APPORT_H
#define BASE_STORED_APPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"

/* Where the reading of one is. */
struct apport {
	int fd;
	uint64_t at;
	size_t start, end; /* of what was read and not looked at */
	unsigned bits;     /* of a byte that is not whole yet */
	unsigned held;
	bool line_begins, ended;
	char block[65536];
};

bool apport_is_head(const void *head, size_t size);

/* To the core in the report FD. NOTE_ABSENT where it has none. */
int apport_find(struct apport *apport, int fd, struct note_error *err);

/* The core, still compressed: a stream_source of struct apport. */
int apport_read(void *context, void *buffer, size_t room, size_t *got, struct note_error *err);

#endif
