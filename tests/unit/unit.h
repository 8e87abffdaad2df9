/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A file of unit tests registers itself:
 *
 *     static void test_one_thing(void) { CU_ASSERT_EQUAL(1 + 1, 2); }
 *     UNIT_SUITE(name, UNIT_TEST(test_one_thing), UNIT_TEST(test_another))
 *
 * main.c runs all suites (sorted by name) or those named as its arguments.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <CUnit/CUnit.h>
#include <stddef.h>

struct unit_test {
	const char *name;
	void (*run)(void);
};

struct unit_suite {
	const char *name;
	const struct unit_test *tests;
	size_t count;
	struct unit_suite *next;
};

void unit_register(struct unit_suite *suite);

#define UNIT_TEST(function)         \
	{                           \
#function, function \
	}
#define UNIT_SUITE(id, ...)                                                                       \
	static const struct unit_test id##_tests[] = {__VA_ARGS__};                               \
	static struct unit_suite id##_suite = {#id, id##_tests,                                   \
					       sizeof(id##_tests) / sizeof(id##_tests[0]), NULL}; \
	__attribute__((constructor)) static void id##_register(void)                              \
	{                                                                                         \
		unit_register(&id##_suite);                                                       \
	}

#endif
