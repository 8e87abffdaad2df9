/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files that a command names, and those of trees: see survey.h. They are gathered in batches,
 * so that memory does not grow with the tree; a batch is worked on by all jobs and told in its
 * order.
 */
#include "tools/show/survey.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/pool.h"
#include "tools/base/root/root.h"
#include "tools/base/stored/stored.h"

#define BATCH 4096
#define CHUNK 32 /* files that a job takes at once */

/* Files to work on: operands, or some of a tree. */
struct batch {
	struct survey *survey;
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
	const struct record_style *style = &batch->survey->style;
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

static void show_tree(struct survey *survey, const char *operand);

static void tell_failure(struct cli *cli, const struct inspect_failure *failure)
{
	if (failure->error.code == NOTE_OK)
		cli_say(cli, failure->file, "%s", failure->error.text);
	else
		cli_fail(cli, failure->file, &failure->error);
}

/* Prints what came of some files: text, failures, and the trees that were found among them. */
static void print_result(struct survey *survey, struct inspection *result)
{
	size_t out = 0, failures = 0;
	if (result->out.size != 0 && !survey->heading && !survey->cli->json) {
		struct text text = {0};
		record_print_heading(&text);
		fwrite(text.data, 1, text.size, stdout);
		text_free(&text);
		survey->heading = true;
	}
	for (size_t i = 0; i <= result->directory_count; i++) {
		const struct inspect_directory last = {NULL, result->out.size,
						       result->failure_count};
		const struct inspect_directory *until =
			i < result->directory_count ? &result->directories[i] : &last;
		if (until->out != out)
			fwrite(result->out.data + out, 1, until->out - out, stdout);
		for (; failures < until->failures; failures++)
			tell_failure(survey->cli, &result->failures[failures]);
		out = until->out;
		if (until->path != NULL)
			show_tree(survey, until->path);
	}
	if (result->wanting && survey->style.check)
		cli_wanting(survey->cli);
	if (survey->inventory != NULL)
		inventory_take(survey->inventory, &result->binaries);
	inspection_free(result);
}

static void finish(void *context, size_t index)
{
	struct batch *batch = context;
	struct survey *survey = batch->survey;
	print_result(survey, &batch->results[index]);
	survey->done += CHUNK;
	cli_progress(survey->cli, survey->done, 0, "files");
}

static void run_batch(struct batch *batch)
{
	pool_run(batch->survey->cli->jobs, (batch->files.count + CHUNK - 1) / CHUNK, work, finish,
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
	cli_fail(batch->survey->cli, name, err);
	free(name);
}

/* The marker file that the OCI image layout wants. */
static bool is_layout(struct root *root)
{
	int fd;
	if (root_open_any(root, "oci-layout", &fd, NULL) != NOTE_OK)
		return false;
	close(fd);
	return true;
}

static void show_layout(struct survey *survey, struct root *root, const char *operand)
{
	struct inspection result = {0};
	inspect_layout(&result, &survey->style, root, operand);
	print_result(survey, &result);
}

static void show_tree(struct survey *survey, const char *operand)
{
	struct note_error error;
	struct batch *batch = xcalloc(1, sizeof(*batch));
	batch->survey = survey;
	batch->operand = operand;
	if (root_open(&batch->root, operand, &error) == NOTE_OK && is_layout(batch->root)) {
		show_layout(survey, batch->root, operand);
		root_close(batch->root);
		free(batch);
		return;
	}
	if (batch->root == NULL ||
	    root_walk(batch->root, "", false, visit, walk_failed, batch, &error) != NOTE_OK)
		cli_fail(survey->cli, operand, &error);
	run_batch(batch);
	root_close(batch->root);
	free(batch);
}

/* Operands may be directories: of these the files are worked on. */
void survey_operands(struct survey *survey, char *const *operands, size_t count)
{
	struct batch *batch = xcalloc(1, sizeof(*batch));
	batch->survey = survey;
	for (size_t i = 0; i < count; i++)
		add_file(batch, operands[i]);
	run_batch(batch);
	free(batch);
}

void survey_process(struct survey *survey, pid_t pid)
{
	struct inspection result = {0};
	inspect_process(&result, &survey->style, pid);
	print_result(survey, &result);
}
