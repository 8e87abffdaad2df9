/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tools/splitter/layout.h"

static void is(char *got, const char *want)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(got);
	CU_ASSERT_STRING_EQUAL(got, want);
	free(got);
}

static void test_names_of_rpm(void)
{
	struct layout layout;
	CU_ASSERT_EQUAL_FATAL(
		layout_init(&layout, LAYOUT_RPM, "/usr/lib/debug", "n", "1.0", "2", "x86_64", NULL),
		NOTE_OK);
	is(layout_debug_path(&layout, "usr/bin/a b", NULL),
	   "usr/lib/debug/usr/bin/a b-1.0-2.x86_64.debug");
	CU_ASSERT_STRING_EQUAL(layout.sources, "usr/src/debug/n-1.0-2.x86_64");
	CU_ASSERT_STRING_EQUAL(layout_debuglink("usr/lib/debug/x/y.debug"), "y.debug");
	layout_free(&layout);
}

static void test_names_of_deb(void)
{
	struct layout layout;
	CU_ASSERT_EQUAL_FATAL(layout_init(&layout, LAYOUT_DEB, "//usr/./lib/debug/", "n", "1.0",
					  NULL, "amd64", NULL),
			      NOTE_OK);
	is(layout_debug_path(&layout, "usr/bin/a", "0123abcd"),
	   "usr/lib/debug/.build-id/01/23abcd.debug");
	CU_ASSERT_PTR_NULL(layout_debug_path(&layout, "usr/bin/a", NULL));
	CU_ASSERT_PTR_NULL(layout_debug_path(&layout, "usr/bin/a", "01"));
	CU_ASSERT_STRING_EQUAL(layout.sources, "usr/src/debug/n-1.0.amd64");
	layout_free(&layout);
}

static void test_refuses_what_is_no_name(void)
{
	static const struct {
		const char *debug_root, *name, *version, *release, *arch;
	} bad[] = {
		{"/usr/lib/debug", "a/b", "1", "1", "x"},
		{"/usr/lib/debug", "a", "", "1", "x"},
		{"/usr/lib/debug", "a", "1", "..", "x"},
		{"/usr/lib/debug", "a", "1", "1", "/"},
		{"usr/lib/debug", "a", "1", "1", "x"},
		{"/usr/../debug", "a", "1", "1", "x"},
		{"/", "a", "1", "1", "x"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct layout layout;
		CU_ASSERT_EQUAL(layout_init(&layout, LAYOUT_RPM, bad[i].debug_root, bad[i].name,
					    bad[i].version, bad[i].release, bad[i].arch, NULL),
				NOTE_USAGE);
		layout_free(&layout);
	}
}

static void test_relative_links(void)
{
	is(layout_relative("usr/lib/debug/.build-id/ab/cd.debug", "usr/lib/debug/usr/bin/x.debug"),
	   "../../usr/bin/x.debug");
	is(layout_relative("usr/lib/.build-id/ab/cd", "usr/bin/x"), "../../../bin/x");
	is(layout_relative("a", "b"), "b");
	is(layout_relative("opt/x", "usr/y"), "../usr/y");
	is(layout_relative("ab/c", "abc"), "../abc");
}

static void link_is(const char *directory, const char *path, const char *want)
{
	char target[200] = "";
	char *full = xasprintf("%s/%s", directory, path);
	ssize_t size = readlink(full, target, sizeof(target) - 1);
	CU_ASSERT_TRUE(size > 0);
	CU_ASSERT_STRING_EQUAL(target, want);
	free(full);
}

/* Two files of one build-id: numbers, and the same names again in a second run. */
static void test_links_of_duplicates(void)
{
	char directory[] = "/tmp/pkgnote-layout-XXXXXX";
	struct layout layout;
	struct root *root;
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
	CU_ASSERT_EQUAL_FATAL(root_open(&root, directory, NULL), NOTE_OK);
	CU_ASSERT_EQUAL_FATAL(
		layout_init(&layout, LAYOUT_RPM, "/usr/lib/debug", "n", "1", "1", "x", NULL),
		NOTE_OK);
	static const char *const files[] = {"bin/a", "bin/b", "usr/lib/debug/bin/a.debug",
					    "usr/lib/debug/bin/b.debug"};
	for (size_t i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(root_write(root, &files[i], 1, "x", 1, &attributes, NULL), NOTE_OK);
	for (int run = 0; run < 2; run++) {
		for (size_t i = 0; i < 2; i++)
			CU_ASSERT_EQUAL(layout_links(&layout, root, files[i], files[i + 2],
						     "abcdef01", 0, NULL),
					NOTE_OK);
		link_is(directory, "usr/lib/.build-id/ab/cdef01", "../../../../bin/a");
		link_is(directory, "usr/lib/.build-id/ab/cdef01.1", "../../../../bin/b");
		link_is(directory, "usr/lib/debug/.build-id/ab/cdef01.debug", "../../bin/a.debug");
		link_is(directory, "usr/lib/debug/.build-id/ab/cdef01.1.debug",
			"../../bin/b.debug");
	}
	layout_free(&layout);
	root_close(root);
	CU_ASSERT_EQUAL_FATAL(root_open(&root, "/tmp", NULL), NOTE_OK);
	CU_ASSERT_EQUAL(root_remove_tree(root, directory + 5, NULL), NOTE_OK);
	root_close(root);
}

UNIT_SUITE(layout, UNIT_TEST(test_names_of_rpm), UNIT_TEST(test_names_of_deb),
	   UNIT_TEST(test_refuses_what_is_no_name), UNIT_TEST(test_relative_links),
	   UNIT_TEST(test_links_of_duplicates))
