/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pkgnote stamp: the package note into files that are linked already. libnote's note_place() makes
 * each new file; here names, links and attributes are looked after. All files are reached below
 * one root, "/", so that hard links between any two arguments are seen and kept. */
#include <errno.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/metadata.h"
#include "tools/base/pool.h"
#include "tools/base/root/root.h"
#include "tools/commands.h"
#include "tools/stamp/interrupt.h"
#include "tools/stamp/items.h"
#include "tools/stamp/kind.h"
#include "tools/stamp/leftover.h"
#include "tools/stamp/new_build_id.h"

/* The words of --on-existing, in their order. */
static const enum note_existing existing_words[] = {NOTE_EXISTING_KEEP, NOTE_EXISTING_FIRST,
						    NOTE_EXISTING_REPLACE, NOTE_EXISTING_FAIL};

struct stamp {
	struct cli cli;
	struct root *root;
	struct root_batch *batch; /* names to be replaced together; NULL: at once */
	size_t from;              /* the first item of the batch */
	bool no_sync;
	struct metadata metadata;
	char *payload;
	int existing;
	bool break_links;
	bool outside;
	const char *seed; /* of the build-ids to compute anew; NULL: they stay */
	bool add_build_id;
	const char *out;
	struct items items;
	/* While the tree ARGUMENT is walked. */
	const char *argument;
	size_t argument_length; /* of its path below the root */
	struct strings leftovers;
	size_t outcomes[REFUSED + 1];
};

/* --- what to stamp --- */

static char *shown_name(const struct stamp *stamp, const char *path)
{
	size_t length = strlen(stamp->argument);
	while (length > 1 && stamp->argument[length - 1] == '/')
		length--;
	if (stamp->argument_length != 0)
		path += stamp->argument_length + 1;
	return xasprintf("%.*s%s%s", (int)length, stamp->argument,
			 stamp->argument[length - 1] == '/' ? "" : "/", path);
}

static bool visit(void *context, const struct entry *entry, bool *descend)
{
	struct stamp *stamp = context;
	*descend = true;
	if (entry->kind == ENTRY_FILE && root_is_temporary(entry->path)) {
		strings_add(&stamp->leftovers, entry->path);
		return true;
	}
	if (entry->kind == ENTRY_FILE && entry->st.st_size > 0)
		items_add(&stamp->items, entry->path, shown_name(stamp, entry->path), &entry->st);
	return true;
}

static void unreadable(void *context, const char *path, const struct note_error *err)
{
	struct stamp *stamp = context;
	char *shown = shown_name(stamp, path);
	cli_fail(&stamp->cli, shown, err);
	free(shown);
}

/* ARGUMENT below the root, without a link on the way; a link to a directory is followed, being
 * named by the user. The caller frees it; NULL with errno. */
static char *path_below_root(const char *argument, bool directory)
{
	char *real;
	if (directory) {
		real = realpath(argument, NULL);
	} else {
		const char *slash = strrchr(argument, '/');
		char *parent = slash != NULL ? strndup(argument, (size_t)(slash - argument) + 1)
					     : xstrdup(".");
		char *there = parent != NULL ? realpath(parent, NULL) : NULL;
		real = there != NULL ? xasprintf("%s/%s", strcmp(there, "/") == 0 ? "" : there,
						 slash != NULL ? slash + 1 : argument)
				     : NULL;
		free(there);
		free(parent);
	}
	if (real != NULL)
		memmove(real, real + 1, strlen(real));
	return real;
}

/* Those that were found in a tree, after it was walked. */
static void settle_leftovers(struct stamp *stamp)
{
	for (size_t i = 0; i < stamp->items.count && stamp->leftovers.count != 0; i++) {
		struct item *item = &stamp->items.items[i];
		struct stat st;
		char *temporary = leftover_of(item->path);
		if (strings_has(&stamp->leftovers, temporary) &&
		    leftover_settle(stamp->root, item->path) &&
		    root_stat(stamp->root, item->path, &st, NULL) == NOTE_OK) {
			item->device = st.st_dev;
			item->inode = st.st_ino;
			item->links = st.st_nlink;
		}
		free(temporary);
	}
	for (size_t i = 0; i < stamp->leftovers.count; i++)
		root_remove_leftover(stamp->root, stamp->leftovers.items[i]);
	strings_free(&stamp->leftovers);
}

