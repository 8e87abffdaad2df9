/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pkgnote fetch: gets artifacts from debuginfod servers and shares, and prints where they lie. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/note.h"
#include "tools/commands.h"
#include "tools/debuginfod/client.h"

#define PARALLEL 16

/* What one run was asked for. */
struct fetch {
	struct cli cli;
	struct client_options options;
	struct strings servers;
	enum artifact artifact;
	struct client_request *requests;
	char **wanted; /* as the operands named it */
	struct client_answer *answers;
	bool *ended;
	size_t count;
	size_t told; /* results are printed in the order of the operands */
};

/* --- operands --- */

static bool is_build_id(const char *text)
{
	const size_t length = strlen(text);
	return length >= 16 && length % 2 == 0 && strspn(text, "0123456789abcdefABCDEF") == length;
}

/* The build-id that OPERAND names: itself, or that of an ELF file. For free(), NULL after a
 * message. */
static char *build_id_of(struct cli *cli, const char *operand)
{
	struct image *image = NULL;
	struct note_error err;
	const uint8_t *id;
	size_t size;
	char *hex = NULL;
	if (is_build_id(operand) && access(operand, F_OK) != 0)
		return xstrdup(operand);
	int fd = open(operand, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		cli_failf(cli, operand, "neither a build-id nor a file: %s", strerror(errno));
		return NULL;
	}
	int code = image_open_fd(&image, fd, &err);
	if (code == NOTE_OK)
		code = image_read_elf(image, &err);
	if (code == NOTE_OK)
		code = elf_build_id(image, &id, &size, NULL, &err);
	if (code == NOTE_OK) {
		hex = xmalloc(2 * size + 1);
		hex_encode(id, size, hex);
	} else {
		cli_fail(cli, operand, &err);
	}
	image_close(image);
	close(fd);
	return hex;
}

/* --- results --- */

static const char *const artifact_words[] = {"debuginfo", "executable", "source", "section"};

static void print_json(const struct client_request *request, const struct client_answer *answer)
{
	struct json_object *object = json_object_new_object();
	struct json_object *servers = json_object_new_array();
	char *name = request->name != NULL ? name_to_utf8(request->name) : NULL;
	char *path = answer->path != NULL ? name_to_utf8(answer->path) : NULL;
	json_object_object_add(object, "artifact",
			       json_object_new_string(artifact_words[request->artifact]));
	json_object_object_add(object, "buildId", json_object_new_string(request->build_id));
	if (name != NULL)
		json_object_object_add(object, "name", json_object_new_string(name));
	json_object_object_add(object, "outcome",
			       json_object_new_string(outcome_word(answer->outcome)));
	json_object_object_add(object, "path", path != NULL ? json_object_new_string(path) : NULL);
	for (size_t i = 0; i < answer->server_count; i++) {
		const struct server_answer *said = &answer->servers[i];
		struct json_object *server = json_object_new_object();
		char *url = name_to_utf8(said->url);
		char *text = name_to_utf8(said->text);
		json_object_object_add(server, "url", json_object_new_string(url));
		json_object_object_add(server, "outcome",
				       json_object_new_string(outcome_word(said->outcome)));
		json_object_object_add(server, "answer", json_object_new_string(text));
		json_object_array_add(servers, server);
		free(url);
		free(text);
	}
	json_object_object_add(object, "servers", servers);
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	free(name);
	free(path);
}

static void print_result(struct fetch *fetch, size_t index)
{
	const struct client_answer *answer = &fetch->answers[index];
	const struct client_request *request = &fetch->requests[index];
	const char *word = outcome_word(answer->outcome);
	if (fetch->cli.json)
		print_json(request, answer);
	else if (answer->outcome == OUTCOME_FOUND)
		puts(answer->path);
	if (answer->outcome == OUTCOME_FOUND)
		cli_say(&fetch->cli, fetch->wanted[index], "%s", word);
	else if (answer->outcome == OUTCOME_ABSENT) {
		cli_wanting(&fetch->cli);
		cli_say(&fetch->cli, fetch->wanted[index], "%s: %s", word, answer->reason);
	} else {
		cli_failf(&fetch->cli, fetch->wanted[index], "%s: %s", word, answer->reason);
	}
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
	cli_progress(&fetch->cli, fetch->told, fetch->count, "files");
}

/* --- the command --- */

static void log_line(void *context, const char *line)
{
	cli_detail(context, NULL, "%s", line);
}

