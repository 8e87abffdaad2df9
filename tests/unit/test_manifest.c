/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The manifest: what is written is read back, order is fixed, and nothing unchecked gets in. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tools/base/manifest.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void begin(struct manifest *m)
{
	*m = (struct manifest){0};
	m->type = xstrdup("rpm");
	m->name = xstrdup("hello");
	m->version = xstrdup("2.10");
	m->release = xstrdup("3");
	m->architecture = xstrdup("x86_64");
}

static struct manifest_file *add(struct manifest *m, const char *path)
{
	struct manifest_file *file = manifest_add_file(m);
	file->path = xstrdup(path);
	file->size = 4096;
	strcpy(file->sha256, DIGEST);
	return file;
}

static struct manifest_file *add_split(struct manifest *m, const char *path)
{
	struct manifest_file *file = add(m, path);
	file->build_id = xstrdup("0123456789abcdef");
	file->debug_path = xstrdup("/usr/lib/debug/x.debug");
	file->debug_size = 1;
	strcpy(file->debug_sha256, DIGEST);
	file->debug_crc32 = 0xab;
	return file;
}

static void test_round_trip(void)
{
	struct manifest m, back;
	struct note_error err;
	begin(&m);
	struct manifest_file *file = add_split(&m, "/usr/bin/b");
	strings_add(&file->links, "/usr/bin/other");
	strings_add(&file->links, "/usr/bin/Other");
	strings_add(&file->sources, "/usr/src/debug/hello-2.10-3.x86_64/src/hello.c");
	file->package = xstrdup("{\"type\":\"rpm\",\"url\":\"http://x/y\"}");
	add(&m, "/usr/bin/a\n\xff%41");
	struct manifest_skipped *skipped = manifest_add_skipped(&m);
	skipped->path = xstrdup("/usr/bin/script");
	skipped->reason = xstrdup("no debug information");
	struct manifest_missing *missing = manifest_add_missing(&m);
	missing->path = xstrdup("relative/gone.c");
	missing->unit = xstrdup("/usr/bin/b");
	manifest_sort(&m);

	char *json = manifest_to_json(&m);
	CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"hello-2.10-3.x86_64/src/hello.c\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"crc32\": \"000000ab\""));
	CU_ASSERT_PTR_NOT_NULL(strstr(json, "/usr/bin/a\\n%FF%2541"));
	CU_ASSERT_PTR_NOT_NULL(strstr(json, "http://x/y"));
	CU_ASSERT_EQUAL_FATAL(manifest_parse(&back, json, strlen(json), &err), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(back.file_count, 2);
	CU_ASSERT_STRING_EQUAL(back.files[0].path, "/usr/bin/a\n\xff%41");
	CU_ASSERT_PTR_NULL(back.files[0].build_id);
	CU_ASSERT_PTR_NULL(back.files[0].debug_path);
	CU_ASSERT_STRING_EQUAL(back.files[1].links.items[0], "/usr/bin/Other");
	CU_ASSERT_STRING_EQUAL(back.files[1].sources.items[0],
			       "/usr/src/debug/hello-2.10-3.x86_64/src/hello.c");
	CU_ASSERT_EQUAL(back.files[1].debug_crc32, 0xab);
	CU_ASSERT_STRING_EQUAL(back.files[1].debug_sha256, DIGEST);
	CU_ASSERT_STRING_EQUAL(back.files[1].package, "{\"type\":\"rpm\",\"url\":\"http://x/y\"}");
	CU_ASSERT_EQUAL(back.skipped_count, 1);
	CU_ASSERT_STRING_EQUAL(back.missing[0].path, "relative/gone.c");
	char *again = manifest_to_json(&back);
	CU_ASSERT_STRING_EQUAL(json, again);
	char *name = manifest_package_name(&back);
	CU_ASSERT_STRING_EQUAL(name, "hello-2.10-3.x86_64");
	free(name);
	free(again);
	free(json);
	manifest_free(&back);
	manifest_free(&m);
}

