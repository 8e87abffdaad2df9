/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proof beside each cached file: "1 SIZE DIGEST INODE CHANGED", a line. A file that is the same
 * inode with the same change time (which nobody can set back) is what was committed; any other
 * must have the digest.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/debuginfod/cache_internal.h"
#include "tools/debuginfod/proof.h"

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

bool small_file_write(int at, const char *name, const char *text)
{
	char temporary[CACHE_NAME];
	const ssize_t length = (ssize_t)strlen(text);
	unused_name(temporary, name);
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

bool small_file_read(int at, const char *name, char *text, size_t room)
{
	int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, room - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

static bool read_proof(int at, const struct cache_key *key, struct proof *proof)
{
	char name[CACHE_NAME], text[160];
	key_file(name, key, "proof");
	return small_file_read(at, name, text, sizeof(text)) &&
	       sscanf(text, "1 %" SCNu64 " %32[0-9a-f] %" SCNu64 " %" SCNd64 "\n", &proof->size,
		      proof->digest, &proof->inode, &proof->changed) == 4 &&
	       strlen(proof->digest) == 32;
}

/* Completes PROOF by what FD is now. */
static bool write_proof(int at, const struct cache_key *key, int fd, struct proof *proof)
{
	char name[CACHE_NAME], text[160];
	struct stat st;
	if (fstat(fd, &st) != 0)
		return false;
	key_file(name, key, "proof");
	snprintf(text, sizeof(text), "1 %" PRIu64 " %s %" PRIu64 " %" PRId64 "\n", proof->size,
		 proof->digest, (uint64_t)st.st_ino, change_time(&st));
	return small_file_write(at, name, text);
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

bool proof_fits(int at, const struct cache_key *key, int fd)
{
	struct proof proof;
	struct stat st;
	char digest[33], text[ANSWER_TEXT];
	if (!read_proof(at, key, &proof) || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    (uint64_t)st.st_size != proof.size)
		return false;
	/* A cache that was copied or restored has other inodes: the digest decides. */
	if (st.st_ino != proof.inode || change_time(&st) != proof.changed) {
		if (!digest_file(fd, digest) || strcmp(digest, proof.digest) != 0)
			return false;
		write_proof(at, key, fd, &proof);
	}
	return proof_check(fd, key->artifact, key->hex, key->wanted, text) == OUTCOME_FOUND;
}
