/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The index by name, on a store in memory: whatever comes, goes, is replaced or fails, it tells
 * what the records have; patterns as fnmatch(3) has them. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tests/unit/unit.h"
#include "tools/base/names/names.h"
#include "tools/debuginfod/names/names.h"
#include "tools/share/names/names.h"

#define PACKAGES 90
#define MOST     2000

static uint32_t state;

static uint32_t below(uint32_t most)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % most;
}

/* --- a store in memory --- */

static struct {
	struct document documents[MOST];
	size_t count;
	struct text index; /* to be */
	struct record records[PACKAGES];
	unsigned puts, fail_at;      /* the put of this number fails; 0: none */
	const struct record *coming; /* it is not in the share yet */
} memory;

static struct document *find(const char *key)
{
	for (size_t i = 0; i < memory.count; i++)
		if (strcmp(memory.documents[i].key, key) == 0)
			return &memory.documents[i];
	return NULL;
}

static int get_document(struct share *share, const char *key, struct text *out,
			struct note_error *err)
{
	const struct document *document = find(key);
	(void)share;
	*out = (struct text){0};
	text_puts(out, "");
	if (document == NULL)
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "absent");
	text_add(out, document->text.data, document->text.size);
	return NOTE_OK;
}

static void put(const char *key, const struct text *text)
{
	struct document *document = find(key);
	if (document == NULL) {
		document = &memory.documents[memory.count++];
		*document = (struct document){.key = xstrdup(key)};
	}
	text_free(&document->text);
	text_add(&document->text, text->data, text->size);
}

static int put_documents(struct share *share, const struct document *documents, size_t count,
			 struct note_error *err)
{
	(void)share;
	for (size_t i = 0; i < count; i++) {
		if (++memory.puts == memory.fail_at)
			return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "put");
		/* A name is never used again for other contents, nor while it is in use. */
		CU_ASSERT_PTR_NULL(find(documents[i].key));
		put(documents[i].key, &documents[i].text);
	}
	return NOTE_OK;
}

static int remove_documents(struct share *share, const struct strings *keys, struct note_error *err)
{
	(void)share, (void)err;
	for (size_t i = 0; i < keys->count; i++) {
		struct document *document = find(keys->items[i]);
		if (document == NULL)
			continue;
		free(document->key);
		text_free(&document->text);
		*document = memory.documents[--memory.count];
	}
	return NOTE_OK;
}

static int list_documents(struct share *share, const char *prefix, struct strings *out,
			  struct note_error *err)
{
	(void)share, (void)err;
	for (size_t i = 0; i < memory.count; i++)
		strings_add(out, memory.documents[i].key + strlen(prefix));
	return NOTE_OK;
}

static int propose_index(struct share *share, const char *key, const struct text *text,
			 struct note_error *err)
{
	(void)share, (void)key, (void)err;
	text_free(&memory.index);
	text_add(&memory.index, text->data, text->size);
	return NOTE_OK;
}

static int adopt_index(struct share *share, const char *key, struct note_error *err)
{
	(void)share, (void)err;
	put(key, &memory.index);
	text_free(&memory.index);
	return NOTE_OK;
}

static int list(struct share *share, struct strings *packages, struct note_error *err)
{
	(void)share, (void)err;
	for (size_t i = 0; i < PACKAGES; i++)
		if (memory.records[i].package != NULL && &memory.records[i] != memory.coming)
			strings_add(packages, memory.records[i].package);
	return NOTE_OK;
}

static void copy_record(struct record *out, const struct record *from)
{
	*out = (struct record){.package = xstrdup(from->package)};
	for (size_t i = 0; i < from->count; i++) {
		struct record_file *file = record_add(out);
		*file = from->files[i];
		file->path = xstrdup(file->path);
		file->origin = xstrdup(file->origin);
	}
}

static int read_by_name(struct share *share, const char *package, struct record *record,
			struct note_error *err)
{
	(void)share, (void)err;
	for (size_t i = 0; i < PACKAGES; i++)
		if (memory.records[i].package != NULL &&
		    strcmp(memory.records[i].package, package) == 0) {
			copy_record(record, &memory.records[i]);
			return NOTE_OK;
		}
	return NOTE_ABSENT;
}

static int clear(struct share *share, struct note_error *err)
{
	(void)share, (void)err;
	return NOTE_OK;
}

