/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files with holes: what replaces one has holes too, instead of gigabytes of zeros on the disk. And
 * files that hardly change: where the file system can share blocks, those that do not are shared.
 */
#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/file.h"
#include "tools/base/root/internal.h"

/* File systems give out space in blocks of this size or a divisor of it. */
#define BLOCK 4096
/* So much is compared at a time. */
#define PIECE ((size_t)256 << 10)

static bool is_zero(const uint8_t *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static bool has_holes(const struct stat *st)
{
	return S_ISREG(st->st_mode) &&
	       (uint64_t)st->st_blocks * 512 + BLOCK < (uint64_t)st->st_size;
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

static bool put(int fd, const uint8_t *bytes, size_t size, off_t at)
{
	while (size > 0) {
		const ssize_t done = pwrite(fd, bytes, size, at);
		if (done < 0 && errno != EINTR)
			return false;
		const size_t step = done > 0 ? (size_t)done : 0;
		bytes += step;
		size -= step;
		at += (off_t)step;
	}
	return true;
}

/* Writes those blocks of NEW, which lies AT in the file, that differ from OLD. */
static bool put_changes(int fd, const uint8_t *old, const uint8_t *new, size_t size, off_t at)
{
	size_t from = 0, end = 0;
	while (end < size) {
		const size_t length = size - end < BLOCK ? size - end : BLOCK;
		const bool same = memcmp(old + end, new + end, length) == 0;
		if (same && !put(fd, new + from, end - from, at + (off_t)from))
			return false;
		end += length;
		if (same)
			from = end;
	}
	return put(fd, new + from, end - from, at + (off_t)from);
}

/* FD's file becomes LIKE's, sharing all its blocks, and then SIZE BYTES, as far as they differ.
 * False where that cannot be; the file holds anything then. */
static bool write_changes(int fd, int like, const uint8_t *bytes, size_t size)
{
	if (ioctl(fd, FICLONE, like) != 0)
		return false;
	uint8_t *old = malloc(PIECE);
	bool good = old != NULL && ftruncate(fd, (off_t)size) == 0;
	for (size_t at = 0; at < size && good;) {
		const size_t piece = size - at < PIECE ? size - at : PIECE;
		/* Not from LIKE, which somebody else may change meanwhile. */
		const ssize_t got = file_read_some(fd, old, piece, at);
		good = got > 0 && put_changes(fd, old, bytes + at, (size_t)got, (off_t)at);
		at += got > 0 ? (size_t)got : 0;
	}
	free(old);
	return good;
}

static int write_sparse(int fd, const uint8_t *bytes, size_t size, struct note_error *err)
{
	int code = NOTE_OK;
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

int file_write_like(int fd, const struct file_attributes *attributes, const struct stat *old,
		    const struct pieces *pieces, struct note_error *err)
{
	const bool in_one = pieces->count == 1 && pieces->items[0].bytes != NULL;
	const int like = attributes->like;
	if (attributes->nearly && like >= 0 && in_one &&
	    write_changes(fd, like, pieces->items[0].bytes, pieces->size))
		return NOTE_OK;
	if (attributes->nearly && ftruncate(fd, 0) != 0)
		return error_system(err, "write");
	if (like < 0 || !has_holes(old))
		return pieces_write(pieces, fd, err);
	if (in_one)
		return write_sparse(fd, pieces->items[0].bytes, pieces->size, err);
	uint8_t *bytes = pieces_join(pieces);
	if (bytes == NULL)
		return error_system(err, "write");
	const int code = write_sparse(fd, bytes, pieces->size, err);
	free(bytes);
	return code;
}
