/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Judging one file by what was gathered, check by check. */
#include <stdlib.h>

#include "tools/base/text.h"
#include "tools/release/release_internal.h"

/* What is said of a file in place of judging it, or NULL. */
static const char *not_judged(const struct subject *subject, const struct check *check)
{
	if (subject->artifact.passed_over != NULL)
		return subject->artifact.passed_over;
	if (subject->artifact.foreign != NULL)
		return subject->artifact.foreign;
	if (subject->artifact.kind == KIND_PE && check != &note_check)
		return "a PE image: no build-id to ask by, no ELF section to compare";
	if (subject->artifact.kind == KIND_OBJECT)
		return "a relocatable object or a core: nothing that is linked";
	if (subject->artifact.left_alone != NULL && check != &note_check &&
	    check != &build_id_check)
		return subject->artifact.left_alone;
	return NULL;
}

static void judge_one(const struct release *release, struct subject *subject, size_t c, bool *told)
{
	const struct check *check = all_checks[c];
	const struct elf_artifact *artifact = &subject->artifact;
	struct finding *finding = &subject->findings[c];
	if (artifact->problem != NULL) {
		finding_set(finding, *told ? VERDICT_SKIPPED : VERDICT_FAIL, "cannot be read%s: %s",
			    artifact->kind == KIND_UNKNOWN ? "" : " as ELF", artifact->problem);
		*told = true;
	} else if (not_judged(subject, check) != NULL) {
		finding_set(finding, VERDICT_SKIPPED, "%s%s",
			    artifact->left_alone != NULL ? "left alone by the split: " : "",
			    not_judged(subject, check));
	} else {
		check->judge(artifact, &subject->evidence, finding);
	}
	if ((finding->verdict == VERDICT_FAIL || finding->verdict == VERDICT_MISSING) &&
	    release_allowed(release->options, check->name, artifact->path, finding->absence)) {
		char *reason = xstrdup(finding->reason);
		finding_set(finding, VERDICT_SKIPPED, "allowed: %s", reason);
		free(reason);
	}
}

void release_judge(const struct release *release, struct subject *subject)
{
	const size_t note = release_check_index(&note_check);
	bool told = false;
	subject->findings = xcalloc(all_check_count, sizeof(*subject->findings));
	/* A file that cannot be read fails one check, the note's where that was asked for. */
	if (release->options->checks & 1u << note)
		judge_one(release, subject, note, &told);
	for (size_t c = 0; c < all_check_count; c++)
		if (c != note && (release->options->checks & 1u << c) &&
		    all_checks[c]->judge != NULL)
			judge_one(release, subject, c, &told);
}
