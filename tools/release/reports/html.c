/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report as one HTML page without outside parts: a matrix of files and checks, filters by
 * verdict, check and name, and the reasons behind each cell. It reads without scripts, too: then
 * all rows show. The page's fixed parts are in page.h.
 */
#include <string.h>

#include "tools/release/reports/markup.h"
#include "tools/release/reports/page.h"
#include "tools/release/reports/report.h"

static bool check_used(const struct report *report, const char *check)
{
	for (size_t i = 0; i < report->count; i++)
		if (strcmp(report->results[i].check, check) == 0)
			return true;
	return false;
}

/* The end of the results that belong to the same file as START. */
static size_t file_end(const struct report *report, size_t start)
{
	size_t end = start + 1;
	while (end < report->count &&
	       strcmp(report->results[end].input, report->results[start].input) == 0 &&
	       strcmp(report->results[end].path, report->results[start].path) == 0)
		end++;
	return end;
}

static void put_summary(FILE *to, const struct report *report)
{
	size_t files = 0;
	for (size_t start = 0; start < report->count; start = file_end(report, start))
		files++;
	fprintf(to,
		"<p class=\"sum\"><b>%zu</b> file%s, <b>%zu</b> check%s</p>\n<div id=\"filters\">",
		files, files != 1 ? "s" : "", report->count, report->count != 1 ? "s" : "");
	for (size_t o = 0; o < VERDICTS; o++) {
		const char *word = verdict_word(verdicts_worst_first[o]);
		fprintf(to,
			"<button type=\"button\" class=\"chip %s\" data-verdict=\"%s\" "
			"aria-pressed=\"false\"><b>%zu</b> %s</button>",
			word, word, report_count(report, verdicts_worst_first[o]), word);
	}
	fputs("<input id=\"search\" type=\"search\" placeholder=\"part of a name\" "
	      "aria-label=\"part of a name\"><span id=\"shown\"></span></div>\n",
	      to);
}

static void put_unread(FILE *to, const struct report *report)
{
	if (report->unread_count == 0)
		return;
	fputs("<h2>Could not be read</h2>\n<ul class=\"unread\">\n", to);
	for (size_t i = 0; i < report->unread_count; i++) {
		fputs("<li><code>", to);
		put_markup(to, report->unread[i].input);
		fputs("</code> ", to);
		put_markup(to, report->unread[i].reason);
		fputs("</li>\n", to);
	}
	fputs("</ul>\n", to);
}

static void put_details(FILE *to, const struct report *report, size_t start, size_t end)
{
	fputs("<dl>", to);
	for (size_t i = start; i < end; i++) {
		const struct finding *finding = &report->results[i].finding;
		const char *word = verdict_word(finding->verdict);
		fprintf(to, "<dt>%s <span class=\"v %s\">%s</span></dt><dd>",
			report->results[i].check, word, word);
		put_markup(to, finding->reason);
		for (size_t s = 0; s < finding->server_count; s++) {
			fputs("<br><small>", to);
			put_markup(to, finding->servers[s].url);
			fputs(": ", to);
			put_markup(to, finding->servers[s].answer);
			fputs("</small>", to);
		}
		fputs("</dd>", to);
	}
	fputs("</dl>", to);
}

static void put_cell(FILE *to, const struct report *report, size_t start, size_t end,
		     const char *check)
{
	static const char *const marks[VERDICTS] = {"✓", "✗", "∅", "?", "–"};
	for (size_t i = start; i < end; i++) {
		const struct result *result = &report->results[i];
		if (strcmp(result->check, check) != 0)
			continue;
		const char *word = verdict_word(result->finding.verdict);
		fprintf(to, "<td class=\"v %s\" title=\"%s: ", word, word);
		put_markup(to, result->finding.reason);
		fprintf(to,
			"\"><span aria-hidden=\"true\">%s</span><span "
			"class=\"word\">%s</span></td>",
			marks[result->finding.verdict], word);
		return;
	}
	fputs("<td></td>", to);
}

static void put_file(FILE *to, const struct report *report, size_t start, size_t end)
{
	const struct result *first = &report->results[start];
	fputs("<tr class=\"file\"><th scope=\"row\"><details><summary>", to);
	put_markup(to, first->path);
	fputs("</summary>", to);
	if (first->build_id[0] != '\0') {
		fputs("<p class=\"where\">build-id <code>", to);
		put_markup(to, first->build_id);
		fputs("</code></p>", to);
	}
	put_details(to, report, start, end);
	fputs("</details></th>", to);
	for (size_t c = 0; c < all_check_count; c++)
		if (check_used(report, all_checks[c]->name))
			put_cell(to, report, start, end, all_checks[c]->name);
	fputs("</tr>\n", to);
}

static void write_html(FILE *to, const struct report *report, const struct report_style *style)
{
	size_t end;
	(void)style;
	fputs(page_head, to);
	fprintf(to, "<h1 class=\"%s\">%s</h1>\n",
		report_is_good(report) && report->unread_count == 0 ? "pass" : "fail",
		report_is_good(report) && report->unread_count == 0 ? "This release can be debugged"
								    : "Something is wanting");
	put_summary(to, report);
	put_unread(to, report);
	size_t columns = 1;
	fputs("<table id=\"matrix\"><thead><tr><th scope=\"col\">file</th>", to);
	for (size_t c = 0; c < all_check_count; c++)
		if (check_used(report, all_checks[c]->name)) {
			fprintf(to,
				"<th scope=\"col\"><button type=\"button\" class=\"column\" "
				"data-column=\"%zu\" aria-pressed=\"false\">%s</button></th>",
				columns, all_checks[c]->name);
			columns++;
		}
	fputs("</tr></thead>\n", to);
	for (size_t start = 0; start < report->count; start = end) {
		end = file_end(report, start);
		if (start == 0 ||
		    strcmp(report->results[start].input, report->results[start - 1].input) != 0) {
			fprintf(to, "%s<tbody>\n<tr class=\"input\"><th colspan=\"%zu\">",
				start != 0 ? "</tbody>\n" : "", columns);
			put_markup(to, report->results[start].input);
			fputs("</th></tr>\n", to);
		}
		put_file(to, report, start, end);
	}
	fputs(report->count != 0 ? "</tbody></table>\n" : "</table>\n", to);
	fputs(page_tail, to);
}

const struct report_format html_format = {"html", write_html};
