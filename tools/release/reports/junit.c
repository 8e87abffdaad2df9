/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report as JUnit XML: a suite for each input, a test case for each check of each file. What
 * failed or is missing is a failure, what could not be asked or read is an error. Nothing says
 * when or how long: the same results give the same bytes. Judge: the schema that Jenkins publishes
 * (jenkins-junit.xsd); GitLab and GitHub's actions read a subset.
 */
#include <string.h>

#include "tools/base/page/markup.h"
#include "tools/release/reports/report.h"

static void put_attribute(FILE *to, const char *name, const char *value)
{
	fprintf(to, " %s=\"", name);
	put_markup(to, value);
	fputc('"', to);
}

static void put_problem(FILE *to, const char *element, const struct finding *finding)
{
	fprintf(to, "\n   <%s", element);
	if (finding->verdict == VERDICT_SKIPPED) {
		/* Older readers know no attributes of it. */
		fputc('>', to);
		put_markup(to, finding->reason);
		fputs(finding->server_count != 0 ? "\n" : "", to);
	} else {
		put_attribute(to, "type", verdict_word(finding->verdict));
		put_attribute(to, "message", finding->reason);
		fputc('>', to);
	}
	for (size_t i = 0; i < finding->server_count; i++) {
		put_markup(to, finding->servers[i].url);
		fputs(": ", to);
		put_markup(to, finding->servers[i].answer);
		fputc('\n', to);
	}
	fprintf(to, "</%s>", element);
}

static void put_case(FILE *to, const struct result *result)
{
	static const char *const elements[VERDICTS] = {[VERDICT_FAIL] = "failure",
						       [VERDICT_MISSING] = "failure",
						       [VERDICT_UNREACHABLE] = "error",
						       [VERDICT_SKIPPED] = "skipped"};
	const char *element = elements[result->finding.verdict];
	fputs("  <testcase", to);
	put_attribute(to, "classname", result->path);
	put_attribute(to, "name", result->check);
	fputc('>', to);
	if (element != NULL)
		put_problem(to, element, &result->finding);
	fputs("</testcase>\n", to);
}

/* Results START to END are those of one input. */
static void put_suite(FILE *to, const struct report *report, size_t start, size_t end)
{
	size_t counts[VERDICTS] = {0};
	for (size_t i = start; i < end; i++)
		counts[report->results[i].finding.verdict]++;
	fputs(" <testsuite", to);
	put_attribute(to, "name", report->results[start].input);
	fprintf(to, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n",
		end - start, counts[VERDICT_FAIL] + counts[VERDICT_MISSING],
		counts[VERDICT_UNREACHABLE], counts[VERDICT_SKIPPED]);
	for (size_t i = start; i < end; i++)
		put_case(to, &report->results[i]);
	fputs(" </testsuite>\n", to);
}

static void put_unread(FILE *to, const struct unread *unread)
{
	fputs(" <testsuite", to);
	put_attribute(to, "name", unread->input);
	fputs(" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n  <testcase", to);
	put_attribute(to, "classname", unread->input);
	fputs(" name=\"read\">\n   <error type=\"unread\"", to);
	put_attribute(to, "message", unread->reason);
	fputs("></error></testcase>\n </testsuite>\n", to);
}

static void write_junit(FILE *to, const struct report *report, const struct report_style *style)
{
	size_t end;
	(void)style;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pkgnote verify\">\n",
	      to);
	for (size_t start = 0; start < report->count; start = end) {
		for (end = start + 1;
		     end < report->count &&
		     strcmp(report->results[end].input, report->results[start].input) == 0;)
			end++;
		put_suite(to, report, start, end);
	}
	for (size_t i = 0; i < report->unread_count; i++)
		put_unread(to, &report->unread[i]);
	fputs("</testsuites>\n", to);
}

const struct report_format junit_format = {"junit", write_junit};
