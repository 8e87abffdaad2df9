/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What was fetched, on disk.
 *
 *     DIR/HEX/debuginfo             the artifact (0400): also executable, source-DIGEST-NAME,
 *     DIR/HEX/section-NAME          section-NAME
 *     DIR/HEX/debuginfo.proof       what it must be: size, digest, and its inode as committed
 *     DIR/HEX/debuginfo.absent      servers that said absent; its time counts
 *     DIR/HEX/.debuginfo.lock       held (flock) while a process fetches the artifact
 *
 * A file enters by one link(2) or rename(2) of a complete, proven file; a file without a .proof
 * that fits it is as good as none. No symbolic link below DIR is ever followed.
 */
#ifndef DEBUGINFOD_CACHE_H
#define DEBUGINFOD_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/debuginfod/client.h"

struct cache;

/* Opens the cache at DIR (made where it is not there), or a temporary one, removed by
 * cache_close, where DIR is NULL. */
int cache_open(struct cache **out, const char *dir, struct note_error *err);
void cache_close(struct cache *cache);

/* The place of an artifact. */
struct cache_key {
	char hex[130];
	char name[160];
	enum artifact artifact;
	const char *wanted; /* the source's path or the section's name, the caller's */
};

void cache_key_make(struct cache_key *key, enum artifact artifact, const char *hex,
		    const char *name);

/* The path of a complete file that fits its proof, for free(); NULL where there is none. What is
 * there and does not fit is removed. */
char *cache_find(struct cache *cache, const struct cache_key *key);

/* A file that is being written beside its final place. */
struct staging;

int staging_open(struct staging **out, struct cache *cache, const struct cache_key *key,
		 struct note_error *err);
int staging_write(struct staging *stage, const void *bytes, size_t size, struct note_error *err);
uint64_t staging_size(const struct staging *stage);
int staging_fd(const struct staging *stage);
void staging_drop(struct staging *stage); /* NULL is allowed */

/* Puts the file in its place; *PATH is for free(). Frees STAGE in any case. */
int staging_commit(struct staging *stage, char **path, struct note_error *err);

/* Removes the file that PATH (as cache_find and staging_commit gave it) names; a path outside the
 * cache is left alone. */
void cache_forget(struct cache *cache, const char *path);

bool cache_is_temporary(const struct cache *cache);

#endif
