/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Check "stripped": debug information has moved out of the shipped file rather than vanished. A
 * debuglink is the trace that it leaves; without one, its being served is the proof.
 */
#include "tools/release/checks/check.h"

static bool served(const struct servings *servings)
{
	for (size_t i = 0; i < servings->count; i++)
		if (servings->items[i].outcome == OUTCOME_FOUND)
			return true;
	return false;
}

static bool absent_everywhere(const struct servings *servings)
{
	for (size_t i = 0; i < servings->count; i++)
		if (servings->items[i].outcome != OUTCOME_ABSENT)
			return false;
	return true;
}

static void judge(const struct elf_artifact *artifact, const struct evidence *evidence,
		  struct finding *finding)
{
	if (artifact->debug_section != NULL)
		finding_set(finding, VERDICT_FAIL, "%s is still in it", artifact->debug_section);
	else if (finding_lost(evidence, finding))
		return;
	else if (artifact->kind == KIND_UNKNOWN &&
		 (artifact->manifest == NULL || artifact->manifest->debug_path == NULL))
		finding_set(finding, VERDICT_SKIPPED, "the file is not at hand");
	else if (artifact->kind == KIND_UNKNOWN)
		finding_set(finding, VERDICT_PASS, "moved to %s (manifest)",
			    artifact->manifest->debug_path);
	else if (artifact->debuglink != NULL)
		finding_set(finding, VERDICT_PASS, "moved to %s", artifact->debuglink);
	else if (served(&evidence->debuginfo))
		finding_set(finding, VERDICT_PASS, "no debuglink, but its debuginfo is served");
	else if (artifact->build_id[0] != '\0' && evidence->twin == NULL &&
		 evidence->blocked == NULL && !absent_everywhere(&evidence->debuginfo))
		finding_set(finding, VERDICT_UNREACHABLE,
			    "no debuglink, and no telling whether its debuginfo is served");
	else {
		finding->absence = true;
		finding_set(finding, VERDICT_FAIL,
			    "no debug information, no debuglink, and none is served: it vanished");
	}
}

const struct check stripped_check = {"stripped", "Debug information was moved out, not lost",
				     NEED_DEBUGINFO, judge};
