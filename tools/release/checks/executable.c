/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Check "executable": what is served by the build-id is the shipped file, byte for byte. */
#include <string.h>

#include "tools/release/checks/check.h"

static void judge(const struct elf_artifact *artifact, const struct evidence *evidence,
		  struct finding *finding)
{
	if (finding_blocked(artifact, evidence, finding))
		return;
	if (evidence->debug_only != NULL) {
		finding_set(finding, VERDICT_SKIPPED, "%s", evidence->debug_only);
		return;
	}
	finding_from_servings(finding, &evidence->executable, "executable");
}

const struct check executable_check = {"executable", "The shipped file is served, byte for byte",
				       NEED_EXECUTABLE, judge};
