/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cores as they are kept: see stored.h. */
#include "tools/base/stored/stored.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/file.h"
#include "tools/base/root/root.h"
#include "tools/base/stored/apport.h"
#include "tools/base/stream/stream.h"
#include "tools/base/text.h"

#define PAGE  4096
#define BLOCK 65536

bool stored_is_compressed(int fd)
{
	uint8_t head[16];
	const ssize_t got = pread(fd, head, sizeof(head), 0);
	return got > 0 && stored_is_head(head, (size_t)got);
}

bool stored_is_head(const void *head, size_t size)
{
	const size_t first = size < 16 ? size : 16;
	return stream_is_packed_head(head, first) || apport_is_head(head, first);
}

/* A file without a name. */
static int open_nameless(int *out, struct note_error *err)
{
	const char *tmp = getenv("TMPDIR");
	if (tmp == NULL || tmp[0] == '\0')
		tmp = access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
	*out = nameless_in(tmp);
	return *out >= 0 ? NOTE_OK : error_system(err, "a temporary file in %s", tmp);
}

static bool is_zero(const char *bytes, size_t size)
{
	return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static int write_all(int fd, const char *bytes, size_t size, uint64_t at, struct note_error *err)
{
	while (size != 0) {
		const ssize_t put = pwrite(fd, bytes, size, (off_t)at);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return error_system(err, "writing a temporary file");
		bytes += put;
		at += (uint64_t)put;
		size -= (size_t)put;
	}
	return NOTE_OK;
}

/* Writes what is not zero, page by page. */
static int write_sparse(int fd, const char *bytes, size_t size, uint64_t at, struct note_error *err)
{
	int code = NOTE_OK;
	while (code == NOTE_OK && size != 0) {
		size_t part = PAGE - (size_t)(at % PAGE);
		if (part > size)
			part = size;
		const bool zero = is_zero(bytes, part);
		/* As many pages as are of one kind. */
		while (!zero && part < size &&
		       !is_zero(bytes + part, size - part < PAGE ? size - part : PAGE))
			part += size - part < PAGE ? size - part : PAGE;
		if (!zero)
			code = write_all(fd, bytes, part, at, err);
		bytes += part;
		at += part;
		size -= part;
	}
	return code;
}

static int set_size(int fd, uint64_t size, struct note_error *err)
{
	return ftruncate(fd, (off_t)size) == 0 ? NOTE_OK
					       : error_system(err, "writing a temporary file");
}

int stored_begin(int *out, struct note_error *err)
{
	return open_nameless(out, err);
}

int stored_add(int fd, const void *bytes, size_t size, uint64_t at, struct note_error *err)
{
	return write_sparse(fd, bytes, size, at, err);
}

int stored_end(int fd, uint64_t size, struct note_error *err)
{
	return set_size(fd, size, err);
}

int stored_spool(int fd, int *out, struct note_error *err)
{
	char block[BLOCK];
	uint64_t size = 0;
	int code = open_nameless(out, err);
	ssize_t got = 1;
	while (code == NOTE_OK && got != 0) {
		got = file_read_some(fd, block, sizeof(block), FILE_NEXT);
		code = got < 0 ? error_system(err, "read")
			       : write_sparse(*out, block, (size_t)got, size, err);
		size += got > 0 ? (uint64_t)got : 0;
	}
	if (code == NOTE_OK)
		code = set_size(*out, size, err);
	if (code != NOTE_OK && *out >= 0) {
		close(*out);
		*out = -1;
	}
	return code;
}

struct packed {
	uint64_t size; /* so far */
	char head[EI_NIDENT + 2];
};

/* By its first bytes: all of them are in HEAD. */
static bool is_wanted(const struct packed *packed, bool cores)
{
	const char *head = packed->head;
	const bool big = head[EI_DATA] == ELFDATA2MSB;
	if (memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	return !cores ||
	       (head[EI_NIDENT + (big ? 1 : 0)] == ET_CORE && head[EI_NIDENT + (big ? 0 : 1)] == 0);
}

/* One more block: NOTE_ABSENT where it shows that this is not what is looked for. */
static int take_block(struct packed *packed, bool cores, int out, const char *bytes, size_t size,
		      struct note_error *err)
{
	const uint64_t before = packed->size;
	packed->size += size;
	if (before < sizeof(packed->head)) {
		const size_t part = sizeof(packed->head) - before;
		memcpy(packed->head + before, bytes, part < size ? part : size);
		if (packed->size >= sizeof(packed->head) && !is_wanted(packed, cores))
			return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET,
					 "what is compressed in it is no ELF file");
	}
	return write_sparse(out, bytes, size, before, err);
}

static int unpack(struct packed *packed, struct stream *stream, bool cores, int out,
		  struct note_error *err)
{
	struct note_error why;
	const void *bytes;
	size_t size = 1;
	int read = stream_next_run(stream, &why), code = NOTE_OK;
	while (read == NOTE_OK && code == NOTE_OK && size != 0) {
		read = stream_read(stream, &bytes, &size, &why);
		if (read == NOTE_OK && size != 0)
			code = take_block(packed, cores, out, bytes, size, err);
	}
	if (code != NOTE_OK)
		return code;
	if (read == NOTE_UNSUPPORTED || read == NOTE_SYSTEM)
		return error_set(err, read, NOTE_NO_OFFSET, "%s", why.text);
	if (read != NOTE_OK)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "cut short or broken where it is compressed: %s; %llu bytes came "
				 "out of it",
				 why.text, (unsigned long long)packed->size);
	return packed->size >= sizeof(packed->head)
		       ? NOTE_OK
		       : error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET,
				   "what is compressed in it is no ELF file");
}

