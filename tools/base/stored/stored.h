/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cores as they are kept: compressed by systemd-coredump or abrt (.zst .lz4 .xz .gz), in apport's
 * reports (.crash), or out of a pipe. They are read in any order, so they go to a file without a
 * name first, in which pages of zeros take no room; memory stays small, and nothing is left behind.
 */
#ifndef BASE_STORED_STORED_H
#define BASE_STORED_STORED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote/libnote.h"

/* Whether the regular file behind FD is compressed, or a report, by its first bytes. */
bool stored_is_compressed(int fd);
bool stored_is_head(const void *head, size_t size);

/* Unpacks the regular file behind FD into a new one, *OUT, which the caller closes. NOTE_ABSENT
 * where what is in it is no ELF file (CORES: no core); NOTE_UNSUPPORTED where it unpacks to more
 * than 64 times its size and 1 GB. NOTE_MALFORMED, with *OUT what came before, where it is cut
 * short or broken; *OUT is -1 with all other codes. */
int stored_unpack(int fd, bool cores, int *out, struct note_error *err);

/* The same for what comes out of the pipe, terminal or socket FD as it is. */
int stored_spool(int fd, int *out, struct note_error *err);

/* A file without a name for what is too much for memory: SIZE bytes are added behind the first AT
 * of it. The caller closes *OUT, which is -1 where there can be none. */
int stored_begin(int *out, struct note_error *err);
int stored_add(int fd, const void *bytes, size_t size, uint64_t at, struct note_error *err);
int stored_end(int fd, uint64_t size, struct note_error *err);

#endif
