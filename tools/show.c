/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pkgnote show: a record for each ELF file, PE image or module in files, trees, packages, cores
 * and processes; or what packages these come from.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/base/expansion/expansion.h"
#include "tools/commands.h"
#include "tools/show/report/report.h"
#include "tools/show/survey.h"

/* Decimal digits alone; 0 where it is anything else. */
static pid_t read_pid(const char *text)
{
	char *end;
	if (text[strspn(text, "0123456789")] != '\0')
		return 0;
	errno = 0;
	const long pid = strtol(text, &end, 10);
	return errno == 0 && pid > 0 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

enum report { NO_REPORT, CYCLONEDX, SPDX, HTML };

struct show {
	struct cli cli;
	bool check, all, summary;
	int report; /* an enum report */
	int dlopen; /* an enum dlopen_form, -1: not asked for */
	struct strings features;
	const char *created; /* for reports, NULL: not known */
	char created_text[32];
	struct strings pids;
};

/* SOURCE_DATE_EPOCH (reproducible-builds.org): seconds since 1970. */
static int read_epoch(struct show *show)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char *end;
	struct tm parts;
	if (text == NULL || text[0] == '\0')
		return EXIT_DONE;
	errno = 0;
	const long long seconds = strtoll(text, &end, 10);
	const time_t when = (time_t)seconds;
	if (text[strspn(text, "0123456789")] != '\0' || errno != 0 || seconds > 253402300799 ||
	    gmtime_r(&when, &parts) == NULL)
		return cli_usage(&show->cli,
				 "SOURCE_DATE_EPOCH is to be seconds since 1970, not '%s'", text);
	strftime(show->created_text, sizeof(show->created_text), "%Y-%m-%dT%H:%M:%SZ", &parts);
	show->created = show->created_text;
	return EXIT_DONE;
}

static int check_usage(struct show *show)
{
	if (show->cli.operand_count == 0 && show->pids.count == 0)
		return cli_usage(&show->cli, "wants a file, a directory or --pid");
	for (size_t i = 0; i < show->pids.count; i++)
		if (read_pid(show->pids.items[i]) == 0)
			return cli_usage(&show->cli, "--pid wants a process number, not '%s'",
					 show->pids.items[i]);
	if ((show->report != NO_REPORT) + show->summary + (show->dlopen >= 0) + show->all > 1)
		return cli_usage(&show->cli,
				 "one of --report, --summary, --dlopen and --all, not several");
	if (show->features.count != 0 && show->dlopen < 0)
		return cli_usage(&show->cli, "--feature is for --dlopen");
	if (show->dlopen > DLOPEN_ROWS && show->cli.json)
		return cli_usage(&show->cli, "--json is for --dlopen alone, without a form");
	if (show->report != NO_REPORT && show->cli.json)
		return cli_usage(&show->cli,
				 "a report has a form of its own: --report without --json");
	return show->report == CYCLONEDX || show->report == SPDX ? read_epoch(show) : EXIT_DONE;
}

static void tell(struct show *show, struct inventory *inventory)
{
	struct text out = {0};
	inventory_sort(inventory);
	if (show->dlopen >= 0)
		report_dlopen(inventory,
			      &(struct dlopen_style){(enum dlopen_form)show->dlopen, show->cli.json,
						     &show->features},
			      &out);
	else if (show->report == CYCLONEDX)
		report_cyclonedx(inventory, show->created, &out);
	else if (show->report == SPDX)
		report_spdx(inventory, show->created, &out);
	else if (show->report == HTML)
		report_html(inventory, stdout);
	else
		report_summary(inventory, show->cli.json, &out);
	if (out.size != 0) /* a page writes by itself */
		fwrite(out.data, 1, out.size, stdout);
	text_free(&out);
}

static int work(struct show *show)
{
	struct inventory inventory = {0};
	const bool collect = show->report != NO_REPORT || show->summary || show->dlopen >= 0;
	struct survey survey = {
		.cli = &show->cli,
		.style = {.json = show->cli.json,
			  .all = show->all || collect,
			  .collect = collect,
			  .sha256 = show->report == CYCLONEDX || show->report == SPDX,
			  .sha1 = show->report == SPDX,
			  .check = show->check,
			  .color = show->cli.color},
		.inventory = collect ? &inventory : NULL};
	setvbuf(stdout, NULL, _IOFBF, 65536);
	survey_operands(&survey, show->cli.operands, show->cli.operand_count);
	for (size_t i = 0; i < show->pids.count; i++)
		survey_process(&survey, read_pid(show->pids.items[i]));
	cli_progress_end(&show->cli);
	if (collect)
		tell(show, &inventory);
	inventory_free(&inventory);
	return cli_finish(&show->cli);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct show show = {.dlopen = -1};
	int status;
	const struct option_spec options[] = {
		{"check", 0, OPTION_FLAG, NULL, &show.check,
		 "exit 1 where a package note is missing or breaks UAPI.8, and say how", NULL,
		 NULL},
		{"all", 0, OPTION_FLAG, NULL, &show.all, "list every note", NULL, NULL},
		{"summary", 0, OPTION_FLAG, NULL, &show.summary,
		 "the packages that notes name, and how many files each has", NULL, NULL},
		{"report", 0, OPTION_CHOICE, "none|cyclonedx|spdx|html", &show.report,
		 "a bill of materials: CycloneDX 1.6 or SPDX 2.3 as JSON, or a page for people",
		 NULL, NULL},
		{"dlopen", 0, OPTION_CHOICE,
		 "rows|sonames|rpm-requires|rpm-recommends|rpm-suggests", &show.dlopen,
		 "what dlopen notes name: a row each, or names or dependencies alone", "rows",
		 NULL},
		{"feature", 0, OPTION_LIST, "NAME", &show.features,
		 "with --dlopen: what is for this feature alone", NULL, NULL},
		EXPANSION_OPTION,
		{"pid", 0, OPTION_LIST, "PID", &show.pids, "show the modules of a live process",
		 NULL, NULL},
	};
	if (!cli_parse(&show.cli, command, options, sizeof(options) / sizeof(options[0]), argc,
		       argv, &status))
		return status;
	status = check_usage(&show);
	if (status == EXIT_DONE)
		status = work(&show);
	strings_free(&show.pids);
	strings_free(&show.features);
	return status;
}

const struct command show_command = {
	"show",
	"print the package note, build-id and kind of ELF files, trees, packages and cores",
	"[--check] [--all] [--json] FILE|DIR|PACKAGE|ARCHIVE|CORE|-...\n[--check] [--all] [--json] "
	"--pid "
	"PID\n--summary|--report=cyclonedx|spdx|html FILE|DIR|PACKAGE|ARCHIVE|CORE|-...",
	"pkgnote show --check /usr/bin/ls",
	run,
};