static void add_argument(struct stamp *stamp, const char *argument)
{
	struct note_error err;
	struct stat st;
	if (stat(argument, &st) != 0) {
		cli_failf(&stamp->cli, argument, "%s", strerror(errno));
		return;
	}
	const bool directory = S_ISDIR(st.st_mode);
	char *path = path_below_root(argument, directory);
	if (path == NULL) {
		cli_failf(&stamp->cli, argument, "%s", strerror(errno));
		return;
	}
	if (directory) {
		stamp->argument = argument;
		stamp->argument_length = strlen(path);
		if (root_walk(stamp->root, path, true, visit, unreadable, stamp, &err) != NOTE_OK)
			cli_fail(&stamp->cli, argument, &err);
		settle_leftovers(stamp);
	} else if (root_stat(stamp->root, path, &st, &err) != NOTE_OK) {
		cli_fail(&stamp->cli, argument, &err);
	} else if (S_ISLNK(st.st_mode)) {
		cli_failf(&stamp->cli, argument, "a symbolic link: name the file itself");
	} else if (!S_ISREG(st.st_mode)) {
		cli_failf(&stamp->cli, argument, "neither a regular file nor a directory");
	} else {
		if (stamp->out == NULL && leftover_settle(stamp->root, path))
			root_stat(stamp->root, path, &st, NULL);
		items_add(&stamp->items, path, xstrdup(argument), &st)->named = true;
	}
	free(path);
}

/* --- one file --- */

static int refuse(struct note_error *err, const char *why)
{
	*err = (struct note_error){.code = NOTE_UNSUPPORTED, .offset = NOTE_NO_OFFSET};
	snprintf(err->text, sizeof(err->text), "%s", why);
	return err->code;
}

/* OUT, or every name of the file, gets the new bytes and the old file's attributes. */
static int write_back(struct stamp *stamp, size_t index, int fd, const void *bytes, size_t size,
		      struct note_error *err)
{
	const struct file_attributes like = {
		.like = fd,
		.same = true,
		.nearly = true,
		.group_lost = &stamp->items.items[index].group_lost,
		.later = stamp->batch,
		.tag = index,
	};
	struct strings paths = {0};
	if (stamp->out != NULL)
		return output_write_like(stamp->out, bytes, size, fd, !stamp->no_sync,
					 &stamp->items.items[index].owner_lost, err);
	items_names(&stamp->items, index, &paths);
	/* Sorted, so two runs begin with the same name, whatever the order of their arguments: it
	 * holds the lock. */
	const int code = root_write(stamp->root, (const char *const *)paths.items, paths.count,
				    bytes, size, &like, err);
	strings_free(&paths);
	return code;
}

/* The note of FROM, then the build-id: MADE is a new file, for free(). */
static int make(struct stamp *stamp, struct item *item, const uint8_t *bytes, size_t size,
		void **made, size_t *made_size, struct note_error *err)
{
	const struct note_place_options options = {
		.size = sizeof(options),
		.existing = existing_words[stamp->existing],
		.outside_first_page = stamp->outside,
	};
	void *identified = NULL;
	size_t identified_size;
	bool added = false;
	int code = note_place(bytes, size, stamp->payload, &options, made, made_size, err);
	if (code == NOTE_OK && stamp->add_build_id) {
		code = add_build_id(*made, *made_size, stamp->seed, &identified, &identified_size,
				    &added, err);
		if (code == NOTE_OK && added) {
			free(*made);
			*made = identified;
			*made_size = identified_size;
		}
	}
	if (code == NOTE_OK && stamp->seed != NULL && !added)
		code = new_build_id(*made, *made_size, stamp->seed, &item->no_build_id, err);
	free(item->other);
	item->other = NULL;
	if (code == NOTE_OK && stamp->existing == 0)
		item->other = kind_other_package(bytes, size, stamp->payload);
	return code;
}

static int stamp_file(struct stamp *stamp, size_t index, int fd, struct note_error *err)
{
	struct item *item = &stamp->items.items[index];
	uint8_t *bytes = NULL;
	void *made = NULL;
	size_t size, made_size = 0;
	int code = file_read(fd, &bytes, &size, err);
	if (code != NOTE_OK)
		return code;
	code = make(stamp, item, bytes, size, &made, &made_size, err);
	const bool same = code == NOTE_OK && made_size == size && memcmp(made, bytes, size) == 0;
	free(bytes);
	item->outcome = same ? KEPT : STAMPED;
	if (code == NOTE_OK && !same && stamp->out == NULL && !stamp->break_links &&
	    item->links > items_names(&stamp->items, index, NULL))
		code = refuse(err, "it has hard links outside the arguments, which would keep the "
				   "old bytes (--break-links allows that)");
	if (code == NOTE_OK && (!same || stamp->out != NULL))
		code = write_back(stamp, index, fd, made, made_size, err);
	item->unsigned_now = code == NOTE_OK && !same && kind_is_signed(fd);
	free(made);
	return code;
}

