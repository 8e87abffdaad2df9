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

/* The present second. Not time(2)'s: that is of the clock's last tick, and files have finer times
 * than that since Linux 6.13, so that one just written could be of the future. */
static inline time_t cache_now(void)
{
	struct timespec now;
	return clock_gettime(CLOCK_REALTIME, &now) == 0 ? now.tv_sec : time(NULL);
}

/* What is known of a file that was committed. */
struct proof {
	uint64_t size;
	char digest[33]; /* XXH3, 128 bits */
	uint64_t inode;
	int64_t changed; /* st_ctim in nanoseconds: nobody can set that back */
	char boot[33];   /* proven.c; "" where it is not told */
	int64_t used;    /* seconds since 1970 */
};

/* Of each file, the last proof that the log has: known.c. */
struct known_proofs {
	struct known_proof *items;
	size_t count, room;
	uint32_t *slots;
	size_t slot_count; /* a power of two, or 0 */
};

/* The log of proofs: log.c. */
struct proof_log {
	char name[32];
	int fd;          /* -1: not open */
	bool read_only;  /* or not ours to write */
	bool given_up;   /* somebody holds its lock, and does not let go */
	bool said;       /* that lines are broken */
	uint64_t read;   /* so many bytes of it are in KNOWN */
	uint64_t lines;  /* good ones */
	uint64_t broken; /* others */
	struct known_proofs known;
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
	struct proof_log log;
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

/* --- proven.c --- */

/* Notes the proof of the committed file FD, of SIZE bytes, in the directory AT. */
bool proof_write(struct cache *cache, int at, const struct cache_key *key, int fd, uint64_t size,
		 XXH128_hash_t hash);

/* The file FD is what was proven and committed: untouched since, and while this machine ran, or of
 * the same digest and then proven anew. Notes that it was used. */
bool proof_fits(struct cache *cache, int at, const struct cache_key *key, int fd);

/* Its inode changed by our own doing; its contents did not. */
void proof_renew(struct cache *cache, int at, const struct cache_key *key, int fd);

/* Seconds since 1970 when it was last used, as far as the log was read; false where no proof of it
 * is known. */
bool proof_used(struct cache *cache, int at, const struct cache_key *key, int64_t *used);

/* --- log.c --- */

/* The last proof of KEY that the log had when it was last read. */
bool log_find(struct cache *cache, const struct cache_key *key, struct proof *proof);

/* Reads what was added to the log since: false where that is nothing. Broken lines are told. */
bool log_refresh(struct cache *cache);

/* False where the log cannot be written now. */
bool log_append(struct cache *cache, const struct cache_key *key, const struct proof *proof);

/* Leaves out what newer lines replace, what is broken, and what tells of no file. */
void log_compact(struct cache *cache);
void log_close(struct proof_log *log);

/* --- known.c --- */

XXH128_hash_t known_key(const char *hex, size_t hex_length, const char *name, size_t name_length);

/* Good until the next one is put; NULL where there is none. */
struct proof *known_find(const struct known_proofs *known, XXH128_hash_t key);
bool known_put(struct known_proofs *known, XXH128_hash_t key, const struct proof *proof);
void known_clear(struct known_proofs *known);

/* --- beside.c: a proof in a file of its own --- */

/* *BOOT_AT is where BOOT stands in it. */
bool beside_read(int at, const struct cache_key *key, struct proof *proof, int *boot_at);
bool beside_write(int at, const struct cache_key *key, const struct proof *proof);
void beside_note_use(int at, const struct cache_key *key);
/* BOOT, of 32 digits, in the place of the one there. */
void beside_note_boot(int at, const struct cache_key *key, int boot_at, const char *boot);

#endif
