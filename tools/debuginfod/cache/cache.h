/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was fetched, on disk.
 *
 *     DIR/HEX/debuginfo             the artifact (0400): also executable, source-DIGEST-NAME,
 *     DIR/HEX/section-NAME          section-NAME
 *     DIR/HEX/debuginfo.absent      servers that said absent; its time counts
 *     DIR/.proofs                   what each must be: size, digest, its inode and the boot when
 *                                   it was committed, and its last use
 *     DIR/HEX/debuginfo.proof       the same, in caches of before, and where .proofs cannot be
 *                                   written
 *     DIR/.lock                     a byte of it is locked while a process fetches an artifact
 *     DIR/.silent-DIGEST            a server that said nothing, and why; its time counts
 *     DIR/.cleaned                  its time says when the cache was last looked through
 *
 * What belongs to another user than us or root is as good as none. A file enters by one link(2) or
 * rename(2) of a complete, proven file; a file without a proof that fits it is as good as none. No
 * symbolic link below DIR is ever followed.
 */
#ifndef DEBUGINFOD_CACHE_CACHE_H
#define DEBUGINFOD_CACHE_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/debuginfod/client.h"

struct cache;

/* Opens the cache at DIR (made where it is not there), or a temporary one, removed by
 * cache_close, where DIR is NULL. A PRIVATE one, as a temporary one, is used by nobody else. */
int cache_open(struct cache **out, const char *dir, bool private, struct note_error *err);
void cache_close(struct cache *cache);

/* At most HELD_MOST files in memory; TELL (may be NULL) hears where files go to another place. */
void cache_set(struct cache *cache, size_t held_most, void (*tell)(void *context, const char *line),
	       void *context);

/* The place of an artifact. */
struct cache_key {
	char hex[130];
	char name[160];
	enum artifact artifact;
	const char *wanted; /* the source's path or the section's name, the caller's */
};

void cache_key_make(struct cache_key *key, enum artifact artifact, const char *hex,
		    const char *name);

/* Fills KEY's HEX by a build-id in any case; false where that is none. */
bool cache_key_of_id(struct cache_key *key, const char *build_id);

/* The path of a complete file that fits its proof, for free(); NULL where there is none. What is
 * there and does not fit is removed. */
char *cache_find(struct cache *cache, const struct cache_key *key);

/* A file that is being written beside its final place. */
struct staging;

int staging_open(struct staging **out, struct cache *cache, const struct cache_key *key,
		 struct note_error *err);
int staging_write(struct staging *stage, const void *bytes, size_t size, struct note_error *err);
/* What was written lies in the file only once it is flushed; committing does that too. */
int staging_flush(struct staging *stage, struct note_error *err);
int staging_fd(const struct staging *stage);
/* The file gets this time (seconds since 1970, -1: none) once it is committed, as elfutils does. */
void staging_set_time(struct staging *stage, int64_t modified);
void staging_drop(struct staging *stage); /* NULL is allowed */

/* Waits until all that was committed so far is on the disk; nothing where nothing was. Without it a
 * power cut may lose what was committed, but nothing that was damaged so is ever found: proven.c.
 */
int cache_sync(struct cache *cache, struct note_error *err);

/* Puts the file in its place; *PATH is for free(). Frees STAGE in any case. */
int staging_commit(struct staging *stage, char **path, struct note_error *err);

/* Removes (or, of one in memory, closes) the file that PATH (as cache_find and staging_commit gave
 * it) names; a path outside the cache is left alone. */
void cache_forget(struct cache *cache, const char *path);

enum lock_state {
	LOCK_HELD,
	LOCK_BUSY,       /* another process, or another request of this one, fetches it */
	LOCK_IMPOSSIBLE, /* the cache cannot be written */
};

struct cache_lock;

/* Tries to become the one who fetches KEY. Never waits. */
enum lock_state cache_lock(struct cache *cache, const struct cache_key *key,
			   struct cache_lock **out);
void cache_unlock(struct cache_lock *lock); /* NULL is allowed */

/* Its bytes come: tells those who wait for the lock; and whether somebody told so. */
void cache_lock_coming(struct cache_lock *lock);
bool cache_is_coming(struct cache *cache, const struct cache_key *key);

/* SERVERS names the servers that were asked: what these do not have, others may. */
bool cache_is_absent(struct cache *cache, const struct cache_key *key, const char *servers,
		     uint64_t seconds);
void cache_note_absent(struct cache *cache, const struct cache_key *key, const char *servers);

/* A server at URL said nothing, WHY says how. It is so for SECONDS: WHY is filled by how long ago
 * that was, too. With FORGET, it is forgotten. */
void cache_note_silent(struct cache *cache, const char *url, const char *why);
bool cache_is_silent(struct cache *cache, const char *url, uint64_t seconds, bool forget, char *why,
		     size_t room);

/* Removes all that there is of a build-id. NOTE_ABSENT where that is nothing. */
int cache_delete(struct cache *cache, const char *hex, struct client_cleaned *cleaned,
		 struct note_error *err);

/* Removes artifacts that were last used more than MAX_AGE seconds ago, then the least recently used
 * ones until no more than MAX_SIZE bytes are left (0: no limit); what was used within the last
 * GRACE seconds stays. Leftovers of killed processes go too. */
void cache_clean(struct cache *cache, uint64_t max_size, uint64_t max_age, uint64_t grace,
		 struct client_cleaned *cleaned);

/* True once a day, and where this process has added much: time for cache_clean. */
bool cache_wants_cleaning(struct cache *cache, uint64_t max_size);

/* The path of ARTIFACT (debuginfo, executable) in elfutils' own cache at DIR, proven; for free(),
 * or NULL. */
char *elfutils_cache_find(const char *dir, enum artifact artifact, const char *hex);

/* Gives the file at FROM its name in that cache, by a hard link or a copy, where no such file is
 * there or it is another one. Its path, for free(), or NULL where that cannot be. */
char *elfutils_cache_put(const char *dir, enum artifact artifact, const char *hex,
			 const char *from);

/* Removes what was not read for long there, where it is time for that: elfutils_clean.c. */
void elfutils_cache_clean(const char *dir);

/* The number of seconds in the file NAME there, OTHERWISE where there is none. */
uint64_t elfutils_cache_setting(const char *dir, const char *name, uint64_t otherwise);

/* KEY's file at PATH, which was just found or committed, got another name: where it lies in this
 * cache, its proof follows. */
void cache_renew(struct cache *cache, const struct cache_key *key, const char *path);

bool cache_is_private(const struct cache *cache);
bool cache_is_temporary(const struct cache *cache);

#endif
