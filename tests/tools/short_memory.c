/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The client inside a program of its own: what it does when memory is short, when its caller wants
 * to stop, and with several threads.
 *
 *     short_memory URL BUILDID memory     each allocation fails once, from the first on, and
 *                                               then all that follow it too
 *     short_memory URL BUILDID stop       a request to URL, which says nothing, is ended by
 *                                               what progress returns
 *     short_memory URL BUILDID threads    eight threads ask one client
 *
 * Linked with --wrap for the allocation functions; what libraries allocate is left alone.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/debuginfod/environment.h"
#include "tools/debuginfod/metadata.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *string);
int __real_vasprintf(char **out, const char *format, va_list args);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *string);
int __wrap_vasprintf(char **out, const char *format, va_list args);

static long allowed = -1; /* allocations before they fail; -1: all are good */
static bool only_one;     /* the others are good again */
static long made;

static bool fails(void)
{
	made++;
	if (allowed < 0 || (only_one ? made != allowed + 1 : made <= allowed))
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *string)
{
	return fails() ? NULL : __real_strdup(string);
}

int __wrap_vasprintf(char **out, const char *format, va_list args)
{
	return fails() ? -1 : __real_vasprintf(out, format, args);
}

static struct client_options options_of(char *server, char **room)
{
	*room = server;
	return (struct client_options){
		.servers = {room, 1, 1}, .ima = -1, .grace = 2, .cache = "cache", .first_byte = 5};
}

/* Everything once; the worst outcome. */
static enum outcome everything(char *server, const char *id)
{
	char *room;
	struct client_options options = options_of(server, &room);
	struct client *client;
	struct client_answer answer;
	struct note_error err;
	struct strings servers = {0};
	client_environment(&options, NULL, NULL);
	client_default_servers(&servers, &options.servers, NULL, NULL);
	strings_free(&servers);
	if (client_open(&client, &options, &err) != NOTE_OK)
		return OUTCOME_UNAVAILABLE;
	enum outcome worst = OUTCOME_FOUND;
	for (int artifact = ARTIFACT_DEBUGINFO; artifact <= ARTIFACT_EXECUTABLE; artifact++) {
		client_fetch(client, (enum artifact)artifact, id, NULL, &answer);
		if (answer.outcome > worst)
			worst = answer.outcome;
		client_answer_free(&answer);
	}
	client_metadata(client, "file", "/usr/bin/one", &answer);
	client_answer_free(&answer);
	client_close(client);
	return worst;
}

static int test_memory(char *server, const char *id)
{
	if (everything(server, id) != OUTCOME_FOUND)
		return puts("not found with all memory"), 1;
	made = 0;
	if (system("rm -rf cache") != 0 || everything(server, id) != OUTCOME_FOUND)
		return puts("not found again"), 1;
	const long most = made;
	unsigned good = 0, bad = 0;
	for (int way = 0; way < 2; way++)
		for (long n = 0; n < most; n++) {
			only_one = way == 0;
			if (system("rm -rf cache") != 0)
				return 1;
			allowed = n;
			made = 0;
			const enum outcome outcome = everything(server, id);
			allowed = -1;
			good += outcome == OUTCOME_FOUND;
			bad += outcome != OUTCOME_FOUND;
			if (outcome != OUTCOME_FOUND && outcome != OUTCOME_UNAVAILABLE)
				return printf("%s after %ld\n", outcome_word(outcome), n), 1;
		}
	printf("%ld allocations; %u runs found it, %u said that they could not\n", most, good, bad);
	return bad < (unsigned)most / 2;
}

static int stop_after_three(void *context, const struct client_progress *progress)
{
	unsigned *told = context;
	(void)progress;
	return ++*told >= 3;
}

static int test_stop(char *server, const char *id)
{
	char *room;
	unsigned told = 0;
	struct client_options options = options_of(server, &room);
	struct client *client;
	struct client_answer answer;
	struct timespec before, after;
	options.progress = stop_after_three;
	options.progress_context = &told;
	if (client_open(&client, &options, NULL) != NOTE_OK)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &before);
	client_fetch(client, ARTIFACT_DEBUGINFO, id, NULL, &answer);
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("%s, %s, told %u times, %ld s\n", outcome_word(answer.outcome), answer.reason, told,
	       (long)(after.tv_sec - before.tv_sec));
	const bool good = answer.interrupted && told == 3 && after.tv_sec - before.tv_sec < 4;
	client_answer_free(&answer);
	client_close(client);
	return !good;
}

struct asking {
	struct client *client;
	const char *id;
	enum outcome outcome;
};

static void *ask(void *context)
{
	struct asking *asking = context;
	struct client_answer answer;
	client_fetch(asking->client, ARTIFACT_DEBUGINFO, asking->id, NULL, &answer);
	asking->outcome = answer.outcome;
	client_answer_free(&answer);
	return NULL;
}

static int test_threads(char *server, const char *id)
{
	char *room;
	struct client_options options = options_of(server, &room);
	struct client *client;
	pthread_t threads[8];
	struct asking asking[8];
	int bad = 0;
	if (client_open(&client, &options, NULL) != NOTE_OK)
		return 1;
	for (int i = 0; i < 8; i++) {
		asking[i] = (struct asking){client, id, OUTCOME_REJECTED};
		pthread_create(&threads[i], NULL, ask, &asking[i]);
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		bad += asking[i].outcome != OUTCOME_FOUND;
	}
	client_close(client);
	printf("%d of 8 did not find it\n", bad);
	return bad != 0;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	if (strcmp(argv[3], "memory") == 0)
		return test_memory(argv[1], argv[2]);
	if (strcmp(argv[3], "stop") == 0)
		return test_stop(argv[1], argv[2]);
	return test_threads(argv[1], argv[2]);
}