/* Fills the requests from the operands after the artifact's word. */
static bool plan(struct fetch *fetch)
{
	struct cli *cli = &fetch->cli;
	char **operands = cli->operands + 1;
	size_t operand_count = cli->operand_count - 1;
	const char *name = NULL;
	const bool named = fetch->artifact == ARTIFACT_SOURCE;
	if (named && operand_count != 2) {
		cli_usage(cli, "source wants a build-id or file, and a path");
		return false;
	}
	if (!named && operand_count == 0) {
		cli_usage(cli, "%s wants a build-id or file", artifact_words[fetch->artifact]);
		return false;
	}
	if (named) {
		operand_count = 1;
		name = operands[1];
		if (name[0] != '/') {
			cli_usage(cli, "'%s' is no absolute path", name);
			return false;
		}
	}
	fetch->requests = xcalloc(operand_count, sizeof(*fetch->requests));
	fetch->answers = xcalloc(operand_count, sizeof(*fetch->answers));
	fetch->wanted = xcalloc(operand_count, sizeof(*fetch->wanted));
	fetch->ended = xcalloc(operand_count, sizeof(*fetch->ended));
	for (size_t i = 0; i < operand_count; i++) {
		char *hex = build_id_of(cli, operands[i]);
		if (hex == NULL)
			continue;
		fetch->wanted[fetch->count] =
			name != NULL ? xasprintf("%s %s", operands[i], name) : xstrdup(operands[i]);
		fetch->requests[fetch->count++] =
			(struct client_request){fetch->artifact, hex, name};
	}
	return true;
}

static void fetch_free(struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->count; i++) {
		free((char *)(uintptr_t)fetch->requests[i].build_id);
		free(fetch->wanted[i]);
	}
	free(fetch->requests);
	free(fetch->answers);
	free(fetch->wanted);
	free(fetch->ended);
	strings_free(&fetch->servers);
	strings_free(&fetch->options.servers);
	strings_free(&fetch->options.headers);
}

/* $XDG_CACHE_HOME/pkgnote, or ~/.cache/pkgnote. */
static char *default_cache(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	if (xdg != NULL && xdg[0] == '/')
		return xasprintf("%s/pkgnote", xdg);
	if (home != NULL && home[0] == '/')
		return xasprintf("%s/.cache/pkgnote", home);
	return NULL;
}

static int run_plan(struct fetch *fetch)
{
	struct client *client;
	struct note_error err;
	struct cli *cli = &fetch->cli;
	char *cache = NULL;
	if (fetch->options.cache == NULL)
		fetch->options.cache = cache = default_cache();
	if (fetch->options.cache == NULL) {
		cli_failf(cli, NULL, "no HOME and no XDG_CACHE_HOME: --cache=DIR is needed");
	} else if (client_open(&client, &fetch->options, &err) != NOTE_OK) {
		cli_fail(cli, NULL, &err);
	} else {
		client_fetch_all(client, fetch->requests, fetch->count, PARALLEL, take, fetch);
		client_close(client);
	}
	free(cache);
	return cli_finish(cli);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct fetch fetch = {0};
	struct client_options *o = &fetch.options;
	int status;
	uint64_t backoff = 1;
	o->retries = 3;
	o->timeout = 90;
	const struct option_spec specs[] = {
		{"server", 0, OPTION_LIST, "URL", &fetch.servers,
		 "ask this server (repeat); default: DEBUGINFOD_URLS, /etc/debuginfod/*.urls", NULL,
		 NULL},
		{"cache", 0, OPTION_TEXT, "DIR", &o->cache,
		 "keep files in DIR (default $XDG_CACHE_HOME/pkgnote)", NULL, NULL},
		{"retries", 0, OPTION_NUMBER, "N", &o->retries, "tries after the first (3)", NULL,
		 NULL},
		{"backoff", 0, OPTION_NUMBER, "S", &backoff,
		 "seconds, the first wait between tries (1)", NULL, NULL},
		{"timeout", 0, OPTION_NUMBER, "S", &o->timeout,
		 "seconds without progress before a try is given up (90)", NULL, NULL},
		{"deadline", 0, OPTION_NUMBER, "S", &o->deadline,
		 "seconds for each file, all tries together (no limit)", NULL, NULL},
		{"max-size", 0, OPTION_NUMBER, "N", &o->max_size,
		 "refuse files of more than N bytes (no limit)", NULL, NULL},
	};
	if (!cli_parse(&fetch.cli, command, specs, sizeof(specs) / sizeof(specs[0]), argc, argv,
		       &status)) {
		fetch_free(&fetch);
		return status;
	}
	struct cli *cli = &fetch.cli;
	o->backoff = (double)backoff;
	o->verbose = cli->verbose;
	o->log = log_line;
	o->log_context = cli;
	client_default_servers(&o->servers, &fetch.servers);
	status = EXIT_USAGE;
	const char *what = cli->operand_count > 0 ? cli->operands[0] : "";
	int artifact = -1;
	for (int i = ARTIFACT_DEBUGINFO; i <= ARTIFACT_SOURCE; i++)
		if (strcmp(what, artifact_words[i]) == 0)
			artifact = i;
	fetch.artifact = artifact >= 0 ? (enum artifact)artifact : ARTIFACT_DEBUGINFO;
	if (artifact < 0)
		cli_usage(cli, "'%s' is none of debuginfo, executable, source", what);
	else if (plan(&fetch))
		status = run_plan(&fetch);
	fetch_free(&fetch);
	return status;
}

const struct command fetch_command = {
	"fetch",
	"Get debug information, executables and sources from debuginfod servers, proven",
	"[OPTION]... debuginfo|executable BUILDID|FILE...\n"
	"[OPTION]... source BUILDID|FILE PATH",
	"pkgnote fetch --server=https://debuginfod.debian.net debuginfo /usr/bin/ls",
	run,
};
