/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pkgnote verify: proof that what a release ships can be debugged. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/manifest.h"
#include "tools/base/root/root.h"
#include "tools/commands.h"
#include "tools/connection_options.h"
#include "tools/release/release.h"
#include "tools/release/reports/merge.h"

static const struct report_format *const formats[] = {&table_format, &json_format,  &junit_format,
						      &html_format,  &sarif_format, &github_format,
						      &gitlab_format};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

struct wanted_report {
	const struct report_format *format;
	const char *file; /* NULL: standard output */
};

struct options {
	struct cli cli;
	_Atomic uint64_t done, total; /* of the stage that is under way */
	struct release_options release;
	struct connection connection;
	struct strings reports;
	const char *checks;
	const char *manifest_file;
	const char *since_file;
	const char *shard;
	bool merge;
	bool offline;
	struct manifest manifest;
	struct manifest since;
	struct wanted_report *wanted;
	size_t wanted_count;
};

/* --- Ctrl-C --- */

static volatile sig_atomic_t cancelled;

static void on_signal(int number)
{
	cancelled = number;
}

/* A shell's background jobs ignore SIGINT, and so does what they start. */
static void catch_signal(int number)
{
	struct sigaction action = {.sa_handler = on_signal}, before;
	if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(number, &action, NULL);
}

/* --- what the engine tells --- */

static void fail(void *context, const char *file, const struct note_error *err)
{
	struct options *options = context;
	cli_fail(&options->cli, file, err);
}

static void tell(void *context, const char *file, const char *message)
{
	struct options *options = context;
	cli_say(&options->cli, file, "%s", message);
}

static void progress(void *context, uint64_t done, uint64_t total, const char *what)
{
	struct options *options = context;
	char text[80];
	options->done = done;
	options->total = total;
	snprintf(text, sizeof(text), "%s, %llu left", what, (unsigned long long)(total - done));
	cli_progress(&options->cli, done, total, text);
}

/* Told by each client while it waits for its server. */
static int waiting(void *context, const struct client_progress *client)
{
	struct options *options = context;
	const uint64_t done = options->done, total = options->total;
	char text[240];
	if (client->waiting_for[0] == '\0' || done >= total)
		return 0;
	snprintf(text, sizeof(text), "verified, %llu left, waiting for %.150s",
		 (unsigned long long)(total - done), client->waiting_for);
	cli_progress(&options->cli, done, total, text);
	return 0;
}

static bool parse_checks(struct options *options)
{
	struct text names = {0};
	bool good = true;
	if (options->checks == NULL) {
		for (size_t c = 0; c < all_check_count; c++)
			if (all_checks[c] != &parallel_check && all_checks[c] != &empty_check &&
			    (all_checks[c] != &since_check || options->since_file != NULL))
				options->release.checks |= 1u << c;
		return true;
	}
	char *copy = xstrdup(options->checks), *save = NULL;
	for (char *name = strtok_r(copy, ",", &save); good && name != NULL;
	     name = strtok_r(NULL, ",", &save)) {
		size_t c = 0;
		while (c < all_check_count &&
		       (all_checks[c] == &empty_check || strcmp(all_checks[c]->name, name) != 0))
			c++;
		good = c < all_check_count;
		if (good)
			options->release.checks |= 1u << c;
		for (c = 0; !good && c < all_check_count; c++)
			if (all_checks[c] != &empty_check)
				text_printf(&names, "%s%s", c != 0 ? ", " : "",
					    all_checks[c]->name);
		if (!good)
			cli_usage(&options->cli, "--checks: '%s' is none of %s", name, names.data);
	}
	if (good && options->release.checks == 0) {
		cli_usage(&options->cli, "--checks names no check");
		good = false;
	}
	text_free(&names);
	free(copy);
	return good;
}

static bool parse_shard(struct options *options)
{
	unsigned index, count;
	char end;
	if (options->shard == NULL)
		return true;
	if (strspn(options->shard, "0123456789/") != strlen(options->shard) ||
	    strlen(options->shard) > 11 ||
	    sscanf(options->shard, "%u/%u%c", &index, &count, &end) != 2 || index < 1 ||
	    index > count || count > 65536) {
		cli_usage(&options->cli, "--shard wants I/N, I from 1 to N, not '%s'",
			  options->shard);
		return false;
	}
	options->release.shard = index;
	options->release.shards = count;
	return true;
}

