/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an object store's client reads and writes, without a server. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tools/s3/config.h"
#include "tools/s3/s3.h"
#include "tools/share/objects/holdings.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_encoding(void)
{
	char *encoded = s3_encode("a b+c%d/\xc3\xa4?&=~-._:*'()");
	CU_ASSERT_STRING_EQUAL(encoded, "a%20b%2Bc%25d/%C3%A4%3F%26%3D~-._%3A%2A%27%28%29");
	free(encoded);
}

static void ini(const char *text, const char *section, const char *outer, const char *key,
		const char *expected)
{
	char *value = s3_ini_value(text, section, outer, key);
	CU_ASSERT_EQUAL(value == NULL, expected == NULL);
	if (value != NULL && expected != NULL)
		CU_ASSERT_STRING_EQUAL(value, expected);
	free(value);
}

static void test_ini(void)
{
	static const char text[] =
		"# region = comment\n[default]\nregion=eu-west-1\r\n aws_access_key_id = indented\n"
		"[ profile a b ]  # why\nregion = x ; y\naws_secret_access_key = a/b+c=#d\n"
		"s3 =\n  endpoint_url = http://nested\n\tother = 1\noutput = json\n"
		"  endpoint_url = no\nREGION = second\n[services x]\ns3 = \n "
		"endpoint_url=http://s\n"
		"[broken\nregion = no\n[]\n[empty]\nregion =\n";
	ini(text, "default", NULL, "region", "eu-west-1");
	ini(text, "default", NULL, "aws_access_key_id", NULL);
	ini(text, "profile a b", NULL, "region", "x");
	ini(text, "profile a b", NULL, "aws_secret_access_key", "a/b+c=#d");
	ini(text, "profile a b", "s3", "endpoint_url", "http://nested");
	ini(text, "profile a b", "output", "endpoint_url", "no");
	ini(text, "profile a b", NULL, "endpoint_url", NULL);
	ini(text, "services x", "s3", "endpoint_url", "http://s");
	ini(text, "empty", NULL, "region", NULL);
	ini(text, "profile", NULL, "region", NULL);
	ini("", "default", NULL, "region", NULL);
	ini("[default]", "default", NULL, "region", NULL);
}

/* Where the variables and the URL lead. */
static void base(const char *url, const char *endpoint, const char *expected, const char *prefix)
{
	struct s3_config config;
	if (endpoint != NULL)
		setenv("AWS_ENDPOINT_URL_S3", endpoint, 1);
	else
		unsetenv("AWS_ENDPOINT_URL_S3");
	const int code = s3_configure(&config, url, NULL);
	CU_ASSERT_EQUAL(code == NOTE_OK, expected != NULL);
	if (code == NOTE_OK && expected != NULL) {
		CU_ASSERT_STRING_EQUAL(config.base, expected);
		CU_ASSERT_STRING_EQUAL(config.prefix, prefix);
	}
	if (code == NOTE_OK)
		s3_config_free(&config);
}

