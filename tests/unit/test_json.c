/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libnote/payload/json.h"
#include "unit.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The codes found in TEXT, in order, separated by spaces. */
static char codes[4096];

static bool add_code(void *context, const char *code, uint64_t offset, const char *detail)
{
	(void)context;
	CU_ASSERT(detail[0] != '\0');
	CU_ASSERT(offset < 100000);
	if (codes[0] != '\0')
		strcat(codes, " ");
	strcat(codes, code);
	return true;
}

static const char *judge_bytes(const char *text, size_t length)
{
	/* A copy without a byte to spare lets AddressSanitizer see a read past the end. */
	char *copy = malloc(length);
	json_object *object = NULL;
	struct note_error err = {0};
	memcpy(copy, text, length);
	codes[0] = '\0';
	int code = json_read(&object, span_of(copy, length), add_code, NULL, &err);
	CU_ASSERT_EQUAL(code == NOTE_OK, codes[0] == '\0');
	json_object_put(object);
	CU_ASSERT_EQUAL(json_read(&object, span_of(copy, length), NULL, NULL, NULL), code);
	json_object_put(object);
	free(copy);
	return codes;
}

static const char *judge(const char *text)
{
	return judge_bytes(text, strlen(text));
}

struct verdict {
	const char *text;
	const char *codes;
};

#define CHECK_ALL(table)                                                           \
	for (size_t i = 0; i < sizeof(table) / sizeof((table)[0]); i++) {          \
		const char *got = judge((table)[i].text);                          \
		if (strcmp(got, (table)[i].codes) != 0)                            \
			printf("%s: '%s' instead of '%s'\n", (table)[i].text, got, \
			       (table)[i].codes);                                  \
		CU_ASSERT_STRING_EQUAL(got, (table)[i].codes);                     \
	}

static void test_sound(void)
{
	static const char *const sound[] = {
		"{}",
		" { } ",
		"{\"a\":1}",
		"\t{\r\n\"a\" : [1 , null,true,false, {}, []] }\n",
		"{\"a\":\"\\\"\\\\\\/\"}",
		"{\"a\":{\"b\":1},\"b\":{\"a\":1}}",
		"[]",
		"0",
		"\"\"",
		"{\"\":\"\"}",
		"{\"a\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}",
		"null",
		"{\"a\":\"\xc2\xa0\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"}",
	};
	for (size_t i = 0; i < sizeof(sound) / sizeof(sound[0]); i++)
		CU_ASSERT_STRING_EQUAL(judge(sound[i]), "");
}

static void test_numbers(void)
{
	static const struct verdict table[] = {
		{"[0,-0,1,-1,10,9007199254740991,-9007199254740991]", ""},
		{"[0.0,-0.0,1.50,1e3,1E+3,1e-3,0e0,0.1,3.141592653589793]", ""},
		{"[1.7976931348623157e308,2.2250738585072014e-308,5e-324,1e22,1e300]", ""},
		{"[9007199254740993.5e-1]", "number-range"},
		{"[0.30000000000000004,123456789012345680000.0]", ""},
		{"9007199254740992", "number-range"},
		{"-9007199254740992", "number-range"},
		{"123456789012345678901234567890", "number-range"},
		{"1e309", "number-range"},
		{"-1e309", "number-range"},
		{"1e-400", "number-range"},
		{"9007199254740993.0", "number-range"},
		{"3.14159265358979323846", "number-range"},
		{"[1e309,1]", "number-range"},
		{"01", "trailing-data"},
		{"[01]", "syntax"},
		{"[1.]", "syntax"},
		{"[.5]", "syntax"},
		{"[+1]", "syntax"},
		{"[-]", "syntax"},
		{"[1e]", "syntax"},
		{"[0x10]", "syntax"},
		{"[NaN]", "syntax"},
		{"[Infinity]", "syntax"},
		{"[-Infinity]", "syntax"},
	};
	CHECK_ALL(table)
	char many[2000];
	memset(many, '1', sizeof(many));
	memcpy(many, "0.", 2);
	CU_ASSERT_STRING_EQUAL(judge_bytes(many, sizeof(many)), "number-range");
}

static void test_numbers_in_any_locale(void)
{
	if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL)
		setlocale(LC_NUMERIC, "C");
	CU_ASSERT_STRING_EQUAL(judge("[1.5,0.25]"), "");
	CU_ASSERT_STRING_EQUAL(judge("[1,5]"), "");
	setlocale(LC_NUMERIC, "C");
}

