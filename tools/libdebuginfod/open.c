/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The engine of a handle, as the environment says at the moment of each question: gdb's
 * "set debuginfod urls" is a setenv(). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/base/retry.h"
#include "tools/debuginfod/cache/cache.h"
#include "tools/debuginfod/environment.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/proof/ima.h"
#include "tools/libdebuginfod/internal.h"

/* Seconds. Who fetches the same file and gets nothing may be waiting for us: a program asks a
 * server that asks others by this library, with the same cache. */
#define LOCK_PATIENCE 1.0

/* What the options point at, for the time of opening. */
struct wanted {
	struct client_options options;
	char *cache, *elfutils, *certificates;
};

static bool is_off(const char *value)
{
	return value != NULL && (strcmp(value, "no") == 0 || strcmp(value, "0") == 0);
}

/* A place that outlives this process, since programs open files by their names, and more than once:
 * where there is no other, a directory that is ours alone, for temporary files. NULL where there is
 * none either. */
static char *last_resort(void)
{
	const char *place = getenv("TMPDIR");
	struct stat st;
	char *path =
		format_string("%s/pkgnote-%lu", place != NULL && place[0] == '/' ? place : "/tmp",
			      (unsigned long)geteuid());
	if (path != NULL && (mkdir(path, 0700) == 0 || errno == EEXIST) && lstat(path, &st) == 0 &&
	    S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 022) == 0)
		return path;
	free(path);
	return NULL;
}

static bool cannot_be_written(const char *path)
{
	return path == NULL || (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) != 0 &&
				(errno == EACCES || errno == EROFS));
}

/* The cache of pkgnote fetch; where DEBUGINFOD_CACHE_PATH names another place, all stays there. */
static void choose_caches(struct wanted *wanted)
{
	const char *given = getenv("DEBUGINFOD_CACHE_PATH");
	struct client_options *o = &wanted->options;
	wanted->elfutils = elfutils_cache_path();
	wanted->cache = given != NULL && given[0] != '\0' ? format_string("%s/.pkgnote", given)
							  : client_cache_path();
	if (cannot_be_written(wanted->cache)) {
		free(wanted->cache);
		wanted->cache = last_resort();
	}
	o->cache = wanted->cache;
	o->elfutils_cache = wanted->elfutils;
	if (wanted->elfutils != NULL)
		o->absent_seconds =
			elfutils_cache_setting(wanted->elfutils, "cache_miss_s", o->absent_seconds);
	o->elfutils_write = !is_off(getenv("PKGNOTE_CACHE_COMPAT"));
}

static bool choose_headers(debuginfod_client *handle, struct strings *headers)
{
	const char *file = getenv("DEBUGINFOD_HEADERS_FILE");
	struct strings lines = {0};
	struct note_error err;
	bool good = true;
	if (file != NULL && file[0] != '\0' && client_read_headers(&lines, file, &err) != NOTE_OK)
		handle_log(handle, "DEBUGINFOD_HEADERS_FILE: it cannot be read; it is passed over");
	for (size_t i = 0; i < lines.count && good; i++)
		if (is_header(lines.items[i]))
			good = list_add(headers, lines.items[i]);
	for (size_t i = 0; i < handle->to_send.count && good; i++)
		good = list_add(headers, handle->to_send.items[i]);
	strings_free(&lines);
	return good;
}

static bool read_environment(debuginfod_client *handle, struct wanted *wanted)
{
	struct client_options *o = &wanted->options;
	const char *more = getenv("DEBUGINFOD_IMA_CERT_PATH");
	client_default_options(o);
	/* The program waits, often in front of its user. */
	o->retries = 2;
	o->backoff = 0.25;
	client_environment(o, handle_log, handle);
	choose_caches(wanted);
	wanted->certificates = format_string("%s%s%s", IMA_CERTIFICATES, more != NULL ? ":" : "",
					     more != NULL ? more : "");
	o->ima_certificates = wanted->certificates;
	o->section_fallback = true;
	o->verbose = handle->verbose_fd >= 0;
	o->log = o->tell = handle_log;
	o->log_context = o->tell_context = handle;
	return wanted->certificates != NULL &&
	       client_default_servers(&o->servers, NULL, handle_log, handle) &&
	       choose_headers(handle, &o->headers);
}

static void wanted_free(struct wanted *wanted)
{
	strings_free(&wanted->options.servers);
	strings_free(&wanted->options.headers);
	free(wanted->cache);
	free(wanted->elfutils);
	free(wanted->certificates);
}

static char *join(char *before, const char *word)
{
	char *out =
		before != NULL ? format_string("%s\n%s", before, word != NULL ? word : "") : NULL;
	free(before);
	return out;
}

