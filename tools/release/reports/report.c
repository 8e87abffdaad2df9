/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/release/reports/report.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"

/* Room for one more behind COUNT: the array doubles at powers of two. */
static void *grow(void *items, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return items;
	return xrealloc(items, (count != 0 ? 2 * count : 1) * size);
}

void report_add(struct report *report, const char *input, const char *path, const char *build_id,
		const char *check, struct finding *finding)
{
	report->results = grow(report->results, report->count, sizeof(*report->results));
	report->results[report->count++] = (struct result){
		xstrdup(input), xstrdup(path), xstrdup(build_id), xstrdup(check), *finding};
	*finding = (struct finding){0};
}

void report_add_unread(struct report *report, const char *input, const char *reason)
{
	report->unread = grow(report->unread, report->unread_count, sizeof(*report->unread));
	report->unread[report->unread_count++] = (struct unread){xstrdup(input), xstrdup(reason)};
}

void report_add_file(struct report *report, const char *input, const char *path,
		     const char *build_id, const char *loaded)
{
	report->files = grow(report->files, report->file_count, sizeof(*report->files));
	report->files[report->file_count++] = (struct report_file){
		xstrdup(input), xstrdup(path), xstrdup(build_id), xstrdup(loaded)};
}

static int compare_results(const void *a, const void *b)
{
	const struct result *x = a, *y = b;
	int order = strcmp(x->input, y->input);
	if (order == 0)
		order = strcmp(x->path, y->path);
	if (order == 0)
		order = strcmp(x->check, y->check);
	if (order == 0)
		order = strcmp(x->build_id, y->build_id);
	return order;
}

static int compare_unread(const void *a, const void *b)
{
	const struct unread *x = a, *y = b;
	const int order = strcmp(x->input, y->input);
	return order != 0 ? order : strcmp(x->reason, y->reason);
}

void report_sort(struct report *report)
{
	if (report->count > 1)
		qsort(report->results, report->count, sizeof(*report->results), compare_results);
	if (report->unread_count > 1)
		qsort(report->unread, report->unread_count, sizeof(*report->unread),
		      compare_unread);
}

struct result *report_find(struct report *report, const struct result *key)
{
	return report->count != 0 ? bsearch(key, report->results, report->count,
					    sizeof(*report->results), compare_results)
				  : NULL;
}

const enum verdict verdicts_worst_first[] = {VERDICT_FAIL, VERDICT_MISSING, VERDICT_UNREACHABLE,
					     VERDICT_SKIPPED, VERDICT_PASS};

size_t report_count(const struct report *report, enum verdict verdict)
{
	size_t count = 0;
	for (size_t i = 0; i < report->count; i++)
		count += report->results[i].finding.verdict == verdict;
	return count;
}

bool report_is_good(const struct report *report)
{
	return report_count(report, VERDICT_FAIL) == 0 &&
	       report_count(report, VERDICT_MISSING) == 0 &&
	       report_count(report, VERDICT_UNREACHABLE) == 0;
}

void report_free(struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		struct result *result = &report->results[i];
		free(result->input);
		free(result->path);
		free(result->build_id);
		free(result->check);
		finding_free(&result->finding);
	}
	free(report->results);
	for (size_t i = 0; i < report->unread_count; i++) {
		free(report->unread[i].input);
		free(report->unread[i].reason);
	}
	free(report->unread);
	for (size_t i = 0; i < report->file_count; i++) {
		free(report->files[i].input);
		free(report->files[i].path);
		free(report->files[i].build_id);
		free(report->files[i].loaded);
	}
	free(report->files);
	*report = (struct report){0};
}

bool report_has_unread(const struct report *report, const char *input)
{
	for (size_t i = 0; i < report->unread_count; i++)
		if (strcmp(report->unread[i].input, input) == 0)
			return true;
	return false;
}
