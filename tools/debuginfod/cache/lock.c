/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who fetches, what nobody has, and who was silent. All locks are bytes of one file, DIR/.lock, at
 * offsets that are hashes of the keys: open file description locks (fcntl(2), F_OFD_SETLK), which
 * end with the process that holds them, however it ends. Two keys of one hash merely wait for each
 * other. A lock's next byte tells that the file comes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/debuginfod/cache/internal.h"
#include "tools/debuginfod/memory.h"

#define LOCK_FILE ".lock"

struct cache_lock {
	int fd;
	struct flock coming;
};

static struct flock byte_of(const struct cache_key *key)
{
	const XXH64_hash_t seed = XXH3_64bits(key->hex, strlen(key->hex));
	const XXH64_hash_t hash = XXH3_64bits_withSeed(key->name, strlen(key->name), seed);
	return (struct flock){.l_type = F_WRLCK,
			      .l_whence = SEEK_SET,
			      .l_start = (off_t)(hash >> 2 & ~(XXH64_hash_t)1),
			      .l_len = 1};
}

/* The next byte: its file is not only asked for, it comes. */
static struct flock coming_of(const struct cache_key *key)
{
	struct flock range = byte_of(key);
	range.l_start++;
	return range;
}

static int lock_file(const struct cache *cache)
{
	return openat(cache->fd, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

enum lock_state cache_lock(struct cache *cache, const struct cache_key *key,
			   struct cache_lock **out)
{
	struct flock range = byte_of(key);
	*out = NULL;
	/* A description of its own, so that two requests of one process exclude each other too. */
	int fd = lock_file(cache);
	if (fd < 0)
		return LOCK_IMPOSSIBLE;
	if (fcntl(fd, F_OFD_SETLK, &range) == 0) {
		*out = malloc(sizeof(**out));
		if (*out == NULL) {
			close(fd);
			return LOCK_IMPOSSIBLE;
		}
		**out = (struct cache_lock){.fd = fd, .coming = coming_of(key)};
		return LOCK_HELD;
	}
	const bool busy = errno == EAGAIN || errno == EACCES;
	close(fd);
	return busy ? LOCK_BUSY : LOCK_IMPOSSIBLE;
}

void cache_lock_coming(struct cache_lock *lock)
{
	fcntl(lock->fd, F_OFD_SETLK, &lock->coming);
}

bool cache_is_coming(struct cache *cache, const struct cache_key *key)
{
	struct flock range = coming_of(key);
	int fd = lock_file(cache);
	const bool asked = fd >= 0 && fcntl(fd, F_OFD_GETLK, &range) == 0;
	if (fd >= 0)
		close(fd);
	return asked && range.l_type != F_UNLCK;
}

void cache_unlock(struct cache_lock *lock)
{
	if (lock == NULL)
		return;
	close(lock->fd);
	free(lock);
}

bool cache_is_absent(struct cache *cache, const struct cache_key *key, const char *servers,
		     uint64_t seconds)
{
	char name[CACHE_NAME], text[128];
	struct stat st;
	int at = seconds != 0 ? cache_directory(cache, key->hex, false) : -1;
	if (at < 0)
		return false;
	key_file(name, key, "absent");
	const time_t now = cache_now();
	const bool absent = fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			    st.st_mtime <= now && (uint64_t)(now - st.st_mtime) < seconds &&
			    small_file_read(at, name, text, sizeof(text), NULL) &&
			    strcmp(text, servers) == 0;
	close(at);
	return absent;
}

void cache_note_absent(struct cache *cache, const struct cache_key *key, const char *servers)
{
	char name[CACHE_NAME];
	int at = cache_directory(cache, key->hex, true);
	if (at < 0)
		return;
	key_file(name, key, "absent");
	small_file_write(at, name, servers);
	close(at);
}

static void silent_name(char out[CACHE_NAME], const char *url)
{
	snprintf(out, CACHE_NAME, ".silent-%016llx",
		 (unsigned long long)XXH3_64bits(url, strlen(url)));
}

void cache_note_silent(struct cache *cache, const char *url, const char *why)
{
	char name[CACHE_NAME];
	char *text = cache->private ? NULL : format_string("%s\n%s\n", url, why);
	silent_name(name, url);
	if (text != NULL)
		small_file_write(cache->fd, name, text);
	free(text);
}

bool cache_is_silent(struct cache *cache, const char *url, uint64_t seconds, bool forget, char *why,
		     size_t room)
{
	char name[CACHE_NAME], text[1024];
	time_t since;
	const time_t now = cache_now();
	silent_name(name, url);
	if (forget)
		unlinkat(cache->fd, name, 0);
	if (forget || seconds == 0 || cache->private ||
	    !small_file_read(cache->fd, name, text, sizeof(text), &since) || since > now ||
	    (uint64_t)(now - since) >= seconds)
		return false;
	char *end = strchr(text, '\n');
	if (end == NULL || (size_t)(end - text) != strlen(url) ||
	    strncmp(text, url, strlen(url)) != 0)
		return false;
	snprintf(why, room, "%lld s ago: %.*s (--forget)", (long long)(now - since),
		 (int)strcspn(end + 1, "\n"), end + 1);
	return true;
}
