/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/file.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/large.h"
#include "tools/base/pool.h"

static int make_room(struct file_buffer *buffer, size_t wanted, struct note_error *err)
{
	if (buffer->room >= wanted)
		return NOTE_OK;
	free(buffer->bytes); /* nothing of it is to be copied */
	buffer->bytes = large_alloc(wanted);
	buffer->room = buffer->bytes != NULL ? wanted : 0;
	return buffer->bytes != NULL ? NOTE_OK : error_system(err, "read");
}

/* A part is read at a time: where its pages are new, they are cleared by who reads it. */
#define PART ((size_t)4 << 20)

struct reading {
	int fd;
	uint8_t *bytes;
	size_t size; /* one byte more than the file's: one that grows is seen */
	size_t got;
	int failed; /* errno */
	pthread_mutex_t lock;
};

/* Reads from AT on, SIZE bytes or to the end of the file. */
static size_t read_part(struct reading *reading, size_t at, size_t size, int *failed)
{
	size_t got = 0;
	while (got < size) {
		const ssize_t n = pread(reading->fd, reading->bytes + at + got, size - got,
					(off_t)(at + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			*failed = errno;
		if (n <= 0)
			break;
		got += (size_t)n;
		if (at + got == reading->size - 1)
			break; /* less than asked for: a regular file ends here */
	}
	return got;
}

static void read_one(void *context, size_t index, unsigned worker)
{
	struct reading *reading = context;
	const size_t at = index * PART, left = reading->size - at;
	int failed = 0;
	(void)worker;
	const size_t got = read_part(reading, at, left < PART ? left : PART, &failed);
	pthread_mutex_lock(&reading->lock);
	reading->got += got;
	if (failed != 0)
		reading->failed = failed;
	pthread_mutex_unlock(&reading->lock);
}

int file_read_into(int fd, struct file_buffer *buffer, unsigned jobs, size_t *size,
		   struct note_error *err)
{
	struct stat st;
	*size = 0;
	if (fstat(fd, &st) != 0)
		return error_system(err, "stat");
	if (!S_ISREG(st.st_mode))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not a regular file");
	const size_t wanted = (size_t)st.st_size;
	const bool large = jobs > 1 && wanted >= 2 * PART;
	int code = make_room(buffer, wanted + 1, err);
	if (code != NOTE_OK)
		return code;
	struct reading reading = {.fd = fd,
				  .bytes = buffer->bytes,
				  .size = wanted + 1,
				  .lock = PTHREAD_MUTEX_INITIALIZER};
	if (large)
		pool_run_parts(jobs, true, wanted / PART + 1, read_one, NULL, &reading);
	else
		reading.got = read_part(&reading, 0, wanted + 1, &reading.failed);
	errno = reading.failed;
	if (reading.failed != 0)
		return error_system(err, "read");
	if (reading.got != wanted)
		return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "it changed while it was read");
	*size = wanted;
	return NOTE_OK;
}

int file_read(int fd, uint8_t **bytes, size_t *size, struct note_error *err)
{
	struct file_buffer buffer = {0};
	const int code = file_read_into(fd, &buffer, 1, size, err);
	if (code != NOTE_OK) {
		free(buffer.bytes);
		buffer.bytes = NULL;
	}
	*bytes = buffer.bytes;
	return code;
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
