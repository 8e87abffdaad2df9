/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers of a server, whatever they hold: the input is all that it sends before it closes. A
 * second server refuses connections. By the input's size the client is a plain one, one that wants
 * sizes alone, or one that wants signatures. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/debuginfod/client.h"
#include "tools/debuginfod/proof/ima.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *answer;
static size_t answer_size;
static int listener;
static char url[64], refusing[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of answer and its size */

static void *serve(void *context)
{
	char request[4096];
	(void)context;
	for (;;) {
		size_t got = 0;
		ssize_t n;
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			continue;
		while (got < sizeof(request) - 1 &&
		       (n = recv(fd, request + got, sizeof(request) - 1 - got, 0)) > 0) {
			got += (size_t)n;
			request[got] = '\0';
			if (strstr(request, "\r\n\r\n") != NULL)
				break;
		}
		/* The client may be done, and the input gone, before all is sent: send a copy. */
		pthread_mutex_lock(&lock);
		const size_t size = answer_size;
		uint8_t *copy = malloc(size + 1);
		if (copy == NULL)
			abort();
		memcpy(copy, answer, size);
		pthread_mutex_unlock(&lock);
		send(fd, copy, size, MSG_NOSIGNAL);
		free(copy);
		shutdown(fd, SHUT_WR);
		while (recv(fd, request, sizeof(request), 0) > 0)
			;
		close(fd);
	}
	return NULL;
}

/* A port that is taken, and on which nobody listens. */
static void take_a_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		abort();
	snprintf(refusing, sizeof(refusing), "http://127.0.0.1:%u", ntohs(address.sin_port));
}

static void start(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof(address);
	pthread_t thread;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, 64) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
	    pthread_create(&thread, NULL, serve, NULL) != 0)
		abort();
	take_a_port();
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", ntohs(address.sin_port));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct client_request requests[] = {
		{ARTIFACT_SOURCE, "00112233445566778899aabbccddeeff00112233", "/a.c", 0},
		{ARTIFACT_DEBUGINFO, "00112233445566778899aabbccddeeff00112233", NULL, 0},
		{ARTIFACT_SECTION, "00112233445566778899aabbccddeeff00112233", ".debug_line", 0},
		{ARTIFACT_EXECUTABLE, "00112233445566778899aabbccddeeff00112233", NULL, 0},
		{ARTIFACT_SOURCE, "00112233445566778899aabbccddeeff00112233", "/doc.html", 0},
		{ARTIFACT_METADATA, "", "key=glob&value=%2F*", 0},
	};
	struct client_options options = {.timeout = 5, .max_size = 1 << 20, .ima = -1};
	if (size % 4 == 2)
		options.sizes_only = true;
	if (size % 4 == 3)
		options.ima = IMA_PERMISSIVE;

	struct client *client;
	if (url[0] == '\0')
		start();
	pthread_mutex_lock(&lock);
	answer = data;
	answer_size = size;
	pthread_mutex_unlock(&lock);
	strings_add(&options.servers, url);
	if (size % 8 < 4)
		strings_add(&options.servers, refusing);
	if (client_open(&client, &options, NULL) != NOTE_OK)
		abort();
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct client_answer got;
		struct stat st;
		client_fetch(client, requests[i].artifact, requests[i].build_id, requests[i].name,
			     &got);
		/* What is found is there, and within the bound. */
		if (got.outcome == OUTCOME_FOUND && got.path != NULL &&
		    (stat(got.path, &st) != 0 || st.st_size > 1 << 20))
			abort();
		/* Nothing that small is a debug file of that build-id. */
		if (got.outcome == OUTCOME_FOUND && got.path != NULL && (i == 1 || i == 3) &&
		    st.st_size < 64)
			abort();
		client_answer_free(&got);
	}
	client_close(client);
	strings_free(&options.servers);
	pthread_mutex_lock(&lock);
	answer = (const uint8_t *)"";
	answer_size = 0;
	pthread_mutex_unlock(&lock);
	return 0;
}
