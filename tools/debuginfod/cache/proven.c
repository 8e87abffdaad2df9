/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proof beside each cached file: "1 SIZE DIGEST INODE CHANGED HEX/NAME", a line. A file that is
 * the same inode with the same change time (which nobody can set back) is what was committed; any
 * other must have the digest.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/debuginfod/cache/internal.h"
#include "tools/debuginfod/proof/proof.h"

/* Seconds. */
#define USE_PRECISION 3600
/* More than the longest proof. */
#define PROOF_SIZE 512

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

/* Half a proof is none, so a new one needs no other name first. */
static bool new_file_write(int at, const char *name, const char *text)
{
	const ssize_t length = (ssize_t)strlen(text);
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	const bool good = write(fd, text, (size_t)length) == length;
	return close(fd) == 0 && good;
}

static bool read_proof(int at, const struct cache_key *key, struct proof *proof, time_t *used)
{
	char name[CACHE_NAME], text[PROOF_SIZE], of[PROOF_SIZE];
	int length = 0;
	key_file(name, key, "proof");
	if (!small_file_read(at, name, text, sizeof(text), used) ||
	    sscanf(text, "1 %" SCNu64 " %32[0-9a-f] %" SCNu64 " %" SCNd64 " %n", &proof->size,
		   proof->digest, &proof->inode, &proof->changed, &length) != 4 ||
	    strlen(proof->digest) != 32 || length == 0)
		return false;
	/* A directory that was renamed keeps its inodes. */
	snprintf(of, sizeof(of), "%s/%s\n", key->hex, key->name);
	return strcmp(text + length, of) == 0;
}

/* Completes PROOF by what FD is now. */
static bool write_proof(int at, const struct cache_key *key, int fd, struct proof *proof)
{
	char name[CACHE_NAME], text[PROOF_SIZE];
	struct stat st;
	if (fstat(fd, &st) != 0)
		return false;
	key_file(name, key, "proof");
	snprintf(text, sizeof(text), "1 %" PRIu64 " %s %" PRIu64 " %" PRId64 " %s/%s\n",
		 proof->size, proof->digest, (uint64_t)st.st_ino, change_time(&st), key->hex,
		 key->name);
	return new_file_write(at, name, text) || small_file_write(at, name, text);
}

bool proof_write(int at, const struct cache_key *key, int fd, uint64_t size, XXH128_hash_t hash)
{
	struct proof proof = {.size = size};
	digest_text(hash, proof.digest);
	return write_proof(at, key, fd, &proof);
}

static bool digest_file(int fd, char out[33])
{
	const size_t room = 1 << 18;
	uint8_t *buffer = malloc(room);
	XXH3_state_t *state = XXH3_createState();
	ssize_t got = -1;
	off_t at = 0;
	if (buffer == NULL || state == NULL)
		goto out;
	XXH3_128bits_reset(state);
	while ((got = pread(fd, buffer, room, at)) > 0) {
		XXH3_128bits_update(state, buffer, (size_t)got);
		at += got;
	}
	digest_text(XXH3_128bits_digest(state), out);
out:
	XXH3_freeState(state);
	free(buffer);
	return got == 0;
}

/* A file's last use, to the hour: what eviction goes by. */
static void note_use(int at, const struct cache_key *key, time_t used)
{
	char name[CACHE_NAME];
	const time_t now = time(NULL);
	if (used <= now && now - used < USE_PRECISION)
		return;
	key_file(name, key, "proof");
	utimensat(at, name, NULL, AT_SYMLINK_NOFOLLOW);
}

bool proof_fits(int at, const struct cache_key *key, int fd)
{
	struct proof proof;
	struct stat st;
	time_t used;
	char digest[33], text[ANSWER_TEXT];
	if (!is_ours(fd) || !read_proof(at, key, &proof, &used) || fstat(fd, &st) != 0 ||
	    !S_ISREG(st.st_mode) || (uint64_t)st.st_size != proof.size)
		return false;
	if (st.st_ino != proof.inode || change_time(&st) != proof.changed) {
		/* A cache that was copied or restored; or somebody's own files. */
		if (!digest_file(fd, digest) || strcmp(digest, proof.digest) != 0 ||
		    proof_check(fd, key->artifact, key->hex, key->wanted, text) != OUTCOME_FOUND)
			return false;
		write_proof(at, key, fd, &proof);
	}
	note_use(at, key, used);
	return true;
}