static const struct store store = {.list = list,
				   .read_record = read_by_name,
				   .clear = clear,
				   .get_document = get_document,
				   .put_documents = put_documents,
				   .remove_documents = remove_documents,
				   .list_documents = list_documents,
				   .propose_index = propose_index,
				   .adopt_index = adopt_index};
static const struct share_hooks hooks = {.jobs = 1};

/* --- what comes and goes --- */

/* Package I with COUNT files, anew; names with all that JSON and our own form escape. */
static void make(size_t i, unsigned count)
{
	static const char *const odd[] = {"plain", "q\"b\\s", "n\nl", "\377%41", "\303\244", "a%2"};
	static const char *const packages[] = {"plain", "q\"b\\s", "\303\244", "a%2", "%41"};
	struct record *record = &memory.records[i];
	record_free(record);
	*record = (struct record){.package = xasprintf("p%zu-%s.x", i, packages[i % 5])};
	for (unsigned j = 0; j < count; j++) {
		struct record_file *file = record_add(record);
		file->path = xasprintf("buildid/%08x%08x/%s", below(1000), below(1000),
				       j % 2 != 0 ? "debuginfo" : "executable");
		file->origin = xasprintf("usr/bin/%s/%u", odd[below(6)], below(100));
	}
}

static void problem(void *context, const char *path, const char *why)
{
	(void)context;
	printf("%s: %s\n", path, why);
}