/* The kind of the file goes to *KIND. */
static int stamp_any(struct stamp *stamp, size_t index, enum kind *kind, struct note_error *err)
{
	struct item *item = &stamp->items.items[index];
	int fd;
	int code = root_open_file(stamp->root, item->path, &fd, err);
	if (code != NOTE_OK)
		return code;
	*kind = kind_of_file(fd);
	switch (*kind) {
	case KIND_FOREIGN:
		if (!item->named) {
			code = kind_explain(fd, err);
			break;
		}
		/* fall through */
	case KIND_ELF:
	case KIND_DEBUG:
	case KIND_PE:
	case KIND_OBJECT: /* note_place says why not */
		code = stamp_file(stamp, index, fd, err);
		break;
	case KIND_ARCHIVE:
		code = refuse(err, "a static archive: the final link would multiply the "
				   "notes of its objects; stamp what is linked from it");
		break;
	default:
		if (item->named)
			code = refuse(err, "neither an ELF file nor a PE image");
	}
	close(fd);
	return code;
}

static void note_failure(struct item *item, enum kind kind, const struct note_error *err)
{
	const bool not_for_it = kind == KIND_OBJECT || kind == KIND_ARCHIVE || kind == KIND_DEBUG ||
				kind == KIND_FOREIGN;
	item->outcome = not_for_it && !item->named ? LEFT_ALONE : REFUSED;
	item->error = xmalloc(sizeof(*err));
	*item->error = *err;
}

static void work(void *context, size_t number, unsigned worker)
{
	struct stamp *stamp = context;
	const size_t index = stamp->from + number;
	struct item *item = &stamp->items.items[index];
	struct note_error err = {0};
	enum kind kind = KIND_OTHER;
	(void)worker;
	if (item->first != index || interrupt_came())
		return;
	const int code = stamp_any(stamp, index, &kind, &err);
	item->again = code == ROOT_AGAIN;
	if (code != NOTE_OK && code != ROOT_AGAIN)
		note_failure(item, kind, &err);
}

/* Another run was at the file: now that no locks are held it is waited for. */
static void work_alone(struct stamp *stamp, size_t index)
{
	struct item *item = &stamp->items.items[index];
	struct root_batch *batch = stamp->batch;
	struct note_error err = {0};
	enum kind kind = KIND_OTHER;
	int code = ROOT_AGAIN;
	stamp->batch = NULL;
	for (unsigned i = 0; code == ROOT_AGAIN && i < 100 && !interrupt_came(); i++)
		code = stamp_any(stamp, index, &kind, &err);
	stamp->batch = batch;
	if (code != NOTE_OK)
		note_failure(item, kind, &err);
}

static void not_replaced(void *context, size_t index, const struct note_error *err)
{
	struct stamp *stamp = context;
	note_failure(&stamp->items.items[index], KIND_ELF, err);
	stamp->items.items[index].outcome = REFUSED;
}

/* --- results --- */

