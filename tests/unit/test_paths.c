/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tools/splitter/dwarf/dwarf.h"
#include "tools/splitter/paths.h"

#define INSTALLED "/usr/src/debug/hello-2.10-1.x86_64"

/* Frees GOT. */
static bool is(char *got, const char *wanted)
{
	bool same = got == NULL || wanted == NULL ? got == wanted : strcmp(got, wanted) == 0;
	free(got);
	return same;
}

/* WANTED by debugedit 5.0, where it rewrites at all. */
static void test_absolute_names_are_rewritten(void)
{
	static const struct {
		const char *path;
		const char *wanted; /* below INSTALLED; NULL: stays */
	} cases[] = {
		{"/build/foo", ""},
		{"/build/foo/", ""},
		{"/build/foo/a.c", "/a.c"},
		{"/build/foo//a", "/a"},
		{"/build/foo/./a", "/./a"},
		{"/build/foo/../a", "/../a"},
		{"/build/foo/a/", "/a/"},
		{"/build/foo/.", "/."},
		{"/build/foobar", NULL},
		{"/build/foobar/a.c", NULL},
		{"/build/fo", NULL},
		{"/build", NULL},
		{"/usr/include/stdio.h", NULL},
		{"a.c", NULL},
		{".", NULL},
		{"", NULL},
		{"build/foo/a.c", NULL},
		/* Other spellings of the same directory, which debugedit leaves. */
		{"/build//foo/a.c", "/a.c"},
		{"/build/./foo/a.c", "/a.c"},
		{"//build/foo/a.c", "/a.c"},
		{"/build/bar/../foo/a.c", "/a.c"},
		{"/../build/foo/a.c", "/a.c"},
		{"/build/bar/../foobar/a.c", NULL},
	};
	struct path_map *map = path_map_new("/build/foo", INSTALLED);
	struct path_map *slashes = path_map_new("//build/./foo//", INSTALLED "//");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char wanted[256];
		snprintf(wanted, sizeof(wanted), "%s%s", INSTALLED,
			 cases[i].wanted != NULL ? cases[i].wanted : "");
		const char *expected = cases[i].wanted != NULL ? wanted : NULL;
		CU_ASSERT(is(path_map_apply(map, cases[i].path), expected));
		CU_ASSERT(is(path_map_apply(slashes, cases[i].path), expected));
	}
	path_map_free(map);
	path_map_free(slashes);
}

static void test_relative_compilation_directories(void)
{
	struct path_map *map = path_map_new("/build/foo", INSTALLED);
	CU_ASSERT(is(path_map_apply_comp_dir(map, "."), INSTALLED));
	CU_ASSERT(is(path_map_apply_comp_dir(map, "./"), INSTALLED));
	CU_ASSERT(is(path_map_apply_comp_dir(map, ""), INSTALLED));
	CU_ASSERT(is(path_map_apply_comp_dir(map, "./src"), INSTALLED "/src"));
	CU_ASSERT(is(path_map_apply_comp_dir(map, "src/../lib"), INSTALLED "/lib"));
	CU_ASSERT(is(path_map_apply_comp_dir(map, "../foo/src"), INSTALLED "/src"));
	CU_ASSERT(is(path_map_apply_comp_dir(map, ".."), NULL));
	CU_ASSERT(is(path_map_apply_comp_dir(map, "../foobar"), NULL));
	CU_ASSERT(is(path_map_apply_comp_dir(map, "/build/foo/src"), INSTALLED "/src"));
	CU_ASSERT(is(path_map_apply_comp_dir(map, "/usr/src"), NULL));
	path_map_free(map);
}

static void test_names_become_absolute(void)
{
	static const struct {
		const char *directory, *path, *with_map, *without;
	} cases[] = {
		{"/build/foo/src", "a.c", "/build/foo/src/a.c", "/build/foo/src/a.c"},
		{"/build/foo/src", "../a.c", "/build/foo/a.c", "/build/foo/a.c"},
		{"/build/foo", "/usr/include/x.h", "/usr/include/x.h", "/usr/include/x.h"},
		{"/a", "../../../b", "/b", "/b"},
		{"/", "..", "/", "/"},
		{"/a/b", "./../.", "/a", "/a"},
		{".", "a.c", "/build/foo/a.c", "a.c"},
		{"./src", "../lib/a.c", "/build/foo/lib/a.c", "lib/a.c"},
		{NULL, "a.c", "/build/foo/a.c", "a.c"},
		{NULL, "/x//y/", "/x/y", "/x/y"},
		{"..", "a.c", "/build/a.c", "../a.c"},
		{"a/../..", "../b", "/b", "../../b"},
		{"a", "..", "/build/foo", ""},
		{"", "", "/build/foo", ""},
		{NULL, "...", "/build/foo/...", "..."},
		{NULL, ".a/..b", "/build/foo/.a/..b", ".a/..b"},
	};
	struct path_map *map = path_map_new("/build/foo", INSTALLED);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CU_ASSERT(is(path_absolute(map, cases[i].directory, cases[i].path),
			     cases[i].with_map));
		CU_ASSERT(is(path_absolute(NULL, cases[i].directory, cases[i].path),
			     cases[i].without));
	}
	path_map_free(map);
}

static void test_real_name_of_the_build_directory(void)
{
	char real[] = "/tmp/pkgnote-paths.XXXXXX", alias[64], below[128];
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(real));
	snprintf(alias, sizeof(alias), "%s.link", real);
	CU_ASSERT_EQUAL(symlink(real, alias), 0);
	struct path_map *map = path_map_new(alias, INSTALLED);
	snprintf(below, sizeof(below), "%s/a.c", real);
	CU_ASSERT(is(path_map_apply(map, below), INSTALLED "/a.c"));
	snprintf(below, sizeof(below), "%s/a.c", alias);
	CU_ASSERT(is(path_map_apply(map, below), INSTALLED "/a.c"));
	/* What is relative lies below the name that was given. */
	CU_ASSERT(is(path_absolute(map, ".", "a.c"), below));
	path_map_free(map);
	unlink(alias);
	rmdir(real);
}

static void test_the_root_as_build_directory(void)
{
	struct path_map *map = path_map_new("/", "/usr/src/debug/x");
	CU_ASSERT(is(path_map_apply(map, "/a/b.c"), "/usr/src/debug/x/a/b.c"));
	CU_ASSERT(is(path_absolute(map, ".", "a.c"), "/a.c"));
	path_map_free(map);
}

static void test_names_that_compilers_make_up(void)
{
	static const char *const made_up[] = {"",
					      "<built-in>",
					      "<command-line>",
					      "<artificial>",
					      "<stdin>",
					      "-",
					      "<autogenerated>",
					      "<missing>_86",
					      "/build/<built-in>",
					      "./<artificial>",
					      "/build/"};
	static const char *const sources[] = {"a.c", "/a.c", "a<b.c", "--", "src/-", "<.c"};
	for (size_t i = 0; i < sizeof(made_up) / sizeof(made_up[0]); i++)
		CU_ASSERT_FALSE(path_is_source(made_up[i]));
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		CU_ASSERT_TRUE(path_is_source(sources[i]));
}

UNIT_SUITE(paths, UNIT_TEST(test_absolute_names_are_rewritten),
	   UNIT_TEST(test_relative_compilation_directories), UNIT_TEST(test_names_become_absolute),
	   UNIT_TEST(test_real_name_of_the_build_directory),
	   UNIT_TEST(test_the_root_as_build_directory),
	   UNIT_TEST(test_names_that_compilers_make_up))
