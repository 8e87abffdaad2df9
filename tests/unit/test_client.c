/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's stages by themselves: cache, proof, shape, and requests to shares on disk. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/made_cache.h"
#include "tools/base/digest.h"
#include "tools/debuginfod/proof/proof.h"
#include "tools/debuginfod/proof/shape.h"

/* --- cache --- */

static void test_a_committed_file_is_found(void)
{
	struct cache_key key;
	enter();
	struct cache *cache = open_cache();
	cache_key_make(&key, ARTIFACT_SOURCE, HEX, "/usr/src/a b.c");
	CU_ASSERT(!has(cache, &key));
	char *path = put(cache, &key, "int x;\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(path);
	CU_ASSERT(has(cache, &key));
	struct stat st;
	CU_ASSERT(stat(path, &st) == 0 && (st.st_mode & 07777) == 0400 && st.st_size == 7);
	free(path);
	cache_close(cache);
	leave();
}

static void test_a_dropped_stage_leaves_nothing(void)
{
	struct staging *staging;
	struct cache_key key;
	enter();
	struct cache *cache = open_cache();
	cache_key_make(&key, ARTIFACT_SOURCE, HEX, "/x.c");
	CU_ASSERT_EQUAL_FATAL(staging_open(&staging, cache, &key, NULL), NOTE_OK);
	staging_write(staging, "half", 4, NULL);
	staging_drop(staging);
	CU_ASSERT(!has(cache, &key));
	char *path = below(HEX);
	CU_ASSERT_EQUAL(rmdir(path), 0);
	free(path);
	cache_close(cache);
	leave();
}

static void test_what_was_changed_is_not_trusted(void)
{
	struct cache_key key;
	enter();
	struct cache *cache = open_cache();
	cache_key_make(&key, ARTIFACT_SOURCE, HEX, "/x.c");
	char *path = put(cache, &key, "right");
	chmod(path, 0600);
	/* Touched, but the same bytes. */
	CU_ASSERT(has(cache, &key));
	FILE *file = fopen(path, "w");
	fputs("wrong", file);
	fclose(file);
	CU_ASSERT(!has(cache, &key));
	free(put(cache, &key, "right"));
	CU_ASSERT(has(cache, &key));
	chmod(path, 0600);
	CU_ASSERT_EQUAL(truncate(path, 3), 0);
	CU_ASSERT(!has(cache, &key));
	free(path);
	cache_close(cache);
	leave();
}

static void test_links_are_not_followed(void)
{
	struct cache_key key;
	enter();
	struct cache *cache = open_cache();
	cache_key_make(&key, ARTIFACT_SOURCE, HEX, "/x.c");
	char *path = put(cache, &key, "secret");
	char *other = below("other");
	CU_ASSERT_EQUAL(rename(path, other), 0);
	CU_ASSERT_EQUAL(symlink(other, path), 0);
	CU_ASSERT(!has(cache, &key));
	/* A new file takes the link's place, and does not go through it. */
	free(put(cache, &key, "public"));
	struct stat st;
	CU_ASSERT(lstat(path, &st) == 0 && S_ISREG(st.st_mode));
	char *elsewhere = below("elsewhere"), *hex = below(HEX);
	CU_ASSERT_EQUAL(rename(hex, elsewhere), 0);
	CU_ASSERT_EQUAL(symlink(elsewhere, hex), 0);
	struct staging *staging;
	CU_ASSERT(!has(cache, &key));
	/* What comes goes to another place, and nothing through the link. */
	CU_ASSERT_EQUAL(staging_open(&staging, cache, &key, NULL), NOTE_OK);
	staging_drop(staging);
	char *beyond = put(cache, &key, "elsewhere");
	CU_ASSERT(strncmp(beyond, hex, strlen(hex)) != 0);
	CU_ASSERT(stat(path, &st) == 0 && st.st_size == (off_t)strlen("public"));
	unlink(beyond);
	free(beyond);
	free(elsewhere);
	free(hex);
	free(other);
	free(path);
	cache_close(cache);
	leave();
}

static void test_one_holds_a_lock(void)
{
	struct cache_lock *one, *two;
	struct cache_key key, another;
	enter();
	struct cache *cache = open_cache();
	cache_key_make(&key, ARTIFACT_DEBUGINFO, HEX, NULL);
	cache_key_make(&another, ARTIFACT_EXECUTABLE, HEX, NULL);
	CU_ASSERT_EQUAL(cache_lock(cache, &key, &one), LOCK_HELD);
	CU_ASSERT_EQUAL(cache_lock(cache, &key, &two), LOCK_BUSY);
	CU_ASSERT_EQUAL(cache_lock(cache, &another, &two), LOCK_HELD);
	cache_unlock(one);
	CU_ASSERT_EQUAL(cache_lock(cache, &key, &one), LOCK_HELD);
	cache_unlock(one);
	cache_unlock(two);
	cache_close(cache);
	leave();
}

static void test_absent_is_for_these_servers_and_a_while(void)
{
	struct cache_key key;
	enter();
	struct cache *cache = open_cache();
	cache_key_make(&key, ARTIFACT_DEBUGINFO, HEX, NULL);
	cache_note_absent(cache, &key, "abc");
	CU_ASSERT(cache_is_absent(cache, &key, "abc", 60));
	CU_ASSERT(!cache_is_absent(cache, &key, "abd", 60));
	CU_ASSERT(!cache_is_absent(cache, &key, "abc", 0));
	cache_close(cache);
	leave();
}

/* The time of the last use in each line of the log, which CACHE is opened anew to see. */
static void set_uses(struct cache **cache, const int64_t *uses, size_t count)
{
	char *path = below(".proofs"), *text = NULL, *line = NULL;
	size_t size = 0, room = 0, i = 0;
	FILE *in = fopen(path, "r"), *out = open_memstream(&text, &size);
	CU_ASSERT_FATAL(in != NULL && out != NULL);
	while (getline(&line, &room, in) > 0) {
		char before[256], key[256], *made;
		long long used;
		CU_ASSERT_EQUAL(sscanf(line, "%255[^\n]", before), 1);
		char *at = before;
		for (int field = 0; field < 6; field++)
			at = strchr(at, ' ') + 1;
		CU_ASSERT_EQUAL(sscanf(at, "%lld %255[^ ]", &used, key), 2);
		made = xasprintf("%.*s%lld %s", (int)(at - before), before, (long long)uses[i++],
				 key);
		fprintf(out, "%s %08x\n", made, crc32_of(0, made, strlen(made)));
		free(made);
	}
	CU_ASSERT_EQUAL(i, count);
	free(line);
	fclose(in);
	fclose(out);
	in = fopen(path, "w");
	CU_ASSERT_EQUAL(fwrite(text, 1, size, in), size);
	fclose(in);
	free(text);
	free(path);
	cache_close(*cache);
	*cache = open_cache();
}

static void test_eviction_takes_the_oldest(void)
{
	static const int64_t uses[] = {1000, 1001, 1002};
	static const char *const names[] = {"/1.c", "/2.c", "/3.c"};
	struct cache_key keys[3];
	struct client_cleaned cleaned;
	enter();
	struct cache *cache = open_cache();
	for (int i = 0; i < 3; i++) {
		cache_key_make(&keys[i], ARTIFACT_SOURCE, HEX, names[i]);
		free(put(cache, &keys[i], "0123456789"));
	}
	set_uses(&cache, uses, 3);
	cache_clean(cache, 25, UINT64_MAX, 0, &cleaned);
	CU_ASSERT_EQUAL(cleaned.removed, 1);
	CU_ASSERT_EQUAL(cleaned.kept_bytes, 20);
	CU_ASSERT(!has(cache, &keys[0]));
	CU_ASSERT(has(cache, &keys[2])); /* and now it was used */
	cache_clean(cache, 0, 3600, 0, &cleaned);
	CU_ASSERT_EQUAL(cleaned.removed, 1);
	CU_ASSERT(!has(cache, &keys[1]));
	CU_ASSERT(has(cache, &keys[2]));
	cache_clean(cache, 0, 0, 600, &cleaned);
	CU_ASSERT_EQUAL(cleaned.removed, 0);
	cache_clean(cache, 0, 0, 0, &cleaned);
	CU_ASSERT_EQUAL(cleaned.removed, 1);
	cache_close(cache);
	leave();
}

static void test_a_temporary_cache_goes(void)
{
	struct cache *cache;
	struct cache_key key;
	CU_ASSERT_EQUAL_FATAL(cache_open(&cache, NULL, true, NULL), NOTE_OK);
	cache_key_make(&key, ARTIFACT_SOURCE, HEX, "/x.c");
	char *path = put(cache, &key, "x");
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	cache_forget(cache, "/etc/passwd");
	cache_forget(cache, path);
	CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
	free(put(cache, &key, "x"));
	cache_close(cache);
	CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0);
	free(path);
}

