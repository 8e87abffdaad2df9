/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libnote/libnote.h"
#include "unit.h"

#include <string.h>

static void round_trip(const char *in, const char *out)
{
	struct note_package *package = NULL;
	CU_ASSERT_EQUAL_FATAL(note_package_parse(&package, in, strlen(in), NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(note_package_json(package), out);
	note_package_free(package);
}

static void test_built_in_canonical_order(void)
{
	struct note_package *package = NULL;
	CU_ASSERT_EQUAL_FATAL(note_package_new(&package, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(note_package_json(package), "{}");
	static const char *const keys[] = {"zeta",         "debugInfoUrl", "appCpe",  "osCpe",
					   "architecture", "alpha",        "version", "name",
					   "osVersion",    "os",           "type"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		CU_ASSERT_EQUAL(note_package_set(package, keys[i], "1", NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(
		note_package_json(package),
		"{\"type\":\"1\",\"os\":\"1\",\"osVersion\":\"1\",\"name\":\"1\",\"version\":\"1\","
		"\"architecture\":\"1\",\"osCpe\":\"1\",\"appCpe\":\"1\",\"debugInfoUrl\":\"1\","
		"\"zeta\":\"1\",\"alpha\":\"1\"}");
	note_package_free(package);
}

static void test_set_get_drop(void)
{
	struct note_package *package = NULL;
	struct note_error err = {0};
	CU_ASSERT_EQUAL_FATAL(note_package_new(&package, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(note_package_set(package, "name", "a", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(note_package_set(package, "x", "\"/\\\xc3\xa9", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(note_package_set(package, "name", "b", NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(note_package_json(package),
			       "{\"name\":\"b\",\"x\":\"\\\"/\\\\\xc3\xa9\"}");
	CU_ASSERT_STRING_EQUAL(note_package_get(package, "x"), "\"/\\\xc3\xa9");
	CU_ASSERT_EQUAL(note_package_set(package, "name", NULL, NULL), NOTE_OK);
	CU_ASSERT_EQUAL(note_package_set(package, "none", NULL, NULL), NOTE_OK);
	CU_ASSERT_PTR_NULL(note_package_get(package, "name"));
	CU_ASSERT_EQUAL(note_package_set(package, "x", "a\nb", &err), NOTE_USAGE);
	CU_ASSERT_EQUAL(note_package_set(package, "a\nb", "x", &err), NOTE_USAGE);
	CU_ASSERT_STRING_EQUAL(err.text, "key a?b: holds a control character");
	CU_ASSERT_EQUAL(note_package_set(package, "x", "\xc2\x85", &err), NOTE_USAGE);
	CU_ASSERT_EQUAL(note_package_set(package, "x", "\xff", &err), NOTE_USAGE);
	CU_ASSERT_STRING_EQUAL(err.text, "x: not UTF-8");
	CU_ASSERT_STRING_EQUAL(note_package_get(package, "x"), "\"/\\\xc3\xa9");
	note_package_free(package);
	note_package_free(NULL);
}

static void test_round_trips(void)
{
	round_trip(" { } ", "{}");
	round_trip("{\"name\":\"x\",\"a\":[1,2,{\"b\":null}],\"c\":true,\"type\":\"rpm\"}",
		   "{\"type\":\"rpm\",\"name\":\"x\",\"a\":[1,2,{\"b\":null}],\"c\":true}");
	round_trip("{\"n\":[0,-0,1.50,1E+3,1e-3,-0.0,9007199254740991,1e300]}",
		   "{\"n\":[0,-0,1.50,1E+3,1e-3,-0.0,9007199254740991,1e300]}");
	round_trip("{\"u\":\"http:\\/\\/x\"}", "{\"u\":\"http://x\"}");
	round_trip("{\"name\":null,\"os\":{}}", "{\"os\":{},\"name\":null}");
	round_trip("{\"a\":\"\xf0\x9f\x98\x80\"}", "{\"a\":\"\xf0\x9f\x98\x80\"}");
}

static void test_refused(void)
{
	struct note_package *package = NULL;
	struct note_error err = {0};
	CU_ASSERT_EQUAL(note_package_parse(&package, "[1]", 3, &err), NOTE_MALFORMED);
	CU_ASSERT(strncmp(err.text, "not-object: ", 12) == 0);
	CU_ASSERT_EQUAL(note_package_parse(&package, "{}}", 3, &err), NOTE_MALFORMED);
	CU_ASSERT(strncmp(err.text, "trailing-data: ", 15) == 0);
	CU_ASSERT_EQUAL(note_package_parse(&package, "null", 4, &err), NOTE_MALFORMED);
	CU_ASSERT_EQUAL(note_package_parse(&package, "", 0, &err), NOTE_MALFORMED);
	CU_ASSERT_PTR_NULL(package);
}

static void test_values_that_are_no_strings(void)
{
	struct note_package *package = NULL;
	CU_ASSERT_EQUAL_FATAL(note_package_parse(&package, "{\"a\":1,\"b\":null}", 16, NULL),
			      NOTE_OK);
	CU_ASSERT_PTR_NULL(note_package_get(package, "a"));
	CU_ASSERT_PTR_NULL(note_package_get(package, "b"));
	note_package_free(package);
}

UNIT_SUITE(package, UNIT_TEST(test_built_in_canonical_order), UNIT_TEST(test_set_get_drop),
	   UNIT_TEST(test_round_trips), UNIT_TEST(test_refused),
	   UNIT_TEST(test_values_that_are_no_strings))