/* Debug files that share a part; manifests from before there were such lack the list. */
static void test_alternates(void)
{
	struct manifest m, back;
	struct note_error err;
	begin(&m);
	add_split(&m, "/usr/bin/b")->debug_alternate = xstrdup("/usr/lib/debug/.dwz/hello");
	struct manifest_alternate *alternate = manifest_add_alternate(&m);
	alternate->path = xstrdup("/usr/lib/debug/.dwz/hello");
	alternate->build_id = xstrdup("aabb");
	alternate->size = 77;
	strcpy(alternate->sha256, DIGEST);
	char *json = manifest_to_json(&m);
	CU_ASSERT_EQUAL_FATAL(manifest_parse(&back, json, strlen(json), &err), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(back.files[0].debug_alternate, "/usr/lib/debug/.dwz/hello");
	CU_ASSERT_EQUAL_FATAL(back.alternate_count, 1);
	CU_ASSERT_STRING_EQUAL(back.alternates[0].path, "/usr/lib/debug/.dwz/hello");
	CU_ASSERT_STRING_EQUAL(back.alternates[0].build_id, "aabb");
	CU_ASSERT_EQUAL(back.alternates[0].size, 77);
	CU_ASSERT_STRING_EQUAL(back.alternates[0].sha256, DIGEST);
	manifest_free(&back);
	memcpy(strstr(json, "alternateFiles"), "alternateFixes", 14);
	CU_ASSERT_EQUAL(manifest_parse(&back, json, strlen(json), &err), NOTE_OK);
	CU_ASSERT_EQUAL(back.alternate_count, 0);
	manifest_free(&back);
	memcpy(strstr(json, "alternateFixes"), "alternateFiles", 14);
	memcpy(strstr(json, "aabb"), "aab?", 4);
	CU_ASSERT_EQUAL(manifest_parse(&back, json, strlen(json), &err), NOTE_MALFORMED);
	free(json);
	manifest_free(&m);
}

static void test_order_and_equal_entries(void)
{
	struct manifest m;
	begin(&m);
	free(m.release);
	m.release = NULL;
	add(&m, "/b");
	add(&m, "/a");
	add(&m, "/b");
	struct manifest_file *file = add(&m, "/B");
	strings_add(&file->sources, "/usr/src/debug/n/b.c");
	strings_add(&file->sources, "/usr/src/debug/n/a.c");
	strings_add(&file->sources, "/usr/src/debug/n/b.c");
	for (int i = 0; i < 40; i++) {
		struct manifest_missing *missing = manifest_add_missing(&m);
		missing->path = xasprintf("/m%d", i % 20);
		missing->unit = xstrdup("/b");
	}
	manifest_sort(&m);
	CU_ASSERT_EQUAL(m.file_count, 3);
	CU_ASSERT_STRING_EQUAL(m.files[0].path, "/B");
	CU_ASSERT_STRING_EQUAL(m.files[2].path, "/b");
	CU_ASSERT_EQUAL(m.files[0].sources.count, 2);
	CU_ASSERT_STRING_EQUAL(m.files[0].sources.items[0], "/usr/src/debug/n/a.c");
	CU_ASSERT_EQUAL(m.missing_count, 20);
	char *name = manifest_package_name(&m);
	CU_ASSERT_STRING_EQUAL(name, "hello-2.10.x86_64");
	free(name);
	manifest_free(&m);
}

/* A good manifest with FROM replaced by TO: the code that parsing it gives. */
static int parse_changed(const char *from, const char *to)
{
	struct manifest m, back;
	struct note_error err = {0};
	struct text text = {0};
	begin(&m);
	struct manifest_file *file = add_split(&m, "/usr/bin/x");
	strings_add(&file->sources, "/usr/src/debug/n/b.c");
	char *json = manifest_to_json(&m);
	char *at = from != NULL ? strstr(json, from) : json;
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	text_add(&text, json, (size_t)(at - json));
	text_puts(&text, to);
	text_puts(&text, at + (from != NULL ? strlen(from) : 0));
	int code = manifest_parse(&back, text.data, text.size, &err);
	CU_ASSERT(code == NOTE_OK || (back.file_count == 0 && back.name == NULL));
	CU_ASSERT(code == NOTE_OK || err.text[0] != '\0');
	manifest_free(&back);
	text_free(&text);
	free(json);
	manifest_free(&m);
	return code;
}

static void test_what_is_refused(void)
{
	static const char *const changes[][2] = {
		{"\"/usr/bin/x\"", "\"usr/bin/x\""},
		{"\"/usr/bin/x\"", "\"/usr/../bin/x\""},
		{"\"/usr/bin/x\"", "\"/usr/%2e%2e/x\""},
		{"\"/usr/bin/x\"", "\"/usr//x\""},
		{"\"/usr/bin/x\"", "\"/usr/x/\""},
		{"\"/usr/bin/x\"", "\"/usr/x%00\""},
		{"\"/usr/bin/x\"", "\"/usr/x\\u0000\""},
		{"\"/usr/bin/x\"", "\"/usr/\xff\""},
		{"\"/usr/bin/x\"", "null"},
		{"\"/usr/bin/x\"", "7"},
		{"\"n/b.c\"", "\"../../../etc/passwd\""},
		{"\"n/b.c\"", "{}"},
		{"0123456789abcdef", "0123456789ABCDEF"},
		{"0123456789abcdef", "012"},
		{"0123456789abcdef", ""},
		{"0123456789abcdef", "../0123"},
		{DIGEST, "00"},
		{"000000ab", "ab"},
		{"4096", "-1"},
		{"4096", "\"4096\""},
		{"\"rpm\"", "null"},
		{"\"links\": []", "\"links\": {}"},
		{"\"files\": [", "\"files\": [ 1,"},
		{"\"manifestVersion\": 1", "\"manifestVersion\": \"1\""},
		{"\"skipped\"", "\"skiped\""},
		{"{", "["},
	};
	CU_ASSERT_EQUAL(parse_changed(NULL, ""), NOTE_OK);
	CU_ASSERT_EQUAL(parse_changed("{", "{ \"unknown\": [1, {}],"), NOTE_OK);
	CU_ASSERT_EQUAL(parse_changed("\"manifestVersion\": 1", "\"manifestVersion\": 2"),
			NOTE_UNSUPPORTED);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (parse_changed(changes[i][0], changes[i][1]) != NOTE_MALFORMED)
			CU_FAIL(changes[i][1]);
}

static void test_cut_and_trailing(void)
{
	struct manifest m, back;
	begin(&m);
	add_split(&m, "/usr/bin/x");
	char *json = manifest_to_json(&m);
	const size_t size = strlen(json);
	for (size_t i = 0; i < size - 1; i++)
		CU_ASSERT_EQUAL(manifest_parse(&back, json, i, NULL), NOTE_MALFORMED);
	CU_ASSERT_EQUAL(manifest_parse(&back, json, size - 1, NULL), NOTE_OK);
	manifest_free(&back);
	free(json);
	json = manifest_to_json(&m);
	json[size - 1] = 'x';
	CU_ASSERT_EQUAL(manifest_parse(&back, json, size, NULL), NOTE_MALFORMED);
	free(json);
	manifest_free(&m);
}

UNIT_SUITE(manifest, UNIT_TEST(test_round_trip), UNIT_TEST(test_alternates),
	   UNIT_TEST(test_order_and_equal_entries), UNIT_TEST(test_what_is_refused),
	   UNIT_TEST(test_cut_and_trailing))