/* In memory or, where it is much, on disk: each is found, and keeps its bytes. */
static void test_a_temporary_cache_holds_much(void)
{
	enum { FILES = 200, LARGE = 3 << 20 };
	struct cache *cache;
	struct cache_key key;
	struct staging *stages[FILES];
	char *paths[FILES];
	char name[32], *bytes = xcalloc(1, LARGE);
	CU_ASSERT_EQUAL_FATAL(cache_open(&cache, NULL, true, NULL), NOTE_OK);
	/* All are begun before the first is committed; each seventh is large, each ninth is
	 * dropped. */
	for (int i = 0; i < FILES; i++) {
		const size_t size = i % 7 == 0 ? LARGE : 10;
		snprintf(name, sizeof(name), "/%d.c", i);
		cache_key_make(&key, ARTIFACT_SOURCE, HEX, name);
		CU_ASSERT_EQUAL_FATAL(staging_open(&stages[i], cache, &key, NULL), NOTE_OK);
		memset(bytes, 'a' + i % 26, size);
		for (size_t at = 0; at < size; at += 16384)
			CU_ASSERT_EQUAL(staging_write(stages[i], bytes + at,
						      size - at < 16384 ? size - at : 16384, NULL),
					NOTE_OK);
	}
	for (int i = 0; i < FILES; i++) {
		paths[i] = NULL;
		if (i % 9 == 0)
			staging_drop(stages[i]);
		else
			CU_ASSERT_EQUAL(staging_commit(stages[i], &paths[i], NULL), NOTE_OK);
	}
	for (int i = 0; i < FILES; i++) {
		struct stat st;
		char byte = 0;
		snprintf(name, sizeof(name), "/%d.c", i);
		cache_key_make(&key, ARTIFACT_SOURCE, HEX, name);
		char *found = cache_find(cache, &key);
		CU_ASSERT_EQUAL(found == NULL, i % 9 == 0);
		if (found == NULL)
			continue;
		CU_ASSERT_STRING_EQUAL(found, paths[i]);
		int fd = open(found, O_RDONLY);
		CU_ASSERT_EQUAL(fstat(fd, &st), 0);
		CU_ASSERT_EQUAL(st.st_size, i % 7 == 0 ? LARGE : 10);
		CU_ASSERT_EQUAL(pread(fd, &byte, 1, st.st_size - 1), 1);
		CU_ASSERT_EQUAL(byte, 'a' + i % 26);
		close(fd);
		cache_forget(cache, found);
		free(found);
		CU_ASSERT_PTR_NULL(cache_find(cache, &key));
		free(paths[i]);
	}
	free(bytes);
	cache_close(cache);
}

