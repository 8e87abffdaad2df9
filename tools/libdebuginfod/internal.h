/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by handle.c, open.c and find.c alone. */
#ifndef LIBDEBUGINFOD_INTERNAL_H
#define LIBDEBUGINFOD_INTERNAL_H

#include <sys/types.h>

#include "tools/debuginfod/ahead/ahead.h"
#include "tools/debuginfod/client.h"
#include "tools/libdebuginfod/api.h"

/* A program's handle. Its engine is opened by the first question, and anew where the environment
 * has changed since, after a fork, and now and then, so that no server stays given up for good. */
struct debuginfod_client {
	struct client *engine;
	char *opened_by;     /* all that the engine was opened with, as text */
	double opened;       /* a moment */
	pid_t process;       /* that opened it */
	struct ahead *ahead; /* NULL until it is first wanted */
	debuginfod_progressfn_t progress;
	long ticks; /* told so far, while nothing comes */
	void *user_data;
	int verbose_fd;
	bool told;    /* where it comes from, by its progress */
	bool printed; /* by the default progress: a line is begun */
	char *url, *headers;
	struct strings to_send; /* headers for the next question */
};

/* Sees to it that HANDLE's engine is open, as the environment says now. HEX, or NULL, is what will
 * be asked for: with others of its kind, it may be fetched ahead. 0 or a negative errno. */
int handle_open(debuginfod_client *handle, const char *hex);

/* "Name: value" and nothing else. */
bool is_header(const char *line);

/* One line to the descriptor for verbose output, where there is one. */
void handle_log(void *handle, const char *line);

#endif
