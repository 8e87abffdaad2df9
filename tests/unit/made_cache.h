/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A cache in a directory of its own. */
#ifndef TESTS_MADE_CACHE_H
#define TESTS_MADE_CACHE_H

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tools/base/root/root.h"
#include "tools/debuginfod/cache/cache.h"

#define HEX "00112233445566778899aabbccddeeff00112233"

static char directory[64];

static void enter(void)
{
	strcpy(directory, "/tmp/pkgnote-unit-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
}

static void leave(void)
{
	struct root *root;
	CU_ASSERT_EQUAL_FATAL(root_open(&root, "/tmp", NULL), NOTE_OK);
	root_remove_tree(root, directory + 5, NULL);
	root_close(root);
}

static char *below(const char *name)
{
	return xasprintf("%s/%s", directory, name);
}

static struct cache *open_cache(void)
{
	struct cache *cache;
	CU_ASSERT_EQUAL_FATAL(cache_open(&cache, directory, false, NULL), NOTE_OK);
	return cache;
}

static char *put(struct cache *cache, const struct cache_key *key, const char *text)
{
	struct staging *staging;
	char *path = NULL;
	CU_ASSERT_EQUAL_FATAL(staging_open(&staging, cache, key, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(staging_write(staging, text, strlen(text), NULL), NOTE_OK);
	CU_ASSERT_EQUAL(staging_commit(staging, &path, NULL), NOTE_OK);
	return path;
}

static bool has(struct cache *cache, const struct cache_key *key)
{
	char *path = cache_find(cache, key);
	free(path);
	return path != NULL;
}

#endif
