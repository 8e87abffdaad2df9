/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report for a tired person: what is wrong, worst first; then the counts. */
#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"
#include "tools/release/reports/report.h"

static const char *color_of(enum verdict verdict)
{
	static const char *const colors[] = {"\033[32m", "\033[1;31m", "\033[1;31m", "\033[33m",
					     "\033[2m"};
	return colors[verdict];
}

static bool several_inputs(const struct report *report)
{
	for (size_t i = 1; i < report->count; i++)
		if (strcmp(report->results[i].input, report->results[0].input) != 0)
			return true;
	return false;
}

static void put_row(FILE *to, const struct result *result, bool with_input,
		    const struct report_style *style)
{
	const enum verdict verdict = result->finding.verdict;
	const bool lone = strcmp(result->input, result->path) == 0;
	char *input = name_to_line(result->input);
	char *path = name_to_line(result->path);
	char *reason = name_to_line(result->finding.reason);
	fprintf(to, "%s%-11s%s  %-10s  %s%s%s  %s\n", style->color ? color_of(verdict) : "",
		verdict_word(verdict), style->color ? "\033[0m" : "", result->check,
		with_input && !lone ? input : "", with_input && !lone ? ": " : "", path, reason);
	for (size_t i = 0; (style->verbose || result->finding.server_count > 1) &&
			   i < result->finding.server_count;
	     i++) {
		char *url = name_to_line(result->finding.servers[i].url);
		char *answer = name_to_line(result->finding.servers[i].answer);
		fprintf(to, "%25s%s: %s\n", "", url, answer);
		free(url);
		free(answer);
	}
	free(input);
	free(path);
	free(reason);
}

static void put_counts(FILE *to, const struct report *report, const char *check)
{
	size_t counts[VERDICTS] = {0}, total = 0;
	for (size_t i = 0; i < report->count; i++)
		if (strcmp(report->results[i].check, check) == 0) {
			counts[report->results[i].finding.verdict]++;
			total++;
		}
	if (total == 0)
		return;
	fprintf(to, "%-12s", check);
	for (int v = 0; v < VERDICTS; v++)
		fprintf(to, "%12zu", counts[v]);
	fputc('\n', to);
}

static size_t count_files(const struct report *report)
{
	size_t files = 0;
	for (size_t i = 0; i < report->count; i++)
		files += i == 0 ||
			 strcmp(report->results[i].path, report->results[i - 1].path) != 0 ||
			 strcmp(report->results[i].input, report->results[i - 1].input) != 0;
	return files;
}

static void write_table(FILE *to, const struct report *report, const struct report_style *style)
{
	const bool with_input = several_inputs(report);
	bool any = false;
	for (size_t o = 0; o < VERDICTS; o++) {
		const enum verdict verdict = verdicts_worst_first[o];
		if ((verdict == VERDICT_PASS || verdict == VERDICT_SKIPPED) && !style->verbose)
			continue;
		for (size_t i = 0; i < report->count; i++) {
			if (report->results[i].finding.verdict != verdict)
				continue;
			put_row(to, &report->results[i], with_input, style);
			any = true;
		}
	}
	if (any)
		fputc('\n', to);
	fprintf(to, "%-12s", "check");
	for (int v = 0; v < VERDICTS; v++)
		fprintf(to, "%12s", verdict_word((enum verdict)v));
	fputc('\n', to);
	for (size_t i = 0; i < all_check_count; i++)
		put_counts(to, report, all_checks[i]->name);
	const size_t files = count_files(report);
	fprintf(to, "\n%zu file%s, %zu check%s:", files, files != 1 ? "s" : "", report->count,
		report->count != 1 ? "s" : "");
	for (int v = 0; v < VERDICTS; v++) {
		const size_t count = report_count(report, (enum verdict)v);
		if (count != 0 || v == VERDICT_PASS)
			fprintf(to, "%s %zu %s", v == VERDICT_PASS ? "" : ",", count,
				verdict_word((enum verdict)v));
	}
	if (report->waits)
		fprintf(to, "; waited %llu s", (unsigned long long)report->waited);
	fputc('\n', to);
	if (report->unread_count != 0)
		fprintf(to, "%zu input%s could not be read\n", report->unread_count,
			report->unread_count != 1 ? "s" : "");
}

const struct report_format table_format = {"table", write_table};
