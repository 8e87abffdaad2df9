/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files: read from a descriptor, and written where a user said. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "libnote.h"

/* Reads the regular file FD from its start: *BYTES is malloc'ed, the caller's. NOTE_SYSTEM where
 * it changed size meanwhile. */
int file_read(int fd, uint8_t **bytes, size_t *size, struct note_error *err);

/* Memory that is kept from file to file, so that its pages are cleared once. Zero-initialised is
 * empty; BYTES is to be freed at the end. */
struct file_buffer {
	uint8_t *bytes;
	size_t room;
};

/* The same into BUFFER, which grows to what is needed; the parts of a large file side by side, by
 * JOBS threads. */
int file_read_into(int fd, struct file_buffer *buffer, unsigned jobs, size_t *size,
		   struct note_error *err);

/* Some of FD's bytes, at most ROOM: those at AT, or with FILE_NEXT those at its position. How many;
 * 0 at the end, -1 with errno set. A signal does not end it. */
#define FILE_NEXT UINT64_MAX
static inline ssize_t file_read_some(int fd, void *to, size_t room, uint64_t at)
{
	ssize_t got;
	do
		got = at == FILE_NEXT ? read(fd, to, room) : pread(fd, to, room, (off_t)at);
	while (got < 0 && errno == EINTR);
	return got;
}

/* The SHA-256 of FD's file in hexadecimal, and how many bytes it has. */
int file_digest(int fd, uint64_t *size, char sha256[65], struct note_error *err);

/* Writes all SIZE bytes at the descriptor's position. */
int file_write(int fd, const void *from, size_t size, struct note_error *err);

/*
 * Writes SIZE BYTES to what the user named PATH for an output. A regular file, or nothing, is
 * replaced whole (a kill leaves the old one or the new one) and has the mode of the old one, else
 * 0666 less the umask. Of a symbolic link what it leads to is written; the link stays. A device,
 * FIFO or socket is written into, and so is the descriptor that /dev/stdout or /dev/fd/N names.
 * SYNC: a regular file is on the disk when this returns NOTE_OK.
 */
int output_write(const char *path, const void *bytes, size_t size, bool sync,
		 struct note_error *err);

/* The same for a copy of the file at the descriptor LIKE, whose mode, owner and extended attributes
 * a regular file gets. What only root could give it goes lacking, as with cp; *OWNER_LOST is set
 * then. */
int output_write_like(const char *path, const void *bytes, size_t size, int like, bool sync,
		      bool *owner_lost, struct note_error *err);

/* Whether output_write makes or replaces a regular file there, beside which others can lie. */
bool output_is_file(const char *path);

#endif