static void print_json(const struct stamp *stamp, const struct item *item, const char *outcome)
{
	struct json_object *line = json_object_new_object();
	char *name = name_to_utf8(stamp->out != NULL ? stamp->out : item->shown);
	json_object_object_add(line, "path", json_object_new_string(name));
	json_object_object_add(line, "result", json_object_new_string(outcome));
	if (item->error != NULL) {
		char *reason = name_to_utf8(item->error->text);
		json_object_object_add(line, "reason", json_object_new_string(reason));
		free(reason);
	}
	puts(json_object_to_json_string_ext(line, JSON_C_TO_STRING_PLAIN |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(line);
	free(name);
}

static void finish(struct stamp *stamp, size_t index)
{
	static const char *const words[] = {"ignored", "stamped", "kept", "left-alone", "refused"};
	struct item *item = &stamp->items.items[index];
	const struct item *first = &stamp->items.items[item->first];
	cli_progress(&stamp->cli, index + 1, stamp->items.count, "files");
	if (first->outcome == IGNORED || (first != item && strcmp(first->path, item->path) == 0))
		return;
	if (first->outcome == REFUSED)
		cli_fail(&stamp->cli, item->shown, first->error);
	else if (first->outcome == LEFT_ALONE)
		cli_say(&stamp->cli, item->shown, "left alone: %s", first->error->text);
	else
		cli_detail(&stamp->cli, item->shown, "%s", words[first->outcome]);
	if (first->group_lost)
		cli_say(&stamp->cli, item->shown,
			"its group is not kept: you are not in it (fakeroot, or chgrp first)");
	if (first->owner_lost)
		cli_say(&stamp->cli, stamp->out,
			"owner, set-id bits or capabilities are not those of %s: only root can "
			"give them",
			item->shown);
	if (first->no_build_id)
		cli_say(&stamp->cli, item->shown, "there is no build-id to update");
	if (first->other != NULL)
		cli_say(&stamp->cli, item->shown,
			"its note names the package '%s', and stays: --on-existing=first puts this "
			"one before it, replace in its place",
			first->other);
	if (first->unsigned_now)
		cli_say(&stamp->cli, item->shown,
			"its IMA or EVM attribute was for the old contents and is gone; sign it "
			"anew");
	if (stamp->cli.json) {
		struct item line = *item;
		line.error = first->error;
		print_json(stamp, &line, words[first->outcome]);
	}
	stamp->outcomes[first->outcome]++;
}

static void stamp_all(struct stamp *stamp)
{
	struct cli *cli = &stamp->cli;
	struct note_error err;
	for (size_t i = 0; i < cli->operand_count; i++)
		add_argument(stamp, cli->operands[i]);
	items_find_links(&stamp->items);
	interrupt_catch();
	stamp->batch = root_batch_new();
	for (size_t from = 0; from < stamp->items.count; from += ROOT_BATCH) {
		const size_t left = stamp->items.count - from;
		const size_t count = left < ROOT_BATCH ? left : ROOT_BATCH;
		stamp->from = from;
		pool_run(cli->jobs, count, work, NULL, stamp);
		root_commit(stamp->root, stamp->batch, not_replaced, stamp);
		for (size_t i = from; i < from + count; i++)
			if (stamp->items.items[i].again)
				work_alone(stamp, i);
		for (size_t i = from; i < from + count; i++)
			finish(stamp, i);
	}
	root_batch_free(stamp->root, stamp->batch);
	if (root_sync(stamp->root, &err) != NOTE_OK)
		cli_fail(cli, NULL, &err);
	cli_progress_end(cli);
	interrupt_pass_on();
	if (!cli->json && !cli->quiet)
		printf("%zu stamped, %zu kept, %zu left alone, %zu refused\n",
		       stamp->outcomes[STAMPED], stamp->outcomes[KEPT], stamp->outcomes[LEFT_ALONE],
		       stamp->outcomes[REFUSED]);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct stamp stamp = {0};
	struct note_error err;
	struct stat st;
	int status;
	const struct option_spec options[] = {
		METADATA_OPTIONS(&stamp.metadata),
		{"on-existing", 0, OPTION_CHOICE, "keep|first|replace|fail", &stamp.existing,
		 "what to do with a file that has a note", NULL, NULL},
		{"update-build-id", 0, OPTION_TEXT, "SEED", &stamp.seed,
		 "compute the build-id anew, from the new contents and SEED", "", NULL},
		{"add-build-id", 0, OPTION_FLAG, NULL, &stamp.add_build_id,
		 "give a file that has no build-id one, in page one too", NULL, NULL},
		{"output", 'o', OPTION_TEXT, "OUT", &stamp.out,
		 "write the stamped FILE to OUT, leave FILE alone", NULL, NULL},
		{"allow-outside-first-page", 0, OPTION_FLAG, NULL, &stamp.outside,
		 "where page one has no room, put the note where core files lack it", NULL, NULL},
		{"break-links", 0, OPTION_FLAG, NULL, &stamp.break_links,
		 "let hard links outside the arguments keep the old bytes", NULL, NULL},
		NO_SYNC_OPTION(&stamp.no_sync),
	};
	if (!cli_parse(&stamp.cli, command, options, sizeof(options) / sizeof(options[0]), argc,
		       argv, &status))
		goto out;
	status = EXIT_USAGE;
	if (stamp.cli.operand_count == 0) {
		cli_usage(&stamp.cli, "no FILE or DIR is given");
		goto out;
	}
	if (stamp.out != NULL && (stamp.cli.operand_count != 1 ||
				  (stat(stamp.cli.operands[0], &st) == 0 && S_ISDIR(st.st_mode)))) {
		cli_usage(&stamp.cli, "-o takes exactly one FILE");
		goto out;
	}
	status = EXIT_FAILED;
	if (!metadata_build(&stamp.cli, &stamp.metadata, NULL, 0, &stamp.payload)) {
		if (stamp.cli.status == EXIT_DONE)
			status = EXIT_USAGE; /* said already, by cli_usage */
		goto out;
	}
	if (root_open(&stamp.root, "/", &err) != NOTE_OK) {
		cli_fail(&stamp.cli, "/", &err);
	} else {
		if (stamp.no_sync)
			root_without_sync(stamp.root);
		stamp_all(&stamp);
	}
	status = cli_finish(&stamp.cli);
out:
	items_free(&stamp.items);
	free(stamp.payload);
	metadata_free(&stamp.metadata);
	root_close(stamp.root);
	return status;
}

const struct command stamp_command = {
	"stamp",
	"Put the package note into linked files, in their first page",
	"[METADATA] [OPTION]... FILE|DIR...",
	"pkgnote stamp -k name=hello -k version=2.10-3 build/hello build/libhello.so",
	run,
};
