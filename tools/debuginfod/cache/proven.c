/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a cached file is what was committed. A proof tells its size, digest, inode and change
 * time (which nobody can set back): a file that has these is untouched; any other must have the
 * digest.
 *
 * So must one that was committed before this machine last started, once: a power cut may have taken
 * its contents, and left its size and times. BOOT is the kernel's boot id then, without the dashes;
 * zeros say that the file was looked at after it.
 *
 * Proofs stand in the log (log.c) or, in caches from before there was one and where it cannot be
 * written, in files of their own (beside.c).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/debuginfod/cache/internal.h"
#include "tools/debuginfod/proof/proof.h"

/* Seconds. */
#define USE_PRECISION 3600
/* Where the kernel tells it. */
#define BOOT_ID      "/proc/sys/kernel/random/boot_id"
#define ON_DISK      "00000000000000000000000000000000"
#define UNKNOWN_BOOT "ffffffffffffffffffffffffffffffff"

/* "" where it cannot be had: then nothing is of this boot. */
static void boot_id(char out[33])
{
	char text[64] = "";
	size_t length = 0;
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	const ssize_t got = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	if (fd >= 0)
		close(fd);
	for (ssize_t i = 0; i < got && length < 32; i++)
		if (strchr("0123456789abcdef", text[i]) != NULL)
			out[length++] = text[i];
	out[length == 32 ? length : 0] = '\0';
}

/* What a new proof tells. Where the boot id cannot be had, one that no boot has. */
static void boot_of_now(char out[33])
{
	boot_id(out);
	if (out[0] == '\0')
		strcpy(out, UNKNOWN_BOOT);
}

/* Committed before this machine last started, and not looked at since. */
static bool may_be_lost(const struct proof *proof)
{
	char now[33];
	if (strcmp(proof->boot, ON_DISK) == 0)
		return false;
	boot_id(now);
	return now[0] == '\0' || strcmp(proof->boot, now) != 0;
}

static int64_t change_time(const struct stat *st)
{
	return (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
}

static bool is_untouched(const struct proof *proof, const struct stat *st)
{
	return proof->size == (uint64_t)st->st_size && proof->inode == st->st_ino &&
	       proof->changed == change_time(st);
}

/* --- digests --- */

static void digest_text(XXH128_hash_t hash, char out[33])
{
	XXH128_canonical_t bytes;
	XXH128_canonicalFromHash(&bytes, hash);
	hex_encode(&bytes, sizeof(bytes), out);
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

/* --- writing --- */

/* Completes PROOF by what FD is now. */
static bool put_proof(struct cache *cache, int at, const struct cache_key *key, int fd,
		      struct proof *proof)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return false;
	proof->inode = st.st_ino;
	proof->changed = change_time(&st);
	return log_append(cache, key, proof) || beside_write(at, key, proof);
}

bool proof_write(struct cache *cache, int at, const struct cache_key *key, int fd, uint64_t size,
		 XXH128_hash_t hash)
{
	struct proof proof = {.size = size, .used = time(NULL)};
	digest_text(hash, proof.digest);
	boot_of_now(proof.boot);
	return put_proof(cache, at, key, fd, &proof);
}

/* --- looking --- */

/* A proof, and where it was found. */
struct evidence {
	struct proof proof;
	bool beside;
	int boot_at; /* where BESIDE */
};

/* What the log and the file beside it say: at most one of each. FOUND is zeros at the start. */
static size_t find_evidence(struct cache *cache, int at, const struct cache_key *key,
			    const struct stat *st, struct evidence found[2])
{
	size_t count = 0;
	if (log_find(cache, key, &found[0].proof)) {
		count = 1;
		if (is_untouched(&found[0].proof, st))
			return 1;
	}
	/* Another process may have told of it since. */
	if (log_refresh(cache) && log_find(cache, key, &found[0].proof))
		count = 1;
	if (count == 1 && is_untouched(&found[0].proof, st))
		return 1;
	struct evidence *other = &found[count];
	other->beside = true;
	return beside_read(at, key, &other->proof, &other->boot_at) ? count + 1 : count;
}

/* Untouched, and by PROOF's digest where that is to be looked at once more. */
static bool looks_whole(struct cache *cache, int at, const struct cache_key *key, int fd,
			struct evidence *found)
{
	struct proof *proof = &found->proof;
	const int64_t now = time(NULL);
	const bool used_lately = proof->used <= now && now - proof->used < USE_PRECISION;
	char digest[33];
	bool changed = !used_lately;
	if (may_be_lost(proof)) {
		if (!digest_file(fd, digest) || strcmp(digest, proof->digest) != 0)
			return false;
		/* What was read after a start was on the disk before it; but that it came before
		 * that start may not be known. */
		const bool known = proof->boot[0] != '\0' && strcmp(proof->boot, UNKNOWN_BOOT) != 0;
		boot_id(digest);
		changed |= digest[0] != '\0';
		if (digest[0] != '\0')
			strcpy(proof->boot, known ? ON_DISK : digest);
		if (found->beside && known && digest[0] != '\0')
			beside_note_boot(at, key, found->boot_at, proof->boot);
		else if (found->beside && digest[0] != '\0')
			beside_write(at, key, proof);
	}
	if (found->beside && !used_lately)
		beside_note_use(at, key);
	proof->used = now;
	if (!found->beside && changed)
		log_append(cache, key, proof);
	return true;
}

bool proof_fits(struct cache *cache, int at, const struct cache_key *key, int fd)
{
	struct evidence found[2] = {0};
	struct stat st;
	char digest[33] = "", text[ANSWER_TEXT];
	if (!is_ours(fd) || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	const size_t count = find_evidence(cache, at, key, &st, found);
	for (size_t i = 0; i < count; i++)
		if (is_untouched(&found[i].proof, &st))
			return looks_whole(cache, at, key, fd, &found[i]);
	/* A cache that was copied or restored; or somebody's own files. */
	for (size_t i = 0; i < count; i++) {
		struct proof *proof = &found[i].proof;
		if (proof->size != (uint64_t)st.st_size ||
		    (digest[0] == '\0' && !digest_file(fd, digest)) ||
		    strcmp(digest, proof->digest) != 0)
			continue;
		if (proof_check(fd, key->artifact, key->hex, key->wanted, text) != OUTCOME_FOUND)
			return false;
		boot_of_now(proof->boot);
		proof->used = time(NULL);
		put_proof(cache, at, key, fd, proof);
		return true;
	}
	return false;
}

void proof_renew(struct cache *cache, int at, const struct cache_key *key, int fd)
{
	struct evidence found[2] = {0};
	struct stat st;
	if (fstat(fd, &st) != 0)
		return;
	const size_t count = find_evidence(cache, at, key, &st, found);
	for (size_t i = 0; i < count; i++) {
		struct proof *proof = &found[i].proof;
		if (is_untouched(proof, &st))
			return;
		if (st.st_ino == proof->inode && (uint64_t)st.st_size == proof->size &&
		    !may_be_lost(proof)) {
			put_proof(cache, at, key, fd, proof);
			return;
		}
	}
}

bool proof_used(struct cache *cache, int at, const struct cache_key *key, int64_t *used)
{
	char name[CACHE_NAME];
	struct proof proof;
	struct stat st;
	const bool logged = log_find(cache, key, &proof);
	*used = logged ? proof.used : 0;
	key_file(name, key, "proof");
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (st.st_mtime > *used)
			*used = st.st_mtime;
		return true;
	}
	return logged;
}
