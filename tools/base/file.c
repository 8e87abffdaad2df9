/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"

static int make_room(struct file_buffer *buffer, size_t wanted, struct note_error *err)
{
	if (buffer->room >= wanted)
		return NOTE_OK;
	free(buffer->bytes); /* nothing of it is to be copied */
	buffer->bytes = malloc(wanted);
	buffer->room = buffer->bytes != NULL ? wanted : 0;
	return buffer->bytes != NULL ? NOTE_OK : error_system(err, "read");
}

int file_read_into(int fd, struct file_buffer *buffer, size_t *size, struct note_error *err)
{
	struct stat st;
	size_t got = 0;
	*size = 0;
	if (fstat(fd, &st) != 0)
		return error_system(err, "stat");
	if (!S_ISREG(st.st_mode))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not a regular file");
	/* One byte more than the size: a file that grows is seen. */
	const size_t wanted = (size_t)st.st_size;
	int code = make_room(buffer, wanted + 1, err);
	while (code == NOTE_OK && got <= wanted) {
		const ssize_t n = pread(fd, buffer->bytes + got, wanted + 1 - got, (off_t)got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_system(err, "read");
		got += (size_t)n;
		if (n == 0 || got == wanted)
			break; /* less than asked for: a regular file ends here */
	}
	if (code == NOTE_OK && got != wanted)
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "it changed while it was read");
	*size = code == NOTE_OK ? got : 0;
	return code;
}

int file_read(int fd, uint8_t **bytes, size_t *size, struct note_error *err)
{
	struct file_buffer buffer = {0};
	const int code = file_read_into(fd, &buffer, size, err);
	if (code != NOTE_OK) {
		free(buffer.bytes);
		buffer.bytes = NULL;
	}
	*bytes = buffer.bytes;
	return code;
}

ssize_t file_read_some(int fd, void *to, size_t room, uint64_t at)
{
	ssize_t got;
	do
		got = at == FILE_NEXT ? read(fd, to, room) : pread(fd, to, room, (off_t)at);
	while (got < 0 && errno == EINTR);
	return got;
}

int file_write(int fd, const void *from, size_t size, struct note_error *err)
{
	const uint8_t *bytes = from;
	while (size > 0) {
		ssize_t done = write(fd, bytes, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_system(err, "write");
		bytes += done;
		size -= (size_t)done;
	}
	return NOTE_OK;
}
