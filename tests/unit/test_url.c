/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of servers and artifacts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/unit.h"
#include "tools/base/retry.h"
#include "tools/debuginfod/environment.h"
#include "tools/debuginfod/url.h"

/* GOT (freed here) is WANT; NULL is equal to NULL. */
static bool is(char *got, const char *want)
{
	const bool same = got == NULL || want == NULL ? got == want : strcmp(got, want) == 0;
	if (!same)
		fprintf(stderr, "  got %s, want %s\n", got ? got : "NULL", want ? want : "NULL");
	free(got);
	return same;
}

static void test_encoding_keeps_unreserved_alone(void)
{
	CU_ASSERT(is(url_encode_path("/usr/src/a-b_c.d~e/F9"), "/usr/src/a-b_c.d~e/F9"));
	CU_ASSERT(is(url_encode_path("/a b+c%d"), "/a%20b%2Bc%25d"));
	CU_ASSERT(is(url_encode_path("/\xc3\xa4?#[]@"), "/%C3%A4%3F%23%5B%5D%40"));
	CU_ASSERT(is(url_encode_path(""), ""));
}

static void test_servers_are_completed(void)
{
	CU_ASSERT(is(url_server("https://host.example/"), "https://host.example"));
	CU_ASSERT(is(url_server("http://host:8002/pool//"), "http://host:8002/pool"));
	CU_ASSERT(is(url_server("localhost:8002"), "http://localhost:8002"));
	CU_ASSERT(is(url_server("/srv/my share"), "file:///srv/my%20share"));
	CU_ASSERT(is(url_server("FILE:///srv/x"), "FILE:///srv/x"));
	CU_ASSERT(is(url_server("file:/srv/my%20share/"), "file:///srv/my%20share"));
	CU_ASSERT(is(url_server("http:8002"), "http://http:8002")); /* a host */
}

static void test_other_schemes_are_refused(void)
{
	CU_ASSERT(is(url_server("ftp://host/"), NULL));
	CU_ASSERT(is(url_server("gopher://host/"), NULL));
	CU_ASSERT(is(url_server(""), NULL));
	CU_ASSERT(is(url_server("http://"), NULL));
	CU_ASSERT(is(url_server("http:/host"), NULL));
	CU_ASSERT(is(url_server("https:host"), NULL));
	CU_ASSERT(is(url_server("file:srv"), NULL));
	CU_ASSERT(is(url_server("http://host/?key=1"), NULL));
	CU_ASSERT(is(url_server("http://host:99999999/"), NULL));
}

static void test_artifacts_have_their_urls(void)
{
	const char *base = "http://h";
	CU_ASSERT(is(url_artifact(base, ARTIFACT_DEBUGINFO, "ab12", NULL),
		     "http://h/buildid/ab12/debuginfo"));
	CU_ASSERT(is(url_artifact(base, ARTIFACT_EXECUTABLE, "ab12", NULL),
		     "http://h/buildid/ab12/executable"));
	/* The server's database knows the name as DWARF has it, dots and all. */
	CU_ASSERT(is(url_artifact(base, ARTIFACT_SOURCE, "ab12", "/a/../b c++.cc"),
		     "http://h/buildid/ab12/source/a/../b%20c%2B%2B.cc"));
	CU_ASSERT(is(url_artifact(base, ARTIFACT_SECTION, "ab12", ".gdb_index"),
		     "http://h/buildid/ab12/section/.gdb_index"));
}

static void test_paths_in_a_share_are_normal(void)
{
	CU_ASSERT(is(url_share_path(ARTIFACT_SOURCE, "ab", "/usr//src/./x/../a b.c"),
		     "buildid/ab/source/usr/src/a b.c"));
	CU_ASSERT(is(url_share_path(ARTIFACT_SOURCE, "ab", "/../../../etc/passwd"),
		     "buildid/ab/source/etc/passwd"));
	CU_ASSERT(is(url_share_path(ARTIFACT_SECTION, "ab", ".."), "buildid/ab/section"));
}

static void test_file_urls_are_of_this_machine(void)
{
	CU_ASSERT(is(url_directory("file:///srv/a%20b"), "/srv/a b"));
	CU_ASSERT(is(url_directory("file://localhost/srv"), "/srv"));
	CU_ASSERT(is(url_directory("file://elsewhere/srv"), NULL));
	CU_ASSERT(is(url_directory("file:///srv%00/x"), NULL));
}

static void test_secrets_are_not_shown(void)
{
	CU_ASSERT(is(url_without_secrets("https://me:word@h/p"), "https://h/p"));
	CU_ASSERT(is(url_without_secrets("https://h/p@q"), "https://h/p@q"));
	CU_ASSERT(is(url_without_secrets("https://a@b@h"), "https://h"));
}