static bool parse_reports(struct options *options)
{
	const bool plain = options->reports.count == 0;
	options->wanted = xcalloc(options->reports.count + 1, sizeof(*options->wanted));
	if (plain)
		options->wanted[options->wanted_count++] = (struct wanted_report){
			options->cli.json ? &json_format : &table_format, NULL};
	size_t to_stdout = 0;
	for (size_t i = 0; i < options->reports.count; i++) {
		const char *text = options->reports.items[i];
		const size_t length = strcspn(text, ":");
		size_t f = 0;
		while (f < FORMATS && (strncmp(formats[f]->name, text, length) != 0 ||
				       formats[f]->name[length] != '\0'))
			f++;
		if (f == FORMATS || (text[length] == ':' && text[length + 1] == '\0')) {
			cli_usage(&options->cli,
				  "--report wants FORMAT or FORMAT:FILE, FORMAT one of table, "
				  "json, junit, html, sarif, github, gitlab, not '%s'",
				  text);
			return false;
		}
		const char *file = text[length] == ':' ? text + length + 1 : NULL;
		to_stdout += file == NULL;
		options->wanted[options->wanted_count++] = (struct wanted_report){formats[f], file};
	}
	if (to_stdout > 1 || (to_stdout == 1 && options->cli.json)) {
		cli_usage(&options->cli, "only one report can go to standard output; name a file "
					 "for the others (--report=FORMAT:FILE)");
		return false;
	}
	if (options->cli.json && !plain)
		options->wanted[options->wanted_count++] =
			(struct wanted_report){&json_format, NULL};
	return true;
}

static bool check_usage(struct options *options)
{
	const struct strings *expect = &options->release.expectations.expect;
	for (size_t i = 0; i < expect->count; i++)
		if (strchr(expect->items[i], '=') == NULL || expect->items[i][0] == '=') {
			cli_usage(&options->cli, "--expect wants KEY=VALUE, not '%s'",
				  expect->items[i]);
			return false;
		}
	if (options->offline &&
	    (options->connection.servers.count != 0 || options->release.wait != 0)) {
		cli_usage(&options->cli,
			  "--offline asks no server: --server and --wait are for one");
		return false;
	}
	if (options->cli.operand_count == 0) {
		cli_usage(&options->cli, options->merge ? "no REPORT" : "no INPUT");
		return false;
	}
	if (options->merge && (options->shard != NULL || options->checks != NULL ||
			       options->since_file != NULL || options->manifest_file != NULL ||
			       options->connection.servers.count != 0 || expect->count != 0)) {
		cli_usage(&options->cli, "--merge judges nothing anew: of the other options it "
					 "takes --report alone");
		return false;
	}
	if (!parse_checks(options) || !parse_shard(options) || !parse_reports(options))
		return false;
	for (size_t c = 0; c < all_check_count; c++)
		if (all_checks[c] == &since_check && options->since_file == NULL &&
		    (options->release.checks & 1u << c)) {
			cli_usage(&options->cli, "--checks=since needs --since=MANIFEST");
			return false;
		}
	return true;
}

static int read_file(const char *name, uint8_t **bytes, size_t *size, struct note_error *err)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	*bytes = NULL;
	if (fd < 0)
		return error_system(err, "open");
	const int code = file_read(fd, bytes, size, err);
	close(fd);
	return code;
}

static bool read_manifest(struct options *options, const char *name, struct manifest *out)
{
	struct note_error err;
	uint8_t *bytes;
	size_t size;
	if (name == NULL)
		return true;
	int code = read_file(name, &bytes, &size, &err);
	if (code == NOTE_OK)
		code = manifest_parse(out, (const char *)bytes, size, &err);
	free(bytes);
	if (code != NOTE_OK)
		cli_fail(&options->cli, name, &err);
	return code == NOTE_OK;
}

