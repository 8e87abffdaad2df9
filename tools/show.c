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
#include "tools/base/root/root.h"
#include "tools/base/stored.h"
#include "tools/commands.h"
#include "tools/show/inspect.h"

#define BATCH 4096
#define CHUNK 32 /* files that a job takes at once */

struct show {
	struct cli cli;
	struct record_style style;
	bool check;
	struct strings pids;
	uint64_t done;
	bool heading; /* was printed */
};

/* Files to work on: operands, or some of a tree. */
struct batch {
	struct show *show;
	struct root *root;   /* NULL for operands */
	const char *operand; /* the tree's name */
	struct strings files;
	struct inspection results[BATCH / CHUNK];
};

/* A tree has many files: no printf. */
static char *join(const char *directory, const char *slash, const char *file)
{
	struct text path = {0};
	text_puts(&path, directory);
	text_puts(&path, slash);
	text_puts(&path, file);
	return path.data;
}

/* What comes out of a pipe is read in any order: it goes to a file first. */
static int open_standard_input(struct note_error *err)
{
	struct stat st;
	int fd = -1;
	if (fstat(STDIN_FILENO, &st) != 0)
		error_system(err, "standard input");
	else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	else
		stored_spool(STDIN_FILENO, &fd, err);
	return fd;
}

static void inspect_one(struct batch *batch, struct inspection *inspection, const char *file)
{
	const struct record_style *style = &batch->show->style;
	struct note_error error;
	char *path = NULL;
	int fd = -1;
	if (batch->root != NULL) {
		const size_t length = strlen(batch->operand);
		const bool slash = length != 0 && batch->operand[length - 1] == '/';
		int code = root_open_any(batch->root, file, &fd, &error);
		/* What has changed since it was listed is passed over. */
		if (code == NOTE_ABSENT || code == NOTE_UNSUPPORTED)
			return;
		path = join(batch->operand, slash ? "" : "/", file);
	} else if (strcmp(file, "-") == 0) {
		fd = open_standard_input(&error);
	} else {
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			error_system(&error, "open");
	}
	const char *name = path != NULL ? path : file;
	if (fd >= 0) {
		inspect_file(inspection, style, fd, name, batch->root == NULL);
		close(fd);
	} else {
		inspection_fail(inspection, name, NULL, &error);
	}
	free(path);
}

static void work(void *context, size_t index, unsigned worker)
{
	struct batch *batch = context;
	(void)worker;
	for (size_t i = index * CHUNK; i < (index + 1) * CHUNK && i < batch->files.count; i++)
		inspect_one(batch, &batch->results[index], batch->files.items[i]);
}

static void show_tree(struct show *show, const char *operand);

/* Prints what came of some files: text, failures, and the trees that were found among them. */
static void print_result(struct show *show, struct inspection *result)
{
	size_t out = 0, failures = 0;
	if (result->out.size != 0 && !show->heading && !show->cli.json) {
		struct text text = {0};
		record_print_heading(&text);
		fwrite(text.data, 1, text.size, stdout);
		text_free(&text);
		show->heading = true;
	}
	for (size_t i = 0; i <= result->directory_count; i++) {
		const struct inspect_directory last = {NULL, result->out.size,
						       result->failure_count};
		const struct inspect_directory *until =
			i < result->directory_count ? &result->directories[i] : &last;
		if (until->out != out)
			fwrite(result->out.data + out, 1, until->out - out, stdout);
		for (; failures < until->failures; failures++)
			cli_fail(&show->cli, result->failures[failures].file,
				 &result->failures[failures].error);
		out = until->out;
		if (until->path != NULL)
			show_tree(show, until->path);
	}
	if (result->wanting && show->check)
		cli_wanting(&show->cli);
	inspection_free(result);
}

static void finish(void *context, size_t index)
{
	struct batch *batch = context;
	struct show *show = batch->show;
	print_result(show, &batch->results[index]);
	show->done += CHUNK;
	cli_progress(&show->cli, show->done, 0, "files");
}

static void run_batch(struct batch *batch)
{
	pool_run(batch->show->cli.jobs, (batch->files.count + CHUNK - 1) / CHUNK, work, finish,
		 batch);
	strings_free(&batch->files);
}

static void add_file(struct batch *batch, const char *file)
{
	strings_add(&batch->files, file);
	if (batch->files.count == BATCH)
		run_batch(batch);
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
	struct batch *batch = context;
	char *name = xasprintf("%s/%s", batch->operand, path);
	cli_fail(&batch->show->cli, name, err);
	free(name);
}

static void show_tree(struct show *show, const char *operand)
{
	struct note_error error;
	struct batch *batch = xcalloc(1, sizeof(*batch));
	batch->show = show;
	batch->operand = operand;
	if (root_open(&batch->root, operand, &error) != NOTE_OK ||
	    root_walk(batch->root, "", false, visit, walk_failed, batch, &error) != NOTE_OK)
		cli_fail(&show->cli, operand, &error);
	run_batch(batch);
	root_close(batch->root);
	free(batch);
}

static void show_operands(struct show *show)
{
	struct batch *batch = xcalloc(1, sizeof(*batch));
	batch->show = show;
	for (size_t i = 0; i < show->cli.operand_count; i++)
		add_file(batch, show->cli.operands[i]);
	run_batch(batch);
	free(batch);
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
	struct show show = {0};
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
		show_operands(&show);
		for (size_t i = 0; i < show.pids.count; i++) {
			struct inspection result = {0};
			inspect_process(&result, &show.style, read_pid(show.pids.items[i]));
			print_result(&show, &result);
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
	"[--check] [--all] [--json] FILE|DIR|PACKAGE|CORE|-...\n[--check] [--all] [--json] --pid "
	"PID",
	"pkgnote show --check /usr/bin/ls",
	run,
};
