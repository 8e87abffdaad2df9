/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report as workflow commands of GitHub's actions, which make annotations of them: written to
 * standard output. Format: "Workflow commands for GitHub Actions": in a message '%', CR and LF are
 * escaped, in a property ':' and ',' too.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"
#include "tools/release/reports/place.h"

static void put_escaped(FILE *to, const char *text, const char *special)
{
	char *utf8 = name_to_utf8(text);
	for (const char *p = utf8; *p != '\0'; p++) {
		if (strchr(special, *p) != NULL || (unsigned char)*p < 0x20)
			fprintf(to, "%%%02X", (unsigned)(unsigned char)*p);
		else
			fputc(*p, to);
	}
	free(utf8);
}

static void put_command(FILE *to, const char *command, const char *file, const char *title,
			const char *message)
{
	fprintf(to, "::%s file=", command);
	put_escaped(to, file, "%:,");
	fputs(",title=", to);
	put_escaped(to, title, "%:,");
	fputs("::", to);
	put_escaped(to, message, "%");
	fputc('\n', to);
}

static void write_github(FILE *to, const struct report *report, const struct report_style *style)
{
	size_t wanting = 0;
	(void)style;
	for (size_t i = 0; i < report->unread_count; i++)
		put_command(to, "error", report->unread[i].input, "not read",
			    report->unread[i].reason);
	for (size_t i = 0; i < report->count; i++) {
		const struct result *result = &report->results[i];
		if (!result_is_wanting(result))
			continue;
		const bool unknown = result->finding.verdict == VERDICT_UNREACHABLE;
		char *file = result_file(result);
		char *message = result_message(result);
		char *title =
			xasprintf("%s %s", result->check, verdict_word(result->finding.verdict));
		put_command(to, unknown ? "warning" : "error", file, title, message);
		free(title);
		free(message);
		free(file);
		wanting++;
	}
	fprintf(to, "::notice title=pkgnote verify::%zu checks, %zu wanting\n", report->count,
		wanting);
}

const struct report_format github_format = {"github", write_github};
