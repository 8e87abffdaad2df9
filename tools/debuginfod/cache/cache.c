/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The cache: its directory, the places in it, and finding. Its layout: cache.h; committing:
 * stage.c; proofs: proven.c, log.c; locks and absent answers: lock.c; eviction:
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
#include "tools/base/libraries/crypto.h"
#include "tools/debuginfod/cache/internal.h"
#include "tools/debuginfod/memory.h"

/* Build-ids: rpm takes 16 to 64 bytes; debuginfod anything. */
#define BUILD_ID_DIGITS 128

/* --- opening --- */

static int make_directories(const char *dir, struct note_error *err)
{
	char *path = strdup(dir);
	int code = path != NULL ? NOTE_OK : error_system(err, "cache %s", dir);
	for (char *slash = path != NULL ? strchr(path + 1, '/') : NULL; code == NOTE_OK;
	     slash = strchr(slash + 1, '/')) {
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

char *cache_temporary_path(void)
{
	const char *tmp = getenv("TMPDIR");
	return format_string("%s/pkgnote-fetch-XXXXXX",
			     tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
}

/* The cache's directory is there from here on; its path, for free(), or NULL. */
static char *make_cache(const char *dir, struct note_error *err)
{
	if (dir != NULL && dir[0] == '\0') {
		error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "cache: an empty name");
		return NULL;
	}
	if (dir != NULL && make_directories(dir, err) != NOTE_OK)
		return NULL;
	char *path = dir != NULL ? strdup(dir) : cache_temporary_path();
	if (path != NULL && (dir != NULL || mkdtemp(path) != NULL))
		return path;
	error_system(err, "temporary directory %s", path != NULL ? path : "");
	free(path);
	return NULL;
}

int cache_open(struct cache **out, const char *dir, bool private, struct note_error *err)
{
	struct note_error why = {.code = NOTE_SYSTEM, .offset = NOTE_NO_OFFSET};
	*out = NULL;
	char *path = make_cache(dir, &why);
	struct cache *cache = calloc(1, sizeof(*cache));
	int fd =
		path != NULL && cache != NULL ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0) {
		if (path != NULL)
			error_system(&why, "cache %s", path);
		if (err != NULL)
			*err = why;
		free(path);
		free(cache);
		return why.code;
	}
	*cache = (struct cache){.fd = fd,
				.dir = path,
				.temporary = dir == NULL,
				.private = private || dir == NULL,
				.fallback_fd = -1,
				.log = {.fd = -1},
				.held_most = HELD_FILES};
	*out = cache;
	return NOTE_OK;
}

void cache_set(struct cache *cache, size_t held_most, void (*tell)(void *context, const char *line),
	       void *context)
{
	cache->held_most = held_most < HELD_FILES ? held_most : HELD_FILES;
	cache->tell = tell;
	cache->tell_context = context;
}

/* Everything in the directory of a build-id. */
static void remove_files(int at)
{
	int copy = fcntl(at, F_DUPFD_CLOEXEC, 0);
	DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;
	if (entries == NULL && copy >= 0)
		close(copy);
	while (entries != NULL && (entry = readdir(entries)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(at, entry->d_name, 0);
	if (entries != NULL)
		closedir(entries);
}

/* The directories of build-ids below FD; with FILES what is in them, too. */
static void remove_directories(int fd, bool files)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *entry;
	if (entries == NULL && copy >= 0)
		close(copy);
	while (entries != NULL && (entry = readdir(entries)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		int at = files ? openat(fd, entry->d_name,
					O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
			       : -1;
		if (at >= 0) {
			remove_files(at);
			close(at);
		}
		unlinkat(fd, entry->d_name, AT_REMOVEDIR);
	}
	if (entries != NULL)
		closedir(entries);
}

void cache_close(struct cache *cache)
{
	if (cache == NULL)
		return;
	if (cache->temporary) {
		remove_directories(cache->fd, true);
		rmdir(cache->dir);
	}
	/* What was found there is the caller's. */
	if (cache->fallback_fd >= 0) {
		remove_directories(cache->fallback_fd, false);
		close(cache->fallback_fd);
		rmdir(cache->fallback);
	}
	free(cache->fallback);
	held_close(cache);
	log_close(&cache->log);
	while (cache->spare_count > 0)
		free(cache->spare[--cache->spare_count]);
	close(cache->fd);
	free(cache->dir);
	free(cache);
}

/* Why nothing can be put there. */
static const char *why_not(const struct cache *cache, const char *hex)
{
	struct stat st;
	if (fstatat(cache->fd, hex, &st, AT_SYMLINK_NOFOLLOW) != 0 || S_ISDIR(st.st_mode))
		return "cannot be written or belongs to another user";
	return S_ISLNK(st.st_mode) ? "is a symbolic link, and none is followed below a cache "
				     "(remove it, or let the cache itself be one)"
				   : "is no directory (remove it)";
}

int cache_fallback(struct cache *cache, const char *hex)
{
	if (cache->fallback == NULL) {
		char *path = cache_temporary_path();
		if (path == NULL || mkdtemp(path) == NULL ||
		    (cache->fallback_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
			free(path);
			return -1;
		}
		cache->fallback = path;
		char *line = format_string("cache %s: %s there %s: what comes is kept in %s",
					   cache->dir, hex, why_not(cache, hex), path);
		if (line != NULL && cache->tell != NULL)
			cache->tell(cache->tell_context, line);
		free(line);
	}
	if (mkdirat(cache->fallback_fd, hex, 0700) != 0 && errno != EEXIST)
		return -1;
	return openat(cache->fallback_fd, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int cache_delete(struct cache *cache, const char *hex, struct client_cleaned *cleaned,
		 struct note_error *err)
{
	struct dirent *entry;
	struct stat st;
	*cleaned = (struct client_cleaned){0};
	int at = cache_directory(cache, hex, false);
	DIR *entries = at >= 0 ? fdopendir(at) : NULL;
	if (entries == NULL)
		return errno == ENOENT ? error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET,
						   "nothing of it is in the cache")
				       : error_system(err, "cache %s/%s", cache->dir, hex);
	while ((entry = readdir(entries)) != NULL) {
		const char *name = entry->d_name;
		const char *dot = strrchr(name, '.');
		const bool beside =
			dot != NULL && (strcmp(dot, ".proof") == 0 || strcmp(dot, ".absent") == 0);
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
		    fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    unlinkat(at, name, 0) != 0 || beside || name[0] == '.')
			continue;
		cleaned->removed++;
		cleaned->removed_bytes += (uint64_t)st.st_size;
	}
	closedir(entries);
	unlinkat(cache->fd, hex, AT_REMOVEDIR);
	return NOTE_OK;
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

/* Half of the SHA-256 of NAME, in digits; where libcrypto gives none, XXH3's 128 bits, which are as
 * long: such a name is merely not found again. */
static void name_digest(const char *name, char out[2 * SHA256_SIZE + 1])
{
	uint8_t digest[SHA256_SIZE];
	XXH128_canonical_t other;
	if (crypto_library_load(NULL) == NOTE_OK &&
	    libcrypto.EVP_Digest(name, strlen(name), digest, NULL, libcrypto.EVP_sha256(), NULL) ==
		    1) {
		hex_encode(digest, sizeof(digest), out);
		return;
	}
	XXH128_canonicalFromHash(&other, XXH3_128bits(name, strlen(name)));
	hex_encode(&other, sizeof(other), out);
}

bool cache_key_of_id(struct cache_key *key, const char *build_id)
{
	const size_t length = strlen(build_id);
	if (length < 2 || length > BUILD_ID_DIGITS || length % 2 != 0 ||
	    strspn(build_id, "0123456789abcdefABCDEF") != length)
		return false;
	for (size_t i = 0; i <= length; i++)
		key->hex[i] = (char)(build_id[i] >= 'A' && build_id[i] <= 'F' ? build_id[i] | 0x20
									      : build_id[i]);
	return true;
}

void cache_key_make(struct cache_key *key, enum artifact artifact, const char *hex,
		    const char *name)
{
	char digest[2 * SHA256_SIZE + 1];
	char plain[64];
	snprintf(key->hex, sizeof(key->hex), "%s", hex);
	key->artifact = artifact;
	key->wanted = name;
	if (artifact_is_answer(artifact)) {
		snprintf(key->name, sizeof(key->name), "%s",
			 artifact == ARTIFACT_METADATA ? "metadata" : "document");
		return;
	}
	if (artifact == ARTIFACT_DEBUGINFO || artifact == ARTIFACT_EXECUTABLE) {
		snprintf(key->name, sizeof(key->name), "%s",
			 artifact == ARTIFACT_DEBUGINFO ? "debuginfo" : "executable");
		return;
	}
	name_digest(name, digest);
	const char *slash = strrchr(name, '/');
	plain_name(plain, sizeof(plain), slash != NULL ? slash + 1 : name);
	/* Not to be taken for one of our own files. */
	const char *dot = strrchr(plain, '.');
	if (dot != NULL && (strcmp(dot, ".proof") == 0 || strcmp(dot, ".absent") == 0))
		plain[dot - plain] = '_';
	snprintf(key->name, sizeof(key->name), "%s-%.32s-%s",
		 artifact == ARTIFACT_SOURCE ? "source" : "section", digest, plain);
}

char *cache_find(struct cache *cache, const struct cache_key *key)
{
	char *path = held_find(cache, key);
	int at = path == NULL ? cache_directory(cache, key->hex, false) : -1;
	if (at < 0)
		return path;
	int fd = openat(at, key->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && proof_fits(cache, at, key, fd))
		path = cache_path(cache, key);
	if (fd >= 0)
		close(fd);
	close(at);
	return path;
}

void cache_renew(struct cache *cache, const struct cache_key *key, const char *path)
{
	char *mine = cache_path(cache, key);
	const bool is_mine = mine != NULL && strcmp(mine, path) == 0;
	free(mine);
	int at = is_mine ? cache_directory(cache, key->hex, false) : -1;
	int fd = at >= 0 ? openat(at, key->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
			 : -1;
	if (fd >= 0) {
		proof_renew(cache, at, key, fd);
		close(fd);
	}
	if (at >= 0)
		close(at);
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
