/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pkgnote show: a record for each ELF file, PE image or module in files, trees, packages, cores
 * and processes.
 *
 * The files are gathered in batches, so that memory does not grow with the tree; a batch is worked
 * on by all jobs and printed in its order.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/pool.h"
#include "tools/base/root.h"
#include "tools/commands.h"
#include "tools/show/inspect.h"

#define BATCH 4096
#define CHUNK 16 /* files that a job takes at once */

struct show {
	struct cli cli;
	struct record_style style;
	bool check;
	struct strings pids;
	/* The batch: of one tree, or of operands. */
	struct root *root;   /* NULL for operands */
	const char *operand; /* the tree's name */
	struct strings files;
	struct inspection results[BATCH / CHUNK];
	uint64_t done;
	bool heading; /* was printed */
};

static void inspect_one(struct show *show, struct inspection *inspection, const char *file)
{
	struct note_error error;
	char *path = NULL;
	int fd = -1;
	if (show->root != NULL) {
		const size_t length = strlen(show->operand);
		const bool slash = length != 0 && show->operand[length - 1] == '/';
		int code = root_open_file(show->root, file, &fd, &error);
		/* What has changed since it was listed is passed over. */
		if (code == NOTE_ABSENT || code == NOTE_UNSUPPORTED)
			return;
		path = xasprintf("%s%s%s", show->operand, slash ? "" : "/", file);
	} else {
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			error_system(&error, "open");
	}
	const char *name = path != NULL ? path : file;
	if (fd >= 0) {
		inspect_file(inspection, &show->style, fd, name, show->root == NULL);
		close(fd);
	} else {
		inspection_fail(inspection, name, NULL, &error);
	}
	free(path);
}

static void work(void *context, size_t index, unsigned worker)
{
	struct show *show = context;
	(void)worker;
	for (size_t i = index * CHUNK; i < (index + 1) * CHUNK && i < show->files.count; i++)
		inspect_one(show, &show->results[index], show->files.items[i]);
}

static void print_result(struct show *show, struct inspection *result)
{
	if (result->out.size != 0 && !show->heading && !show->cli.json) {
		struct text text = {0};
		record_print_heading(&text);
		fwrite(text.data, 1, text.size, stdout);
		text_free(&text);
		show->heading = true;
	}
	if (result->out.size != 0)
		fwrite(result->out.data, 1, result->out.size, stdout);
	for (size_t i = 0; i < result->failure_count; i++)
		cli_fail(&show->cli, result->failures[i].file, &result->failures[i].error);
	if (result->wanting && show->check)
		cli_wanting(&show->cli);
	inspection_free(result);
}

static void finish(void *context, size_t index)
{
	struct show *show = context;
	print_result(show, &show->results[index]);
	show->done += CHUNK;
	cli_progress(&show->cli, show->done, 0, "files");
}

static void run_batch(struct show *show)
{
	pool_run(show->cli.jobs, (show->files.count + CHUNK - 1) / CHUNK, work, finish, show);
	strings_free(&show->files);
}

static void add_file(struct show *show, const char *file)
{
	strings_add(&show->files, file);
	if (show->files.count == BATCH)
		run_batch(show);
}

static bool visit(void *context, const struct entry *entry, bool *descend)
{
	(void)descend;
	if (entry->kind == ENTRY_FILE)
		add_file(context, entry->path);
	return true;
}

static void walk_failed(void *context, const char *path, const struct note_error *err)
{
	struct show *show = context;
	char *name = xasprintf("%s/%s", show->operand, path);
	cli_fail(&show->cli, name, err);
	free(name);
}

static void show_tree(struct show *show, const char *operand)
{
	struct note_error error;
	run_batch(show);
	if (root_open(&show->root, operand, &error) != NOTE_OK) {
		cli_fail(&show->cli, operand, &error);
		return;
	}
	show->operand = operand;
	if (root_walk(show->root, "", false, visit, walk_failed, show, &error) != NOTE_OK)
		cli_fail(&show->cli, operand, &error);
	run_batch(show);
	root_close(show->root);
	show->root = NULL;
}

static void show_operand(struct show *show, const char *operand)
{
	struct stat st;
	if (stat(operand, &st) == 0 && S_ISDIR(st.st_mode))
		show_tree(show, operand);
	else
		add_file(show, operand);
}

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

static int run(const struct command *command, int argc, char **argv)
{
	static struct show show;
	int status;
	const struct option_spec options[] = {
		{"check", 0, OPTION_FLAG, NULL, &show.check,
		 "exit 1 where a package note is missing or breaks UAPI.8, and say how", NULL,
		 NULL},
		{"all", 0, OPTION_FLAG, NULL, &show.style.all, "list every note", NULL, NULL},
		{"pid", 0, OPTION_LIST, "PID", &show.pids, "show the modules of a live process",
		 NULL, NULL},
	};
	if (!cli_parse(&show.cli, command, options, sizeof(options) / sizeof(options[0]), argc,
		       argv, &status))
		return status;
	show.style.json = show.cli.json;
	show.style.check = show.check;
	show.style.color = show.cli.color;
	status = EXIT_DONE;
	if (show.cli.operand_count == 0 && show.pids.count == 0)
		status = cli_usage(&show.cli, "wants a file, a directory or --pid");
	for (size_t i = 0; status == EXIT_DONE && i < show.pids.count; i++)
		if (read_pid(show.pids.items[i]) == 0)
			status = cli_usage(&show.cli, "--pid wants a process number, not '%s'",
					   show.pids.items[i]);
	if (status == EXIT_DONE) {
		setvbuf(stdout, NULL, _IOFBF, 65536);
		for (size_t i = 0; i < show.cli.operand_count; i++)
			show_operand(&show, show.cli.operands[i]);
		run_batch(&show);
		for (size_t i = 0; i < show.pids.count; i++) {
			inspect_process(&show.results[0], &show.style,
					read_pid(show.pids.items[i]));
			print_result(&show, &show.results[0]);
		}
		cli_progress_end(&show.cli);
		status = cli_finish(&show.cli);
	}
	strings_free(&show.pids);
	return status;
}

const struct command show_command = {
	"show",
	"print the package note, build-id and kind of ELF files, trees, packages and cores",
	"[--check] [--all] [--json] FILE|DIR|PACKAGE|CORE...\n[--check] [--all] [--json] --pid PID",
	"pkgnote show --check /usr/bin/ls",
	run,
};
