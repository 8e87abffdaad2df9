/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* debuginfod-find with the command line, the output and the exit status of elfutils 0.196's. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libnote.h"
#include "tools/base/cli.h"
#include "tools/libdebuginfod/api.h"

#define USAGE_STATUS     64
#define UNWRITTEN_STATUS 3 /* elfutils' says nothing and exits with 0 */

static const char operands[] =
	"debuginfo BUILDID\n"
	"  or:  debuginfod-find [OPTION...] debuginfo PATH\n"
	"  or:  debuginfod-find [OPTION...] executable BUILDID\n"
	"  or:  debuginfod-find [OPTION...] executable PATH\n"
	"  or:  debuginfod-find [OPTION...] source BUILDID /FILENAME\n"
	"  or:  debuginfod-find [OPTION...] source PATH /FILENAME\n"
	"  or:  debuginfod-find [OPTION...] section BUILDID SECTION-NAME\n"
	"  or:  debuginfod-find [OPTION...] section PATH SECTION-NAME\n"
	"  or:  debuginfod-find [OPTION...]\n"
	"            metadata (glob|file|buildid|KEY) (GLOB|FILENAME|BUILDID|VALUE)\n"
	"  or:  debuginfod-find [OPTION...] \n";

static const char help[] =
	"Request debuginfo-related content from debuginfods listed in $DEBUGINFOD_URLS.\n"
	"\n"
	"      --cache-compat=no      Leave elfutils' cache as it is\n"
	"  -v, --verbose              Increase verbosity.\n"
	"  -?, --help                 Give this help list\n"
	"      --usage                Give a short usage message\n"
	"  -V, --version              Print program version\n"
	"\n"
	"This one is pkgnote's: pkgnote-debuginfod(7).\n";

