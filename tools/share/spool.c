/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copying files into .staging/spool, their digest taken on the way: they are read once. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/base/file.h"
#include "tools/share/internal.h"

static bool same_moment(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* stat once a further change would have another time: a file's is that of the kernel's last tick,
 * so two changes in one tick cannot be told apart. */
static int stat_settled(int fd, struct stat *st)
{
	const struct timespec tick = {.tv_nsec = 5000000};
	for (int i = 0; i < 4; i++) {
		struct timespec now;
		if (fstat(fd, st) != 0)
			return -1;
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
		if (st->st_mtim.tv_sec < now.tv_sec ||
		    (st->st_mtim.tv_sec == now.tv_sec && st->st_mtim.tv_nsec < now.tv_nsec))
			return 0;
		nanosleep(&tick, NULL);
	}
	return 0; /* of the future: another machine's clock */
}

int spool_open(struct share *share, const char *origin, size_t number, const char *suffix,
	       struct spool *spool, struct note_error *err)
{
	*spool = (struct spool){.fd = -1};
	spool->spooled.path = xasprintf("%s/%zu%s", STAGING_SPOOL, number, suffix);
	spool->spooled.origin = xstrdup(origin);
	int code = root_create_file(share->root, spool->spooled.path, share->mode, &spool->fd, err);
	if (code != NOTE_OK)
		spooled_free(&spool->spooled);
	else
		spool->sha256 = sha256_begin();
	return code;
}

int spool_add(struct spool *spool, const void *bytes, size_t size, struct note_error *err)
{
	sha256_add(spool->sha256, bytes, size);
	spool->spooled.size += size;
	return file_write(spool->fd, bytes, size, err);
}

int spool_close(struct spool *spool, struct spooled *spooled, struct note_error *err)
{
	sha256_end(spool->sha256, spool->spooled.sha256);
	*spooled = spool->spooled;
	if (close(spool->fd) == 0)
		return NOTE_OK;
	error_system(err, "write into the share");
	spooled_free(spooled);
	return NOTE_SYSTEM;
}

int spool_file(struct share *share, int fd, const char *origin, size_t number,
	       struct spooled *spooled, struct note_error *err)
{
	struct stat before, after;
	struct spool spool;
	*spooled = (struct spooled){0};
	if (stat_settled(fd, &before) != 0)
		return error_system(err, "stat");
	int code = spool_open(share, origin, number, "", &spool, err);
	if (code != NOTE_OK)
		return code;
	uint8_t *buffer = xmalloc(COPY_BUFFER);
	ssize_t got = 1;
	while (code == NOTE_OK && got != 0) {
		got = file_read_some(fd, buffer, COPY_BUFFER, spool.spooled.size);
		code = got < 0 ? error_system(err, "read")
			       : spool_add(&spool, buffer, (size_t)got, err);
	}
	free(buffer);
	const int closed = spool_close(&spool, spooled, code == NOTE_OK ? err : NULL);
	if (code == NOTE_OK)
		code = closed;
	if (code == NOTE_OK && (fstat(fd, &after) != 0 || !same_moment(&before, &after) ||
				(uint64_t)after.st_size != spooled->size))
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "it changed while it was read");
	if (code != NOTE_OK)
		spooled_free(spooled);
	return code;
}

/* PATH, which becomes AGAIN's, as another name. */
static int spool_link(struct share *share, const struct spooled *spooled, const char *origin,
		      char *path, struct spooled *again, struct note_error *err)
{
	*again = *spooled;
	again->path = path;
	again->origin = xstrdup(origin);
	again->sections = NULL;
	again->section_count = 0;
	again->names = spooled->names != NULL ? xstrdup(spooled->names) : NULL;
	int code = root_hard_link(share->root, spooled->path, path, err);
	if (code != NOTE_OK)
		spooled_free(again);
	return code;
}

int spool_as(struct share *share, const struct spooled *spooled, const char *origin, size_t number,
	     struct spooled *again, struct note_error *err)
{
	return spool_link(share, spooled, origin, xasprintf("%s/%zu", STAGING_SPOOL, number), again,
			  err);
}

int spool_again(struct share *share, const struct spooled *spooled, struct spooled *again,
		struct note_error *err)
{
	return spool_link(share, spooled, spooled->origin, xasprintf("%s+", spooled->path), again,
			  err);
}

void spooled_free(struct spooled *spooled)
{
	free(spooled->path);
	free(spooled->origin);
	free(spooled->names);
	for (size_t i = 0; i < spooled->section_count; i++) {
		free(spooled->sections[i].name);
		spooled_free(&spooled->sections[i].file);
	}
	free(spooled->sections);
	*spooled = (struct spooled){0};
}
