/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cache's log of proofs. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/made_cache.h"

/* A line in which one byte is another is none, whichever byte that is; half a line at the end is
 * none either, and the next one is not lost by it. What is broken is left out from then on. */
static void test_lines_of_the_log(void)
{
	struct cache_key keys[3];
	struct stat st;
	enter();
	struct cache *cache = open_cache();
	for (int i = 0; i < 3; i++) {
		cache_key_make(&keys[i], ARTIFACT_SOURCE, HEX,
			       i == 0   ? "/a"
			       : i == 1 ? "/b"
					: "/c");
		free(put(cache, &keys[i], "0123456789"));
	}
	cache_close(cache);
	char *path = below(".proofs"), *whole = NULL;
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	const size_t size = (size_t)st.st_size, line = size / 3;
	whole = xmalloc(size);
	int fd = open(path, O_RDONLY);
	CU_ASSERT_EQUAL(read(fd, whole, size), (ssize_t)size);
	close(fd);
	for (size_t at = line; at < 2 * line - 1; at++) {
		fd = open(path, O_WRONLY | O_TRUNC);
		whole[at] ^= 1;
		CU_ASSERT_EQUAL(write(fd, whole, size), (ssize_t)size);
		whole[at] ^= 1;
		close(fd);
		cache = open_cache();
		CU_ASSERT(has(cache, &keys[0]));
		CU_ASSERT(!has(cache, &keys[1]));
		CU_ASSERT(has(cache, &keys[2]));
		cache_close(cache);
		CU_ASSERT_EQUAL(stat(path, &st), 0);
		CU_ASSERT_EQUAL((size_t)st.st_size, 2 * line);
	}
	for (size_t end = 0; end < size; end += 7) {
		fd = open(path, O_WRONLY | O_TRUNC);
		CU_ASSERT_EQUAL(write(fd, whole, end), (ssize_t)end);
		close(fd);
		cache = open_cache();
		CU_ASSERT_EQUAL(has(cache, &keys[0]), end >= line);
		CU_ASSERT_EQUAL(has(cache, &keys[1]), end >= 2 * line);
		free(put(cache, &keys[2], "0123456789"));
		cache_close(cache);
		cache = open_cache();
		CU_ASSERT_EQUAL(has(cache, &keys[0]), end >= line);
		CU_ASSERT(has(cache, &keys[2]));
		cache_close(cache);
	}
	free(whole);
	free(path);
	leave();
}

/* As many lines as anybody likes: those out of date go, and no file is lost by that. */
static void test_the_log_stays_short(void)
{
	struct cache_key keys[5];
	struct stat st;
	char name[32];
	enter();
	struct cache *one = open_cache(), *other = open_cache();
	char *path = below(".proofs");
	for (int i = 0; i < 4000; i++) {
		const int k = i % 5;
		snprintf(name, sizeof(name), "/%d.c", k);
		cache_key_make(&keys[k], ARTIFACT_SOURCE, HEX, name);
		free(put(i % 3 != 0 ? one : other, &keys[k], "0123456789"));
	}
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT(st.st_size < 2200 * 200);
	for (int k = 0; k < 5; k++) {
		CU_ASSERT(has(one, &keys[k]));
		CU_ASSERT(has(other, &keys[k]));
	}
	cache_close(one);
	cache_close(other);
	one = open_cache();
	for (int k = 0; k < 5; k++)
		CU_ASSERT(has(one, &keys[k]));
	cache_close(one);
	free(path);
	leave();
}

/* Where the log is nothing that can be written, a proof stands beside its file; a cache from before
 * there was a log is like that. */
static void test_proofs_beside(void)
{
	struct cache_key key;
	enter();
	char *path = below(".proofs");
	CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
	char *mine = xasprintf("%s-%u", path, (unsigned)geteuid());
	CU_ASSERT_EQUAL(symlink("/dev/null", mine), 0);
	struct cache *cache = open_cache();
	cache_key_make(&key, ARTIFACT_SOURCE, HEX, "/x.c");
	char *file = put(cache, &key, "right");
	char *beside = xasprintf("%s.proof", file);
	CU_ASSERT_EQUAL(access(beside, F_OK), 0);
	CU_ASSERT(has(cache, &key));
	cache_close(cache);
	rmdir(path);
	unlink(mine);
	cache = open_cache();
	CU_ASSERT(has(cache, &key));
	CU_ASSERT_EQUAL(unlink(beside), 0);
	CU_ASSERT(!has(cache, &key));
	cache_close(cache);
	free(beside);
	free(file);
	free(mine);
	free(path);
	leave();
}

UNIT_SUITE(proofs, UNIT_TEST(test_lines_of_the_log), UNIT_TEST(test_the_log_stays_short),
	   UNIT_TEST(test_proofs_beside))
