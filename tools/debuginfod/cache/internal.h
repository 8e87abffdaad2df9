/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of the cache alone. */
#ifndef DEBUGINFOD_CACHE_INTERNAL_H
#define DEBUGINFOD_CACHE_INTERNAL_H

#include <time.h>
#include <xxhash.h>

#include "tools/debuginfod/cache/cache.h"

#define CACHE_NAME 240
/* Buffers that wait for the next file: as many as there are downloads at a time. */
#define CACHE_SPARE 32

/* Files of a temporary cache that lie in memory: so large, so many at a time. */
#define HELD_MOST  ((uint64_t)1 << 20)
#define HELD_FILES 64

struct held {
	char *key; /* HEX/NAME */
	int fd;
};

struct cache {
	int fd;
	char *dir;
	bool temporary;
	bool private;
	char *fallback; /* a directory of our own, or NULL */
	int fallback_fd;
	void (*tell)(void *context, const char *line);
	void *tell_context;
	uint64_t committed; /* bytes, by this process */
	bool unsynced;      /* something was committed since cache_sync */
	uint8_t *spare[CACHE_SPARE];
	size_t spare_count;
	struct held held[HELD_FILES];
	size_t held_count;
	size_t held_coming; /* being written */
	size_t held_most;
};

/* The descriptor of a build-id's directory, made where MAKE says so; -1 with errno, EACCES where it
 * belongs to another user. */
int cache_directory(struct cache *cache, const char *hex, bool make);
int cache_directory_of_anyone(struct cache *cache, const char *hex);

/* The same in a directory of our own, where the cache cannot be written. */
int cache_fallback(struct cache *cache, const char *hex);

/* True where FD's file belongs to us or root; else errno is EACCES. */
bool is_ours(int fd);

/* A name for mkdtemp(), for free(). */
char *cache_temporary_path(void);

/* The path of the artifact's file, for free(). */
char *cache_path(const struct cache *cache, const struct cache_key *key);

/* A nameless file in memory, or -1 where there is to be none: held.c. */
int held_open(struct cache *cache);
void held_abandon(struct cache *cache, int fd); /* closes it */
/* Takes over FD, whose file is complete; its path, for free(). */
char *held_keep(struct cache *cache, const struct cache_key *key, int fd);
char *held_find(const struct cache *cache, const struct cache_key *key); /* for free(), or NULL */
bool held_forget(struct cache *cache, const char *path);                 /* false: not held */
void held_close(struct cache *cache);

/* KEY's name with a suffix. */
void key_file(char out[CACHE_NAME], const struct cache_key *key, const char *suffix);

/* A name that no other thread or process uses at the time. */
void unused_name(char out[CACHE_NAME], const char *name);

/* Replaces the small file NAME in the directory AT by TEXT, whole or not at all. */
bool small_file_write(int at, const char *name, const char *text);

/* Reads at most ROOM - 1 bytes of it as a string. *MODIFIED (may be NULL) gets its time. */
bool small_file_read(int at, const char *name, char *text, size_t room, time_t *modified);

/* Writes the proof of the committed file FD, of SIZE bytes. */
bool proof_write(int at, const struct cache_key *key, int fd, uint64_t size, XXH128_hash_t hash);

/* The file FD is what was proven and committed: untouched since, and while this machine ran, or of
 * the same digest and then proven anew. Notes that it was used. */
bool proof_fits(int at, const struct cache_key *key, int fd);

/* Its inode changed by our own doing; its contents did not. */
void proof_renew(int at, const struct cache_key *key, int fd);

#endif
