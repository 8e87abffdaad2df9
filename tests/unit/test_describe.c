/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of machines, by number, class and byte order: the kernel's and GNU's own. */
#include <stdbool.h>

#include "libnote/describe.h"
#include "unit.h"

static void test_machine_names(void)
{
	static const struct {
		uint16_t machine;
		bool is_64, is_big;
		const char *name;
	} rows[] = {
		{62, true, false, "x86_64"},       {62, false, false, "x86_64"},
		{3, false, false, "i386"},         {40, false, false, "arm"},
		{40, false, true, "armeb"},        {183, true, false, "aarch64"},
		{183, true, true, "aarch64_be"},   {22, true, true, "s390x"},
		{22, false, true, "s390"},         {20, false, true, "ppc"},
		{21, true, true, "ppc64"},         {21, true, false, "ppc64le"},
		{243, true, false, "riscv64"},     {243, false, false, "riscv32"},
		{8, false, true, "mips"},          {8, false, false, "mipsel"},
		{8, true, true, "mips64"},         {8, true, false, "mips64el"},
		{258, true, false, "loongarch64"}, {43, true, true, "sparc64"},
		{0, true, false, "none"},          {0xfff0, true, false, "unknown"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_STRING_EQUAL(
			elf_machine_name(rows[i].machine, rows[i].is_64, rows[i].is_big),
			rows[i].name);
}

UNIT_SUITE(describe, UNIT_TEST(test_machine_names))
