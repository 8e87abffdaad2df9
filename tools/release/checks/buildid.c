/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Check "build-id": it is there, and no other file of the inputs with other bytes has the same.
 * Hard links and copies share theirs rightly.
 */
#include "tools/release/checks/check.h"

static void judge(const struct elf_artifact *artifact, const struct evidence *evidence,
		  struct finding *finding)
{
	if (artifact->build_id[0] == '\0') {
		finding->absence = true;
		finding_set(finding, VERDICT_FAIL, "%s",
			    artifact->build_id_problem != NULL ? artifact->build_id_problem
							       : "no build-id");
	} else if (evidence->twin != NULL) {
		finding_set(finding, VERDICT_FAIL, "%s is other bytes with the same build-id",
			    evidence->twin);
	} else {
		finding_set(finding, VERDICT_PASS, "%s", artifact->build_id);
	}
}

const struct check build_id_check = {"build-id", 0, judge};
