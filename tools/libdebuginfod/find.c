/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The questions. Each is one of the engine's; here are their arguments and results alone. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/metadata.h"
#include "tools/debuginfod/url.h"
#include "tools/libdebuginfod/internal.h"

#define BUILD_ID_MOST 64

/* HEX: handle_open(). */
static int begin(debuginfod_client *handle, const char *hex)
{
	if (handle == NULL)
		return -EINVAL;
	free(handle->url);
	free(handle->headers);
	handle->url = handle->headers = NULL;
	handle->ticks = 0;
	handle->told = false;
	return handle_open(handle, hex);
}

static void end(debuginfod_client *handle)
{
	if (handle == NULL)
		return;
	strings_free(&handle->to_send);
	if (handle->printed)
		dprintf(STDERR_FILENO, "\n");
	handle->printed = false;
}

/* A descriptor of the file at NAME, and its name in *PATH where that is wanted. */
static int give(const char *name, char **path)
{
	const int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (path != NULL && (*path = strdup(name)) == NULL) {
		close(fd);
		return -ENOMEM;
	}
	return fd;
}

/* ID as hexadecimal digits: LENGTH bytes or, where that is 0, digits already. */
static int take_id(const unsigned char *id, int length, char hex[2 * BUILD_ID_MOST + 1])
{
	const char *digits = (const char *)id;
	if (id == NULL || length < 0 || length > BUILD_ID_MOST ||
	    (length == 0 && strlen(digits) > 2 * BUILD_ID_MOST))
		return -EINVAL;
	if (length > 0) {
		hex_encode(id, (size_t)length, hex);
		return 0;
	}
	strcpy(hex, digits);
	length = (int)strlen(digits);
	return length > 0 && length % 2 == 0 &&
			       strspn(digits, "0123456789abcdefABCDEF") == (size_t)length
		       ? 0
		       : -EINVAL;
}

/* Where it will be asked for, for verbose output. */
static void log_urls(debuginfod_client *handle, enum artifact artifact, const char *hex,
		     const char *name)
{
	for (size_t i = 0; handle->verbose_fd >= 0 && i < client_server_count(handle->engine);
	     i++) {
		char *url =
			url_artifact(client_server_name(handle->engine, i), artifact, hex, name);
		char *line = url != NULL ? format_string("url %zu %s", i, url) : NULL;
		if (line != NULL)
			handle_log(handle, line);
		free(line);
		free(url);
	}
}

/* What came faster than anything was told of it is told once, so that a program can name it. */
static void tell_end(debuginfod_client *handle, const struct client_answer *answer)
{
	if (handle->progress != NULL && !handle->told && answer->outcome == OUTCOME_FOUND &&
	    answer->url != NULL && answer->size > 0)
		handle->progress(handle, (long)answer->size, (long)answer->size);
}

static int find(debuginfod_client *handle, enum artifact artifact, const unsigned char *id,
		int length, const char *name, char **path)
{
	struct client_answer answer;
	char hex[2 * BUILD_ID_MOST + 1];
	const int odd = take_id(id, length, hex);
	int result = begin(handle, odd == 0 && artifact == ARTIFACT_DEBUGINFO ? hex : NULL);
	if (result == 0)
		result = odd;
	if (result == 0) {
		log_urls(handle, artifact, hex, name);
		client_fetch(handle->engine, artifact, hex, name, &answer);
		free(handle->url);
		handle->url = answer.url;
		handle->headers = answer.headers;
		tell_end(handle, &answer);
		answer.url = answer.headers = NULL;
		if (answer.outcome == OUTCOME_FOUND)
			result = give(answer.elfutils_path != NULL ? answer.elfutils_path
								   : answer.path,
				      path);
		else /* as elfutils has it, where the program itself ended it */
			result = answer.interrupted ? -ENOENT : -answer.error;
		/* Whoever has had enough of one has so of all. */
		if (answer.interrupted && handle->ahead != NULL)
			ahead_stop(handle->ahead);
		if (answer.outcome != OUTCOME_FOUND)
			handle_log(handle, answer.reason);
		client_answer_free(&answer);
	}
	end(handle);
	return result;
}

int debuginfod_find_debuginfo(debuginfod_client *handle, const unsigned char *build_id,
			      int build_id_len, char **path)
{
	return find(handle, ARTIFACT_DEBUGINFO, build_id, build_id_len, NULL, path);
}

int debuginfod_find_executable(debuginfod_client *handle, const unsigned char *build_id,
			       int build_id_len, char **path)
{
	return find(handle, ARTIFACT_EXECUTABLE, build_id, build_id_len, NULL, path);
}

int debuginfod_find_source(debuginfod_client *handle, const unsigned char *build_id,
			   int build_id_len, const char *filename, char **path)
{
	if (filename == NULL || filename[0] != '/')
		return -EINVAL;
	return find(handle, ARTIFACT_SOURCE, build_id, build_id_len, filename, path);
}

int debuginfod_find_section(debuginfod_client *handle, const unsigned char *build_id,
			    int build_id_len, const char *section, char **path)
{
	if (section == NULL || section[0] == '\0')
		return -EINVAL;
	return find(handle, ARTIFACT_SECTION, build_id, build_id_len, section, path);
}

int debuginfod_find_metadata(debuginfod_client *handle, const char *key, const char *value,
			     char **path)
{
	/* As elfutils tells it: what nobody knows is an empty and incomplete list. */
	static const char none[] = "{\"results\":[],\"complete\":false}";
	struct client_answer answer;
	struct note_error err;
	char *name = NULL;
	if (key == NULL || value == NULL)
		return -EINVAL;
	int result = begin(handle, NULL);
	if (result == 0) {
		client_metadata(handle->engine, key, value, &answer);
		if (answer.interrupted)
			result = -ENOENT;
		else if (client_metadata_keep(handle->engine, key, value,
					      answer.body != NULL ? answer.body : none, &name,
					      &err) == NOTE_OK)
			result = give(name, path);
		else
			result = -EIO;
		free(name);
		client_answer_free(&answer);
	}
	end(handle);
	return result;
}
