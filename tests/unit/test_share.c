/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The share's parts that need no share: the order of versions, records, names of packages. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tools/base/json_text.h"
#include "tools/share/internal.h"
#include "tools/share/version.h"

/* Older, newer, or equal (each case as dpkg --compare-versions has it). */
static void test_deb_order(void)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
		{"1.9", "1.10", -1},
		{"1.0", "1.0", 0},
		{"1.0", "1.00", 0},
		{"1.0~rc1", "1.0", -1},
		{"1.0~~", "1.0~", -1},
		{"1.0~", "1.0", -1},
		{"1.0", "1.0a", -1},
		{"1.0a", "1.0+", -1},
		{"1.0+b1", "1.0.1", -1},
		{"a", "b", -1},
		{"1.0-", "1.0", 1},
		{"", "0", 0},
		{"2.0", "1.99999999999999999999999", 1},
		{"1.99999999999999999999998", "1.99999999999999999999999", -1},
		{"1a2", "1a10", -1},
		{"1.2z", "1.2Z", 1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_EQUAL(deb_compare(cases[i].a, cases[i].b), cases[i].order);
		CU_ASSERT_EQUAL(deb_compare(cases[i].b, cases[i].a), -cases[i].order);
	}
}

/* As rpm.vercmp has it. */
static void test_rpm_order(void)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
		{"1.9", "1.10", -1},
		{"1.0", "1.0", 0},
		{"1.05", "1.5", 0},
		{"2.0.1", "2.0.1a", -1},
		{"5.5p1", "5.5p10", -1},
		{"10xyz", "10.1xyz", -1},
		{"xyz10", "xyz10.1", -1},
		{"xyz.4", "8", -1},
		{"5.5p2", "5.6p1", -1},
		{"1.0~rc1", "1.0", -1},
		{"1.0~rc1", "1.0~rc2", -1},
		{"1.0^", "1.0", 1},
		{"1.0^git1", "1.0.1", -1},
		{"1.0^git1", "1.01", -1},
		{"1.0~rc1^git1", "1.0~rc1", 1},
		{"1.0^git1~pre", "1.0^git1", -1},
		{"1_0", "1.0", 0},
		{"a", "A", 1},
		{"", "0", -1},
		{"1.0-", "1.0", 0},
		{"99999999999999999998", "99999999999999999999", -1},
		{"2a", "2.0", -1},
		{"1.0.", "1.0", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT_EQUAL(rpm_compare(cases[i].a, cases[i].b), cases[i].order);
		CU_ASSERT_EQUAL(rpm_compare(cases[i].b, cases[i].a), -cases[i].order);
	}
}

static void test_whole_versions(void)
{
	CU_ASSERT(version_compare("deb", "1:0.1", "1", "9.9", "1") > 0);
	CU_ASSERT(version_compare("rpm", "0:2", "1", "2", "1") == 0);
	CU_ASSERT(version_compare(NULL, "2", "9", "2", "10") < 0);
	CU_ASSERT(version_compare("deb", "2", NULL, "2", "1") < 0);
	CU_ASSERT(version_compare("deb", "x:1", NULL, "x:2", NULL) < 0);
}

