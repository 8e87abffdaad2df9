/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cache: finding and committing. Its layout: cache.h.
 *
 * Every step below the cache's directory goes down one component with O_NOFOLLOW, so a link that
 * somebody put there is never followed. Files are written without a name (O_TMPFILE) where the
 * file system can: a kill at any moment leaves nothing.
 */
#include "tools/debuginfod/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/base/root.h"
#include "tools/debuginfod/proof.h"

struct cache {
	int fd;
	char *dir;
	bool temporary;
};

/* --- opening --- */

static int make_directories(const char *dir, struct note_error *err)
{
	char *path = xstrdup(dir);
	int code = NOTE_OK;
	for (char *slash = strchr(path + 1, '/'); code == NOTE_OK; slash = strchr(slash + 1, '/')) {
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			code = error_system(err, "cache %s", path);
		if (slash == NULL)
			break;
		*slash = '/';
	}
	free(path);
	return code;
}

int cache_open(struct cache **out, const char *dir, struct note_error *err)
{
	*out = NULL;
	char *path;
	if (dir == NULL) {
		const char *tmp = getenv("TMPDIR");
		path = xasprintf("%s/pkgnote-fetch-XXXXXX",
				 tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
		if (mkdtemp(path) == NULL) {
			error_system(err, "temporary directory %s", path);
			free(path);
			return NOTE_SYSTEM;
		}
	} else {
		if (dir[0] == '\0')
			return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "cache: an empty name");
		int code = make_directories(dir, err);
		if (code != NOTE_OK)
			return code;
		path = xstrdup(dir);
	}
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		error_system(err, "cache %s", path);
		free(path);
		return NOTE_SYSTEM;
	}
	struct cache *cache = xcalloc(1, sizeof(*cache));
	*cache = (struct cache){fd, path, dir == NULL};
	*out = cache;
	return NOTE_OK;
}

void cache_close(struct cache *cache)
{
	if (cache == NULL)
		return;
	if (cache->temporary) {
		struct root *root;
		if (root_open(&root, cache->dir, NULL) == NOTE_OK) {
			DIR *entries = fdopendir(dup(cache->fd));
			struct dirent *entry;
			while (entries != NULL && (entry = readdir(entries)) != NULL)
				if (entry->d_name[0] != '.')
					root_remove_tree(root, entry->d_name, NULL);
			if (entries != NULL)
				closedir(entries);
			root_close(root);
		}
		rmdir(cache->dir);
	}
	close(cache->fd);
	free(cache->dir);
	free(cache);
}

bool cache_is_temporary(const struct cache *cache)
{
	return cache->temporary;
}

/* A name that no other thread or process uses at the time. */
static void unused_name(char out[240], const char *name)
{
	static _Atomic unsigned serial;
	snprintf(out, 240, ".tmp-%d-%u-%s", (int)getpid(), serial++, name);
}

/* --- keys --- */

/* At most ROOM - 1 bytes of the end of NAME, with what a file name cannot hold made '_'. */
static void plain_name(char *out, size_t room, const char *name)
{
	const size_t length = strlen(name);
	if (length >= room)
		name += length - (room - 1);
	size_t i = 0;
	for (; name[i] != '\0'; i++)
		out[i] = (unsigned char)name[i] <= ' ' || (unsigned char)name[i] >= 0x7f ||
					 name[i] == '/'
				 ? '_'
				 : name[i];
	out[i] = '\0';
}

void cache_key_make(struct cache_key *key, enum artifact artifact, const char *hex,
		    const char *name)
{
	char digest[2 * SHA256_SIZE + 1];
	char plain[64];
	snprintf(key->hex, sizeof(key->hex), "%s", hex);
	key->artifact = artifact;
	key->wanted = name;
	if (artifact == ARTIFACT_DEBUGINFO || artifact == ARTIFACT_EXECUTABLE) {
		snprintf(key->name, sizeof(key->name), "%s",
			 artifact == ARTIFACT_DEBUGINFO ? "debuginfo" : "executable");
		return;
	}
	sha256_hex(name, strlen(name), digest);
	const char *slash = strrchr(name, '/');
	plain_name(plain, sizeof(plain), slash != NULL ? slash + 1 : name);
	snprintf(key->name, sizeof(key->name), "%s-%.32s-%s",
		 artifact == ARTIFACT_SOURCE ? "source" : "section", digest, plain);
}