static void test_strings(void)
{
	static const struct verdict table[] = {
		{"\"\\n\"", "control-character"},
		{"\"a\tb\"", "control-character"},
		{"\"\\b\\f\\n\\r\\t\"", "control-character control-character control-character "
					"control-character control-character"},
		{"\"\x7f\"", "control-character"},
		{"\"\xc2\x80\"", "control-character"},
		{"\"\xc2\x9f\"", "control-character"},
		{"\"\\u0041\"", "unicode-escape"},
		{"\"\\u000a\"", "unicode-escape control-character"},
		{"\"\\ud83d\\ude00\"", "unicode-escape unicode-escape"},
		{"\"\\u12\"", "syntax"},
		{"\"\\x41\"", "syntax"},
		{"\"\\", "syntax"},
		{"\"\\u", "syntax"},
		{"\"abc", "syntax"},
		{"'abc'", "syntax"},
		{"\"\xff\"", "not-utf8"},
		{"\"\xc0\xaf\"", "not-utf8 not-utf8"},
		{"\"\xed\xa0\x80\"", "not-utf8 not-utf8 not-utf8"},
		{"\"\xf4\x90\x80\x80\"", "not-utf8 not-utf8 not-utf8 not-utf8"},
		{"\"\xe2\x82\"", "not-utf8 not-utf8"},
		{"\"\xc3", "not-utf8 syntax"},
		{"{\"\\n\":1}", "control-character"},
	};
	CHECK_ALL(table)
	CU_ASSERT_STRING_EQUAL(judge_bytes("\"a\0b\"", 5), "control-character");
}

static void test_structure(void)
{
	static const struct verdict table[] = {
		{"", "syntax"},
		{" ", "syntax"},
		{"{", "syntax"},
		{"{\"a\"}", "syntax"},
		{"{\"a\":}", "syntax"},
		{"{\"a\":1,}", "syntax"},
		{"{,}", "syntax"},
		{"{a:1}", "syntax"},
		{"{1:1}", "syntax"},
		{"[1,]", "syntax"},
		{"[1 2]", "syntax"},
		{"[1}", "syntax"},
		{"{} /* x */", "trailing-data"},
		{"/* x */ {}", "syntax"},
		{"{ // x\n}", "syntax"},
		{"\xef\xbb\xbf{}", "syntax"},
		{"\xff{}", "not-utf8"},
		{"{}\xff", "not-utf8"},
		{"{}x", "trailing-data"},
		{"{}{}", "trailing-data"},
		{"{\"a\":1,\x01\"b\":2}", "syntax"},
		{"tru", "syntax"},
		{"truee", "trailing-data"},
		{"{\"a\":1,\"a\":2}", "duplicate-key"},
		{"{\"a\":1,\"a\":2,\"a\":3}", "duplicate-key duplicate-key"},
		{"{\"x\":{\"a\":1,\"a\":2}}", "duplicate-key"},
		{"[{\"a\":1,\"a\":2}]", "duplicate-key"},
		{"{\"a\\/\":1,\"a/\":2}", "duplicate-key"},
		{"{\"n\":null,\"n\":null}", "duplicate-key"},
		{"{\"a\":\"\\n\",\"a\":1e999}", "control-character duplicate-key number-range"},
	};
	CHECK_ALL(table)
}

static void test_depth(void)
{
	char deep[2 * 129];
	memset(deep, '[', 129);
	memset(deep + 129, ']', 129);
	CU_ASSERT_STRING_EQUAL(judge_bytes(deep, sizeof(deep)), "syntax");
	CU_ASSERT_STRING_EQUAL(judge_bytes(deep + 1, sizeof(deep) - 2), "");
	static char hostile[100000];
	memset(hostile, '[', sizeof(hostile));
	CU_ASSERT_STRING_EQUAL(judge_bytes(hostile, sizeof(hostile)), "syntax");
}

static void test_offset_of_the_finding(void)
{
	json_object *object;
	struct note_error err = {0};
	const char *text = "{\"a\":1,\"bc\":9007199254740992}";
	CU_ASSERT_EQUAL(json_read(&object, span_of(text, strlen(text)), NULL, NULL, &err),
			NOTE_MALFORMED);
	CU_ASSERT_EQUAL(err.offset, 12);
	CU_ASSERT(strncmp(err.text, "number-range: ", 14) == 0);
	CU_ASSERT_PTR_NULL(object);
}

static bool go_on(void *context, const char *code, uint64_t offset, const char *detail)
{
	(void)context, (void)code, (void)offset, (void)detail;
	return true;
}

static void test_what_is_left(void)
{
	static const char text[] =
		"{\"a\":\"\xff\\n\",\"b\":1e999,\"c\":99999999999999999999,\"a\":\"\\u00e9\"}";
	json_object *object;
	CU_ASSERT_EQUAL(json_read(&object, span_of(text, sizeof(text) - 1), go_on, NULL, NULL),
			NOTE_MALFORMED);
	CU_ASSERT_PTR_NOT_NULL_FATAL(object);
	CU_ASSERT_STRING_EQUAL(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN),
			       "{\"a\":\"\xc3\xa9\",\"b\":1e999,\"c\":99999999999999999999}");
	json_object_put(object);
	CU_ASSERT_EQUAL(json_read(&object, span_of("{\"a\":1", 6), go_on, NULL, NULL),
			NOTE_MALFORMED);
	CU_ASSERT_PTR_NULL(object);
}

UNIT_SUITE(json, UNIT_TEST(test_what_is_left), UNIT_TEST(test_sound), UNIT_TEST(test_numbers),
	   UNIT_TEST(test_numbers_in_any_locale), UNIT_TEST(test_strings),
	   UNIT_TEST(test_structure), UNIT_TEST(test_depth), UNIT_TEST(test_offset_of_the_finding))