static void test_package_names(void)
{
	static const char *const cases[][5] = {
		{"hello-2.10-3.x86_64", "hello", "2.10", "3", "x86_64"},
		{"gtk-doc-1.2-3.fc40.noarch", "gtk-doc", "1.2", "3.fc40", "noarch"},
		{"hello-2.10.amd64", "hello", "2.10", NULL, "amd64"},
		{"gtk-doc-2.10.amd64", "gtk-doc", "2.10", NULL, "amd64"},
		{"lib-1:2~rc-4.i686", "lib", "1:2~rc", "4", "i686"},
	};
	static const char *const none[] = {"", "hello", "hello.x", "-1.x", "hello-1", "hello-1."};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct record r = {0};
		CU_ASSERT_TRUE_FATAL(split_package_name(cases[i][0], &r));
		CU_ASSERT_STRING_EQUAL(r.name, cases[i][1]);
		CU_ASSERT_STRING_EQUAL(r.version, cases[i][2]);
		CU_ASSERT_EQUAL(r.release == NULL, cases[i][3] == NULL);
		if (r.release != NULL)
			CU_ASSERT_STRING_EQUAL(r.release, cases[i][3]);
		CU_ASSERT_STRING_EQUAL(r.architecture, cases[i][4]);
		record_free(&r);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct record r = {0};
		CU_ASSERT_FALSE(split_package_name(none[i], &r));
		record_free(&r);
	}
	CU_ASSERT_TRUE(is_package_name("a b-1:2~+^-3.x"));
	CU_ASSERT_FALSE(is_package_name(""));
	CU_ASSERT_FALSE(is_package_name(".."));
	CU_ASSERT_FALSE(is_package_name(".a"));
	CU_ASSERT_FALSE(is_package_name("a/b"));
	CU_ASSERT_FALSE(is_package_name("a\nb"));
	CU_ASSERT_FALSE(is_package_name("a\xff"));
}

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void add(struct record *record, const char *path)
{
	struct record_file *file = record_add(record);
	file->path = xstrdup(path);
	file->origin = xasprintf("from/%s", path);
	file->size = 3;
	strcpy(file->sha256, DIGEST);
}

