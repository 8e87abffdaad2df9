/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the unit tests; its last line is "N passed, N failed, 0 skipped", a test being a function.
 */
#include "unit.h"

#include <CUnit/Basic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct unit_suite *suites;

void unit_register(struct unit_suite *suite)
{
	struct unit_suite **at = &suites;
	while (*at != NULL && strcmp((*at)->name, suite->name) < 0)
		at = &(*at)->next;
	suite->next = *at;
	*at = suite;
}

static bool wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 3;
	for (const struct unit_suite *s = suites; s != NULL; s = s->next) {
		if (!wanted(s->name, argc, argv))
			continue;
		CU_pSuite suite = CU_add_suite(s->name, NULL, NULL);
		for (size_t i = 0; suite != NULL && i < s->count; i++)
			if (CU_add_test(suite, s->tests[i].name, s->tests[i].run) == NULL)
				return 3;
	}
	CU_basic_set_mode(CU_BRM_NORMAL);
	CU_basic_run_tests();
	unsigned run = CU_get_number_of_tests_run(), failed = CU_get_number_of_tests_failed();
	CU_cleanup_registry();
	printf("%u passed, %u failed, 0 skipped\n", run - failed, failed);
	return failed != 0 || run == 0;
}