static void check(struct share *share)
{
	uint64_t problems = 0;
	CU_ASSERT_EQUAL_FATAL(names_check(share, problem, NULL, &problems, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(problems, 0);
}

static void come(struct share *share, size_t i, unsigned count)
{
	const bool there = memory.records[i].package != NULL;
	make(i, count);
	const struct record *record = &memory.records[i];
	memory.coming = there ? NULL : record;
	int code = names_propose(share, record->package, record, there, NULL);
	if (code == NOTE_OK)
		code = names_adopt(share, NULL);
	memory.coming = NULL;
	/* As a run does that failed, or that follows one that was killed. */
	while (code != NOTE_OK) {
		names_forget(share);
		code = names_sweep(share, NULL);
		if (code == NOTE_OK)
			code = names_settle(share, record->package, record, NULL);
	}
}

static void go(struct share *share, size_t i)
{
	struct record gone = memory.records[i];
	memory.records[i] = (struct record){0};
	while (names_settle(share, gone.package, NULL, NULL) != NOTE_OK) {
		names_forget(share);
		names_sweep(share, NULL);
	}
	record_free(&gone);
}

static void forget_all(struct share *share)
{
	names_forget(share);
	for (size_t i = 0; i < PACKAGES; i++)
		record_free(&memory.records[i]);
	for (size_t i = 0; i < memory.count; i++) {
		free(memory.documents[i].key);
		text_free(&memory.documents[i].text);
	}
	text_free(&memory.index);
	memset(&memory, 0, sizeof(memory));
}

static void test_what_comes_and_goes(void)
{
	struct share share = {.store = &store, .hooks = &hooks};
	state = 1;
	for (unsigned step = 0; step < 900; step++) {
		const size_t i = below(PACKAGES);
		memory.fail_at = below(10) == 0 ? memory.puts + 1 + below(3) : 0;
		if (memory.records[i].package != NULL && below(3) == 0)
			go(&share, i);
		else
			come(&share, i, below(20) == 0 ? 600 + below(900) : below(6));
		if (below(7) == 0)
			names_forget(&share); /* another run */
		if (step % 30 == 0)
			check(&share);
	}
	check(&share);
	for (size_t i = 0; i < PACKAGES; i++)
		if (memory.records[i].package != NULL)
			go(&share, i);
	check(&share);
	/* What was left for readers goes with the next change. */
	come(&share, 0, 1);
	come(&share, 1, 1);
	CU_ASSERT_TRUE(memory.count <= 3 + 1);
	forget_all(&share);
}

/* Documents grow with what is there, and each is written a few times in all. */
static void test_many(void)
{
	struct share share = {.store = &store, .hooks = &hooks};
	for (size_t i = 0; i < PACKAGES; i++)
		come(&share, i, 100);
	/* 9,000 results: two orders of 18 blocks, the segments and the index. */
	CU_ASSERT_TRUE(memory.count < 80);
	CU_ASSERT_TRUE(memory.puts < 4 * 2 * PACKAGES);
	check(&share);
	forget_all(&share);
}

/* A document that something leads to. */
static struct document *any_document(void)
{
	struct names_index index;
	const struct document *top = find(NAMES_INDEX);
	struct document *document;
	CU_ASSERT_EQUAL_FATAL(names_index_read(&index, top->text.data, top->text.size, NULL),
			      NOTE_OK);
	do
		document = &memory.documents[below((uint32_t)memory.count)];
	while (strings_has(&index.old, document->key + strlen(NAMES_BELOW)));
	names_index_free(&index);
	return document;
}

static void test_damage(void)
{
	struct share share = {.store = &store, .hooks = &hooks};
	for (unsigned kind = 0; kind < 16; kind++) {
		uint64_t problems = 0;
		for (size_t i = 0; i < 20; i++)
			come(&share, i, 60);
		check(&share);
		struct document *document = any_document();
		if (kind % 4 == 0)
			remove_documents(&share,
					 &(struct strings){.items = &document->key, .count = 1},
					 NULL);
		else if (kind % 4 == 1)
			document->text.data[kind == 1 ? 0 : document->text.size / 2] = '<';
		else if (kind % 4 == 2)
			document->text.size = 0;
		else
			make(3, 7); /* a record that changed behind its back */
		names_forget(&share);
		CU_ASSERT_EQUAL(names_check(&share, NULL, NULL, &problems, NULL), NOTE_OK);
		CU_ASSERT_NOT_EQUAL(problems, 0);
		CU_ASSERT_EQUAL(names_repair(&share, NULL), NOTE_OK);
		check(&share);
		for (size_t i = 0; i < 20; i++)
			come(&share, i, 3);
		check(&share);
		forget_all(&share);
	}
}

/* --- patterns --- */

static void test_patterns(void)
{
	static const char letters[] = "ab/*?[]-!\\^.";
	state = 7;
	for (unsigned i = 0; i < 200000; i++) {
		char pattern[12], name[10];
		const size_t p = below(sizeof(pattern)), n = below(sizeof(name));
		for (size_t j = 0; j < p; j++)
			pattern[j] = letters[below(sizeof(letters) - 1)];
		for (size_t j = 0; j < n; j++)
			name[j] = letters[below(3 + 9 * (below(8) == 0))];
		pattern[p] = name[n] = '\0';
		/* POSIX leaves open what these mean, and glibc's own answers differ among them. */
		if (strchr(pattern, '[') != NULL &&
		    (strchr(pattern, '\\') != NULL || strstr(pattern, "[^") != NULL ||
		     strpbrk(strchr(pattern, '['), "/-[") != strchr(pattern, '[') ||
		     strpbrk(strchr(pattern, '[') + 1, "/-[") != NULL))
			continue;
		if ((p > 0 && pattern[p - 1] == '\\') || strstr(pattern, "\\/") != NULL)
			continue;
		const bool expected = fnmatch(pattern, name, FNM_PATHNAME) == 0;
		if (names_glob(pattern, name) != expected) {
			printf("'%s' '%s': fnmatch says %d\n", pattern, name, expected);
			CU_FAIL("a pattern");
		}
	}
	CU_ASSERT_TRUE(names_glob("/usr/bin/[a-c]?*", "/usr/bin/b\303\244"));
	CU_ASSERT_TRUE(names_glob("/x/?", "/x/\303\244"));
	CU_ASSERT_TRUE(names_glob("/x/?", "/x/\377"));
	CU_ASSERT_TRUE(names_glob("/x/[\303\240-\303\250]", "/x/\303\244"));
	CU_ASSERT_FALSE(names_glob("/x/[^\303\244]", "/x/\303\244"));
	CU_ASSERT_FALSE(names_glob("/*/prog", "/usr/bin/prog"));
	CU_ASSERT_TRUE(names_glob("/a\\*", "/a*"));
	CU_ASSERT_FALSE(names_glob("/a\\*", "/ab"));
	/* Many stars on a long name, in little time. */
	char many[2001];
	memset(many, 'a', 2000);
	many[2000] = '\0';
	CU_ASSERT_FALSE(names_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", many));
}

UNIT_SUITE(names, UNIT_TEST(test_what_comes_and_goes), UNIT_TEST(test_many), UNIT_TEST(test_damage),
	   UNIT_TEST(test_patterns))
