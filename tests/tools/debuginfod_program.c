/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program of libdebuginfod, as its header has it, for the tests of ours:
 *
 *     program find WHAT BUILDID [NAME]     the path, how many bytes it begins with, or the errno
 *     program bytes WHAT BUILDID           the same, the build-id as bytes
 *     program stop BUILDID                 its progress ends it at the third call
 *     program told BUILDID                 URL, headers, user data, what progress was told
 *     program urls BUILDID URL...          asked of each URL in turn, by one handle
 *     program threads BUILDID              eight handles in eight threads
 *     program fork BUILDID                 the child asks by its parent's handle, too
 *     program quiet BUILDID                what it leaves: signals, locale, descriptors
 *     program header BUILDID LINE          sends LINE
 *     program ahead HOW BUILDID... -- FILE...
 *                                          has FILEs open, as a debugger has libraries, and asks:
 *                                          all; exit: the first, then exits; fork: the others in a
 *                                          child; cancel: ends the first; two: by two handles
 */
#include <elfutils/debuginfod.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int calls;
static long last_a, last_b;

static int count_calls(debuginfod_client *client, long a, long b)
{
	if (debuginfod_get_user_data(client) != &calls)
		puts("other user data");
	calls++;
	last_a = a;
	last_b = b;
	return 0;
}

static int stop_third(debuginfod_client *client, long a, long b)
{
	(void)client, (void)a, (void)b;
	return ++calls == 3;
}

static int print(int fd, char *path)
{
	char bytes[4];
	if (fd < 0) {
		printf("-%s\n", strerrorname_np(-fd));
		return 1;
	}
	const ssize_t got = read(fd, bytes, sizeof(bytes));
	printf("%s %zd\n", path, got);
	close(fd);
	free(path);
	return 0;
}

static int find(debuginfod_client *client, const char *what, const unsigned char *id, int length,
		const char *name)
{
	char *path = NULL;
	int fd = -EINVAL;
	if (strcmp(what, "debuginfo") == 0)
		fd = debuginfod_find_debuginfo(client, id, length, &path);
	else if (strcmp(what, "executable") == 0)
		fd = debuginfod_find_executable(client, id, length, &path);
	else if (strcmp(what, "source") == 0)
		fd = debuginfod_find_source(client, id, length, name, &path);
	else if (strcmp(what, "section") == 0)
		fd = debuginfod_find_section(client, id, length, name, &path);
	return print(fd, path);
}

static int find_bytes(debuginfod_client *client, const char *what, const char *hex)
{
	unsigned char id[64];
	int length = 0;
	for (; sscanf(hex + 2 * length, "%2hhx", &id[length]) == 1; length++)
		;
	return find(client, what, id, length, NULL);
}

static int told(debuginfod_client *client, const char *hex)
{
	debuginfod_set_user_data(client, &calls);
	debuginfod_set_progressfn(client, count_calls);
	const int failed = find(client, "debuginfo", (const unsigned char *)hex, 0, NULL);
	const char *url = debuginfod_get_url(client), *headers = debuginfod_get_headers(client);
	printf("url %s\nheaders %s\ncalls %d\n", url != NULL ? url : "-",
	       headers != NULL ? headers : "-", calls);
	return failed;
}

static int stop(debuginfod_client *client, const char *hex)
{
	struct timespec from, to;
	clock_gettime(CLOCK_MONOTONIC, &from);
	debuginfod_set_progressfn(client, stop_third);
	const int failed = find(client, "debuginfo", (const unsigned char *)hex, 0, NULL);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("calls %d\n", calls);
	/* The third call comes after 0.2 s; the server would keep us for minutes. */
	return to.tv_sec - from.tv_sec > 4 ? 2 : failed;
}

static void *ask_alone(void *hex)
{
	debuginfod_client *client = debuginfod_begin();
	char *path = NULL;
	long good = 0;
	for (int i = 0; i < 4; i++) {
		const int fd = debuginfod_find_debuginfo(client, hex, 0, &path);
		good += fd >= 0;
		if (fd >= 0)
			close(fd);
		free(path);
		path = NULL;
	}
	debuginfod_end(client);
	return (void *)good;
}

static int threads(char *hex)
{
	pthread_t thread[8];
	void *good;
	long all = 0;
	for (int i = 0; i < 8; i++)
		pthread_create(&thread[i], NULL, ask_alone, hex);
	for (int i = 0; i < 8; i++) {
		pthread_join(thread[i], &good);
		all += (long)good;
	}
	printf("%ld found\n", all);
	return all == 32 ? 0 : 1;
}