/* What stands behind it and is not compressed. */
static int look_behind(struct stream *stream, struct note_error *err)
{
	const int code = stream_next_run(stream, err);
	if (code == NOTE_ABSENT)
		return NOTE_OK;
	return code != NOTE_OK ? code
			       : error_set(err, NOTE_MALFORMED, stream_offset(stream),
					   "behind what is compressed there is something else: not "
					   "looked at");
}

/* The bytes of the file FD, or of the core in the report that it is: then *REPORT is the caller's
 * to free. */
static int open_stream(int fd, struct stream_budget *budget, struct stream **stream,
		       struct apport **report, struct note_error *err)
{
	uint8_t head[16];
	const ssize_t got = pread(fd, head, sizeof(head), 0);
	*stream = NULL;
	*report = NULL;
	if (got <= 0 || !apport_is_head(head, (size_t)got))
		return stream_open_fd(stream, fd, budget, err);
	*report = xmalloc(sizeof(**report));
	const int code = apport_find(*report, fd, err);
	return code == NOTE_OK ? stream_open_source(stream, apport_read, *report, budget, err)
			       : code;
}

int stored_unpack(int fd, bool cores, int *out, struct note_error *err)
{
	struct stream_budget budget = stream_budget_of(fd);
	struct packed packed = {0};
	struct stream *stream;
	struct apport *report;
	struct note_error inner;
	*out = -1;
	int code = open_stream(fd, &budget, &stream, &report, err);
	/* In a directory it is one of many reports. */
	if (code == NOTE_ABSENT && !cores) {
		code = NOTE_UNSUPPORTED;
		if (err != NULL)
			err->code = code;
	}
	if (code == NOTE_OK)
		code = open_nameless(out, err);
	if (code == NOTE_OK)
		code = unpack(&packed, stream, cores, *out, err);
	if (code == NOTE_OK)
		code = look_behind(stream, err);
	stream_close(stream);
	free(report);
	if (*out >= 0 && (code == NOTE_OK || code == NOTE_MALFORMED)) {
		const int sized = set_size(*out, packed.size, &inner);
		if (sized != NOTE_OK && err != NULL)
			*err = inner;
		code = sized != NOTE_OK ? sized : code;
	}
	/* Of what is broken from its start there is nothing to look at. */
	if (code != NOTE_OK && *out >= 0 &&
	    !(code == NOTE_MALFORMED && packed.size >= sizeof(packed.head))) {
		close(*out);
		*out = -1;
	}
	return code;
}
