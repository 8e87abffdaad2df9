/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proof beside each cached file: "2 SIZE DIGEST INODE CHANGED BOOT HEX/NAME", a line. A file
 * that is the same inode with the same change time (which nobody can set back) is what was
 * committed; any other must have the digest.
 *
 * So must one that was committed before this machine last started, once: a power cut may have taken
 * its contents, and left its size and times. BOOT is the kernel's boot id then, without the dashes;
 * zeros say that the file was looked at after it. They replace it where it stands, in a piece of
 * one sector, so that no power cut makes the proof worse. Proofs of version 1 have no BOOT.
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
/* Where the kernel tells it. */
#define BOOT_ID      "/proc/sys/kernel/random/boot_id"
#define ON_DISK      "00000000000000000000000000000000"
#define UNKNOWN_BOOT "ffffffffffffffffffffffffffffffff"

struct proof {
	uint64_t size;
	char digest[33]; /* XXH3, 128 bits */
	uint64_t inode;
	int64_t changed; /* st_ctim in nanoseconds: nobody can set that back */
	char boot[33];   /* "" in version 1 */
	int boot_at;     /* in the text */
};

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
	    sscanf(text, "%*1[12] %" SCNu64 " %32[0-9a-f] %" SCNu64 " %" SCNd64 " %n", &proof->size,
		   proof->digest, &proof->inode, &proof->changed, &length) != 4 ||
	    strlen(proof->digest) != 32 || length == 0)
		return false;
	proof->boot[0] = '\0';
	proof->boot_at = length;
	if (text[0] == '2') {
		if (sscanf(text + length, "%32[0-9a-f]", proof->boot) != 1 ||
		    strlen(proof->boot) != 32 || text[length + 32] != ' ')
			return false;
		length += 33;
	}
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
	snprintf(text, sizeof(text), "2 %" PRIu64 " %s %" PRIu64 " %" PRId64 " %s %s/%s\n",
		 proof->size, proof->digest, (uint64_t)st.st_ino, change_time(&st), proof->boot,
		 key->hex, key->name);
	return new_file_write(at, name, text) || small_file_write(at, name, text);
}

/* What a new proof tells. Where the boot id cannot be had, one that no boot has. */
static void boot_of_now(char out[33])
{
	boot_id(out);
	if (out[0] == '\0')
		strcpy(out, UNKNOWN_BOOT);
}

bool proof_write(int at, const struct cache_key *key, int fd, uint64_t size, XXH128_hash_t hash)
{
	struct proof proof = {.size = size};
	digest_text(hash, proof.digest);
	boot_of_now(proof.boot);
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

/* Committed before this machine last started, and not looked at since. */
static bool may_be_lost(const struct proof *proof)
{
	char now[33];
	if (strcmp(proof->boot, ON_DISK) == 0)
		return false;
	boot_id(now);
	return now[0] == '\0' || strcmp(proof->boot, now) != 0;
}

/* What was read after a start was on the disk before it. */
static void note_on_disk(int at, const struct cache_key *key, int fd, struct proof *proof)
{
	char name[CACHE_NAME], now[33];
	boot_id(now);
	if (now[0] == '\0')
		return;
	if (proof->boot[0] == '\0' || strcmp(proof->boot, UNKNOWN_BOOT) == 0) {
		strcpy(proof->boot, now); /* that it came before it is not known */
		write_proof(at, key, fd, proof);
		return;
	}
	key_file(name, key, "proof");
	int proof_fd = openat(at, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (proof_fd < 0)
		return;
	/* Where it fails, or half of it comes, the file is looked at again another time. */
	const ssize_t put = pwrite(proof_fd, ON_DISK, strlen(ON_DISK), proof->boot_at);
	(void)put;
	close(proof_fd);
}

void proof_renew(int at, const struct cache_key *key, int fd)
{
	struct proof proof;
	struct stat st;
	time_t used;
	if (read_proof(at, key, &proof, &used) && fstat(fd, &st) == 0 && st.st_ino == proof.inode &&
	    (uint64_t)st.st_size == proof.size && change_time(&st) != proof.changed &&
	    !may_be_lost(&proof))
		write_proof(at, key, fd, &proof);
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
	const bool untouched = st.st_ino == proof.inode && change_time(&st) == proof.changed;
	if (untouched && may_be_lost(&proof)) {
		if (!digest_file(fd, digest) || strcmp(digest, proof.digest) != 0)
			return false;
		note_on_disk(at, key, fd, &proof);
	} else if (!untouched) {
		/* A cache that was copied or restored; or somebody's own files. */
		if (!digest_file(fd, digest) || strcmp(digest, proof.digest) != 0 ||
		    proof_check(fd, key->artifact, key->hex, key->wanted, text) != OUTCOME_FOUND)
			return false;
		boot_of_now(proof.boot);
		write_proof(at, key, fd, &proof);
	}
	note_use(at, key, used);
	return true;
}
