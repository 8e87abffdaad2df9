/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A proof in a file of its own beside the cached one, NAME.proof: "2 SIZE DIGEST INODE CHANGED BOOT
 * HEX/NAME", a line. So all proofs were once, and so they are where the log cannot be written; its
 * time is that of the last use. Version 1 has no BOOT.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/debuginfod/cache/internal.h"

/* More than the longest proof. */
#define PROOF_SIZE 512

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

bool beside_read(int at, const struct cache_key *key, struct proof *proof, int *boot_at)
{
	char name[CACHE_NAME], text[PROOF_SIZE], of[PROOF_SIZE];
	int length = 0;
	time_t used;
	key_file(name, key, "proof");
	if (!small_file_read(at, name, text, sizeof(text), &used) ||
	    sscanf(text, "%*1[12] %" SCNu64 " %32[0-9a-f] %" SCNu64 " %" SCNd64 " %n", &proof->size,
		   proof->digest, &proof->inode, &proof->changed, &length) != 4 ||
	    strlen(proof->digest) != 32 || length == 0)
		return false;
	proof->boot[0] = '\0';
	proof->used = used;
	*boot_at = length;
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

bool beside_write(int at, const struct cache_key *key, const struct proof *proof)
{
	char name[CACHE_NAME], text[PROOF_SIZE];
	key_file(name, key, "proof");
	snprintf(text, sizeof(text), "2 %" PRIu64 " %s %" PRIu64 " %" PRId64 " %s %s/%s\n",
		 proof->size, proof->digest, proof->inode, proof->changed, proof->boot, key->hex,
		 key->name);
	return new_file_write(at, name, text) || small_file_write(at, name, text);
}

void beside_note_use(int at, const struct cache_key *key)
{
	char name[CACHE_NAME];
	key_file(name, key, "proof");
	utimensat(at, name, NULL, AT_SYMLINK_NOFOLLOW);
}

void beside_note_boot(int at, const struct cache_key *key, int boot_at, const char *boot)
{
	char name[CACHE_NAME];
	key_file(name, key, "proof");
	int fd = openat(at, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	/* Where it fails, or half of it comes, the file is looked at again another time. */
	const ssize_t put = pwrite(fd, boot, strlen(boot), boot_at);
	(void)put;
	close(fd);
}
