/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of checks, sorted by name. */
#include "tools/release/checks/check.h"

const struct check *const all_checks[] = {
	&build_id_check, &debuginfo_check, &empty_check, &executable_check, &note_check,
	&parallel_check, &section_check,   &since_check, &source_check,     &stripped_check,
};
const size_t all_check_count = sizeof(all_checks) / sizeof(all_checks[0]);
