/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cache: its directory, the places in it, and finding. Its layout: cache.h; committing:
 * stage.c; proofs: proven.c; locks and absent answers: lock.c; eviction:
 * clean.c; what a temporary one holds in memory: held.c.
 *
 * Every step below the cache's directory goes down one component with O_NOFOLLOW, so a link that
 * somebody put there is never followed. Files are written without a name (O_TMPFILE) where the
 * file system can: a kill at any moment leaves nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/digest.h"
#include "tools/base/root/root.h"
#include "tools/debuginfod/cache/internal.h"

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

int cache_open(struct cache **out, const char *dir, bool private, struct note_error *err)
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
	*cache = (struct cache){
		.fd = fd, .dir = path, .temporary = dir == NULL, .private = private || dir == NULL};
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
	held_close(cache);
	while (cache->spare_count > 0)
		free(cache->spare[--cache->spare_count]);
	close(cache->fd);
	free(cache->dir);
	free(cache);
}

bool cache_is_private(const struct cache *cache)
{
	return cache->private;
}

bool cache_is_temporary(const struct cache *cache)
{
	return cache->temporary;
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
	/* Not to be taken for one of our own files. */
	const char *dot = strrchr(plain, '.');
	if (dot != NULL && (strcmp(dot, ".proof") == 0 || strcmp(dot, ".absent") == 0))
		plain[dot - plain] = '_';
	snprintf(key->name, sizeof(key->name), "%s-%.32s-%s",
		 artifact == ARTIFACT_SOURCE ? "source" : "section", digest, plain);
}

int cache_directory(struct cache *cache, const char *hex, bool make)
{
	if (make && mkdirat(cache->fd, hex, 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(cache->fd, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void key_file(char out[CACHE_NAME], const struct cache_key *key, const char *suffix)
{
	snprintf(out, CACHE_NAME, "%s.%s", key->name, suffix);
}

void unused_name(char out[CACHE_NAME], const char *name)
{
	static _Atomic unsigned serial;
	snprintf(out, CACHE_NAME, ".tmp-%d-%u-%s", (int)getpid(), serial++, name);
}

char *cache_path(const struct cache *cache, const struct cache_key *key)
{
	return xasprintf("%s/%s/%s", cache->dir, key->hex, key->name);
}

char *cache_find(struct cache *cache, const struct cache_key *key)
{
	char *path = held_find(cache, key);
	int at = path == NULL ? cache_directory(cache, key->hex, false) : -1;
	if (at < 0)
		return path;
	int fd = openat(at, key->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && proof_fits(at, key, fd))
		path = cache_path(cache, key);
	if (fd >= 0)
		close(fd);
	close(at);
	return path;
}

void cache_forget(struct cache *cache, const char *path)
{
	const size_t length = strlen(cache->dir);
	char hex[130], name[CACHE_NAME];
	struct cache_key key;
	if (held_forget(cache, path) || strncmp(path, cache->dir, length) != 0 ||
	    sscanf(path + length, "/%129[0-9a-f]/%159[^/]", hex, key.name) != 2)
		return;
	int at = cache_directory(cache, hex, false);
	if (at < 0)
		return;
	key_file(name, &key, "proof");
	unlinkat(at, name, 0);
	unlinkat(at, key.name, 0);
	close(at);
}
