/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files on their way into the cache. They have no name (O_TMPFILE) where the file system can do
 * that, so a kill at any moment leaves nothing; then they get their final one in a single step.
 *
 * libcurl gives bodies in pieces of 16 KB. They are gathered: the page cache takes 64 KB at once
 * for two thirds of what four pieces cost, and a buffer of that size stays in the processor's
 * cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/debuginfod/cache/internal.h"
#include "tools/debuginfod/memory.h"

#define GATHERED ((size_t)64 << 10)

struct staging {
	struct cache *cache;
	struct cache_key key;
	int at; /* the directory, -1 while HELD */
	int fd;
	bool held;             /* in memory */
	bool fallen_back;      /* not in the cache */
	char name[CACHE_NAME]; /* "" without a name */
	uint64_t size;         /* with what is still in BUFFER */
	uint8_t *buffer;       /* GATHERED bytes */
	size_t gathered;
	XXH3_state_t *hash;
	int64_t modified; /* seconds since 1970, -1: now */
};

/* A file in the directory AT, without a name where that can be. */
static bool open_in(struct staging *stage)
{
	if (stage->at < 0)
		return false;
	/* Without /proc, a file without a name could not be given one. */
	stage->fd = access("/proc/self/fd", F_OK) == 0
			    ? openat(stage->at, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0400)
			    : -1;
	if (stage->fd < 0 && errno != EMFILE && errno != ENFILE) {
		unused_name(stage->name, "stage");
		stage->fd = openat(stage->at, stage->name,
				   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	}
	if (stage->fd >= 0)
		return true;
	const int saved = errno;
	stage->name[0] = '\0';
	close(stage->at);
	stage->at = -1;
	errno = saved;
	return false;
}

static int open_on_disk(struct staging *stage, struct note_error *err)
{
	struct cache *cache = stage->cache;
	const char *hex = stage->key.hex;
	stage->at = cache_directory(cache, hex, true);
	if (open_in(stage))
		return NOTE_OK;
	/* O_NOFOLLOW with O_DIRECTORY says ENOTDIR of a link. */
	if (errno == EACCES || errno == EPERM || errno == EROFS || errno == ENOTDIR ||
	    errno == ELOOP) {
		stage->at = cache_fallback(cache, hex);
		stage->fallen_back = true;
		if (open_in(stage))
			return NOTE_OK;
	}
	const int saved = errno;
	const int code = error_system(err, "cache %s/%s", cache->dir, hex);
	errno = saved;
	return code;
}

int staging_open(struct staging **out, struct cache *cache, const struct cache_key *key,
		 struct note_error *err)
{
	struct staging *stage = calloc(1, sizeof(*stage));
	*out = NULL;
	if (stage == NULL)
		return error_system(err, "cache");
	stage->cache = cache;
	stage->key = *key;
	stage->at = -1;
	stage->modified = -1;
	stage->fd = held_open(cache);
	stage->held = stage->fd >= 0;
	stage->hash = XXH3_createState();
	stage->buffer =
		cache->spare_count > 0 ? cache->spare[--cache->spare_count] : malloc(GATHERED);
	int code = stage->hash != NULL && stage->buffer != NULL
			   ? NOTE_OK
			   : error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory");
	if (code == NOTE_OK && !stage->held)
		code = open_on_disk(stage, err);
	if (code != NOTE_OK) {
		const int saved = errno;
		staging_drop(stage);
		errno = saved;
		return code;
	}
	XXH3_128bits_reset(stage->hash);
	*out = stage;
	return NOTE_OK;
}

static int write_bytes(int fd, const uint8_t *bytes, size_t size, struct note_error *err)
{
	while (size > 0) {
		ssize_t put = write(fd, bytes, size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error_system(err, "cache: write");
		bytes += put;
		size -= (size_t)put;
	}
	return NOTE_OK;
}

/* It grows too large to be held in memory. */
static int move_to_disk(struct staging *stage, struct note_error *err)
{
	const int from = stage->fd;
	uint8_t *piece = malloc(GATHERED);
	off_t at = 0;
	ssize_t got = 0;
	if (piece == NULL)
		return error_system(err, "cache");
	stage->held = false;
	int code = open_on_disk(stage, err);
	while (code == NOTE_OK && (got = pread(from, piece, GATHERED, at)) > 0) {
		code = write_bytes(stage->fd, piece, (size_t)got, err);
		at += got;
	}
	if (code == NOTE_OK && got < 0)
		code = error_system(err, "cache: read");
	free(piece);
	held_abandon(stage->cache, from);
	return code;
}

int staging_flush(struct staging *stage, struct note_error *err)
{
	const size_t gathered = stage->gathered;
	int code = NOTE_OK;
	stage->gathered = 0;
	XXH3_128bits_update(stage->hash, stage->buffer, gathered);
	if (stage->held && stage->size > HELD_MOST)
		code = move_to_disk(stage, err);
	return code == NOTE_OK ? write_bytes(stage->fd, stage->buffer, gathered, err) : code;
}

int staging_write(struct staging *stage, const void *bytes, size_t size, struct note_error *err)
{
	const uint8_t *p = bytes;
	stage->size += size;
	while (size > 0) {
		const size_t room = GATHERED - stage->gathered;
		const size_t piece = size < room ? size : room;
		memcpy(stage->buffer + stage->gathered, p, piece);
		stage->gathered += piece;
		p += piece;
		size -= piece;
		const int code = stage->gathered == GATHERED ? staging_flush(stage, err) : NOTE_OK;
		if (code != NOTE_OK)
			return code;
	}
	return NOTE_OK;
}

int staging_fd(const struct staging *stage)
{
	return stage->fd;
}

void staging_set_time(struct staging *stage, int64_t modified)
{
	stage->modified = modified;
}

/* Before its proof, which tells when it was last changed. */
static void set_time(const struct staging *stage)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = stage->modified}};
	if (stage->modified > 0 && stage->modified <= time(NULL))
		futimens(stage->fd, times);
}

