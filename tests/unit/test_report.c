/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports: order, counts, escaping, and parts that become one. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tools/base/page/markup.h"
#include "tools/base/text.h"
#include "tools/release/reports/merge.h"

static void add(struct report *report, const char *input, const char *path, const char *check,
		enum verdict verdict, const char *reason)
{
	struct finding finding = {0};
	finding_set(&finding, verdict, "%s", reason);
	report_add(report, input, path, "abcd", check, &finding);
}

static char *written(const struct report_format *format, const struct report *report)
{
	const struct report_style style = {0};
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	CU_ASSERT_PTR_NOT_NULL_FATAL(to);
	format->write(to, report, &style);
	fclose(to);
	return text;
}

static void test_order_is_by_bytes(void)
{
	struct report a = {0}, b = {0};
	static const char *const paths[] = {"/b", "/a", "/\xff", "/A", "/a/b"};
	for (int i = 0; i < 5; i++) {
		add(&a, "i", paths[i], "note", VERDICT_PASS, "");
		add(&a, "i", paths[i], "build-id", VERDICT_PASS, "");
		add(&b, "i", paths[4 - i], "build-id", VERDICT_PASS, "");
		add(&b, "i", paths[4 - i], "note", VERDICT_PASS, "");
	}
	report_sort(&a);
	report_sort(&b);
	char *one = written(&json_format, &a), *two = written(&json_format, &b);
	CU_ASSERT_STRING_EQUAL(one, two);
	CU_ASSERT_STRING_EQUAL(a.results[0].path, "/A");
	CU_ASSERT_STRING_EQUAL(a.results[0].check, "build-id");
	CU_ASSERT_STRING_EQUAL(a.results[9].path, "/\xff");
	free(one);
	free(two);
	report_free(&a);
	report_free(&b);
}

static void test_good_is_nothing_wrong(void)
{
	static const bool good[VERDICTS] = {[VERDICT_PASS] = true, [VERDICT_SKIPPED] = true};
	for (int v = 0; v < VERDICTS; v++) {
		struct report report = {0};
		add(&report, "i", "/a", "note", (enum verdict)v, "");
		CU_ASSERT_EQUAL(report_is_good(&report), good[v]);
		CU_ASSERT_EQUAL(report_count(&report, (enum verdict)v), 1);
		report_free(&report);
	}
}

static void test_json_holds_any_name(void)
{
	struct report report = {0};
	add(&report, "i", "/\"\\\n\x01\xff%41", "note", VERDICT_FAIL, "a\tb");
	report_add_unread(&report, "\"", "why");
	char *text = written(&json_format, &report);
	json_object *root = json_tokener_parse(text), *results, *one, *value;
	CU_ASSERT_PTR_NOT_NULL_FATAL(root);
	CU_ASSERT_TRUE_FATAL(json_object_object_get_ex(root, "results", &results));
	one = json_object_array_get_idx(results, 0);
	CU_ASSERT_TRUE(json_object_object_get_ex(one, "path", &value));
	char *path = name_from_utf8(json_object_get_string(value));
	CU_ASSERT_STRING_EQUAL(path, report.results[0].path);
	free(path);
	json_object_put(root);
	free(text);
	report_free(&report);
}

static void test_markup(void)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	put_markup(to, "<a href='x'>&\"\x01\xff\xef\xbf\xbf"
		       "é</a>");
	fclose(to);
	CU_ASSERT_STRING_EQUAL(text,
			       "&lt;a href=&#39;x&#39;&gt;&amp;&quot;%01%FF%EF%BF%BFé&lt;/a&gt;");
	free(text);
}

static void test_no_format_lets_markup_through(void)
{
	static const struct report_format *const formats[] = {&html_format, &junit_format};
	for (int i = 0; i < 2; i++) {
		struct report report = {0};
		add(&report, "<evil>", "/<evil>", "note", VERDICT_FAIL, "<evil> \"<evil>'");
		report_add_unread(&report, "<evil>", "<evil>");
		char *text = written(formats[i], &report);
		CU_ASSERT_PTR_NULL(strstr(text, "<evil"));
		free(text);
		report_free(&report);
	}
}