static int ask_in_child(debuginfod_client *client, const char *hex)
{
	const unsigned char *id = (const unsigned char *)hex;
	int status = 0;
	int failed = find(client, "debuginfo", id, 0, NULL);
	fflush(stdout);
	const pid_t child = fork();
	if (child == 0) {
		failed = find(client, "executable", id, 0, NULL);
		debuginfod_end(client);
		exit(failed);
	}
	waitpid(child, &status, 0);
	return failed | WEXITSTATUS(status) | find(client, "executable", id, 0, NULL);
}

static int stop_now(debuginfod_client *client, long a, long b)
{
	(void)client, (void)a, (void)b;
	return 1;
}

static int ask_all(debuginfod_client *client, char **ids, int count)
{
	int failed = 0;
	for (int i = 0; i < count; i++)
		failed |= find(client, "debuginfo", (const unsigned char *)ids[i], 0, NULL);
	fflush(stdout);
	return failed;
}

static int ahead(debuginfod_client *client, const char *how, char **words, int count)
{
	int ids = 0, status = 0;
	while (ids < count && strcmp(words[ids], "--") != 0)
		ids++;
	for (int i = ids + 1; i < count; i++)
		open(words[i], O_RDONLY | O_CLOEXEC);
	if (strcmp(how, "all") == 0)
		return ask_all(client, words, ids);
	if (strcmp(how, "cancel") == 0)
		debuginfod_set_progressfn(client, stop_now);
	int failed = ask_all(client, words, 1);
	if (strcmp(how, "exit") == 0)
		exit(failed);
	if (strcmp(how, "two") == 0) {
		debuginfod_client *other = debuginfod_begin();
		failed |= ask_all(other, words + 1, ids - 1);
		debuginfod_end(other);
	} else if (strcmp(how, "fork") == 0) {
		const pid_t child = fork();
		if (child == 0) {
			failed = ask_all(client, words + 1, ids - 1);
			debuginfod_end(client);
			exit(failed);
		}
		waitpid(child, &status, 0);
	}
	return failed | status;
}

static int descriptors(void)
{
	int count = 0;
	for (int fd = 3; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Nothing of the process is changed: handlers, mask, locale, descriptors. */
static int quiet(const char *hex)
{
	struct sigaction before[32], after;
	sigset_t mask = {0}, mask_after = {0};
	int changed = 0;
	const int open_before = descriptors();
	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int i = 1; i < 32; i++)
		sigaction(i, NULL, &before[i]);
	debuginfod_client *client = debuginfod_begin();
	const int failed = find(client, "debuginfo", (const unsigned char *)hex, 0, NULL);
	debuginfod_end(client);
	for (int i = 1; i < 32; i++)
		if (sigaction(i, NULL, &after) == 0 && after.sa_handler != before[i].sa_handler)
			changed++;
	sigprocmask(SIG_BLOCK, NULL, &mask_after);
	printf("handlers %d, mask %d, locale %s, descriptors %d\n", changed,
	       memcmp(&mask, &mask_after, sizeof(mask)) != 0, setlocale(LC_ALL, NULL),
	       descriptors() - open_before);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	const char *what = argv[1];
	char *hex = argv[2];
	if (strcmp(what, "threads") == 0)
		return threads(hex);
	if (strcmp(what, "quiet") == 0)
		return quiet(hex);
	debuginfod_client *client = debuginfod_begin();
	int result = 2;
	if (strcmp(what, "find") == 0 && argc > 3)
		result = find(client, hex, (const unsigned char *)argv[3], 0, argv[4]);
	else if (strcmp(what, "bytes") == 0 && argc > 3)
		result = find_bytes(client, hex, argv[3]);
	else if (strcmp(what, "told") == 0)
		result = told(client, hex);
	else if (strcmp(what, "stop") == 0)
		result = stop(client, hex);
	else if (strcmp(what, "ahead") == 0)
		result = ahead(client, hex, argv + 3, argc - 3);
	else if (strcmp(what, "fork") == 0)
		result = ask_in_child(client, hex);
	else if (strcmp(what, "header") == 0 && argc > 3) {
		printf("added %d\n", debuginfod_add_http_header(client, argv[3]));
		result = find(client, "debuginfo", (const unsigned char *)hex, 0, NULL);
		result |= find(client, "executable", (const unsigned char *)hex, 0, NULL);
	} else if (strcmp(what, "urls") == 0) {
		result = 0;
		for (int i = 3; i < argc; i++) {
			setenv("DEBUGINFOD_URLS", argv[i], 1);
			result |= find(client, "debuginfo", (const unsigned char *)hex, 0, NULL);
		}
	}
	debuginfod_end(client);
	return result;
}