static void test_endpoints(void)
{
	static const char *const names[] = {"AWS_ENDPOINT_URL",
					    "AWS_PROFILE",
					    "AWS_DEFAULT_PROFILE",
					    "AWS_DEFAULT_REGION",
					    "AWS_WEB_IDENTITY_TOKEN_FILE",
					    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
					    "AWS_CONTAINER_CREDENTIALS_FULL_URI"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	setenv("AWS_ACCESS_KEY_ID", "id", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("AWS_REGION", "eu-west-1", 1);
	base("s3://debug/a/b/", NULL, "https://debug.s3.eu-west-1.amazonaws.com", "a/b/");
	base("s3://de.bug", NULL, "https://s3.eu-west-1.amazonaws.com/de.bug", "");
	base("s3://debug//a", "http://localhost:9000/", "http://localhost:9000/debug", "a/");
	setenv("AWS_REGION", "cn-north-1", 1);
	base("s3://debug", NULL, "https://debug.s3.cn-north-1.amazonaws.com.cn", "");
	setenv("AWS_REGION", "eu-west-1", 1);
	base("s3://debug", "https://host/s3", "https://host/s3/debug", "");
	base("s3://debug", "ftp://host", NULL, NULL);
	base("s3://debug", "https://", NULL, NULL);
	base("s3://debug", "https://host/?x", NULL, NULL);
	base("s3://", NULL, NULL, NULL);
	base("s3://ab", NULL, NULL, NULL);
	base("s3://a b c", NULL, NULL, NULL);
	base("s3://debug/../x", NULL, NULL, NULL);
	base("s3://debug/a//b", NULL, NULL, NULL);
	setenv("AWS_REGION", "x/../y", 1);
	base("s3://debug", NULL, NULL, NULL);
	setenv("AWS_REGION", "eu-west-1", 1);
	unsetenv("AWS_SECRET_ACCESS_KEY");
	base("s3://debug", NULL, NULL, NULL);
	unsetenv("AWS_ACCESS_KEY_ID");
	base("s3://debug", NULL, NULL, NULL);
}

static int collect(void *context, const struct s3_object *object, struct note_error *err)
{
	(void)err;
	text_printf(context, "%s%s %llu\n", object->key, object->group ? " group" : "",
		    (unsigned long long)object->size);
	return NOTE_OK;
}

static void test_list(void)
{
	static const char page[] =
		"<?xml version='1.0'?><ListBucketResult><Prefix>p%2Fx</Prefix>"
		"<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
		"<NextContinuationToken>1&amp;2&#x2F;</NextContinuationToken>"
		"<Contents><Key>p/a%20b+c%2B%C3%A4</Key><Size>12</Size><ETag>&quot;e&quot;</ETag>"
		"</Contents><Contents><Key>p/&lt;</Key></Contents>"
		"<CommonPrefixes><Prefix>p/d/</Prefix></CommonPrefixes></ListBucketResult>";
	struct text out = {0};
	char *token;
	CU_ASSERT_EQUAL(s3_list_page(page, "p/", false, collect, &out, &token, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(out.data, "a b c+\xc3\xa4 12\n< 0\n");
	CU_ASSERT_STRING_EQUAL(token, "1&2/");
	free(token);
	text_free(&out);
	CU_ASSERT_EQUAL(s3_list_page(page, "p/", true, collect, &out, &token, NULL), NOTE_OK);
	CU_ASSERT_STRING_EQUAL(out.data, "d/ group 0\n");
	free(token);
	text_free(&out);
	/* Keys that were not asked for, no list, a list that cannot go on. */
	CU_ASSERT_EQUAL(s3_list_page(page, "q/", false, collect, &out, &token, NULL),
			NOTE_MALFORMED);
	free(token);
	CU_ASSERT_EQUAL(s3_list_page("<html>", "", false, collect, &out, &token, NULL),
			NOTE_MALFORMED);
	free(token);
	CU_ASSERT_EQUAL(s3_list_page("<IsTruncated>true</IsTruncated>", "", false, collect, &out,
				     &token, NULL),
			NOTE_MALFORMED);
	free(token);
	text_free(&out);
}

#define SOURCES(path) "{\"holdingsVersion\":1,\"files\":[],\"sources\":[{\"path\":\"" path "\"}]}"

static void test_holdings(void)
{
	static const char *const bad[] = {
		"{}",
		"{\"holdingsVersion\":2,\"files\":[],\"sources\":[]}",
		"{\"holdingsVersion\":1,\"files\":[{}],\"sources\":[]}",
		"{\"holdingsVersion\":1,\"files\":[{\"kind\":\"section/a/b\",\"size\":1,\"sha256\":"
		"\"" DIGEST "\",\"packages\":[\"p\"]}],\"sources\":[]}",
		"{\"holdingsVersion\":1,\"files\":[{\"kind\":\"debuginfo\",\"size\":1,\"sha256\":"
		"\"" DIGEST "\",\"packages\":[\"../p\"]}],\"sources\":[]}",
		SOURCES("usr/src/debug/../x"),
		SOURCES("etc/passwd"),
	};
	struct holdings holdings = {.hex = "0123"}, back;
	struct strings names = {0};
	strings_add(&names, "usr/src/debug/p/\xff.c");
	strings_add(&names, "usr/src/debug/q/b.c");
	holdings_set_sources(&holdings, &names);
	strings_free(&names);
	struct holding *holding = holdings_add(&holdings, "section/.gdb_index");
	memcpy(holding->sha256, DIGEST, 65);
	set_add(&holding->packages, "q-1-1.x");
	set_add(&holding->packages, "p-1-1.x");
	set_add(&holding->packages, "p-1-1.x");
	CU_ASSERT_EQUAL(holding->packages.count, 2);
	CU_ASSERT_STRING_EQUAL(holding->packages.items[0], "p-1-1.x");
	holdings.sources[1].package = xstrdup("p-1-1.x");
	memcpy(holdings.sources[1].sha256, DIGEST, 65);
	char *json = holdings_to_json(&holdings);
	CU_ASSERT_EQUAL_FATAL(holdings_parse(&back, "0123", json, strlen(json), NULL), NOTE_OK);
	char *again = holdings_to_json(&back);
	CU_ASSERT_STRING_EQUAL(json, again);
	CU_ASSERT_PTR_NULL(back.sources[0].package);
	CU_ASSERT_STRING_EQUAL(back.sources[0].path, "usr/src/debug/p/\xff.c");
	set_remove(&back.files[0].packages, "p-1-1.x");
	CU_ASSERT_FALSE(set_has(&back.files[0].packages, "p-1-1.x"));
	CU_ASSERT_TRUE(set_has(&back.files[0].packages, "q-1-1.x"));
	free(again);
	free(json);
	holdings_free(&back);
	holdings_free(&holdings);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(holdings_parse(&back, "0123", bad[i], strlen(bad[i]), NULL),
				NOTE_MALFORMED);
}

UNIT_SUITE(s3, UNIT_TEST(test_encoding), UNIT_TEST(test_ini), UNIT_TEST(test_endpoints),
	   UNIT_TEST(test_list), UNIT_TEST(test_holdings))
