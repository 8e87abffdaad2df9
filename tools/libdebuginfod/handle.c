/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handles: what a program sets and asks between its questions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/debuginfod/memory.h"
#include "tools/libdebuginfod/internal.h"

debuginfod_client *debuginfod_begin(void)
{
	debuginfod_client *handle = calloc(1, sizeof(*handle));
	if (handle == NULL)
		return NULL;
	handle->verbose_fd = getenv("DEBUGINFOD_VERBOSE") != NULL ? STDERR_FILENO : -1;
	if (getenv("DEBUGINFOD_PROGRESS") != NULL)
		handle->progress = debuginfod_default_progressfn;
	return handle;
}

void debuginfod_end(debuginfod_client *handle)
{
	if (handle == NULL)
		return;
	ahead_end(handle->ahead);
	/* A fork's child does not end what its parent talks with. */
	if (handle->process == getpid())
		client_close(handle->engine);
	if (handle->printed)
		dprintf(STDERR_FILENO, "\n");
	strings_free(&handle->to_send);
	free(handle->opened_by);
	free(handle->url);
	free(handle->headers);
	free(handle);
}

void debuginfod_set_progressfn(debuginfod_client *handle, debuginfod_progressfn_t function)
{
	if (handle != NULL)
		handle->progress = function;
}

int debuginfod_default_progressfn(debuginfod_client *handle, long a, long b)
{
	const char *url = debuginfod_get_url(handle);
	const char *path = url != NULL ? strstr(url, "buildid/") : NULL;
	const int length = url == NULL ? 0 : path != NULL ? (int)(path - url) : (int)strlen(url);
	if (b == 0 || url == NULL)
		dprintf(STDERR_FILENO, "\rDownloading %c", "-/|\\"[(unsigned long)a % 4]);
	else if (b < 0)
		dprintf(STDERR_FILENO, "\rDownloading from %.*s %ld", length, url, a);
	else
		dprintf(STDERR_FILENO, "\rDownloading from %.*s %ld/%ld", length, url, a, b);
	if (handle != NULL)
		handle->printed = true;
	return 0;
}

void debuginfod_set_verbose_fd(debuginfod_client *handle, int fd)
{
	if (handle != NULL)
		handle->verbose_fd = fd;
}

void handle_log(void *context, const char *line)
{
	const debuginfod_client *handle = context;
	if (handle->verbose_fd >= 0)
		dprintf(handle->verbose_fd, "%s\n", line);
}

void debuginfod_set_user_data(debuginfod_client *handle, void *value)
{
	if (handle != NULL)
		handle->user_data = value;
}

void *debuginfod_get_user_data(debuginfod_client *handle)
{
	return handle != NULL ? handle->user_data : NULL;
}

const char *debuginfod_get_url(debuginfod_client *handle)
{
	return handle != NULL ? handle->url : NULL;
}

const char *debuginfod_get_headers(debuginfod_client *handle)
{
	return handle != NULL ? handle->headers : NULL;
}

bool is_header(const char *line)
{
	const size_t name = strcspn(line, ": \t\r\n");
	return name > 0 && line[name] == ':' && line[name + 1] != '\0' &&
	       strpbrk(line, "\r\n") == NULL;
}

int debuginfod_add_http_header(debuginfod_client *handle, const char *header)
{
	if (handle == NULL || header == NULL || !is_header(header))
		return -EINVAL;
	return list_add(&handle->to_send, header) ? 0 : -ENOMEM;
}
