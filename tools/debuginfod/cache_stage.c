/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files on their way into the cache. They have no name (O_TMPFILE) where the file system can do
 * that, so a kill at any moment leaves nothing; then they get their final one in a single step.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/debuginfod/cache_internal.h"

struct staging {
	struct cache *cache;
	struct cache_key key;
	int at; /* the directory */
	int fd;
	char name[CACHE_NAME]; /* "" without a name */
	uint64_t size;
	XXH3_state_t *hash;
};

int staging_open(struct staging **out, struct cache *cache, const struct cache_key *key,
		 struct note_error *err)
{
	*out = NULL;
	int at = cache_directory(cache, key->hex, true);
	if (at < 0)
		return error_system(err, "cache %s/%s", cache->dir, key->hex);
	struct staging *stage = xcalloc(1, sizeof(*stage));
	stage->cache = cache;
	stage->key = *key;
	stage->at = at;
	/* Without /proc, a file without a name could not be given one. */
	stage->fd = access("/proc/self/fd", F_OK) == 0
			    ? openat(at, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0400)
			    : -1;
	if (stage->fd < 0) {
		unused_name(stage->name, "stage");
		stage->fd = openat(at, stage->name,
				   O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	}
	if (stage->fd < 0) {
		error_system(err, "cache %s/%s", cache->dir, key->hex);
		stage->name[0] = '\0';
		staging_drop(stage);
		return NOTE_SYSTEM;
	}
	stage->hash = XXH3_createState();
	XXH3_128bits_reset(stage->hash);
	*out = stage;
	return NOTE_OK;
}

int staging_write(struct staging *stage, const void *bytes, size_t size, struct note_error *err)
{
	const uint8_t *p = bytes;
	size_t left = size;
	while (left > 0) {
		ssize_t put = write(stage->fd, p, left);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error_system(err, "cache: write");
		p += put;
		left -= (size_t)put;
	}
	XXH3_128bits_update(stage->hash, bytes, size);
	stage->size += size;
	return NOTE_OK;
}

uint64_t staging_size(const struct staging *stage)
{
	return stage->size;
}

int staging_fd(const struct staging *stage)
{
	return stage->fd;
}

void staging_drop(struct staging *stage)
{
	if (stage == NULL)
		return;
	if (stage->name[0] != '\0')
		unlinkat(stage->at, stage->name, 0);
	if (stage->fd >= 0)
		close(stage->fd);
	close(stage->at);
	XXH3_freeState(stage->hash);
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
		int at = cache_directory(stage->cache, stage->key.hex, true);
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

int staging_commit(struct staging *stage, char **path, struct note_error *err)
{
	const struct cache_key *key = &stage->key;
	char absent[CACHE_NAME];
	int code = NOTE_OK;
	*path = NULL;
	if (put_in_place(stage) != 0) {
		code = error_system(err, "cache %s/%s/%s", stage->cache->dir, key->hex, key->name);
		goto out;
	}
	if (stage->name[0] != '\0') {
		unlinkat(stage->at, stage->name, 0);
		stage->name[0] = '\0';
	}
	/* The proof comes last: a file without one is as good as none. */
	if (!proof_write(stage->at, key, stage->fd, stage->size,
			 XXH3_128bits_digest(stage->hash))) {
		code = error_system(err, "cache %s/%s/%s.proof", stage->cache->dir, key->hex,
				    key->name);
		goto out;
	}
	key_file(absent, key, "absent");
	unlinkat(stage->at, absent, 0);
	stage->cache->committed += stage->size;
	*path = cache_path(stage->cache, key);
out:
	staging_drop(stage);
	return code;
}
