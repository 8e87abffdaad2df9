/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Check "section": a section that a server gives by its name is the one in the whole file. Not
 * every server gives sections (a share of files does not), and clients then take the whole file:
 * so a section that is not there is told, not held against the release.
 */
#include <stdlib.h>

#include "tools/base/text.h"
#include "tools/release/check.h"

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
	if (evidence->sections[0].servings.count == 0) {
		finding_set(finding, VERDICT_SKIPPED, "a share of files gives no sections");
		return;
	}
	for (size_t i = 0; i < evidence->section_count; i++) {
		const struct section_evidence *section = &evidence->sections[i];
		struct finding one = {0};
		finding_from_servings(&one, &section->servings, section->name);
		if (one.verdict == VERDICT_PASS)
			text_printf(&names, "%s%s", names.size != 0 ? " and " : "", section->name);
		if (one.verdict == VERDICT_PASS && finding->server_count != 0) {
			finding_free(&one);
			continue;
		}
		finding_free(finding);
		*finding = one;
		if (one.verdict != VERDICT_PASS)
			break;
	}
	if (finding->verdict == VERDICT_MISSING) {
		finding->absence = false;
		finding_set(finding, VERDICT_SKIPPED,
			    "no server gives %s alone; clients take the whole file",
			    evidence->sections[0].name);
	} else if (finding->verdict == VERDICT_PASS) {
		finding_set(finding, VERDICT_PASS, "%s as in the whole file", names.data);
	}
	text_free(&names);
}

const struct check section_check = {"section", NEED_DEBUGINFO | NEED_SECTIONS, judge};
