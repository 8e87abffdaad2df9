/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A compressed tar or cpio inside a package, read as a stream: nothing is unpacked to disk, and
 * no more of it than one member is in memory.
 *
 * libarchive unpacks and parses; the bounds are ours. Two readers are stacked: the first only
 * decompresses, and what it gives is counted on its way to the second, which parses. So the
 * count holds wherever the bytes would have gone: into members, their headers, or the skipping
 * of what nobody wants.
 */
#ifndef RELEASE_PAYLOAD_H
#define RELEASE_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "libnote.h"

enum payload_format { PAYLOAD_TAR, PAYLOAD_CPIO };

/* LENGTH bytes at OFFSET of the file FD. */
struct payload_part {
	int fd;
	uint64_t offset;
	uint64_t length;
};

enum payload_want { WANT_NOT, WANT_IF_ELF, WANT_ALWAYS };

struct payload_visitor {
	void *context;
	/* Asked of each regular file with contents; PATH starts with a slash, and no component of
	 * it is "." or "..". */
	enum payload_want (*want)(void *context, const char *path);
	/* The whole of a file that was wanted; BYTES are valid during the call. False: enough. */
	bool (*take)(void *context, const char *path, const uint8_t *bytes, uint64_t size);
};

/* Reads PART. NOTE_MALFORMED where it breaks its format, unpacks to more than it may (a bomb), or
 * has a name that leads out of it; NOTE_UNSUPPORTED where it is compressed in an unknown way. What
 * came before was handed over. */
int payload_members(const struct payload_part *part, enum payload_format format,
		    const struct payload_visitor *visitor, struct note_error *err);

#endif