/* --- shape --- */

static int shape_of(const char *name, const void *bytes, size_t size)
{
	char path[] = "/tmp/pkgnote-unit-XXXXXX";
	int fd = mkstemp(path);
	unlink(path);
	CU_ASSERT_EQUAL(write(fd, bytes, size), (ssize_t)size);
	int code = shape_check(fd, name, NULL);
	close(fd);
	return code;
}

static void test_sections_have_shapes(void)
{
	static const uint8_t two_units[] = {6, 0, 0, 0, 5, 0, 1, 8, 0, 0, 2, 0, 0, 0, 5, 0};
	static const uint8_t big_unit[] = {0, 0, 0, 2, 0, 5};
	static const uint8_t long_unit[] = {255, 255, 255, 255, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0};
	CU_ASSERT_EQUAL(shape_of(".debug_info", two_units, sizeof(two_units)), NOTE_OK);
	CU_ASSERT_EQUAL(shape_of(".debug_info", big_unit, sizeof(big_unit)), NOTE_OK);
	CU_ASSERT_EQUAL(shape_of(".debug_info", long_unit, sizeof(long_unit)), NOTE_OK);
	CU_ASSERT_EQUAL(shape_of(".debug_info", two_units, sizeof(two_units) - 1), NOTE_MALFORMED);
	CU_ASSERT_EQUAL(shape_of(".debug_line", "<html>log in</html>", 19), NOTE_MALFORMED);
	CU_ASSERT_EQUAL(shape_of(".debug_str", "one\0two", 8), NOTE_OK);
	CU_ASSERT_EQUAL(shape_of(".debug_str", "one\0two", 7), NOTE_MALFORMED);
	CU_ASSERT_EQUAL(shape_of(".text", "\x90", 1), NOTE_OK);
	CU_ASSERT_EQUAL(shape_of(".text", "", 0), NOTE_MALFORMED);
	CU_ASSERT_EQUAL(shape_of(".gdb_index", "\7\0\0\0nonsense of a page......", 28),
			NOTE_MALFORMED);
	CU_ASSERT_EQUAL(shape_of(".zdebug_info", "ZLIB\0\0\0\0\0\0\0\7x", 13), NOTE_OK);
	CU_ASSERT_EQUAL(shape_of(".zdebug_info", "zlib\0\0\0\0\0\0\0\7x", 13), NOTE_MALFORMED);
}

/* --- requests --- */

