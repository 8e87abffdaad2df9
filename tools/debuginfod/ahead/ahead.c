/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The thread. It has a client of its own, so that nobody takes turns; the cache's locks tell the
 * other one what is under way. All signals are blocked in it. It ends with its handle, and before
 * the libraries that it uses are taken down at the program's exit.
 */
#include "tools/debuginfod/ahead/ahead.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/url.h"

struct ahead {
	struct strings known; /* all build-ids that were seen open */
	bool stopped;
	bool started;  /* THREAD is to be joined, */
	pid_t process; /* in this process */
	pthread_t thread;
	struct client *client; /* the thread's, as are these */
	struct strings ids;
	atomic_bool cancelled;
	atomic_bool over; /* the thread has done all */
};

/* One at a time in a process, so that servers are asked by one crowd and not by many: the process,
 * 0 for none, which a fork's child is not; and whose it is. */
static _Atomic pid_t busy;
static struct ahead *_Atomic at_work;

/* --- the thread --- */

static void forget_answer(void *context, size_t index, struct client_answer *answer)
{
	(void)context;
	(void)index;
	client_answer_free(answer);
}

static void *fetch(void *context)
{
	struct ahead *ahead = context;
	struct client_request *requests = calloc(ahead->ids.count, sizeof(*requests));
	for (size_t i = 0; i < ahead->ids.count && requests != NULL; i++)
		requests[i] = (struct client_request){.artifact = ARTIFACT_DEBUGINFO,
						      .build_id = ahead->ids.items[i]};
	if (requests != NULL)
		client_fetch_all(ahead->client, requests, ahead->ids.count, forget_answer, NULL);
	free(requests);
	client_close(ahead->client);
	ahead->client = NULL;
	ahead->over = true;
	return NULL;
}

/* Waits for the thread. In a fork's child there is none, and its client is the parent's. */
static void join(struct ahead *ahead)
{
	if (ahead->started && ahead->process == getpid()) {
		pthread_join(ahead->thread, NULL);
		at_work = NULL;
		busy = 0;
	}
	ahead->started = false;
	ahead->client = NULL;
	strings_free(&ahead->ids);
}

/* Before libcrypto and others are taken down, by what they registered before this. */
static void end_at_exit(void)
{
	struct ahead *ahead = at_work;
	if (ahead == NULL || busy != getpid())
		return;
	ahead->cancelled = true;
	join(ahead);
}

static void register_exit(void)
{
	atexit(end_at_exit);
}

static bool start_thread(struct ahead *ahead)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	sigset_t every, before;
	pthread_once(&once, register_exit);
	sigfillset(&every);
	ahead->over = false;
	ahead->process = getpid();
	pthread_sigmask(SIG_SETMASK, &every, &before);
	ahead->started = pthread_create(&ahead->thread, NULL, fetch, ahead) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ahead->started)
		at_work = ahead;
	return ahead->started;
}

/* --- the handle's --- */

struct ahead *ahead_begin(void)
{
	return calloc(1, sizeof(struct ahead));
}

/* Fills IDS with what is open, but for HEX and what was seen before. False where HEX is not open,
 * or memory is short. */
static bool look_around(struct ahead *ahead, const char *hex)
{
	struct strings opened = {0};
	bool good = ahead_opened(&opened) && list_has(&opened, hex);
	for (size_t i = 0; i < opened.count && good; i++) {
		if (list_has(&ahead->known, opened.items[i]))
			continue;
		good = list_add(&ahead->known, opened.items[i]) &&
		       (strcmp(opened.items[i], hex) == 0 ||
			list_add(&ahead->ids, opened.items[i]));
	}
	strings_free(&opened);
	return good && ahead->ids.count > 0;
}

/* Ten times a second. */
static int is_cancelled(void *context, const struct client_progress *progress)
{
	(void)progress;
	return ((struct ahead *)context)->cancelled;
}

/* It gets what the handle's own client is given; nobody is told anything. */
static bool open_client(struct ahead *ahead, const struct client_options *options)
{
	struct client_options mine = *options;
	mine.progress = is_cancelled;
	mine.progress_context = ahead;
	mine.log = mine.tell = NULL;
	mine.elfutils_write = false;          /* who asks for it puts it there */
	mine.cache_size = mine.cache_age = 0; /* and cleans up */
	ahead->cancelled = false;
	return client_open(&ahead->client, &mine, NULL) == NOTE_OK;
}

/* What lies on a disk need not be fetched. */
static bool has_network(const struct client_options *options)
{
	bool any = false;
	for (size_t i = 0; i < options->servers.count && !any; i++) {
		enum ima_policy policy;
		char *url = url_server(url_without_policy(options->servers.items[i], &policy));
		any = url != NULL && strncasecmp(url, "file:", 5) != 0;
		free(url);
	}
	return any;
}

void ahead_start(struct ahead *ahead, const struct client_options *options, const char *hex)
{
	if (ahead->stopped || options->cache == NULL || list_has(&ahead->known, hex) ||
	    !has_network(options))
		return;
	if (ahead->started && (ahead->over || ahead->process != getpid()))
		join(ahead);
	pid_t other = busy;
	if (other == getpid() || !atomic_compare_exchange_strong(&busy, &other, getpid()))
		return;
	if (look_around(ahead, hex) && open_client(ahead, options) && start_thread(ahead))
		return;
	client_close(ahead->client);
	join(ahead);
	busy = 0;
}

bool ahead_has(const struct ahead *ahead, const char *hex)
{
	return ahead != NULL && ahead->started && ahead->process == getpid() && !ahead->over &&
	       list_has(&ahead->ids, hex);
}

void ahead_stop(struct ahead *ahead)
{
	ahead->stopped = true;
	ahead->cancelled = true;
}

void ahead_end(struct ahead *ahead)
{
	if (ahead == NULL)
		return;
	ahead->cancelled = true;
	join(ahead);
	strings_free(&ahead->known);
	free(ahead);
}
