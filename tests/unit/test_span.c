/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libnote/chunks.h"
#include "libnote/span.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 'a', 'b', 0, 'c'};
static const struct span whole = {bytes, sizeof(bytes)};

/* No offset and length, however chosen, lead outside. */
static void test_parts(void)
{
	static const uint64_t edges[] = {
		0, 1, 11, 12, 13, 64, UINT32_MAX, UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX};
	const size_t count = sizeof(edges) / sizeof(edges[0]);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			struct span part;
			const bool inside = edges[i] <= 12 && edges[j] <= 12 - edges[i];
			CU_ASSERT_EQUAL(span_part(whole, edges[i], edges[j], &part), inside);
			CU_ASSERT_EQUAL(part.size, inside ? edges[j] : 0);
			if (inside && part.size != 0)
				CU_ASSERT_PTR_EQUAL(part.bytes, bytes + edges[i]);
		}
	CU_ASSERT_EQUAL(span_rest(whole, 8).size, 4);
	CU_ASSERT_EQUAL(span_rest(whole, 13).size, 0);
	CU_ASSERT_EQUAL(span_first(whole, 3).size, 3);
	CU_ASSERT_EQUAL(span_first(whole, UINT64_MAX).size, 12);
}

static void test_reading(void)
{
	CU_ASSERT_EQUAL(span_u8(whole, 1), 2);
	CU_ASSERT_EQUAL(span_u16(whole, 0, false), 0x0201);
	CU_ASSERT_EQUAL(span_u16(whole, 0, true), 0x0102);
	CU_ASSERT_EQUAL(span_u32(whole, 1, true), 0x02030405);
	CU_ASSERT_EQUAL(span_u64(whole, 0, false), 0x0807060504030201);
	CU_ASSERT_EQUAL(span_word(whole, 0, false, true), 0x01020304);
	CU_ASSERT_EQUAL(span_u32(whole, 9, true), 0);
	CU_ASSERT_EQUAL(span_u64(whole, UINT64_MAX - 3, true), 0);
	CU_ASSERT_EQUAL(span_u8(whole, 12), 0);
	CU_ASSERT_STRING_EQUAL(span_string(whole, 8), "ab");
	CU_ASSERT_PTR_NULL(span_string(whole, 11)); /* no NUL */
	CU_ASSERT_PTR_NULL(span_string(whole, 12));
	CU_ASSERT_EQUAL(span_length(whole, 8), 2);
	CU_ASSERT_EQUAL(span_length(whole, 11), 1);
	CU_ASSERT_TRUE(span_equal(whole, 8, "ab", 3));
	CU_ASSERT_FALSE(span_equal(whole, 11, "c", 2));
	CU_ASSERT_FALSE(span_is_zero(whole));
	CU_ASSERT_TRUE(span_is_zero((struct span){bytes + 10, 1}));
}

static void test_writing(void)
{
	uint8_t file[12] = {0};
	struct output out = {file, 8, false};
	output_u32(&out, 4, 0x01020304, true);
	output_u16(&out, 0, 0x0506, false);
	CU_ASSERT_FALSE(out.missed);
	CU_ASSERT_EQUAL(memcmp(file, "\6\5\0\0\1\2\3\4\0\0\0\0", 12), 0);
	/* Not one byte of what does not fit is written. */
	output_u32(&out, 5, UINT32_MAX, false);
	CU_ASSERT_TRUE(out.missed);
	output_u64(&out, UINT64_MAX - 1, UINT64_MAX, false);
	output_fill(&out, 2, UINT64_MAX, 9);
	output_copy(&out, 1, whole);
	CU_ASSERT_PTR_NULL(output_at(&out, 9, 0));
	CU_ASSERT_EQUAL(memcmp(file, "\6\5\0\0\1\2\3\4\0\0\0\0", 12), 0);
	out.missed = false;
	output_fill(&out, 2, 6, 9);
	output_copy(&out, 0, span_first(whole, 2));
	output_word(&out, 0, 0x100000000, false, false);
	CU_ASSERT_TRUE(out.missed); /* does not fit 4 bytes */
	CU_ASSERT_EQUAL(memcmp(file, "\1\2\11\11\11\11\11\11\0\0\0\0", 12), 0);
	CU_ASSERT_EQUAL(output_span(&out).size, 8);
}

/* A piece is found by any part of it, in whatever order pieces came, and one that reaches farther
 * is not hidden by one that starts later. */
static void test_chunks(void)
{
	struct chunks *list = NULL;
	CU_ASSERT_PTR_NULL(chunks_find(list, 0, 1));
	for (uint64_t i = 0; i < 1000; i++) {
		const uint64_t offset = (i * 379 % 1000) * 10;
		uint8_t *piece = malloc(10);
		memset(piece, (int)(offset / 10 % 251), 10);
		CU_ASSERT_TRUE(chunks_add(&list, offset, 10, piece));
	}
	for (uint64_t at = 0; at < 10000; at++) {
		const uint8_t *found = chunks_find(list, at, 10 - at % 10);
		CU_ASSERT_TRUE(found != NULL && *found == at / 10 % 251);
		CU_ASSERT_PTR_NULL(chunks_find(list, at, 11 - at % 10));
	}
	uint8_t *large = calloc(1, 500);
	large[499] = 77;
	CU_ASSERT_TRUE(chunks_add(&list, 101, 500, large));
	CU_ASSERT_PTR_EQUAL(chunks_find(list, 590, 11), large + 489);
	CU_ASSERT_PTR_NULL(chunks_find(list, 590, 12));
	CU_ASSERT_PTR_NULL(chunks_find(list, 20000, 1));
	CU_ASSERT_PTR_NULL(chunks_find(list, UINT64_MAX, UINT64_MAX));
	chunks_free(list);
	chunks_free(NULL);
}

UNIT_SUITE(span, UNIT_TEST(test_parts), UNIT_TEST(test_reading), UNIT_TEST(test_writing),
	   UNIT_TEST(test_chunks))
