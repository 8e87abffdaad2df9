/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying files into .staging/spool, their digest taken on the way: they are read once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/share/internal.h"

static int write_all(int fd, const uint8_t *bytes, size_t size, struct note_error *err)
{
	while (size > 0) {
		ssize_t done = write(fd, bytes, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_system(err, "write into the share");
		bytes += done;
		size -= (size_t)done;
	}
	return NOTE_OK;
}

int copy_with_digest(int from, int to, uint64_t *size, char digest[65], struct note_error *err)
{
	uint8_t *buffer = xmalloc(COPY_BUFFER);
	struct sha256 *sha256 = sha256_begin();
	int code = NOTE_OK;
	*size = 0;
	while (code == NOTE_OK) {
		ssize_t got = pread(from, buffer, COPY_BUFFER, (off_t)*size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			code = error_system(err, "read");
		if (got <= 0)
			break;
		sha256_add(sha256, buffer, (size_t)got);
		*size += (uint64_t)got;
		if (to >= 0)
			code = write_all(to, buffer, (size_t)got, err);
	}
	sha256_end(sha256, digest);
	free(buffer);
	return code;
}

static bool same_moment(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

int spool_file(struct share *share, int fd, const char *origin, size_t number,
	       struct spooled *spooled, struct note_error *err)
{
	struct stat before, after;
	int to;
	*spooled = (struct spooled){0};
	char *path = xasprintf("%s/%zu", STAGING_SPOOL, number);
	int code = root_create_file(share->root, path, 0644, &to, err);
	if (code == NOTE_OK && fstat(fd, &before) != 0)
		code = error_system(err, "stat");
	if (code == NOTE_OK)
		code = copy_with_digest(fd, to, &spooled->size, spooled->sha256, err);
	if (to >= 0 && close(to) != 0 && code == NOTE_OK)
		code = error_system(err, "write into the share");
	if (code == NOTE_OK && (fstat(fd, &after) != 0 || !same_moment(&before, &after) ||
				(uint64_t)after.st_size != spooled->size))
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "it changed while it was read");
	if (code == NOTE_OK) {
		spooled->path = path;
		spooled->origin = xstrdup(origin);
	} else {
		free(path);
	}
	return code;
}

int spool_again(struct share *share, const struct spooled *spooled, struct spooled *again,
		struct note_error *err)
{
	*again = *spooled;
	again->path = xasprintf("%s+", spooled->path);
	again->origin = xstrdup(spooled->origin);
	int code = root_hard_link(share->root, spooled->path, again->path, err);
	if (code != NOTE_OK)
		spooled_free(again);
	return code;
}

void spooled_free(struct spooled *spooled)
{
	free(spooled->path);
	free(spooled->origin);
	*spooled = (struct spooled){0};
}
