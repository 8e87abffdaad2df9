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
	struct rpm_files *files; /* what an rpm's header lists, or NULL; payload_open() takes it */
};

/* A payload being read: see payload.c. */
struct payload_reader;

int payload_open(struct payload_reader **out, const struct payload *payload,
		 struct note_error *err);
void payload_close(struct payload_reader *reader);
void payload_every(struct payload_reader *reader);
int payload_next(struct payload_reader *reader, struct package_file *file, struct note_error *err);
int payload_read(struct payload_reader *reader, void *buffer, size_t room, size_t *got,
		 struct note_error *err);

/* An rpm's header: the index and the store, see rpm_header.c. */
struct rpm_header {
	struct span entries;
	struct span store;
	uint64_t end; /* offset in the file */
};

enum { RPM_INT16 = 3, RPM_INT32 = 4, RPM_INT64 = 5, RPM_STRING = 6, RPM_STRINGS = 8, RPM_I18N = 9 };

struct rpm_entry {
	uint32_t type;
	uint32_t offset; /* in the store */
	uint32_t count;
};

/* The header at AT of IMAGE, which must outlive it. NOTE_OK or NOTE_MALFORMED, NOTE_SYSTEM. */
int rpm_header_read(struct image *image, uint64_t at, struct rpm_header *out,
		    struct note_error *err);

/* The entry of TAG; false where there is none. */
bool rpm_header_find(const struct rpm_header *header, uint32_t tag, struct rpm_entry *out);

/* NULL where the header has no such list, or a broken one. */
struct rpm_files *rpm_files_read(const struct rpm_header *header);

/* Each reads the head and finds the payload; NOTE_ABSENT where the magic is another. */
int deb_read_head(struct image *image, int fd, struct package_head *head, struct payload *payload,
		  struct note_error *err);
int rpm_read_head(struct image *image, int fd, struct package_head *head, struct payload *payload,
		  struct note_error *err);

#endif