/* The reports named as operands, as one; a report that cannot be read is one that is missing. */
static void merge(struct options *options, struct report *report)
{
	struct merge merging = {0};
	*report = (struct report){0};
	for (size_t i = 0; i < options->cli.operand_count; i++) {
		const char *name = options->cli.operands[i];
		struct note_error err;
		uint8_t *bytes;
		size_t size;
		int code = read_file(name, &bytes, &size, &err);
		if (code == NOTE_OK)
			code = merge_add(&merging, report, (const char *)bytes, size, &err);
		free(bytes);
		if (code != NOTE_OK)
			report_add_unread(report, name, err.text);
	}
	merge_end(&merging, report);
	for (size_t i = 0; report->count == 0 && report->unread_count == 0 &&
			   !options->release.allow_empty && i < options->cli.operand_count;
	     i++) {
		struct finding finding = {0};
		const char *name = options->cli.operands[i];
		finding_set(&finding, VERDICT_MISSING, "it tells of nothing that was verified");
		report_add(report, name, name, "", empty_check.name, &finding);
	}
	for (size_t i = 0; i < report->unread_count; i++)
		cli_failf(&options->cli, report->unread[i].input, "%s", report->unread[i].reason);
}

static void write_report(struct options *options, const struct wanted_report *wanted,
			 const struct report *report)
{
	struct report_style style = {.color = options->cli.color && wanted->file == NULL,
				     .verbose = options->cli.verbose != 0};
	char *text = NULL;
	size_t size = 0;
	struct note_error err;
	FILE *to = wanted->file != NULL ? open_memstream(&text, &size) : stdout;
	if (to == NULL) {
		cli_failf(&options->cli, wanted->file, "write: %s", strerror(errno));
		return;
	}
	wanted->format->write(to, report, &style);
	if (wanted->file == NULL)
		return; /* cli_finish flushes it */
	const bool bad = ferror(to) != 0;
	if (fclose(to) != 0 || bad)
		cli_failf(&options->cli, wanted->file, "write: %s", strerror(errno));
	else if (output_write(wanted->file, text, size, true, &err) != NOTE_OK)
		cli_fail(&options->cli, wanted->file, &err);
	free(text);
}

/* What the results do not tell by themselves. */
static void tell_shape(struct options *options, const struct report *report)
{
	if (report->own != 0)
		cli_say(&options->cli, NULL,
			"%zu file%s proven by the debug files among the inputs, no server asked; "
			"--server=URL asks it for all",
			report->own, report->own == 1 ? "" : "s");
	if (report->no_debug_package && options->release.shards == 0) {
		cli_say(&options->cli, NULL, "parallel: no debug package among the inputs%s",
			options->release.allow_empty ? ""
						     : "; --allow-empty says that this is fine");
		if (!options->release.allow_empty)
			cli_wanting(&options->cli);
	}
	/* A part may have nothing of its own. */
	if (report->verified != 0 || options->release.allow_empty || options->release.shards != 0)
		return;
	cli_say(&options->cli, NULL, "nothing was verified; --allow-empty says that this is fine");
	cli_wanting(&options->cli);
}

