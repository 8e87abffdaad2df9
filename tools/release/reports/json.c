/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report as JSON: one object, documented in pkgnote-verify(1). One result a line, so that
 * grep and diff work on it; names that are not UTF-8 as %XX.
 */
#include <stdlib.h>

#include "tools/base/page/markup.h"
#include "tools/base/text.h"
#include "tools/release/reports/report.h"

static void put_field(FILE *to, const char *name, const char *value, const char *after)
{
	fprintf(to, "\"%s\": ", name);
	put_json(to, value);
	fputs(after, to);
}

static void put_result(FILE *to, const struct result *result)
{
	const struct finding *finding = &result->finding;
	fputs("{", to);
	put_field(to, "input", result->input, ", ");
	put_field(to, "path", result->path, ", ");
	if (result->build_id[0] != '\0')
		put_field(to, "buildId", result->build_id, ", ");
	else
		fputs("\"buildId\": null, ", to);
	put_field(to, "check", result->check, ", ");
	put_field(to, "verdict", verdict_word(finding->verdict), ", ");
	put_field(to, "reason", finding->reason, ", ");
	fputs("\"servers\": [", to);
	for (size_t i = 0; i < finding->server_count; i++) {
		fputs(i != 0 ? ", {" : "{", to);
		put_field(to, "url", finding->servers[i].url, ", ");
		put_field(to, "answer", finding->servers[i].answer, "}");
	}
	fputs("]}", to);
}

/* Of a part of a release: which one, and its files, for merge.c. */
static void put_part(FILE *to, const struct report *report)
{
	fprintf(to, "],\n\"shard\": {\"index\": %u, \"count\": %u},\n\"files\": [", report->shard,
		report->shards);
	for (size_t i = 0; i < report->file_count; i++) {
		const struct report_file *file = &report->files[i];
		fputs(i != 0 ? ",\n{" : "\n{", to);
		put_field(to, "input", file->input, ", ");
		put_field(to, "path", file->path, ", ");
		put_field(to, "buildId", file->build_id, ", ");
		put_field(to, "loaded", file->loaded, "}");
	}
}

static void write_json(FILE *to, const struct report *report, const struct report_style *style)
{
	(void)style;
	fprintf(to, "{\"reportVersion\": %d,\n\"results\": [", REPORT_VERSION);
	for (size_t i = 0; i < report->count; i++) {
		fputs(i != 0 ? ",\n" : "\n", to);
		put_result(to, &report->results[i]);
	}
	fputs("],\n\"unread\": [", to);
	for (size_t i = 0; i < report->unread_count; i++) {
		fputs(i != 0 ? ",\n{" : "\n{", to);
		put_field(to, "input", report->unread[i].input, ", ");
		put_field(to, "reason", report->unread[i].reason, "}");
	}
	if (report->shards != 0)
		put_part(to, report);
	fputs("],\n\"summary\": {", to);
	for (int v = 0; v < VERDICTS; v++)
		fprintf(to, "%s\"%s\": %zu", v != 0 ? ", " : "", verdict_word((enum verdict)v),
			report_count(report, (enum verdict)v));
	if (report->waits)
		fprintf(to, "}, \"waited\": %llu}\n", (unsigned long long)report->waited);
	else
		fputs("}}\n", to);
}

const struct report_format json_format = {"json", write_json};