void staging_drop(struct staging *stage)
{
	if (stage == NULL)
		return;
	if (stage->name[0] != '\0')
		unlinkat(stage->at, stage->name, 0);
	if (stage->held && stage->fd >= 0)
		held_abandon(stage->cache, stage->fd);
	else if (stage->fd >= 0)
		close(stage->fd);
	if (stage->at >= 0)
		close(stage->at);
	XXH3_freeState(stage->hash);
	struct cache *cache = stage->cache;
	if (stage->buffer != NULL && cache->spare_count < CACHE_SPARE)
		cache->spare[cache->spare_count++] = stage->buffer;
	else
		free(stage->buffer);
	free(stage);
}

/* Gives the nameless file the name NAME, which is free. */
static int link_stage(struct staging *stage, const char *name)
{
	char self[40];
	if (stage->name[0] != '\0')
		return linkat(stage->at, stage->name, stage->at, name, 0);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", stage->fd);
	return linkat(AT_FDCWD, self, stage->at, name, AT_SYMLINK_FOLLOW);
}

static int put_in_place(struct staging *stage)
{
	char temporary[CACHE_NAME];
	if (link_stage(stage, stage->key.name) == 0)
		return 0;
	/* Eviction took the directory while it was empty. */
	if (errno == ENOENT && stage->name[0] == '\0') {
		int at = stage->fallen_back ? cache_fallback(stage->cache, stage->key.hex)
					    : cache_directory(stage->cache, stage->key.hex, true);
		if (at < 0)
			return -1;
		close(stage->at);
		stage->at = at;
		if (link_stage(stage, stage->key.name) == 0)
			return 0;
	}
	if (errno != EEXIST)
		return -1;
	/* What stands there does not fit its proof, or another process was as fast. */
	unused_name(temporary, stage->key.name);
	if (link_stage(stage, temporary) != 0)
		return -1;
	if (renameat(stage->at, temporary, stage->at, stage->key.name) == 0)
		return 0;
	unlinkat(stage->at, temporary, 0);
	return -1;
}

int cache_sync(struct cache *cache, struct note_error *err)
{
	if (!cache->unsynced)
		return NOTE_OK;
	if (syncfs(cache->fd) != 0)
		return error_system(err, "cache %s: write to disk", cache->dir);
	if (cache->fallback_fd >= 0 && syncfs(cache->fallback_fd) != 0)
		return error_system(err, "cache %s: write to disk", cache->fallback);
	cache->unsynced = false;
	return NOTE_OK;
}

int staging_commit(struct staging *stage, char **path, struct note_error *err)
{
	const struct cache_key *key = &stage->key;
	char absent[CACHE_NAME];
	int code;
	*path = NULL;
	code = staging_flush(stage, err);
	if (code != NOTE_OK)
		goto out;
	if (stage->held) {
		*path = held_keep(stage->cache, key, stage->fd);
		stage->fd = -1;
		if (*path == NULL)
			code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory");
		goto out;
	}
	if (put_in_place(stage) != 0) {
		code = error_system(err, "cache %s/%s/%s", stage->cache->dir, key->hex, key->name);
		goto out;
	}
	if (stage->name[0] != '\0') {
		unlinkat(stage->at, stage->name, 0);
		stage->name[0] = '\0';
	}
	set_time(stage);
	/* The proof comes last: a file without one is as good as none. What is not in the cache is
	 * not looked for. */
	if (!stage->fallen_back && !proof_write(stage->cache, stage->at, key, stage->fd,
						stage->size, XXH3_128bits_digest(stage->hash))) {
		code = error_system(err, "cache %s/%s/%s: its proof", stage->cache->dir, key->hex,
				    key->name);
		goto out;
	}
	key_file(absent, key, "absent");
	unlinkat(stage->at, absent, 0);
	stage->cache->committed += stage->size;
	stage->cache->unsynced = true;
	*path = stage->fallen_back
			? format_string("%s/%s/%s", stage->cache->fallback, key->hex, key->name)
			: cache_path(stage->cache, key);
	if (*path == NULL)
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory");
out:
	staging_drop(stage);
	return code;
}
