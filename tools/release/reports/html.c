/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report as one HTML page without outside parts: a matrix of files and checks, filters by
 * verdict, check and name, and the reasons behind each cell. What is wanting stands on top. A
 * browser takes seconds for a table of 100,000 rows, and none for as many lines of text: what is
 * beyond the first ROWS_MOST files are lines, a mark for each check, in pages that are closed. It
 * reads without scripts, too: then all rows show. The page's fixed parts are in page.h.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/base/page/markup.h"
#include "tools/base/page/page.h"
#include "tools/base/text.h"
#include "tools/release/reports/page.h"
#include "tools/release/reports/place.h"
#include "tools/release/reports/report.h"

#define ROWS_MOST 250
#define OPEN_MOST 20   /* wanting files of which the reasons show at once */
#define PAGE_MOST 5000 /* lines */

static const char *const marks[VERDICTS] = {"✓", "✗", "∅", "?", "–"};

/* The results of one file. */
struct file {
	size_t start, end;
	bool wanting;
};

/* Bit I: all_checks[I] was asked for. */
static unsigned used_checks(const struct report *report)
{
	unsigned used = 0;
	for (size_t i = 0; i < report->count; i++)
		for (size_t c = 0; c < all_check_count; c++)
			if (strcmp(report->results[i].check, all_checks[c]->name) == 0)
				used |= 1u << c;
	return used;
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

/* The files, those first of which something is wanting. */
static struct file *list_files(const struct report *report, size_t *count)
{
	struct file *files = xcalloc(report->count + 1, sizeof(*files));
	*count = 0;
	for (int wanting = 1; wanting >= 0; wanting--)
		for (size_t start = 0, end; start < report->count; start = end) {
			bool any = false;
			end = file_end(report, start);
			for (size_t i = start; i < end; i++)
				any = any || result_is_wanting(&report->results[i]);
			if (any == (wanting != 0))
				files[(*count)++] = (struct file){start, end, any};
		}
	return files;
}

static void put_summary(FILE *to, const struct report *report, size_t files)
{
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

static void put_file(FILE *to, const struct report *report, unsigned used, const struct file *file,
		     bool open)
{
	const size_t start = file->start, end = file->end;
	const struct result *first = &report->results[start];
	fprintf(to, "<tr class=\"file\"><th scope=\"row\"><details%s><summary>",
		open ? " open" : "");
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
		if (used & 1u << c)
			put_cell(to, report, start, end, all_checks[c]->name);
	fputs("</tr>\n", to);
}

static bool same_input(const struct report *report, const struct file *a, const struct file *b)
{
	return strcmp(report->results[a->start].input, report->results[b->start].input) == 0;
}

static size_t put_columns(FILE *to, unsigned used)
{
	size_t columns = 1;
	fputs("<table id=\"matrix\"><thead><tr><th scope=\"col\">file</th>", to);
	for (size_t c = 0; c < all_check_count; c++)
		if (used & 1u << c) {
			fprintf(to,
				"<th scope=\"col\"><button type=\"button\" class=\"column\" "
				"data-column=\"%zu\" aria-pressed=\"false\">%s</button></th>",
				columns, all_checks[c]->name);
			columns++;
		}
	fputs("</tr></thead>\n", to);
	return columns;
}

static void put_rows(FILE *to, const struct report *report, unsigned used, const struct file *files,
		     size_t count)
{
	const size_t columns = put_columns(to, used);
	for (size_t f = 0; f < count; f++) {
		if (f == 0 || !same_input(report, &files[f], &files[f - 1])) {
			fprintf(to, "%s<tbody>\n<tr class=\"input\"><th colspan=\"%zu\">",
				f != 0 ? "</tbody>\n" : "", columns);
			put_markup(to, report->results[files[f].start].input);
			fputs("</th></tr>\n", to);
		}
		put_file(to, report, used, &files[f], f < OPEN_MOST && files[f].wanting);
	}
	fputs(count != 0 ? "</tbody></table>\n" : "</table>\n", to);
}

static void put_mark(FILE *to, const struct report *report, const struct file *file,
		     const char *check)
{
	for (size_t i = file->start; i < file->end; i++)
		if (strcmp(report->results[i].check, check) == 0) {
			fputs(marks[report->results[i].finding.verdict], to);
			return;
		}
	fputs("·", to);
}

/* A mark a check, the name, and what is wanting. */
static void put_line(FILE *to, const struct report *report, unsigned used, const struct file *file)
{
	for (size_t c = 0; c < all_check_count; c++)
		if (used & 1u << c)
			put_mark(to, report, file, all_checks[c]->name);
	fputs(" ", to);
	put_markup(to, report->results[file->start].path);
	for (size_t i = file->start; i < file->end; i++) {
		const struct result *result = &report->results[i];
		if (!result_is_wanting(result))
			continue;
		fprintf(to, "  %s %s: ", result->check, verdict_word(result->finding.verdict));
		put_markup(to, result->finding.reason);
	}
	fputs("\n", to);
}

static void put_pages(FILE *to, const struct report *report, unsigned used,
		      const struct file *files, size_t count)
{
	if (count == 0)
		return;
	fputs("<h2>More files</h2>\n<p class=\"sum\">A mark for each of", to);
	for (size_t c = 0; c < all_check_count; c++)
		if (used & 1u << c)
			fprintf(to, " %s", all_checks[c]->name);
	fputs("</p>\n", to);
	for (size_t first = 0, end; first < count; first = end) {
		end = count - first < PAGE_MOST ? count : first + PAGE_MOST;
		fprintf(to, "<details class=\"page\"><summary>%zu files from ", end - first);
		put_markup(to, report->results[files[first].start].path);
		fprintf(to, "</summary><pre data-count=\"%zu\">\n", end - first);
		for (size_t f = first; f < end; f++) {
			if (f == first || !same_input(report, &files[f], &files[f - 1])) {
				fputs("# ", to);
				put_markup(to, report->results[files[f].start].input);
				fputs("\n", to);
			}
			put_line(to, report, used, &files[f]);
		}
		fputs("</pre></details>\n", to);
	}
}

static void write_html(FILE *to, const struct report *report, const struct report_style *style)
{
	const unsigned used = used_checks(report);
	const bool good = report_is_good(report) && report->unread_count == 0;
	size_t count;
	struct file *files = list_files(report, &count);
	const size_t rows = count < ROWS_MOST ? count : ROWS_MOST;
	(void)style;
	page_begin(to, "pkgnote verify", page_style);
	fprintf(to, "<h1 class=\"%s\">%s</h1>\n", good ? "pass" : "fail",
		good ? "This release can be debugged" : "Something is wanting");
	put_summary(to, report, count);
	put_unread(to, report);
	put_rows(to, report, used, files, rows);
	put_pages(to, report, used, files + rows, count - rows);
	page_end(to, page_footer, page_script);
	free(files);
}

const struct report_format html_format = {"html", write_html};