static void test_record(void)
{
	struct record record = {.package = xstrdup("p-1-1.x")}, back;
	add(&record, "source/usr/src/debug/a\n\"\\\xff%41.c");
	add(&record, "buildid/0123456789/executable");
	add(&record, "buildid/0123456789/debuginfo");
	record_sort(&record);
	char *json = record_to_json(&record);
	CU_ASSERT_EQUAL_FATAL(record_parse(&back, json, strlen(json), NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(back.package, "p-1-1.x");
	CU_ASSERT_PTR_NULL(back.type);
	CU_ASSERT_TRUE(record_same_files(&record, &back));
	CU_ASSERT_STRING_EQUAL(back.files[0].path, "buildid/0123456789/debuginfo");
	CU_ASSERT_STRING_EQUAL(back.files[2].path, "source/usr/src/debug/a\n\"\\\xff%41.c");
	/* The same without the layout of lines. */
	struct record flat;
	char *text = xstrdup(json);
	for (char *p = text; *p != '\0'; p++)
		*p = *p == '\n' ? ' ' : *p;
	CU_ASSERT_EQUAL(record_parse(&flat, text, strlen(text), NULL), NOTE_OK);
	CU_ASSERT_TRUE(record_same_files(&flat, &back));
	CU_ASSERT_STRING_EQUAL(flat.files[2].origin, back.files[2].origin);
	record_free(&flat);
	free(text);
	back.files[1].sha256[0] = 'f';
	CU_ASSERT_FALSE(record_same_files(&record, &back));
	record_free(&back);
	for (size_t i = 0; i + 2 < strlen(json); i++)
		CU_ASSERT_EQUAL(record_parse(&back, json, i, NULL), NOTE_MALFORMED);
	free(json);
	record_free(&record);
}

/* Nothing but what a package of ours can hold is ever removed or linked to by a record. */
static void test_hostile_records(void)
{
	static const char *const paths[] = {
		"",
		"/etc/passwd",
		"../../store",
		"record.json",
		"buildid/0123456789",
		"buildid/0123456789/",
		"buildid/0123456789/source",
		"buildid/0123456789/debuginfo/x",
		"buildid/../debuginfo",
		"buildid/012345678/debuginfo",
		"buildid/ABCD/debuginfo",
		"buildid/0123/../../x/debuginfo",
		"source",
		"source/",
		"source//x",
		"source/../x",
		"source/a/..",
		"source/./x",
		"source/x/",
		"source/%2e%2e/x",
	};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct record back;
		char *json = xasprintf("{\"recordVersion\": 1, \"package\": \"p\", \"files\": "
				       "[{\"path\": \"%s\", \"size\": 1, \"sha256\": \"" DIGEST
				       "\", \"origin\": \"x\"}]}",
				       paths[i]);
		if (record_parse(&back, json, strlen(json), NULL) != NOTE_MALFORMED)
			CU_FAIL(paths[i]);
		free(json);
	}
	static const char *const texts[] = {
		"[]",
		"{}",
		"{\"recordVersion\": 1}",
		"{\"recordVersion\": 1, \"package\": \"../x\", \"files\": []}",
		"{\"recordVersion\": 1, \"package\": \"p\", \"files\": {}}",
		"{\"recordVersion\": 1, \"package\": \"p\", \"files\": [7]}",
		"{\"recordVersion\": \"1\", \"package\": \"p\", \"files\": []}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct record back;
		CU_ASSERT_EQUAL(record_parse(&back, texts[i], strlen(texts[i]), NULL),
				NOTE_MALFORMED);
	}
	struct record back;
	const char *later = "{\"recordVersion\": 2, \"package\": \"p\", \"files\": []}";
	CU_ASSERT_EQUAL(record_parse(&back, later, strlen(later), NULL), NOTE_UNSUPPORTED);
}

static void test_build_id_paths(void)
{
	char hex[129], path[200];
	CU_ASSERT_STRING_EQUAL(build_id_path("buildid/0a/debuginfo", hex), "debuginfo");
	CU_ASSERT_STRING_EQUAL(hex, "0a");
	memset(path, '0', sizeof(path));
	memcpy(path, "buildid/", 8);
	strcpy(path + 8 + 128, "/x");
	CU_ASSERT_STRING_EQUAL(build_id_path(path, hex), "x");
	strcpy(path + 8 + 130, "/x");
	memset(path + 8, '0', 130);
	CU_ASSERT_PTR_NULL(build_id_path(path, hex));
	CU_ASSERT_PTR_NULL(build_id_path("buildid//debuginfo", hex));
	CU_ASSERT_PTR_NULL(build_id_path("buildid/0a", hex));
	CU_ASSERT_PTR_NULL(build_id_path("source/0a/x", hex));
}

/* What json-c's parsers are handed is ASCII, and means the same. */
static void test_json_of_other_letters(void)
{
	static const char text[] = "{\"a\": \"x\303\244\342\202\254\360\237\230\200\\n\"}";
	size_t size = strlen("plain");
	CU_ASSERT_PTR_NULL(json_ascii("plain", &size));
	size = sizeof(text) - 1;
	char *ascii = json_ascii(text, &size);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ascii);
	CU_ASSERT_STRING_EQUAL(ascii, "{\"a\": \"x\\u00e4\\u20ac\\ud83d\\ude00\\n\"}");
	CU_ASSERT_EQUAL(size, strlen(ascii));
	free(ascii);
	/* What is no UTF-8 is not made any. */
	size = 3;
	ascii = json_ascii("a\377b", &size);
	CU_ASSERT_STRING_EQUAL(ascii, "a\377b");
	free(ascii);
	struct record record = {.package = xstrdup("a-1.x")}, back;
	struct record_file *file = record_add(&record);
	file->path = xstrdup("source/usr/src/debug/d/\303\244\360\237\230\200.c");
	file->origin = xstrdup("\303\244\377");
	memset(file->sha256, 'a', 64);
	char *json = record_to_json(&record);
	CU_ASSERT_EQUAL_FATAL(record_parse(&back, json, strlen(json), NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(back.files[0].path, file->path);
	CU_ASSERT_STRING_EQUAL(back.files[0].origin, file->origin);
	record_free(&back);
	record_free(&record);
	free(json);
}

UNIT_SUITE(share, UNIT_TEST(test_json_of_other_letters), UNIT_TEST(test_deb_order),
	   UNIT_TEST(test_rpm_order), UNIT_TEST(test_whole_versions), UNIT_TEST(test_package_names),
	   UNIT_TEST(test_record), UNIT_TEST(test_hostile_records), UNIT_TEST(test_build_id_paths))