static void test_parts_become_one(void)
{
	struct report whole = {0}, merged = {0};
	struct merge merge = {0};
	struct note_error err;
	for (unsigned part = 1; part <= 2; part++) {
		struct report report = {.shard = part, .shards = 2};
		const char *path = part == 1 ? "/a" : "/b\xff";
		add(&report, "i", path, "build-id", VERDICT_PASS, "abcd");
		add(&report, "i", path, "note", VERDICT_FAIL, "no note");
		add(&whole, "i", path, "note", VERDICT_FAIL, "no note");
		/* Two parts, one build-id, other bytes: neither part could know. */
		report_add_file(&report, "i", path, "abcd", part == 1 ? "11" : "22");
		char *text = written(&json_format, &report);
		CU_ASSERT_EQUAL(merge_add(&merge, &merged, text, strlen(text), &err), NOTE_OK);
		CU_ASSERT_EQUAL(part == 1 ? NOTE_OK
					  : merge_add(&merge, &merged, text, strlen(text), &err),
				part == 1 ? NOTE_OK : NOTE_USAGE);
		free(text);
		report_free(&report);
	}
	merge_end(&merge, &merged);
	CU_ASSERT_EQUAL(merged.count, 4);
	CU_ASSERT_EQUAL(merged.unread_count, 0);
	CU_ASSERT_EQUAL(report_count(&merged, VERDICT_FAIL), 4);
	CU_ASSERT_STRING_EQUAL(merged.results[3].path, "/b\xff");
	report_free(&whole);
	report_free(&merged);
}

static void test_a_missing_part_is_told(void)
{
	struct report part = {.shard = 2, .shards = 3}, merged = {0};
	struct merge merge = {0};
	struct note_error err;
	char *text = written(&json_format, &part);
	CU_ASSERT_EQUAL(merge_add(&merge, &merged, text, strlen(text), &err), NOTE_OK);
	merge_end(&merge, &merged);
	CU_ASSERT_EQUAL_FATAL(merged.unread_count, 2);
	CU_ASSERT_STRING_EQUAL(merged.unread[0].input, "part 1 of 3");
	CU_ASSERT_STRING_EQUAL(merged.unread[1].input, "part 3 of 3");
	free(text);
	report_free(&merged);
}

static void test_no_report_is_refused(void)
{
	static const struct {
		const char *json;
		int code;
	} cases[] = {
		{"", NOTE_MALFORMED},
		{"[]", NOTE_MALFORMED},
		{"{\"reportVersion\": \"1\"}", NOTE_MALFORMED},
		{"{\"reportVersion\": 2, \"results\": []}", NOTE_UNSUPPORTED},
		{"{\"reportVersion\": 1}", NOTE_MALFORMED},
		{"{\"reportVersion\": 1, \"results\": [3]}", NOTE_MALFORMED},
		{"{\"reportVersion\": 1, \"results\": [], \"shard\": {\"index\": 0, \"count\": 1}}",
		 NOTE_MALFORMED},
		{"{\"reportVersion\": 1, \"results\": [], \"shard\": {\"index\": 1, \"count\": "
		 "99999999}}",
		 NOTE_MALFORMED},
		{"{\"reportVersion\": 1, \"results\": []}", NOTE_OK},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct merge merge = {0};
		struct report report = {0};
		struct note_error err;
		CU_ASSERT_EQUAL(
			merge_add(&merge, &report, cases[i].json, strlen(cases[i].json), &err),
			cases[i].code);
		merge_end(&merge, &report);
		report_free(&report);
	}
}

static void test_shards_are_fixed(void)
{
	unsigned counts[4] = {0};
	for (int i = 0; i < 4000; i++) {
		char path[32];
		snprintf(path, sizeof(path), "/usr/bin/%d", i);
		const unsigned part = shard_of("/here/t.deb", path, 4);
		CU_ASSERT_FATAL(part >= 1 && part <= 4);
		CU_ASSERT_EQUAL(part, shard_of("/there/t.deb", path, 4));
		counts[part - 1]++;
	}
	for (int i = 0; i < 4; i++)
		CU_ASSERT(counts[i] > 800 && counts[i] < 1200);
}

UNIT_SUITE(report, UNIT_TEST(test_order_is_by_bytes), UNIT_TEST(test_good_is_nothing_wrong),
	   UNIT_TEST(test_json_holds_any_name), UNIT_TEST(test_markup),
	   UNIT_TEST(test_no_format_lets_markup_through), UNIT_TEST(test_parts_become_one),
	   UNIT_TEST(test_a_missing_part_is_told), UNIT_TEST(test_no_report_is_refused),
	   UNIT_TEST(test_shards_are_fixed))
