/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Check "section": a section that a server gives by its name is the one in the whole file. Not
 * every server gives sections (a share need not hold them), and clients then take the whole file:
 * so a section that is not there is told, not held against the release.
 */
#include <stdlib.h>

#include "tools/base/text.h"
#include "tools/release/checks/check.h"

/* What one section comes to counts for the whole check, the worst of them first. */
static bool is_worse(const struct finding *finding, const struct finding *than)
{
	static const int weight[VERDICTS] = {[VERDICT_FAIL] = 4,
					     [VERDICT_UNREACHABLE] = 3,
					     [VERDICT_PASS] = 2,
					     [VERDICT_MISSING] = 1};
	return than->reason == NULL || weight[finding->verdict] > weight[than->verdict];
}

static bool any_absent(const struct servings *servings)
{
	for (size_t i = 0; i < servings->count; i++)
		if (servings->items[i].outcome == OUTCOME_ABSENT)
			return true;
	return false;
}

static void judge(const struct elf_artifact *artifact, const struct evidence *evidence,
		  struct finding *finding)
{
	struct text names = {0};
	if (finding_blocked(artifact, evidence, finding))
		return;
	if (evidence->debug_only != NULL || evidence->section_count == 0) {
		finding_set(finding, VERDICT_SKIPPED, "%s",
			    evidence->debug_only != NULL ? evidence->debug_only
							 : "no whole file to compare with");
		return;
	}
	for (size_t i = 0; i < evidence->section_count; i++) {
		const struct section_evidence *section = &evidence->sections[i];
		struct finding one = {0};
		finding_from_servings(&one, &section->servings, section->name);
		/* Nobody need have it: whom could be asked is enough. */
		if (one.verdict == VERDICT_UNREACHABLE && any_absent(&section->servings))
			one.verdict = VERDICT_MISSING;
		if (one.verdict == VERDICT_PASS)
			text_printf(&names, "%s%s", names.size != 0 ? " and " : "", section->name);
		if (is_worse(&one, finding)) {
			finding_free(finding);
			*finding = one;
		} else {
			finding_free(&one);
		}
	}
	if (finding->verdict == VERDICT_MISSING) {
		finding->absence = false;
		finding_set(
			finding, VERDICT_SKIPPED,
			"no server that could be asked gives %s alone; clients take the whole file",
			evidence->sections[0].name);
	} else if (finding->verdict == VERDICT_PASS) {
		finding_set(finding, VERDICT_PASS, "%s as in the whole file", names.data);
	}
	text_free(&names);
}

const struct check section_check = {"section", "Sections served alone are those of the whole file",
				    NEED_DEBUGINFO | NEED_SECTIONS, judge};
