/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of a file, or of a member of an archive, with what is compressed in them unpacked.
 *
 * A file may be several things in a row: an initrd (the kernel's Documentation/driver-api/
 * early-userspace/buffer-format.rst) is any number of cpio archives, each compressed or not, with
 * zeros between them. So a stream comes in runs. A run is either what is compressed, of any number
 * of members or frames, or all that follows as it is; whoever reads it says where the thing that
 * he knows has ended, and the next run begins at the next byte that is not zero.
 *
 * Memory is a few blocks and what the decompressor takes. None runs another program.
 */
#ifndef BASE_STREAM_STREAM_H
#define BASE_STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libnote.h"

/* How much may still be unpacked: one bound for a file and all that is nested in it. */
struct stream_budget {
	uint64_t left;
	bool burst;    /* it was spent, and more was wanted */
	uint64_t held; /* so large a file in it may be that is held in memory as a whole */
};

/* What may come out of the file FD. */
struct stream_budget stream_budget_of(int fd);

/* False, with the budget burst, where fewer than BYTES are left. */
bool stream_spend(struct stream_budget *budget, uint64_t bytes);

/* NOTE_UNSUPPORTED with the words for it; and for a file that is too large to be held. */
int stream_too_much(struct note_error *err);
int stream_too_large(struct note_error *err);

struct stream;

/* Up to ROOM bytes into BUFFER; *GOT is 0 at the end. */
typedef int stream_source(void *context, void *buffer, size_t room, size_t *got,
			  struct note_error *err);

/* Of the regular file FD, or of what READ gives. These and BUDGET outlive the stream, which stands
 * before its first run. */
int stream_open_fd(struct stream **out, int fd, struct stream_budget *budget,
		   struct note_error *err);
int stream_open_source(struct stream **out, stream_source *read, void *context,
		       struct stream_budget *budget, struct note_error *err);
void stream_close(struct stream *stream); /* NULL is allowed */

/* Takes the SHA-256 of the bytes as they are from here on; before the first run. stream_digest()
 * reads what is left of them, and ends the stream. */
void stream_hash(struct stream *stream);
int stream_digest(struct stream *stream, char out[65], struct note_error *err);

/* Whether these first bytes are those of something compressed. */
bool stream_is_packed_head(const void *head, size_t size);

/* To the next run, which begins where the last one was left. The first run begins with the first
 * byte, any other with the next one that is not zero. NOTE_ABSENT where none is left. */
int stream_next_run(struct stream *stream, struct note_error *err);

bool stream_is_packed(const struct stream *stream);  /* the run at hand */
bool stream_can_seek(const struct stream *stream);   /* a file, and not packed */
uint64_t stream_offset(const struct stream *stream); /* of the next run, or the next packed byte, in
						      * the file or member as it is */
uint64_t stream_position(const struct stream *stream); /* in the run */

/* The next bytes of the run, valid until the next call; *SIZE is 0 at its end. */
int stream_read(struct stream *stream, const void **bytes, size_t *size, struct note_error *err);

/* The bytes that come next, LEAST of them (at most 4096) where the run has as many. */
int stream_peek(struct stream *stream, size_t least, const void **bytes, size_t *size,
		struct note_error *err);

/* Goes back in the run, by what was read last. False where that is too long ago. */
bool stream_back(struct stream *stream, uint64_t bytes);

/* Where the stream can seek: to a position in the run, at its end at most. */
void stream_seek(struct stream *stream, uint64_t position);
uint64_t stream_run_size(const struct stream *stream);

#endif