/* Two that are equal make the same engine. */
static char *as_text(const struct client_options *o)
{
	char *text =
		format_string("%g %g %llu %llu %llu %u %d", o->timeout, o->deadline,
			      (unsigned long long)o->max_size, (unsigned long long)o->retries,
			      (unsigned long long)o->absent_seconds, o->verbose, o->elfutils_write);
	const char *const words[] = {o->cache, o->elfutils_cache, o->ca_file, o->ca_directory,
				     o->ima_certificates};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		text = join(text, words[i]);
	for (size_t i = 0; i < o->servers.count; i++)
		text = join(text, o->servers.items[i]);
	text = join(text, "");
	for (size_t i = 0; i < o->headers.count; i++)
		text = join(text, o->headers.items[i]);
	return text;
}

/* A non-zero word of the program's ends the question. */
static int tell_progress(void *context, const struct client_progress *progress)
{
	debuginfod_client *handle = context;
	if (handle->progress == NULL || progress->done == progress->total)
		return 0;
	if (progress->url == NULL)
		return handle->progress(handle, ++handle->ticks, 0);
	if (handle->url == NULL)
		handle->url = strdup(progress->url);
	handle->told = true;
	return handle->progress(handle, (long)progress->received,
				progress->size > 0 ? (long)progress->size : -1);
}

/* As elfutils says it: scripts look for these lines. */
static void log_limits(debuginfod_client *handle, const struct client_options *o)
{
	char line[64];
	if (o->deadline > 0) {
		snprintf(line, sizeof(line), "using max time %.3gs", o->deadline);
		handle_log(handle, line);
	}
	if (o->max_size > 0) {
		snprintf(line, sizeof(line), "using max size %lluB",
			 (unsigned long long)o->max_size);
		handle_log(handle, line);
	}
}

static int open_engine(debuginfod_client *handle, struct wanted *wanted)
{
	struct note_error err = {.offset = NOTE_NO_OFFSET};
	struct client_options *o = &wanted->options;
	o->progress = tell_progress;
	o->progress_context = handle;
	log_limits(handle, o);
	int code = client_open(&handle->engine, o, &err);
	if (code == NOTE_SYSTEM) {
		handle_log(handle, err.text);
		free(wanted->cache);
		o->cache = wanted->cache = last_resort();
		if (o->cache != NULL)
			code = client_open(&handle->engine, o, &err);
	}
	if (code == NOTE_OK)
		return 0;
	handle_log(handle, err.text);
	return code == NOTE_USAGE ? -EINVAL : code == NOTE_UNSUPPORTED ? -ENOSYS : -EIO;
}

/* PKGNOTE_PREFETCH */
static void fetch_ahead(debuginfod_client *handle, const struct client_options *o, const char *hex)
{
	if (is_off(getenv("PKGNOTE_PREFETCH")))
		return;
	if (handle->ahead == NULL)
		handle->ahead = ahead_begin();
	if (handle->ahead != NULL)
		ahead_start(handle->ahead, o, hex);
}

int handle_open(debuginfod_client *handle, const char *hex)
{
	const char *urls = getenv("DEBUGINFOD_URLS");
	struct wanted wanted = {0};
	int result = 0;
	/* Unlike the command, which looks into /etc: no program asks anybody unless it is told. */
	if (urls == NULL || urls[strspn(urls, " \t\n")] == '\0')
		return -ENOSYS;
	char *text = read_environment(handle, &wanted) ? as_text(&wanted.options) : NULL;
	const double now = seconds_now();
	if (handle->process != getpid())
		handle->engine = NULL; /* the parent's */
	if (text == NULL) {
		result = -ENOMEM;
	} else if (wanted.options.servers.count == 0) {
		result = -ENOSYS;
	} else if (wanted.options.cache == NULL) {
		handle_log(handle, "no cache can be made, neither below HOME nor where temporary "
				   "files are");
		result = -EACCES;
	} else if (handle->engine == NULL || strcmp(text, handle->opened_by) != 0 ||
		   now > handle->opened + (double)wanted.options.silent_seconds) {
		client_close(handle->engine);
		handle->engine = NULL;
		free(handle->opened_by);
		handle->opened_by = text;
		text = NULL;
		handle->opened = now;
		handle->process = getpid();
		result = open_engine(handle, &wanted);
	}
	if (result == 0 && hex != NULL)
		fetch_ahead(handle, &wanted.options, hex);
	if (result == 0)
		client_set_lock_patience(
			handle->engine,
			hex != NULL && ahead_has(handle->ahead, hex) ? 0 : LOCK_PATIENCE);
	free(text);
	wanted_free(&wanted);
	return result;
}
