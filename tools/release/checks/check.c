/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all checks share: the words, and how servers' answers make one verdict. */
#include "tools/release/checks/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"

const char *verdict_word(enum verdict verdict)
{
	static const char *const words[] = {"pass", "fail", "missing", "unreachable", "skipped"};
	return verdict < VERDICTS ? words[verdict] : "?";
}

void finding_set(struct finding *finding, enum verdict verdict, const char *format, ...)
{
	char *reason = NULL;
	va_list args;
	va_start(args, format);
	if (vasprintf(&reason, format, args) < 0)
		reason = NULL;
	va_end(args);
	free(finding->reason);
	finding->verdict = verdict;
	finding->reason = reason != NULL ? reason : xstrdup("");
}

void finding_free(struct finding *finding)
{
	free(finding->reason);
	for (size_t i = 0; i < finding->server_count; i++) {
		free(finding->servers[i].url);
		free(finding->servers[i].answer);
	}
	free(finding->servers);
	*finding = (struct finding){0};
}

bool finding_blocked(const struct elf_artifact *artifact, const struct evidence *evidence,
		     struct finding *finding)
{
	if (artifact->build_id[0] == '\0')
		finding_set(finding, VERDICT_SKIPPED, "no build-id to ask by");
	else if (evidence->twin != NULL)
		finding_set(finding, VERDICT_SKIPPED, "its build-id is also that of %s",
			    evidence->twin);
	else if (evidence->blocked != NULL)
		finding_set(finding, evidence->block_verdict, "%s", evidence->blocked);
	else
		return false;
	return true;
}

static void say(struct finding *finding, const struct served *served)
{
	struct said *said = &finding->servers[finding->server_count++];
	const char *word = outcome_word(served->outcome);
	said->url = xstrdup(served->url);
	if (served->problem != NULL)
		said->answer = xasprintf("%s: %s", word, served->problem);
	else if (served->outcome == OUTCOME_FOUND || served->text[0] == '\0')
		said->answer = xstrdup(word);
	else
		said->answer = xasprintf("%s: %s", word, served->text);
}

void finding_from_servings(struct finding *finding, const struct servings *servings,
			   const char *what)
{
	const struct served *bad = NULL, *unknown = NULL;
	size_t good = 0, absent = 0;
	finding->servers = xcalloc(servings->count + 1, sizeof(*finding->servers));
	for (size_t i = 0; i < servings->count; i++) {
		const struct served *served = &servings->items[i];
		say(finding, served);
		if (served->problem != NULL || served->outcome == OUTCOME_REJECTED)
			bad = bad != NULL ? bad : served;
		else if (served->outcome == OUTCOME_FOUND)
			good++;
		else if (served->outcome == OUTCOME_ABSENT)
			absent++;
		else
			unknown = unknown != NULL ? unknown : served;
	}
	if (bad != NULL)
		finding_set(finding, VERDICT_FAIL, "%s of %s: %s", what, bad->url,
			    bad->problem != NULL ? bad->problem : bad->text);
	else if (good == 1 && servings->count == 1)
		finding_set(finding, VERDICT_PASS, "from %s", servings->items[0].url);
	else if (good != 0)
		finding_set(finding, VERDICT_PASS, "from %zu of %zu", good, servings->count);
	else if (unknown != NULL)
		finding_set(finding, VERDICT_UNREACHABLE, "%s: %s: %s", unknown->url,
			    outcome_word(unknown->outcome), unknown->text);
	else {
		finding->absence = true;
		if (absent == 1)
			finding_set(finding, VERDICT_MISSING, "no %s: %s: absent%s%s", what,
				    servings->items[0].url,
				    servings->items[0].text[0] != '\0' ? ", " : "",
				    servings->items[0].text);
		else
			finding_set(finding, VERDICT_MISSING, "no %s on any of %zu servers", what,
				    absent);
	}
}
