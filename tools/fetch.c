/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pkgnote fetch: gets artifacts from debuginfod servers and shares, and prints where they lie. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/connection_options.h"
#include "tools/debuginfod/environment.h"
#include "tools/debuginfod/metadata.h"
#include "tools/fetch/gdb.h"
#include "tools/fetch/print.h"
#include "tools/fetch/resolve.h"

/* What one run was asked for. */
struct fetch {
	struct cli cli;
	struct connection connection;
	bool no_cache, clean, dry, no_sync;
	struct strings delete; /* build-ids */
	struct sizes sizes;    /* with DRY */
	enum artifact artifact;
	bool all;                /* "all", not an artifact */
	const char *metadata[2]; /* key and value, for "metadata" */
	int sources;
	const char *into;
	struct subjects subjects;
	enum operand_kind kind; /* of the last operand */
	const char *name;       /* of the source or section */
	char *resolved;
	struct client_request *requests;
	char **wanted; /* as the operands named it */
	size_t count, room;
	struct client_answer *answers;
	bool *ended;
	bool waiting_told;
	size_t told; /* results are printed in the order of the operands */
};

/* --- Ctrl-C --- */

static volatile sig_atomic_t cancelled;

static void on_signal(int number)
{
	cancelled = number;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

/* Ends by the signal itself, so that a shell sees what happened. */
static void pass_signal_on(void)
{
	if (!cancelled)
		return;
	signal(cancelled, SIG_DFL);
	raise(cancelled);
}

/* --- operands --- */

static void plan_one(struct fetch *fetch, const struct subject *subject, const char *name)
{
	if (subject->hex == NULL) {
		cli_failf(&fetch->cli, subject->name, "it has no build-id");
		return;
	}
	if (fetch->count == fetch->room) {
		fetch->room = fetch->room != 0 ? 2 * fetch->room : 16;
		fetch->requests = xrealloc(fetch->requests, fetch->room * sizeof(*fetch->requests));
		fetch->wanted = xrealloc(fetch->wanted, fetch->room * sizeof(*fetch->wanted));
	}
	fetch->wanted[fetch->count] =
		name != NULL ? xasprintf("%s %s", subject->name, name) : xstrdup(subject->name);
	fetch->requests[fetch->count++] = (struct client_request){
		.artifact = fetch->artifact, .build_id = subject->hex, .name = name};
}

/* The operands after the artifact's word. */
static bool take_operands(struct fetch *fetch)
{
	struct cli *cli = &fetch->cli;
	char **operands = cli->operands + 1;
	size_t count = cli->operand_count - 1;
	const bool named =
		fetch->artifact == ARTIFACT_SOURCE || fetch->artifact == ARTIFACT_SECTION;
	if (fetch->all ? count != 1 : named ? count != 2 : count == 0) {
		cli_usage(cli, "%s wants %s", cli->operands[0],
			  fetch->all                           ? "one core file, process or file"
			  : fetch->artifact == ARTIFACT_SOURCE ? "a build-id or file, and a path"
			  : named                              ? "a build-id or file, and a name"
							       : "a build-id or file");
		return false;
	}
	if (named)
		fetch->name = operands[--count];
	if (fetch->dry && fetch->artifact == ARTIFACT_SOURCE && !fetch->all &&
	    fetch->name[0] != '/') {
		cli_usage(cli, "--dry-run wants the absolute path of a source");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct note_error err = {.offset = NOTE_NO_OFFSET};
		if (subjects_add(&fetch->subjects, operands[i], &fetch->kind, &err) != NOTE_OK)
			cli_fail(cli, operands[i], &err);
	}
	if (named && fetch->subjects.count > 1) {
		cli_usage(cli, "%s wants one build-id, and '%s' has %zu", cli->operands[0],
			  operands[0], fetch->subjects.count);
		return false;
	}
	return true;
}

/* A relative source name becomes absolute by the debug information. */
static bool resolve_name(struct fetch *fetch, struct client *client)
{
	struct note_error err = {.offset = NOTE_NO_OFFSET};
	if (fetch->artifact != ARTIFACT_SOURCE || fetch->name[0] == '/' ||
	    fetch->subjects.count == 0 || fetch->subjects.items[0].hex == NULL)
		return true;
	fetch->resolved = resolve_source(client, &fetch->subjects.items[0], fetch->name, &err);
	if (fetch->resolved == NULL && err.code == NOTE_ABSENT) {
		cli_wanting(&fetch->cli);
		cli_say(&fetch->cli, fetch->subjects.items[0].name, "absent: %s", err.text);
	} else if (fetch->resolved == NULL) {
		cli_fail(&fetch->cli, fetch->subjects.items[0].name, &err);
	}
	fetch->name = fetch->resolved;
	return fetch->resolved != NULL;
}

/* --- results --- */

static void print_result(struct fetch *fetch, size_t index)
{
	const struct client_answer *answer = &fetch->answers[index];
	if (fetch->cli.json)
		print_json(&fetch->requests[index], answer, answer->path);
	if (fetch->dry)
		print_size(&fetch->cli, &fetch->sizes, &fetch->requests[index], answer);
	else if (!fetch->cli.json && answer->outcome == OUTCOME_FOUND)
		puts(answer->path);
	tell_outcome(&fetch->cli, fetch->wanted[index], answer);
}

static void take(void *context, size_t index, struct client_answer *answer)
{
	struct fetch *fetch = context;
	fetch->answers[index] = *answer;
	fetch->ended[index] = true;
	for (; fetch->told < fetch->count && fetch->ended[fetch->told]; fetch->told++) {
		print_result(fetch, fetch->told);
		client_answer_free(&fetch->answers[fetch->told]);
	}
}

/* Where no bar is drawn, one line says who keeps us waiting. */
static void tell_who_is_waited_for(struct fetch *fetch, const struct client_progress *progress)
{
	if (fetch->waiting_told || progress->waited < 5 || isatty(STDERR_FILENO))
		return;
	fetch->waiting_told = true;
	cli_say(&fetch->cli, NULL, "waiting for %s", progress->waiting_for);
}

static int show_progress(void *context, const struct client_progress *progress)
{
	struct fetch *fetch = context;
	char text[240];
	char coming[48] = "";
	if (progress->size > progress->received)
		snprintf(coming, sizeof(coming), " of %.1f",
			 (double)(progress->bytes + progress->size - progress->received) / 1e6);
	snprintf(text, sizeof(text), "files, %.1f%s MB, %.1f MB/s%s%.100s",
		 (double)progress->bytes / 1e6, coming, progress->bytes_per_second / 1e6,
		 progress->waiting_for[0] != '\0' ? ", waiting for " : "", progress->waiting_for);
	cli_progress(&fetch->cli, progress->done, progress->total, text);
	tell_who_is_waited_for(fetch, progress);
	return 0;
}

/* --- the command --- */

static void fetch_free(struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->count; i++)
		free(fetch->wanted[i]);
	free(fetch->requests);
	free(fetch->answers);
	free(fetch->wanted);
	free(fetch->ended);
	free(fetch->resolved);
	subjects_free(&fetch->subjects);
	connection_free(&fetch->connection);
	strings_free(&fetch->delete);
}

