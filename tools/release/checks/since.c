/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Check "since": compared with the manifest of the last release, a file has not lost its note, its
 * build-id, its debug information or its sources, and its debug information has not shrunk to
 * less than half, which is what a lost -g or a lost library looks like.
 */
#include "tools/release/checks/check.h"

static void lost(struct finding *finding, const char *what)
{
	finding->absence = true;
	finding_set(finding, VERDICT_FAIL, "the last release had %s", what);
}

static void judge_debuginfo(const struct elf_artifact *artifact, const struct evidence *evidence,
			    struct finding *finding)
{
	const struct manifest_file *last = artifact->since;
	if (finding_blocked(artifact, evidence, finding))
		return;
	if (evidence->debug_size == 0) {
		finding_from_servings(finding, &evidence->debuginfo,
				      "debuginfo, which the last release had");
		return;
	}
	if (evidence->debug_size < last->debug_size / 2)
		finding_set(finding, VERDICT_FAIL,
			    "its debug information fell from %llu to %llu bytes",
			    (unsigned long long)last->debug_size,
			    (unsigned long long)evidence->debug_size);
	/* Which sources it names is known even where none can be had. */
	else if (last->sources.count != 0 && evidence->source_installed == 0 &&
		 (evidence->source_total != 0 || evidence->sources_unknown == NULL))
		lost(finding, "sources below /usr/src/debug");
	else
		finding_set(finding, VERDICT_PASS, "debug information of %llu bytes, it was %llu",
			    (unsigned long long)evidence->debug_size,
			    (unsigned long long)last->debug_size);
}

static void judge(const struct elf_artifact *artifact, const struct evidence *evidence,
		  struct finding *finding)
{
	const struct manifest_file *last = artifact->since;
	if (last == NULL)
		finding_set(finding, VERDICT_SKIPPED, "not in the last release");
	else if (last->package != NULL && artifact->payload == NULL && !artifact->note_unknown)
		lost(finding, "a package note");
	else if (last->build_id != NULL && artifact->build_id[0] == '\0')
		lost(finding, "a build-id");
	else if (last->debug_path == NULL)
		finding_set(finding, VERDICT_PASS, "nothing that the last release had is lost");
	else
		judge_debuginfo(artifact, evidence, finding);
}

const struct check since_check = {"since", "Nothing was lost since the last release",
				  NEED_DEBUGINFO, judge};
