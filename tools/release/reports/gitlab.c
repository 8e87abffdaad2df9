/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report as GitLab's code quality artifact (Code Climate's issues): one array, an object
 * for each result that somebody has to look at. A merge request shows what it adds and removes, by
 * the fingerprints.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/base/digest.h"
#include "tools/base/page/markup.h"
#include "tools/base/text.h"
#include "tools/release/reports/place.h"

static void put_issue(FILE *to, bool first, const char *check, const char *severity,
		      const char *message, const char *file, const char *fingerprint)
{
	fputs(first ? "\n{\"type\": \"issue\", \"categories\": [\"Bug Risk\"], "
		    : ",\n{\"type\": \"issue\", \"categories\": [\"Bug Risk\"], ",
	      to);
	fputs("\"description\": ", to);
	put_json(to, message);
	fputs(", \"check_name\": ", to);
	put_json(to, check);
	fprintf(to, ", \"severity\": \"%s\", \"fingerprint\": \"%s\", ", severity, fingerprint);
	fputs("\"location\": {\"path\": ", to);
	put_json(to, file);
	fputs(", \"lines\": {\"begin\": 1, \"end\": 1}}}", to);
}

static void write_gitlab(FILE *to, const struct report *report, const struct report_style *style)
{
	static const char *const severities[VERDICTS] = {[VERDICT_FAIL] = "critical",
							 [VERDICT_MISSING] = "major",
							 [VERDICT_UNREACHABLE] = "minor"};
	char fingerprint[65];
	bool first = true;
	(void)style;
	fputs("[", to);
	for (size_t i = 0; i < report->unread_count; i++) {
		const struct unread *unread = &report->unread[i];
		char *message = xasprintf("%s: not read: %s", unread->input, unread->reason);
		sha256_hex(message, strlen(message), fingerprint);
		put_issue(to, first, "read", "blocker", message, unread->input, fingerprint);
		free(message);
		first = false;
	}
	for (size_t i = 0; i < report->count; i++) {
		const struct result *result = &report->results[i];
		if (!result_is_wanting(result))
			continue;
		char *file = result_file(result);
		char *message = result_message(result);
		result_fingerprint(result, fingerprint);
		put_issue(to, first, result->check, severities[result->finding.verdict], message,
			  file, fingerprint);
		free(message);
		free(file);
		first = false;
	}
	fputs("\n]\n", to);
}

const struct report_format gitlab_format = {"gitlab", write_gitlab};