/* Without a cache: what nothing was found in goes, the rest is the caller's. */
static void remove_empty(const char *dir)
{
	DIR *entries = opendir(dir);
	struct dirent *entry;
	while (entries != NULL && (entry = readdir(entries)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(entries), entry->d_name, AT_REMOVEDIR);
	if (entries != NULL)
		closedir(entries);
	rmdir(dir);
}

/* The directory to keep files in, for free(); NULL after a message. */
static char *choose_cache(struct fetch *fetch)
{
	const char *tmp = getenv("TMPDIR");
	char *dir;
	if (!fetch->no_cache) {
		dir = fetch->connection.client.cache != NULL
			      ? xstrdup(fetch->connection.client.cache)
			      : client_cache_path();
		if (dir == NULL)
			cli_failf(&fetch->cli, NULL,
				  "no HOME and no XDG_CACHE_HOME: --cache=DIR is needed");
		return dir;
	}
	/* What was found has to stay somewhere: a directory of its own, the caller's to remove. */
	dir = xasprintf("%s/pkgnote-fetch-XXXXXX", tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
	if (mkdtemp(dir) != NULL)
		return dir;
	cli_failf(&fetch->cli, dir, "%s", strerror(errno));
	free(dir);
	return NULL;
}

static void fetch_all(struct fetch *fetch, struct client *client)
{
	struct cli *cli = &fetch->cli;
	struct gathering gathering;
	struct note_error err = {.offset = NOTE_NO_OFFSET};
	const char *into = fetch->into != NULL ? fetch->into : "pkgnote-debug";
	const bool executables = fetch->kind == OPERAND_CORE || fetch->kind == OPERAND_PROCESS;
	for (size_t i = 0; i < fetch->subjects.count; i++)
		if (fetch->subjects.items[i].hex == NULL)
			cli_say(cli, fetch->subjects.items[i].name, "it has no build-id");
	cli_say(cli, NULL, "%zu modules%s", fetch->subjects.count,
		executables ? ", debug information and executables" : "");
	int code = gather(client, &fetch->subjects, into, fetch->sources, executables, fetch->dry,
			  fetch->no_sync, &gathering, &err);
	if (code != NOTE_OK)
		cli_fail(cli, into, &err);
	for (size_t i = 0; i < gathering.count; i++) {
		const struct gathered *item = &gathering.items[i];
		const struct client_request request = {
			.artifact = item->artifact, .build_id = item->hex, .name = item->name};
		char *wanted = xasprintf(
			"%s: %s%s%s%s", item->subject->name, item->alternate ? "alternate " : "",
			artifact_words[item->artifact], item->name != NULL ? " " : "",
			item->name != NULL ? item->name : "");
		if (cli->json)
			print_json(&request, &item->answer, item->into);
		if (fetch->dry)
			print_size(cli, &fetch->sizes, &request, &item->answer);
		tell_outcome(cli, wanted, &item->answer);
		free(wanted);
	}
	char *dir = fetch->dry ? NULL : realpath(into, NULL);
	if (code == NOTE_OK && dir != NULL && fetch->kind != OPERAND_PACKAGE && !cli->json) {
		char *gdb = gdb_command(dir, fetch->kind, cli->operands[1], fetch->subjects.items,
					fetch->sources != GATHER_NONE, &gathering);
		puts(gdb);
		free(gdb);
	} else if (code == NOTE_OK && dir != NULL && !cli->json) {
		puts(dir);
	}
	free(dir);
	gathering_free(&gathering);
}

static void fetch_each(struct fetch *fetch, struct client *client)
{
	for (size_t i = 0; i < fetch->subjects.count; i++)
		plan_one(fetch, &fetch->subjects.items[i], fetch->name);
	fetch->answers = xcalloc(fetch->count, sizeof(*fetch->answers));
	fetch->ended = xcalloc(fetch->count, sizeof(*fetch->ended));
	client_fetch_all(client, fetch->requests, fetch->count, take, fetch);
}

static void delete_each(struct fetch *fetch, struct client *client)
{
	for (size_t i = 0; i < fetch->delete.count; i++) {
		const char *id = fetch->delete.items[i];
		struct client_cleaned cleaned;
		struct note_error err;
		const int code = client_delete(client, id, &cleaned, &err);
		if (code == NOTE_OK) {
			cli_say(&fetch->cli, id, "%llu files removed from the cache",
				(unsigned long long)cleaned.removed);
		} else if (code == NOTE_ABSENT) {
			cli_wanting(&fetch->cli);
			cli_say(&fetch->cli, id, "absent: %s", err.text);
		} else {
			cli_fail(&fetch->cli, id, &err);
		}
	}
}

static void fetch_metadata(struct fetch *fetch, struct client *client)
{
	struct client_answer answer;
	char *wanted = xasprintf("%s %s", fetch->metadata[0], fetch->metadata[1]);
	client_metadata(client, fetch->metadata[0], fetch->metadata[1], &answer);
	print_metadata(&fetch->cli, wanted, &answer);
	client_answer_free(&answer);
	free(wanted);
}

static int work(struct fetch *fetch)
{
	struct client *client;
	struct note_error err;
	struct cli *cli = &fetch->cli;
	char *cache = choose_cache(fetch);
	char *foreign = fetch->no_cache ? NULL : elfutils_cache_path();
	if (cache == NULL) {
		free(foreign);
		return cli_finish(cli);
	}
	fetch->connection.client.cache = cache;
	fetch->connection.client.elfutils_cache = foreign;
	fetch->connection.client.cache_is_private = fetch->no_cache;
	if (fetch->no_cache)
		fetch->connection.client.absent_seconds = 0;
	catch_signals();
	int code = client_open(&client, &fetch->connection.client, &err);
	int status = EXIT_DONE;
	if (code == NOTE_USAGE) {
		status = cli_usage(cli, "%s", err.text);
	} else if (code != NOTE_OK) {
		cli_fail(cli, NULL, &err);
	} else {
		if (fetch->clean) {
			struct client_cleaned cleaned;
			client_clean(client, &cleaned);
			print_cleaned(cli, &cleaned);
		}
		delete_each(fetch, client);
		if (fetch->metadata[0] != NULL)
			fetch_metadata(fetch, client);
		else if (fetch->all)
			fetch_all(fetch, client);
		else if (resolve_name(fetch, client))
			fetch_each(fetch, client);
		if (fetch->dry)
			print_total(cli, &fetch->sizes);
		if (!fetch->no_sync && client_sync(client, &err) != NOTE_OK)
			cli_fail(cli, NULL, &err);
		client_close(client);
	}
	if (fetch->no_cache)
		remove_empty(cache);
	free(cache);
	free(foreign);
	if (status == EXIT_DONE)
		status = cli_finish(cli);
	pass_signal_on();
	return status;
}

static bool choose_metadata(struct fetch *fetch)
{
	static const char *const keys[] = {"glob", "file", "buildid"};
	char **operands = fetch->cli.operands;
	for (size_t i = 0; fetch->cli.operand_count == 3 && i < 3; i++)
		if (strcmp(operands[1], keys[i]) == 0) {
			fetch->metadata[0] = operands[1];
			fetch->metadata[1] = operands[2];
			return true;
		}
	cli_usage(&fetch->cli, "metadata wants glob, file or buildid, and a value");
	return false;
}

static bool choose_artifact(struct fetch *fetch)
{
	struct cli *cli = &fetch->cli;
	const bool may_be_none = fetch->clean || fetch->delete.count > 0;
	if (fetch->no_cache && may_be_none) {
		cli_usage(cli, "--cache-clean and --cache-delete want a cache");
		return false;
	}
	if (cli->operand_count == 0) {
		if (!may_be_none)
			cli_usage(cli, "debuginfo, executable, source, section, metadata or all is "
				       "missing");
		return may_be_none;
	}
	if (strcmp(cli->operands[0], "metadata") == 0)
		return choose_metadata(fetch);
	fetch->all = strcmp(cli->operands[0], "all") == 0;
	if (!fetch->all && (fetch->into != NULL || fetch->sources != GATHER_NONE)) {
		cli_usage(cli, "--into and --sources go with 'all'");
		return false;
	}
	for (int i = ARTIFACT_DEBUGINFO; i <= ARTIFACT_SECTION; i++)
		if (fetch->all || strcmp(cli->operands[0], artifact_words[i]) == 0) {
			fetch->artifact = (enum artifact)i;
			return take_operands(fetch);
		}
	cli_usage(cli, "'%s' is none of debuginfo, executable, source, section, metadata, all",
		  cli->operands[0]);
	return false;
}

static bool prepare(struct fetch *fetch)
{
	struct client_options *o = &fetch->connection.client;
	o->sizes_only = fetch->dry;
	o->progress = show_progress;
	o->progress_context = fetch;
	o->cancelled = &cancelled;
	return connection_complete(&fetch->connection, &fetch->cli);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct fetch fetch = {0};
	struct connection *connection = &fetch.connection;
	int status;
	connection_begin(connection);
	const struct option_spec specs[] = {
		{"into", 0, OPTION_TEXT, "DIR", &fetch.into,
		 "all: gather everything in DIR (./pkgnote-debug)", NULL, NULL},
		{"sources", 0, OPTION_CHOICE, "none|primary|all", &fetch.sources,
		 "all: sources too; primary: each unit's main file (none)", NULL, NULL},
		{"section-fallback", 0, OPTION_FLAG, NULL, &connection->client.section_fallback,
		 "get the whole file for a section that no server gives", NULL, NULL},
		{"no-cache", 0, OPTION_FLAG, NULL, &fetch.no_cache,
		 "use no cache: files stay in a new temporary directory", NULL, NULL},
		{"cache-clean", 0, OPTION_FLAG, NULL, &fetch.clean,
		 "apply --cache-size and --cache-age now; --cache-age=0 empties the cache", NULL,
		 NULL},
		{"cache-delete", 0, OPTION_LIST, "BUILDID", &fetch.delete,
		 "remove what the cache holds of it first (repeat)", NULL, NULL},
		{"dry-run", 0, OPTION_FLAG, NULL, &fetch.dry,
		 "get nothing: print the size of each file, and the total", NULL, NULL},
		NO_SYNC_OPTION(&fetch.no_sync),
		CONNECTION_CACHE_OPTIONS(connection),
		CONNECTION_OPTIONS(connection),
	};
	if (!cli_parse(&fetch.cli, command, specs, sizeof(specs) / sizeof(specs[0]), argc, argv,
		       &status)) {
		fetch_free(&fetch);
		return status;
	}
	status = EXIT_USAGE;
	if (!prepare(&fetch))
		status = cli_finish(&fetch.cli);
	else if (choose_artifact(&fetch))
		status = work(&fetch);
	fetch_free(&fetch);
	return status;
}

const struct command fetch_command = {
	"fetch",
	"Get debug information, executables and sources from debuginfod servers, proven",
	"[OPTION]... debuginfo|executable BUILDID|FILE|CORE|PID|PACKAGE...\n"
	"[OPTION]... source BUILDID|FILE PATH\n"
	"[OPTION]... section BUILDID|FILE NAME\n"
	"[OPTION]... metadata glob|file|buildid VALUE\n"
	"[OPTION]... all CORE|PID|FILE|PACKAGE [--into=DIR]\n"
	"[OPTION]... --cache-clean",
	"pkgnote fetch --server=https://debuginfod.example.org debuginfo /usr/bin/ls",
	run,
};
