/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Check "build-id": it is there, and no other file of the inputs of which something else is
 * loaded has the same. Hard links and copies share theirs rightly, also those that were stripped
 * apart.
 */
#include <string.h>

#include "tools/release/checks/check.h"

/* The first of its copies that has other bytes, or NULL. */
static const struct elf_artifact *another(const struct elf_artifact *artifact)
{
	for (size_t i = 0; i < artifact->copy_count; i++)
		if (strcmp(artifact->copies[i]->sha256, artifact->sha256) != 0)
			return artifact->copies[i];
	return NULL;
}

static void judge(const struct elf_artifact *artifact, const struct evidence *evidence,
		  struct finding *finding)
{
	if (artifact->build_id[0] == '\0') {
		finding->absence = true;
		finding_set(finding, VERDICT_FAIL, "%s",
			    artifact->build_id_problem != NULL ? artifact->build_id_problem
							       : "no build-id");
	} else if (evidence->twin != NULL) {
		finding_set(finding, VERDICT_FAIL,
			    "%s has the same build-id, and something else is loaded of it",
			    evidence->twin);
	} else {
		const struct elf_artifact *copy = another(artifact);
		if (copy != NULL)
			finding_set(finding, VERDICT_PASS,
				    "%s; %s%s%s is a copy: they differ in nothing that is loaded",
				    artifact->build_id,
				    strcmp(copy->input, artifact->input) != 0 ? copy->input : "",
				    strcmp(copy->input, artifact->input) != 0 ? ": " : "",
				    copy->path);
		else
			finding_set(finding, VERDICT_PASS, "%s", artifact->build_id);
	}
}

const struct check build_id_check = {
	"build-id", "There is a build-id, and nothing else is loaded under it", 0, judge};
