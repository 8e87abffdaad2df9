/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files with holes: what replaces one has holes too, instead of gigabytes of zeros on the disk. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/internal.h"

/* File systems give out space in blocks of this size or a divisor of it. */
#define BLOCK 4096

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static bool has_holes(int fd)
{
	struct stat st;
	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_blocks * 512 + BLOCK < (uint64_t)st.st_size;
}

/* How far from AT on the blocks are all of zeros, or all of contents. */
static size_t run_of(const uint8_t *bytes, size_t size, size_t at, bool *zero)
{
	size_t end = at;
	while (end < size) {
		const size_t length = size - end < BLOCK ? size - end : BLOCK;
		const bool is = is_zero(bytes + end, length);
		if (end == at)
			*zero = is;
		else if (is != *zero)
			break;
		end += length;
	}
	return end - at;
}

int file_write_like(int fd, int like, const void *from, size_t size, struct note_error *err)
{
	const uint8_t *bytes = from;
	int code = NOTE_OK;
	if (!has_holes(like))
		return file_write(fd, from, size, err);
	if (ftruncate(fd, (off_t)size) != 0)
		return error_system(err, "write");
	for (size_t at = 0; at < size && code == NOTE_OK;) {
		bool zero = false;
		const size_t length = run_of(bytes, size, at, &zero);
		if (!zero && lseek(fd, (off_t)at, SEEK_SET) < 0)
			return error_system(err, "write");
		if (!zero)
			code = file_write(fd, bytes + at, length, err);
		at += length;
	}
	return code;
}