static int print_usage(FILE *to, const char *options)
{
	fprintf(to, "Usage: debuginfod-find %s %s", options, operands);
	return to == stdout ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int tell_progress(debuginfod_client *client, long a, long b)
{
	static struct timespec last;
	struct timespec now;
	(void)client;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if ((now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000 > 200) {
		fprintf(stderr, "Progress %ld / %ld\n", a, b);
		last = now;
	}
	return 0;
}

/* --- what is asked for --- */

struct question {
	const unsigned char *id; /* digits, or the bytes in a file */
	int length;              /* 0: digits */
	uint8_t bytes[64];
};

/* What is no build-id is a file that has one; where it is neither, the library will say so. */
static void take_operand(struct question *q, const char *operand)
{
	struct note_file *file;
	struct note_error err = {.offset = NOTE_NO_OFFSET};
	const uint8_t *id;
	size_t size = 0;
	q->id = (const unsigned char *)operand;
	if (operand[strspn(operand, "0123456789abcdef")] == '\0')
		return;
	const int fd = open(operand, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "Cannot open %s: %s\n", operand, strerror(errno));
		return;
	}
	int code = note_file_open_fd(&file, fd, &err);
	if (code == NOTE_OK) {
		code = note_file_build_id(file, &id, &size, &err);
		if (code == NOTE_OK && size <= sizeof(q->bytes)) {
			memcpy(q->bytes, id, size);
			q->id = q->bytes;
			q->length = (int)size;
		}
		note_file_close(file);
	}
	if (q->length == 0)
		fprintf(stderr, "Cannot extract build-id from %s: %s\n", operand,
			code != NOTE_OK ? err.text : "it is too long");
	close(fd);
}

/* A status for exit(), or -1: RC has the answer. */
static int ask(debuginfod_client *client, char **words, int *rc, char **path)
{
	struct question q = {0};
	const char *name = words[2];
	if (strcmp(words[0], "metadata") == 0) {
		if (name == NULL) {
			fprintf(stderr, "Require KEY and VALUE for \"metadata\"\n");
			return EXIT_FAILURE;
		}
		*rc = debuginfod_find_metadata(client, words[1], name, path);
		return -1;
	}
	take_operand(&q, words[1]);
	if (strcmp(words[0], "debuginfo") == 0) {
		*rc = debuginfod_find_debuginfo(client, q.id, q.length, path);
	} else if (strcmp(words[0], "executable") == 0) {
		*rc = debuginfod_find_executable(client, q.id, q.length, path);
	} else if (strcmp(words[0], "source") == 0 || strcmp(words[0], "section") == 0) {
		const bool source = words[0][1] == 'o';
		if (name == NULL) {
			fprintf(stderr, "If FILETYPE is \"%s\" then %s must be given\n", words[0],
				source ? "FILENAME" : "a section name");
			return EXIT_FAILURE;
		}
		*rc = source ? debuginfod_find_source(client, q.id, q.length, name, path)
			     : debuginfod_find_section(client, q.id, q.length, name, path);
	} else {
		return print_usage(stderr, "[-v] [--verbose]");
	}
	return -1;
}

/* --- what is told --- */

static int print_metadata(int fd)
{
	struct json_object *object = json_object_from_fd(fd);
	const char *text = json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	const bool good = object != NULL && text != NULL;
	if (good)
		puts(text);
	json_object_put(object);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int conclude(debuginfod_client *client, char **words, bool verbose)
{
	char *path = NULL;
	int rc = -EINVAL;
	const int status = ask(client, words, &rc, &path);
	if (status >= 0)
		return status;
	if (verbose) {
		const char *headers = debuginfod_get_headers(client);
		const char *url = debuginfod_get_url(client);
		if (headers != NULL)
			fprintf(stderr, "Headers:\n%s", headers);
		if (url != NULL)
			fprintf(stderr, "Downloaded from %s\n", url);
	}
	if (rc < 0) {
		fprintf(stderr, "Server query failed: %s\n", strerror(-rc));
		return EXIT_FAILURE;
	}
	const bool metadata = strcmp(words[0], "metadata") == 0;
	int told = EXIT_SUCCESS;
	if (metadata)
		told = print_metadata(rc);
	else
		puts(path);
	close(rc);
	free(path);
	return told;
}

static int take_options(debuginfod_client *client, int argc, char **argv, unsigned *verbose)
{
	static const struct option options[] = {{"verbose", no_argument, NULL, 'v'},
						{"help", no_argument, NULL, 'h'},
						{"usage", no_argument, NULL, 'u'},
						{"version", no_argument, NULL, 'V'},
						{"cache-compat", required_argument, NULL, 'c'},
						{NULL, 0, NULL, 0}};
	int letter;
	while ((letter = getopt_long(argc, argv, "+v?V", options, NULL)) != -1) {
		if (letter == 'v') {
			debuginfod_set_progressfn(client, tell_progress);
			if (++*verbose > 1)
				debuginfod_set_verbose_fd(client, STDERR_FILENO);
		} else if (letter == 'c') {
			setenv("PKGNOTE_CACHE_COMPAT", optarg, 1);
		} else if (letter == 'u') {
			return print_usage(
				stdout,
				"[-v?V] [--verbose] [--help] [--usage] [--version]\n           ");
		} else if (letter == 'V') {
			puts("debuginfod-find (pkgnote " PKGNOTE_VERSION ", as elfutils) 0.196");
			return EXIT_SUCCESS;
		} else if (letter == 'h' || optopt == '?') {
			print_usage(stdout, "[OPTION...]");
			fputs(help, stdout);
			return EXIT_SUCCESS;
		} else {
			fputs("Try `debuginfod-find --help' or `debuginfod-find --usage' for more\n"
			      "information.\n",
			      stderr);
			return USAGE_STATUS;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	unsigned verbose = 0;
	cli_begin();
	debuginfod_client *client = debuginfod_begin();
	if (client == NULL) {
		fprintf(stderr, "Couldn't create debuginfod client context\n");
		return EXIT_FAILURE;
	}
	int status = take_options(client, argc, argv, &verbose);
	if (status < 0)
		status = argc - optind < 2 ? print_usage(stderr, "[-v] [--verbose]")
					   : conclude(client, argv + optind, verbose > 0);
	debuginfod_end(client);
	const int why = cli_written();
	if (why != 0)
		fprintf(stderr, "debuginfod-find: standard output: write: %s\n", strerror(why));
	return why == 0 ? status : UNWRITTEN_STATUS;
}