/* The descriptor of a build-id's directory, made where MAKE says so; -1 with errno. */
static int open_directory(struct cache *cache, const char *hex, bool make)
{
	if (make && mkdirat(cache->fd, hex, 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(cache->fd, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static char *path_of(const struct cache *cache, const struct cache_key *key)
{
	return xasprintf("%s/%s/%s", cache->dir, key->hex, key->name);
}

/* --- proofs --- */

struct proof {
	uint64_t size;
	char digest[33]; /* XXH3, 128 bits */
	uint64_t inode;
	int64_t changed; /* st_ctim in nanoseconds: nobody can set that back */
};

static int64_t change_time(const struct stat *st)
{
	return (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
}

static void digest_text(XXH128_hash_t hash, char out[33])
{
	XXH128_canonical_t bytes;
	XXH128_canonicalFromHash(&bytes, hash);
	hex_encode(&bytes, sizeof(bytes), out);
}

static void proof_name(char out[192], const struct cache_key *key)
{
	snprintf(out, 192, "%s.proof", key->name);
}

static bool proof_read(int at, const struct cache_key *key, struct proof *proof)
{
	char name[192], text[160];
	proof_name(name, key);
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	return sscanf(text, "1 %" SCNu64 " %32[0-9a-f] %" SCNu64 " %" SCNd64 "\n", &proof->size,
		      proof->digest, &proof->inode, &proof->changed) == 4 &&
	       strlen(proof->digest) == 32;
}

/* Replaced whole, like everything here. */
static bool proof_write(int at, const struct cache_key *key, const struct proof *proof)
{
	char name[192], temporary[240], text[160];
	proof_name(name, key);
	unused_name(temporary, name);
	int length = snprintf(text, sizeof(text), "1 %" PRIu64 " %s %" PRIu64 " %" PRId64 "\n",
			      proof->size, proof->digest, proof->inode, proof->changed);
	int fd = openat(at, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	bool good = write(fd, text, (size_t)length) == length;
	good = close(fd) == 0 && good;
	good = good && renameat(at, temporary, at, name) == 0;
	if (!good)
		unlinkat(at, temporary, 0);
	return good;
}

static bool digest_file(int fd, char out[33])
{
	const size_t room = 1 << 18;
	uint8_t *buffer = xmalloc(room);
	XXH3_state_t *state = XXH3_createState();
	ssize_t got;
	off_t at = 0;
	XXH3_128bits_reset(state);
	while ((got = pread(fd, buffer, room, at)) > 0) {
		XXH3_128bits_update(state, buffer, (size_t)got);
		at += got;
	}
	digest_text(XXH3_128bits_digest(state), out);
	XXH3_freeState(state);
	free(buffer);
	return got == 0;
}

/* The file FD is what was committed: untouched since (same inode, size and change time), or
 * (a cache that was copied or restored) of the same digest. */
static bool fits_proof(int at, const struct cache_key *key, int fd)
{
	struct proof proof;
	struct stat st;
	char digest[33], text[ANSWER_TEXT];
	if (!proof_read(at, key, &proof) || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != proof.size)
		return false;
	if (st.st_ino != proof.inode || change_time(&st) != proof.changed) {
		if (!digest_file(fd, digest) || strcmp(digest, proof.digest) != 0)
			return false;
		proof.inode = st.st_ino;
		proof.changed = change_time(&st);
		proof_write(at, key, &proof);
	}
	return proof_check(fd, key->artifact, key->hex, key->wanted, text) == OUTCOME_FOUND;
}

char *cache_find(struct cache *cache, const struct cache_key *key)
{
	int at = open_directory(cache, key->hex, false);
	if (at < 0)
		return NULL;
	char *path = NULL;
	int fd = openat(at, key->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fits_proof(at, key, fd)) {
		char name[192];
		proof_name(name, key);
		path = path_of(cache, key);
		utimensat(at, name, NULL, AT_SYMLINK_NOFOLLOW); /* when it was last used */
	}
	if (fd >= 0)
		close(fd);
	close(at);
	return path;
}

void cache_forget(struct cache *cache, const char *path)
{
	const size_t length = strlen(cache->dir);
	char hex[130], name[192];
	struct cache_key key;
	if (strncmp(path, cache->dir, length) != 0 ||
	    sscanf(path + length, "/%129[0-9a-f]/%159[^/]", hex, key.name) != 2)
		return;
	int at = open_directory(cache, hex, false);
	if (at < 0)
		return;
	proof_name(name, &key);
	unlinkat(at, name, 0);
	unlinkat(at, key.name, 0);
	close(at);
	unlinkat(cache->fd, hex, AT_REMOVEDIR); /* where nothing else is in it */
}

/* --- staging --- */

struct staging {
	struct cache *cache;
	struct cache_key key;
	int at; /* the directory */
	int fd;
	char name[240]; /* "" without a name */
	uint64_t size;
	XXH3_state_t *hash;
};

int staging_open(struct staging **out, struct cache *cache, const struct cache_key *key,
		 struct note_error *err)
{
	*out = NULL;
	int at = open_directory(cache, key->hex, true);
	if (at < 0)
		return error_system(err, "cache %s/%s", cache->dir, key->hex);
	struct staging *stage = xcalloc(1, sizeof(*stage));
	stage->cache = cache;
	stage->key = *key;
	stage->at = at;
	stage->fd = openat(at, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0400);
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
	char temporary[240];
	if (link_stage(stage, stage->key.name) == 0)
		return 0;
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
	struct stat st;
	struct proof proof = {.size = stage->size};
	int code = NOTE_OK;
	*path = NULL;
	digest_text(XXH3_128bits_digest(stage->hash), proof.digest);
	if (put_in_place(stage) != 0)
		code = error_system(err, "cache %s/%s/%s", stage->cache->dir, stage->key.hex,
				    stage->key.name);
	if (code == NOTE_OK && stage->name[0] != '\0') {
		unlinkat(stage->at, stage->name, 0);
		stage->name[0] = '\0';
	}
	/* The proof comes last: a file without one is as good as none. */
	if (code == NOTE_OK && fstat(stage->fd, &st) == 0) {
		proof.inode = st.st_ino;
		proof.changed = change_time(&st);
		if (!proof_write(stage->at, &stage->key, &proof))
			code = error_system(err, "cache %s/%s/%s.proof", stage->cache->dir,
					    stage->key.hex, stage->key.name);
	}
	if (code == NOTE_OK)
		*path = path_of(stage->cache, &stage->key);
	staging_drop(stage);
	return code;
}
