/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"

int file_read(int fd, uint8_t **bytes, size_t *size, struct note_error *err)
{
	struct stat st;
	*bytes = NULL;
	*size = 0;
	if (fstat(fd, &st) != 0)
		return error_system(err, "stat");
	if (!S_ISREG(st.st_mode))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not a regular file");
	/* One byte more than the size: a file that grows is seen. */
	uint8_t *buffer = malloc((size_t)st.st_size + 1);
	if (buffer == NULL)
		return error_system(err, "read");
	size_t got = 0;
	while (got <= (size_t)st.st_size) {
		ssize_t n = pread(fd, buffer + got, (size_t)st.st_size + 1 - got, (off_t)got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error_system(err, "read");
			free(buffer);
			return NOTE_SYSTEM;
		}
		got += (size_t)n;
		if (n == 0 || got == (size_t)st.st_size)
			break; /* less than asked for: a regular file ends here */
	}
	if (got != (size_t)st.st_size) {
		free(buffer);
		return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "it changed while it was read");
	}
	*bytes = buffer;
	*size = got;
	return NOTE_OK;
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