static void test_origins(void)
{
	CU_ASSERT(url_same_origin("https://h/a", "https://H:443/b"));
	CU_ASSERT(url_same_origin("http://me:word@h/a", "http://h/b"));
	CU_ASSERT(!url_same_origin("https://h/a", "http://h/a"));
	CU_ASSERT(!url_same_origin("https://h/a", "https://h:444/a"));
	CU_ASSERT(!url_same_origin("https://h/a", "https://h.evil/a"));
	CU_ASSERT(!url_same_origin("https://h/a", "nonsense"));
}

static void test_default_servers(void)
{
	struct strings servers = {0}, given = {0};
	setenv("DEBUGINFOD_URLS", "http://a  ima:enforcing http://b\nhttp://c ima:ignore d", 1);
	client_default_servers(&servers, NULL, NULL, NULL);
	CU_ASSERT_EQUAL_FATAL(servers.count, 4);
	CU_ASSERT_STRING_EQUAL(servers.items[0], "http://a");
	CU_ASSERT_STRING_EQUAL(servers.items[1], "ima:enforcing http://b");
	CU_ASSERT_STRING_EQUAL(servers.items[2], "ima:enforcing http://c");
	CU_ASSERT_STRING_EQUAL(servers.items[3], "d");
	strings_free(&servers);
	strings_add(&given, "http://g");
	client_default_servers(&servers, &given, NULL, NULL);
	CU_ASSERT_EQUAL(servers.count, 1);
	strings_free(&servers);
	strings_free(&given);
	setenv("DEBUGINFOD_URLS", "", 1);
	client_default_servers(&servers, NULL, NULL, NULL);
	CU_ASSERT_EQUAL(servers.count, 0);
	strings_free(&servers);
}

static void test_waits_are_full_jitter(void)
{
	CU_ASSERT_DOUBLE_EQUAL(retry_wait(1, 1, 0.5), 0.5, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(retry_wait(1, 4, 0.5), 4, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(retry_wait(1, 60, 0.5), 15, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(retry_wait(0, 60, 0.9), 0, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(retry_wait(100, 1, 1), 30, 1e-9);
	for (int i = 0; i < 1000; i++) {
		const double random = retry_random();
		CU_ASSERT(random >= 0 && random < 1);
	}
}

/* What a lease's age is counted by goes on while the machine sleeps. */
static void test_the_clock_sleeps_not(void)
{
	struct timespec since_boot;
	const double before = seconds_now();
	clock_gettime(CLOCK_BOOTTIME, &since_boot);
	const double now = (double)since_boot.tv_sec + (double)since_boot.tv_nsec / 1e9;
	CU_ASSERT(before <= now && now <= seconds_now());
}

static void test_retry_after(void)
{
	CU_ASSERT_DOUBLE_EQUAL(retry_after("120"), 120, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(retry_after(" 0 "), 0, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), 0, 1e-9);
	CU_ASSERT(retry_after("Fri, 31 Dec 9999 23:59:59 GMT") > 1e9 ||
		  retry_after("Fri, 31 Dec 9999 23:59:59 GMT") < 0);
	/* The two forms of old, of now and a minute later, too. */
	CU_ASSERT_DOUBLE_EQUAL(retry_after("Sunday, 06-Nov-94 08:49:37 GMT"), 0, 1e-9);
	CU_ASSERT_DOUBLE_EQUAL(retry_after("Sun Nov  6 08:49:37 1994"), 0, 1e-9);
	static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT",
					    "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"};
	for (size_t i = 0; i < 3; i++) {
		const time_t later = time(NULL) + 60;
		struct tm date;
		char text[64];
		CU_ASSERT(strftime(text, sizeof(text), forms[i], gmtime_r(&later, &date)) > 0);
		const double wait = retry_after(text);
		CU_ASSERT(wait > 30 && wait <= 60);
	}
	CU_ASSERT(retry_after("Sunday, 06-Nov-94 08:49:37 CET") < 0);
	CU_ASSERT(retry_after("Sun, 06 Xyz 1994 08:49:37 GMT") < 0);
	CU_ASSERT(retry_after("Sun, 06 anF 1994 08:49:37 GMT") < 0);
	CU_ASSERT(retry_after("soon") < 0);
	CU_ASSERT(retry_after("12x") < 0);
	CU_ASSERT(retry_after("-3") < 0);
	CU_ASSERT(retry_after("") < 0);
}

UNIT_SUITE(url, UNIT_TEST(test_encoding_keeps_unreserved_alone),
	   UNIT_TEST(test_servers_are_completed), UNIT_TEST(test_other_schemes_are_refused),
	   UNIT_TEST(test_artifacts_have_their_urls), UNIT_TEST(test_paths_in_a_share_are_normal),
	   UNIT_TEST(test_file_urls_are_of_this_machine), UNIT_TEST(test_secrets_are_not_shown),
	   UNIT_TEST(test_origins), UNIT_TEST(test_default_servers),
	   UNIT_TEST(test_waits_are_full_jitter), UNIT_TEST(test_the_clock_sleeps_not),
	   UNIT_TEST(test_retry_after))
