/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text, UTF-8, names in results, hexadecimal; and the digests, by their published examples. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tools/base/digest.h"
#include "tools/base/text.h"

static void test_buffer(void)
{
	struct text text = {0};
	text_add(&text, NULL, 0);
	CU_ASSERT_STRING_EQUAL(text.data, "");
	for (int i = 0; i < 1000; i++)
		text_printf(&text, "%d,", i % 10);
	CU_ASSERT_EQUAL(text.size, 2000);
	CU_ASSERT_EQUAL(strlen(text.data), 2000);
	text_free(&text);
	CU_ASSERT_PTR_NULL(text.data);
}

static void test_strings(void)
{
	struct strings list = {0};
	static const char *const words[] = {"b", "B", "a\xff", "a", "", "ab"};
	strings_sort(&list);
	for (size_t i = 0; i < 6; i++)
		strings_add(&list, words[i]);
	strings_sort(&list);
	static const char *const sorted[] = {"", "B", "a", "ab", "a\xff", "b"};
	for (size_t i = 0; i < 6; i++)
		CU_ASSERT_STRING_EQUAL(list.items[i], sorted[i]);
	CU_ASSERT_TRUE(strings_has(&list, ""));
	CU_ASSERT_FALSE(strings_has(&list, "c"));
	strings_free(&list);
	CU_ASSERT_EQUAL(list.count, 0);
}

static void test_utf8(void)
{
	static const struct {
		const char *bytes;
		size_t length;
	} cases[] = {
		{"a", 1},
		{"\x7f", 1},
		{"\xc2\x80", 2},
		{"\xdf\xbf", 2},
		{"\xe0\xa0\x80", 3},
		{"\xed\x9f\xbf", 3},
		{"\xee\x80\x80", 3},
		{"\xef\xbf\xbf", 3},
		{"\xf0\x90\x80\x80", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		/* overlong, surrogates, too large, lone, cut */
		{"\xc0\x80", 0},
		{"\xc1\xbf", 0},
		{"\xe0\x9f\xbf", 0},
		{"\xf0\x8f\xbf\xbf", 0},
		{"\xed\xa0\x80", 0},
		{"\xed\xbf\xbf", 0},
		{"\xf4\x90\x80\x80", 0},
		{"\xf5\x80\x80\x80", 0},
		{"\x80", 0},
		{"\xbf", 0},
		{"\xc2", 0},
		{"\xe2\x82", 0},
		{"\xf0\x9f\x98", 0},
		{"\xc2\x41", 0},
		{"\xff", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *p = cases[i].bytes;
		CU_ASSERT_EQUAL(utf8_length(p, p + strlen(p)), cases[i].length);
	}
	const char *empty = "";
	CU_ASSERT_EQUAL(utf8_length(empty, empty), 0);
}

static void round_trip(const char *name, const char *utf8, const char *line)
{
	char *text = name_to_utf8(name);
	char *shown = name_to_line(name);
	char *back = name_from_utf8(text);
	char *back_again = name_from_utf8(shown);
	CU_ASSERT_STRING_EQUAL(text, utf8);
	CU_ASSERT_STRING_EQUAL(shown, line);
	CU_ASSERT_STRING_EQUAL(back, name);
	CU_ASSERT_STRING_EQUAL(back_again, name);
	free(back_again);
	free(back);
	free(shown);
	free(text);
}

static void test_names(void)
{
	round_trip("", "", "");
	round_trip("plain \xc3\xa9", "plain \xc3\xa9", "plain \xc3\xa9");
	round_trip("100%", "100%", "100%");
	round_trip("%4", "%4", "%4");
	round_trip("%zz %a", "%zz %a", "%zz %a");
	round_trip("%41", "%2541", "%2541");
	round_trip("%%41", "%%2541", "%%2541");
	round_trip("\xff\xfe", "%FF%FE", "%FF%FE");
	round_trip("%\xff", "%%FF", "%%FF");
	round_trip("cut \xe2\x82", "cut %E2%82", "cut %E2%82");
	round_trip("a\nb\x1b[0m\x7f", "a\nb\x1b[0m\x7f", "a%0Ab%1B[0m%7F");
	round_trip("csi \xc2\x9b", "csi \xc2\x9b", "csi %C2%9B");
	/* Each byte, each pair of bytes. */
	for (unsigned i = 1; i < 65536; i++) {
		const char name[] = {(char)(i & 255), (char)(i >> 8), '4', '1', '\0'};
		if (name[0] == '\0')
			continue;
		char *text = name_to_utf8(name);
		char *back = name_from_utf8(text);
		for (const char *p = text, *end = p + strlen(p); p < end;) {
			const size_t length = utf8_length(p, end);
			if (length == 0) {
				CU_FAIL("not UTF-8");
				break;
			}
			p += length;
		}
		if (strcmp(back, name) != 0)
			CU_FAIL("not reversible");
		free(back);
		free(text);
	}
}

static void test_hex(void)
{
	char out[9];
	uint8_t bytes[4];
	hex_encode("\x00\x9a\xff\x10", 4, out);
	CU_ASSERT_STRING_EQUAL(out, "009aff10");
	CU_ASSERT_EQUAL(hex_decode("009AfF10", bytes, sizeof(bytes)), 4);
	CU_ASSERT_EQUAL(memcmp(bytes, "\x00\x9a\xff\x10", 4), 0);
	CU_ASSERT_EQUAL(hex_decode("", bytes, sizeof(bytes)), 0);
	CU_ASSERT_EQUAL(hex_decode("1", bytes, sizeof(bytes)), 0);
	CU_ASSERT_EQUAL(hex_decode("0g", bytes, sizeof(bytes)), 0);
	CU_ASSERT_EQUAL(hex_decode("0011223344", bytes, sizeof(bytes)), 0);
}

/* FIPS 180-4's and RFC 1321's own examples; CRC-32's check value. */
static void test_digests(void)
{
	char hex[65], stepwise[65];
	uint8_t digest[MD5_SIZE];
	char *many = xmalloc(1000000);
	memset(many, 'a', 1000000);
	sha256_hex("abc", 3, hex);
	CU_ASSERT_STRING_EQUAL(hex,
			       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_hex(many, 1000000, hex);
	CU_ASSERT_STRING_EQUAL(hex,
			       "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	struct sha256 *state = sha256_begin();
	for (size_t at = 0, step; at < 1000000; at += step) {
		step = at % 997 + 1 < 1000000 - at ? at % 997 + 1 : 1000000 - at;
		sha256_add(state, many + at, step);
	}
	sha256_end(state, stepwise);
	CU_ASSERT_STRING_EQUAL(hex, stepwise);
	md5("message digest", 14, digest);
	hex_encode(digest, sizeof(digest), hex);
	CU_ASSERT_STRING_EQUAL(hex, "f96b697d7cb7938d525a2f31aaf161d0");
	CU_ASSERT_EQUAL(crc32_of(0, "123456789", 9), 0xcbf43926);
	CU_ASSERT_EQUAL(crc32_of(crc32_of(0, "1234", 4), "56789", 5), 0xcbf43926);
	free(many);
}

UNIT_SUITE(text, UNIT_TEST(test_buffer), UNIT_TEST(test_strings), UNIT_TEST(test_utf8),
	   UNIT_TEST(test_names), UNIT_TEST(test_hex), UNIT_TEST(test_digests))