static void test_what_cannot_be_asked_is_refused(void)
{
	static const struct {
		enum artifact artifact;
		const char *id, *name;
	} cases[] = {
		{ARTIFACT_DEBUGINFO, "", NULL},
		{ARTIFACT_DEBUGINFO, "abc", NULL},
		{ARTIFACT_DEBUGINFO, "../../etc", NULL},
		{ARTIFACT_DEBUGINFO, "zz", NULL},
		{ARTIFACT_SOURCE, HEX, NULL},
		{ARTIFACT_SOURCE, HEX, "relative.c"},
		{ARTIFACT_SECTION, HEX, "../debuginfo"},
		{ARTIFACT_SECTION, HEX, ""},
	};
	struct client_options options = {.ima = -1};
	struct client *client;
	CU_ASSERT_EQUAL_FATAL(client_open(&client, &options, NULL), NOTE_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct client_answer answer;
		client_fetch(client, cases[i].artifact, cases[i].id, cases[i].name, &answer);
		CU_ASSERT_EQUAL(answer.outcome, OUTCOME_REJECTED);
		CU_ASSERT_EQUAL(answer.server_count, 0);
		CU_ASSERT(answer.reason[0] != '\0');
		client_answer_free(&answer);
	}
	client_close(client);
}

static enum outcome ask_share(const char *share, const char *name)
{
	struct client_options options = {.ima = -1};
	struct client *client;
	struct client_answer answer;
	strings_add(&options.servers, share);
	CU_ASSERT_EQUAL_FATAL(client_open(&client, &options, NULL), NOTE_OK);
	client_fetch(client, ARTIFACT_SOURCE, HEX, name, &answer);
	const enum outcome outcome = answer.outcome;
	client_answer_free(&answer);
	client_close(client);
	strings_free(&options.servers);
	return outcome;
}

static void test_a_share_says_what_it_has(void)
{
	struct root *root;
	enter();
	const char *path = "share/buildid/" HEX "/source/a/x.c";
	const char *inside = "share/buildid/" HEX "/source/a/inside.c";
	const char *outside = "share/buildid/" HEX "/source/a/outside.c";
	const char *folder = "share/buildid/" HEX "/source/a/folder.c";
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	CU_ASSERT_EQUAL_FATAL(root_open(&root, directory, NULL), NOTE_OK);
	root_write(root, &path, 1, "x", 1, &attributes, NULL);
	root_symlink(root, "x.c", inside, NULL);
	root_symlink(root, "/etc/passwd", outside, NULL);
	root_make_dirs(root, folder, NULL);
	root_close(root);
	char *share = below("share"), *nowhere = below("nowhere");
	CU_ASSERT_EQUAL(ask_share(share, "/a/x.c"), OUTCOME_FOUND);
	CU_ASSERT_EQUAL(ask_share(share, "/a/b/../x.c"), OUTCOME_FOUND);
	CU_ASSERT_EQUAL(ask_share(share, "/a/y.c"), OUTCOME_ABSENT);
	CU_ASSERT_EQUAL(ask_share(share, "/a/inside.c"), OUTCOME_FOUND);
	CU_ASSERT_EQUAL(ask_share(share, "/a/outside.c"), OUTCOME_REJECTED);
	CU_ASSERT_EQUAL(ask_share(share, "/a/folder.c"), OUTCOME_REJECTED);
	CU_ASSERT_EQUAL(ask_share(nowhere, "/a/x.c"), OUTCOME_UNAVAILABLE);
	free(share);
	free(nowhere);
	leave();
}

static void test_bad_options_are_refused(void)
{
	static const char *const servers[] = {"ftp://h", "file://other/x", "http://"};
	static const char *const headers[] = {"no colon", "A: b\r\nC: d", ": x", "Na me: x"};
	for (size_t i = 0; i < 7; i++) {
		struct client_options options = {.ima = -1};
		struct client *client;
		struct note_error err;
		strings_add(&options.servers, i < 3 ? servers[i] : "http://h");
		if (i >= 3)
			strings_add(&options.headers, headers[i - 3]);
		CU_ASSERT_EQUAL(client_open(&client, &options, &err), NOTE_USAGE);
		CU_ASSERT_PTR_NULL(client);
		strings_free(&options.servers);
		strings_free(&options.headers);
	}
}

UNIT_SUITE(client, UNIT_TEST(test_a_committed_file_is_found),
	   UNIT_TEST(test_a_dropped_stage_leaves_nothing),
	   UNIT_TEST(test_what_was_changed_is_not_trusted), UNIT_TEST(test_links_are_not_followed),
	   UNIT_TEST(test_one_holds_a_lock),
	   UNIT_TEST(test_absent_is_for_these_servers_and_a_while),
	   UNIT_TEST(test_eviction_takes_the_oldest), UNIT_TEST(test_a_temporary_cache_goes),
	   UNIT_TEST(test_a_temporary_cache_holds_much), UNIT_TEST(test_sections_have_shapes),
	   UNIT_TEST(test_what_cannot_be_asked_is_refused),
	   UNIT_TEST(test_a_share_says_what_it_has), UNIT_TEST(test_bad_options_are_refused))
