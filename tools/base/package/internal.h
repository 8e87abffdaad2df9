/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by package*.c alone. */
#ifndef BASE_PACKAGE_INTERNAL_H
#define BASE_PACKAGE_INTERNAL_H

#include "libnote/image.h"
#include "tools/base/package/package.h"

enum payload_format { PAYLOAD_TAR, PAYLOAD_CPIO };

/* A compressed archive: LENGTH bytes at OFFSET of FD. */
struct payload {
	int fd;
	uint64_t offset;
	uint64_t length;
	enum payload_format format;
};

/* A payload being read: see payload.c. */
struct payload_reader;

int payload_open(struct payload_reader **out, const struct payload *payload,
		 struct note_error *err);
void payload_close(struct payload_reader *reader);
int payload_next(struct payload_reader *reader, struct package_file *file, struct note_error *err);
int payload_read(struct payload_reader *reader, void *buffer, size_t room, size_t *got,
		 struct note_error *err);

/* Each reads the head and finds the payload; NOTE_ABSENT where the magic is another. */
int deb_read_head(struct image *image, int fd, struct package_head *head, struct payload *payload,
		  struct note_error *err);
int rpm_read_head(struct image *image, int fd, struct package_head *head, struct payload *payload,
		  struct note_error *err);

#endif
