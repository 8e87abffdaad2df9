/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The report as SARIF 2.1.0 (OASIS), as GitHub's code scanning and others take it: a rule for each
 * check, a result for each that somebody has to look at. A file has no line; viewers that want one
 * get the first. Judge: the schema that OASIS publishes.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/page/markup.h"
#include "tools/base/text.h"
#include "tools/release/reports/place.h"

#define SCHEMA                                                                \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/" \
	"sarif-schema-2.1.0.json"

/* PATH as a relative URI (RFC 3986), or an absolute one. */
static void put_uri(FILE *to, const char *path)
{
	struct text uri = {0};
	if (path[0] == '/')
		text_puts(&uri, "file://");
	for (const char *p = path; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) || strchr("-._~/+", *p) != NULL)
			text_add(&uri, p, 1);
		else
			text_printf(&uri, "%%%02X", (unsigned)(unsigned char)*p);
	}
	put_json(to, uri.data != NULL ? uri.data : "");
	text_free(&uri);
}

static void put_message(FILE *to, const char *text)
{
	fputs("\"message\": {\"text\": ", to);
	put_json(to, text);
	fputs("}", to);
}

static void put_location(FILE *to, const char *file, const char *inside)
{
	fputs("\"locations\": [{\"physicalLocation\": {\"artifactLocation\": {\"uri\": ", to);
	put_uri(to, file);
	fputs("}, \"region\": {\"startLine\": 1}}", to);
	if (inside != NULL) {
		fputs(", \"logicalLocations\": [{\"kind\": \"resource\", \"fullyQualifiedName\": ",
		      to);
		put_json(to, inside);
		fputs("}]", to);
	}
	fputs("}]", to);
}

static size_t rule_index(const char *check)
{
	size_t i = 0;
	while (i < all_check_count && strcmp(all_checks[i]->name, check) != 0)
		i++;
	return i;
}

static void put_result(FILE *to, const struct result *result)
{
	char fingerprint[65];
	char *file = result_file(result);
	char *message = result_message(result);
	const size_t rule = rule_index(result->check);
	result_fingerprint(result, fingerprint);
	fputs("{\"ruleId\": ", to);
	put_json(to, result->check);
	if (rule < all_check_count)
		fprintf(to, ", \"ruleIndex\": %zu", rule);
	fprintf(to, ", \"level\": \"%s\", ",
		result->finding.verdict == VERDICT_UNREACHABLE ? "warning" : "error");
	put_message(to, message);
	fputs(", ", to);
	put_location(to, file, result->path);
	fprintf(to, ", \"partialFingerprints\": {\"pkgnoteResult/v1\": \"%s\"}}", fingerprint);
	free(message);
	free(file);
}

static void put_rules(FILE *to)
{
	fputs("\"rules\": [", to);
	for (size_t i = 0; i < all_check_count; i++) {
		fputs(i != 0 ? ",\n{\"id\": " : "\n{\"id\": ", to);
		put_json(to, all_checks[i]->name);
		fputs(", \"shortDescription\": {\"text\": ", to);
		put_json(to, all_checks[i]->meaning);
		fputs("}, \"defaultConfiguration\": {\"level\": \"error\"}}", to);
	}
	fputs("]", to);
}

/* Inputs that could not be read are no results: they are told of the run. */
static void put_invocation(FILE *to, const struct report *report)
{
	fprintf(to, "\"invocations\": [{\"executionSuccessful\": %s",
		report->unread_count == 0 ? "true" : "false");
	fputs(", \"toolExecutionNotifications\": [", to);
	for (size_t i = 0; i < report->unread_count; i++) {
		char *text = xasprintf("%s: %s", report->unread[i].input, report->unread[i].reason);
		fputs(i != 0 ? ",\n{\"level\": \"error\", " : "\n{\"level\": \"error\", ", to);
		put_message(to, text);
		fputs(", ", to);
		put_location(to, report->unread[i].input, NULL);
		fputs("}", to);
		free(text);
	}
	fputs("]}]", to);
}

static void write_sarif(FILE *to, const struct report *report, const struct report_style *style)
{
	bool any = false;
	(void)style;
	fputs("{\"$schema\": \"" SCHEMA "\",\n\"version\": \"2.1.0\",\n\"runs\": [{", to);
	fputs("\"tool\": {\"driver\": {\"name\": \"pkgnote verify\", \"semanticVersion\": "
	      "\"" PKGNOTE_VERSION "\", ",
	      to);
	put_rules(to);
	fputs("}},\n", to);
	put_invocation(to, report);
	fputs(",\n\"results\": [", to);
	for (size_t i = 0; i < report->count; i++) {
		if (!result_is_wanting(&report->results[i]))
			continue;
		fputs(any ? ",\n" : "\n", to);
		put_result(to, &report->results[i]);
		any = true;
	}
	fputs("]}]}\n", to);
}

const struct report_format sarif_format = {"sarif", write_sarif};
