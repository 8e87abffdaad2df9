/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pkgnote fetch: gets artifacts from debuginfod servers and shares, and prints where they lie. */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/note.h"
#include "tools/base/root.h"
#include "tools/commands.h"
#include "tools/debuginfod/client.h"

/* Requests under way at a time. */
#define PARALLEL 24

/* What one run was asked for. */
struct fetch {
	struct cli cli;
	struct client_options options;
	struct strings servers;
	const char *headers_file;
	int absent; /* 0: one server decides; 1: all must agree */
	bool no_cache, clean;
	enum artifact artifact;
	struct client_request *requests;
	char **wanted; /* as the operands named it */
	struct client_answer *answers;
	bool *ended;
	size_t count;
	size_t told; /* results are printed in the order of the operands */
};

static const char *const artifact_words[] = {"debuginfo", "executable", "source", "section"};

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

/* Fills the requests from the operands after the artifact's word. */
static bool plan(struct fetch *fetch)
{
	struct cli *cli = &fetch->cli;
	char **operands = cli->operands + 1;
	size_t operand_count = cli->operand_count - 1;
	const char *name = NULL;
	const bool named =
		fetch->artifact == ARTIFACT_SOURCE || fetch->artifact == ARTIFACT_SECTION;
	if (named && operand_count != 2) {
		cli_usage(cli, "%s wants a build-id or file, and a %s",
			  artifact_words[fetch->artifact],
			  fetch->artifact == ARTIFACT_SOURCE ? "path" : "name");
		return false;
	}
	if (!named && operand_count == 0) {
		cli_usage(cli, "%s wants a build-id or file", artifact_words[fetch->artifact]);
		return false;
	}
	if (named) {
		operand_count = 1;
		name = operands[1];
	}
	if (fetch->artifact == ARTIFACT_SOURCE && name[0] != '/') {
		cli_usage(cli, "'%s' is no absolute path", name);
		return false;
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

/* --- results --- */

static void add_text(struct json_object *object, const char *key, const char *text)
{
	char *utf8 = text != NULL ? name_to_utf8(text) : NULL;
	json_object_object_add(object, key, utf8 != NULL ? json_object_new_string(utf8) : NULL);
	free(utf8);
}

static void print_json(const struct client_request *request, const struct client_answer *answer)
{
	struct json_object *object = json_object_new_object();
	struct json_object *servers = json_object_new_array();
	add_text(object, "artifact", artifact_words[request->artifact]);
	add_text(object, "buildId", request->build_id);
	if (request->name != NULL)
		add_text(object, "name", request->name);
	add_text(object, "outcome", outcome_word(answer->outcome));
	add_text(object, "path", answer->path);
	add_text(object, "reason", answer->reason);
	for (size_t i = 0; i < answer->server_count; i++) {
		const struct server_answer *said = &answer->servers[i];
		struct json_object *server = json_object_new_object();
		add_text(server, "url", said->url);
		add_text(server, "outcome", outcome_word(said->outcome));
		add_text(server, "answer", said->text);
		json_object_array_add(servers, server);
	}
	json_object_object_add(object, "servers", servers);
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static void print_result(struct fetch *fetch, size_t index)
{
	struct cli *cli = &fetch->cli;
	const struct client_answer *answer = &fetch->answers[index];
	const char *word = outcome_word(answer->outcome);
	const char *wanted = fetch->wanted[index];
	if (cli->json)
		print_json(&fetch->requests[index], answer);
	else if (answer->outcome == OUTCOME_FOUND)
		puts(answer->path);
	if (answer->outcome == OUTCOME_FOUND) {
		cli_say(cli, wanted, "%s", word);
	} else if (answer->outcome == OUTCOME_ABSENT) {
		cli_wanting(cli);
		cli_say(cli, wanted, "%s: %s", word, answer->reason);
	} else {
		cli_failf(cli, wanted, "%s: %s", word, answer->reason);
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
}

static void show_progress(void *context, const struct client_progress *progress)
{
	char text[200];
	snprintf(text, sizeof(text), "files, %.1f MB, %.1f MB/s%s%.100s",
		 (double)progress->bytes / 1e6, progress->bytes_per_second / 1e6,
		 progress->waiting_for[0] != '\0' ? ", waiting for " : "", progress->waiting_for);
	cli_progress(context, progress->done, progress->total, text);
}

static void log_line(void *context, const char *line)
{
	cli_detail(context, NULL, "%s", line);
}

/* --- options --- */

static bool take_seconds(struct cli *cli, void *target, const char *name, const char *value)
{
	char *end;
	double seconds = strtod(value, &end);
	if (value[0] >= '0' && value[0] <= '9' && *end == '\0' && seconds <= 86400) {
		*(double *)target = seconds;
		return true;
	}
	cli_usage(cli, "--%s wants seconds, not '%s'", name, value);
	return false;
}

/* A header a line; what elfutils takes, too. */
static bool read_headers_file(struct fetch *fetch, const char *path)
{
	struct note_error err = {0};
	uint8_t *bytes = NULL;
	size_t size = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int code = fd >= 0 ? file_read(fd, &bytes, &size, &err) : error_system(&err, "open");
	if (fd >= 0)
		close(fd);
	if (code == NOTE_OK &&
	    (memchr(bytes, '\0', size) != NULL || memchr(bytes, '\r', size) != NULL))
		code = error_set(&err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "headers: a carriage return or NUL in it");
	if (code != NOTE_OK) {
		cli_fail(&fetch->cli, path, &err);
		free(bytes);
		return false;
	}
	struct text text = {0};
	char *state = NULL;
	text_add(&text, bytes, size);
	for (char *line = strtok_r(text.data, "\n", &state); line != NULL;
	     line = strtok_r(NULL, "\n", &state))
		strings_add(&fetch->options.headers, line);
	text_free(&text);
	free(bytes);
	return true;
}

/* The value of an environment variable of elfutils' client, as a default. */
static void number_from_environment(const char *name, uint64_t *out)
{
	const char *value = getenv(name);
	char *end;
	if (value == NULL || value[0] < '0' || value[0] > '9')
		return;
	unsigned long long number = strtoull(value, &end, 10);
	if (*end == '\0')
		*out = number;
}

static char *below_home(const char *xdg_name, const char *home_name)
{
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	if (xdg != NULL && xdg[0] == '/')
		return xasprintf("%s/%s", xdg, xdg_name);
	if (home != NULL && home[0] == '/')
		return xasprintf("%s/%s", home, home_name);
	return NULL;
}

/* Where elfutils keeps its cache (debuginfod_find_debuginfo(3)); NULL where that cannot be told. */
static char *elfutils_cache(void)
{
	const char *given = getenv("DEBUGINFOD_CACHE_PATH");
	const char *home = getenv("HOME");
	if (given != NULL && given[0] != '\0')
		return xstrdup(given);
	char *old = home != NULL ? xasprintf("%s/.debuginfod_client_cache", home) : NULL;
	if (old != NULL && access(old, F_OK) == 0)
		return old;
	free(old);
	return below_home("debuginfod_client", ".cache/debuginfod_client");
}

/* --- the command --- */

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

static void print_cleaned(struct cli *cli, const struct client_cleaned *cleaned)
{
	if (cli->json)
		printf("{\"removed\":%llu,\"removedBytes\":%llu,\"kept\":%llu,\"keptBytes\":%llu}"
		       "\n",
		       (unsigned long long)cleaned->removed,
		       (unsigned long long)cleaned->removed_bytes,
		       (unsigned long long)cleaned->kept, (unsigned long long)cleaned->kept_bytes);
	else
		printf("%llu files removed (%llu bytes), %llu kept (%llu bytes)\n",
		       (unsigned long long)cleaned->removed,
		       (unsigned long long)cleaned->removed_bytes,
		       (unsigned long long)cleaned->kept, (unsigned long long)cleaned->kept_bytes);
}

/* The directory to keep files in, for free(); NULL after a message. */
static char *choose_cache(struct fetch *fetch)
{
	const char *tmp = getenv("TMPDIR");
	char *dir;
	if (!fetch->no_cache) {
		dir = fetch->options.cache != NULL ? xstrdup(fetch->options.cache)
						   : below_home("pkgnote", ".cache/pkgnote");
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

static int work(struct fetch *fetch)
{
	struct client *client;
	struct note_error err;
	struct cli *cli = &fetch->cli;
	char *cache = choose_cache(fetch);
	char *foreign = fetch->no_cache ? NULL : elfutils_cache();
	if (cache == NULL) {
		free(foreign);
		return cli_finish(cli);
	}
	fetch->options.cache = cache;
	fetch->options.elfutils_cache = foreign;
	fetch->options.cache_is_private = fetch->no_cache;
	if (fetch->no_cache)
		fetch->options.absent_seconds = 0;
	catch_signals();
	int code = client_open(&client, &fetch->options, &err);
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
		client_fetch_all(client, fetch->requests, fetch->count, PARALLEL, take, fetch);
		client_close(client);
	}
	if (fetch->no_cache)
		rmdir(cache); /* where nothing was found */
	free(cache);
	free(foreign);
	if (status == EXIT_DONE)
		status = cli_finish(cli);
	pass_signal_on();
	return status;
}

static bool choose_artifact(struct fetch *fetch)
{
	struct cli *cli = &fetch->cli;
	if (cli->operand_count == 0) {
		if (!fetch->clean)
			cli_usage(cli, "debuginfo, executable, source or section is missing");
		return fetch->clean;
	}
	for (int i = ARTIFACT_DEBUGINFO; i <= ARTIFACT_SECTION; i++)
		if (strcmp(cli->operands[0], artifact_words[i]) == 0) {
			fetch->artifact = (enum artifact)i;
			return plan(fetch);
		}
	cli_usage(cli, "'%s' is none of debuginfo, executable, source, section", cli->operands[0]);
	return false;
}

static bool prepare(struct fetch *fetch)
{
	struct client_options *o = &fetch->options;
	const char *headers = fetch->headers_file != NULL ? fetch->headers_file
							  : getenv("DEBUGINFOD_HEADERS_FILE");
	o->all_must_deny = fetch->absent == 1;
	o->verbose = fetch->cli.verbose;
	o->log = log_line;
	o->log_context = &fetch->cli;
	o->progress = show_progress;
	o->progress_context = &fetch->cli;
	o->cancelled = &cancelled;
	client_default_servers(&o->servers, &fetch->servers);
	return headers == NULL || headers[0] == '\0' || read_headers_file(fetch, headers);
}

/* Options are too many for one look; they stand in the order of their use. */
static int run(const struct command *command, int argc, char **argv)
{
	struct fetch fetch = {0};
	struct client_options *o = &fetch.options;
	int status;
	*o = (struct client_options){.retries = 3,
				     .backoff = 1,
				     .timeout = 90,
				     .absent_seconds = 600,
				     .cache_size = (uint64_t)20 << 30,
				     .cache_age = 30 * 86400};
	number_from_environment("DEBUGINFOD_TIMEOUT", &o->timeout);
	number_from_environment("DEBUGINFOD_MAXTIME", &o->deadline);
	number_from_environment("DEBUGINFOD_MAXSIZE", &o->max_size);
	number_from_environment("DEBUGINFOD_RETRY_LIMIT", &o->retries);
#define ROW(name, kind, argument, target, help)                   \
	{                                                         \
		name, 0, kind, argument, target, help, NULL, NULL \
	}
	const struct option_spec specs[] = {
		ROW("server", OPTION_LIST, "URL", &fetch.servers,
		    "ask this server (repeat); default: DEBUGINFOD_URLS, /etc/debuginfod/*.urls"),
		ROW("absent", OPTION_CHOICE, "first|all", &fetch.absent,
		    "absent is said where one server says so (first), or all do"),
		ROW("retries", OPTION_NUMBER, "N", &o->retries, "tries after the first (3)"),
		{"backoff", 0, OPTION_CALL, "S", &o->backoff,
		 "seconds, the first wait between tries (1)", NULL, take_seconds},
		ROW("timeout", OPTION_NUMBER, "S", &o->timeout,
		    "seconds without progress before a try is given up (90)"),
		ROW("deadline", OPTION_NUMBER, "S", &o->deadline,
		    "seconds for each file, all tries together (none)"),
		ROW("max-size", OPTION_NUMBER, "N", &o->max_size,
		    "refuse files of more than N bytes (no limit)"),
		ROW("section-fallback", OPTION_FLAG, NULL, &o->section_fallback,
		    "get the whole file for a section that no server gives"),
		ROW("cache", OPTION_TEXT, "DIR", &o->cache,
		    "keep files in DIR ($XDG_CACHE_HOME/pkgnote)"),
		ROW("no-cache", OPTION_FLAG, NULL, &fetch.no_cache,
		    "use no cache: files stay in a new temporary directory"),
		ROW("cache-absent", OPTION_NUMBER, "S", &o->absent_seconds,
		    "seconds for which absent answers of all servers are remembered (600)"),
		ROW("cache-size", OPTION_NUMBER, "N", &o->cache_size,
		    "bytes that the cache may hold, 0 for no limit (20G)"),
		ROW("cache-age", OPTION_NUMBER, "S", &o->cache_age,
		    "seconds since its last use after which a file goes (30 days)"),
		ROW("cache-clean", OPTION_FLAG, NULL, &fetch.clean,
		    "apply both now; --cache-age=0 empties the cache"),
		ROW("header", OPTION_LIST, "H", &o->headers,
		    "send 'Name: value', or 'URL Name: value' to servers below URL (repeat)"),
		ROW("headers-file", OPTION_TEXT, "F", &fetch.headers_file,
		    "send the headers in F, one a line"),
		ROW("cacert", OPTION_TEXT, "FILE", &o->ca_file, "trust the authorities in FILE"),
		ROW("cert", OPTION_TEXT, "FILE", &o->certificate, "show this client certificate"),
		ROW("key", OPTION_TEXT, "FILE", &o->key, "the client certificate's private key"),
		ROW("user-agent", OPTION_TEXT, "NAME", &o->user_agent,
		    "name us so (pkgnote/VERSION)"),
	};
#undef ROW
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
	"[OPTION]... debuginfo|executable BUILDID|FILE...\n"
	"[OPTION]... source BUILDID|FILE PATH\n"
	"[OPTION]... section BUILDID|FILE NAME\n"
	"[OPTION]... --cache-clean",
	"pkgnote fetch --server=https://debuginfod.debian.net debuginfo /usr/bin/ls",
	run,
};
