/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A web server that misbehaves on command, for the tests of pkgnote fetch. Loopback only.
 *
 *     faultd ROOT LOG SECONDS
 *
 * prints its port, serves until SECONDS have passed, and writes a line "TAG STEP COOKIE" to LOG for
 * each request (COOKIE: the value of the request's X-Secret header, or -). The URL says what to do:
 *
 *     http://127.0.0.1:PORT/TAG=STEP,STEP,.../buildid/HEX/debuginfo
 *
 * answers the first request of TAG by the first STEP, and so on; the last one counts for all
 * further ones. A STEP is a row of the table in faultd_steps.c, a status such as 404, or a status
 * with Retry-After: 503@1. The file is ROOT/buildid/HEX/debuginfo, the wrong ones lie in
 * ROOT/wrong/.
 */
#include "faultd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

const char *root;
static FILE *journal;
unsigned port;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* --- requests --- */

/* How often each tag was asked; the tests have a few hundred. */
static struct {
	char name[64];
	unsigned asked;
} tags[4096];

static unsigned count_tag(const char *name)
{
	size_t i = 0;
	while (i < 4095 && tags[i].name[0] != '\0' && strcmp(tags[i].name, name) != 0)
		i++;
	snprintf(tags[i].name, sizeof(tags[i].name), "%.63s", name);
	return tags[i].asked++;
}

/* The step that is due: fills STEP (of 64 bytes). */
static void choose(struct call *call, const char *secret, char *step)
{
	char tag[64];
	snprintf(tag, sizeof(tag), "%.63s", call->prefix + 1);
	char *list = strchr(call->prefix, '=');
	tag[strcspn(tag, "=")] = '\0';
	list = list != NULL ? list + 1 : (char *)"404";
	pthread_mutex_lock(&lock);
	for (unsigned skip = count_tag(tag); skip > 0 && strchr(list, ',') != NULL; skip--)
		list = strchr(list, ',') + 1;
	snprintf(step, 64, "%.*s", (int)(strcspn(list, ",") % 64), list);
	fprintf(journal, "%s %s %s\n", tag, step, secret);
	fflush(journal);
	pthread_mutex_unlock(&lock);
}

static void answer(struct call *call, const char *step)
{
	for (size_t i = 0; i < step_count; i++)
		if (strcmp(steps[i].name, step) == 0) {
			load(call, call->path);
			if (call->body == NULL) {
				say(call, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
				return;
			}
			steps[i].run(call);
			return;
		}
	const char *wait = strchr(step, '@');
	const bool bodiless = strncmp(step, "204", 3) == 0 || strncmp(step, "304", 3) == 0;
	say(call, "HTTP/1.1 %.3s Said\r\n", step);
	if (wait != NULL)
		say(call, "Retry-After: %s\r\n", wait + 1);
	say(call, bodiless ? "\r\n" : "Content-Length: 6\r\n\r\nsorry\n");
}

/* Reads one request's head; false where the client has gone. */
static bool receive(int fd, char *text, size_t room)
{
	size_t got = 0;
	while (got < room - 1) {
		ssize_t n = recv(fd, text + got, 1, 0);
		if (n <= 0)
			return false;
		text[++got] = '\0';
		if (text[0] == 0x16) { /* TLS, which this is not */
			send(fd, "HTTP/1.1 400 No TLS\r\n\r\n", 24, MSG_NOSIGNAL);
			return false;
		}
		if (got >= 4 && memcmp(text + got - 4, "\r\n\r\n", 4) == 0)
			return true;
	}
	return false;
}

static void *serve(void *context)
{
	struct call call = {.fd = (int)(intptr_t)context, .keep = true};
	char text[16384], step[64];
	while (call.keep && receive(call.fd, text, sizeof(text))) {
		char secret[64] = "-";
		const char *header = strcasestr(text, "\r\nx-secret:");
		if (header != NULL)
			sscanf(header + 11, " %63[^\r\n ]", secret);
		char *path = strchr(text, ' ');
		if (path == NULL || path[1] != '/')
			break;
		path++;
		path[strcspn(path, " ?")] = '\0';
		const size_t first = 1 + strcspn(path + 1, "/");
		snprintf(call.prefix, sizeof(call.prefix), "%.*s", (int)first, path);
		snprintf(call.path, sizeof(call.path), "%.4000s", path + first);
		choose(&call, secret, step);
		answer(&call, step);
	}
	free(call.body);
	close(call.fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	const int yes = 1;
	if (argc != 4 || (journal = fopen(argv[2], "a")) == NULL) {
		fputs("usage: faultd ROOT LOG SECONDS\n", stderr);
		return 2;
	}
	root = argv[1];
	alarm((unsigned)atoi(argv[3]));
	signal(SIGPIPE, SIG_IGN);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, 512) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
		perror("faultd");
		return 3;
	}
	port = ntohs(address.sin_port);
	printf("%u\n", port);
	fflush(stdout);
	for (;;) {
		pthread_t thread;
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) != 0)
			close(fd);
		else
			pthread_detach(thread);
	}
}