static int verify(struct options *options)
{
	struct report report;
	struct note_error err;
	struct expectations *expectations = &options->release.expectations;
	if (!read_manifest(options, options->manifest_file, &options->manifest) ||
	    !read_manifest(options, options->since_file, &options->since))
		return cli_finish(&options->cli);
	expectations->manifest = options->manifest_file != NULL ? &options->manifest : NULL;
	expectations->since = options->since_file != NULL ? &options->since : NULL;
	if (!connection_complete(&options->connection, &options->cli))
		return cli_finish(&options->cli);
	options->release.client = options->connection.client;
	options->release.client.absent_seconds = 0; /* what is absent now may come: --wait */
	options->release.own_first = options->connection.servers.count == 0;
	if (options->offline)
		options->release.client.servers.count = 0;
	catch_signal(SIGINT);
	catch_signal(SIGTERM);
	catch_signal(SIGHUP);
	if (options->merge)
		merge(options, &report);
	else if (release_verify(&options->release, &report, &err) != NOTE_OK)
		return cli_usage(&options->cli, "%s", err.text);
	cli_progress_end(&options->cli);
	if (cancelled) {
		/* By the signal itself, so that a shell sees what happened. */
		report_free(&report);
		signal(cancelled, SIG_DFL);
		raise(cancelled);
		return EXIT_FAILED;
	}
	tell_shape(options, &report);
	if (!report_is_good(&report))
		cli_wanting(&options->cli);
	for (size_t i = 0; i < options->wanted_count; i++)
		write_report(options, &options->wanted[i], &report);
	report_free(&report);
	return cli_finish(&options->cli);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = {.release = {.expectations = {.sources = SOURCES_PRIMARY}}};
	struct release_options *release = &options.release;
	int status;
	struct client_options *client = &options.connection.client;
	connection_begin(&options.connection);
	const struct option_spec specs[] = {
		{"expect", 0, OPTION_LIST, "KEY=VALUE", &release->expectations.expect,
		 "a key that each note must have", NULL, NULL},
		{"manifest", 0, OPTION_TEXT, "FILE", &options.manifest_file,
		 "what pkgnote split wrote of the inputs", NULL, NULL},
		{"checks", 0, OPTION_TEXT, "LIST", &options.checks,
		 "only these, comma-separated: build-id, debuginfo, executable, note, parallel, "
		 "section, since, source, stripped",
		 NULL, NULL},
		{"sources", 0, OPTION_CHOICE, "none|primary|all", &release->expectations.sources,
		 "ask for no source, each unit's main file, or all", NULL, NULL},
		{"report", 0, OPTION_LIST, "FORMAT[:FILE]", &options.reports,
		 "write this report: table, json, junit, html, sarif, github or gitlab; may be "
		 "repeated",
		 NULL, NULL},
		{"allow", 0, OPTION_LIST, "[CHECK:]PATTERN", &release->allow,
		 "files of which something may be absent", NULL, NULL},
		{"since", 0, OPTION_TEXT, "MANIFEST", &options.since_file,
		 "the last release's manifest: tell what was lost since", NULL, NULL},
		{"shard", 0, OPTION_TEXT, "I/N", &options.shard,
		 "verify part I of N of the inputs' files", NULL, NULL},
		{"merge", 0, OPTION_FLAG, NULL, &options.merge,
		 "the arguments are JSON reports: make one of them", NULL, NULL},
		{"offline", 0, OPTION_FLAG, NULL, &options.offline,
		 "ask no server: the debug files and sources among the inputs count", NULL, NULL},
		{"wait", 0, OPTION_NUMBER, "SECONDS", &release->wait,
		 "ask again for what is absent, until it is there or so long", NULL, NULL},
		{"allow-empty", 0, OPTION_FLAG, NULL, &release->allow_empty,
		 "inputs in which nothing ships are fine", NULL, NULL},
		CONNECTION_OPTIONS(&options.connection),
	};
	if (cli_parse(&options.cli, command, specs, sizeof(specs) / sizeof(specs[0]), argc, argv,
		      &status)) {
		release->inputs = options.cli.operands;
		release->input_count = options.cli.operand_count;
		release->jobs = options.cli.jobs;
		release->context = &options;
		client->cancelled = &cancelled;
		client->progress = waiting;
		client->progress_context = &options;
		release->fail = fail;
		release->tell = tell;
		release->progress = progress;
		status = check_usage(&options) ? verify(&options) : EXIT_USAGE;
	}
	connection_free(&options.connection);
	strings_free(&options.reports);
	strings_free(&release->expectations.expect);
	strings_free(&release->allow);
	manifest_free(&options.manifest);
	manifest_free(&options.since);
	free(options.wanted);
	return status;
}

const struct command verify_command = {
	"verify",
	"Prove that what a release ships can be debugged",
	"[OPTION]... INPUT...\n[--report=FORMAT[:FILE]]... --merge REPORT...",
	"pkgnote verify --server=file:///srv/debug --expect version=2.10-3 build/root",
	run,
};
