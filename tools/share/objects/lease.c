/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One publisher at a time, with nothing but what every store does: each who wants to change the
 * share puts an entry of its own below ".lock/" and then lists them. Who sees itself, and itself
 * alone, goes ahead: of two, the one whose entry was listed later has seen the other's. (S3 lists
 * what it holds since 2020; where a store's list lags, an entry waits until it is in it.) Of
 * several the first by name waits, and the others step back.
 *
 * An entry is renewed by a thread. One that was not for LEASE_DEAD seconds, or whose process is
 * gone from this machine, is of a publisher that was killed, and is taken away; names are never
 * used twice, so this can hit nobody else.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/retry.h"
#include "tools/share/objects/internal.h"

#define LEASE_RENEWED 15.0 /* seconds */
#define LEASE_LOST    45.0 /* without a renewal, we no longer trust it ourselves */
#define LEASE_DEAD    60.0
#define LEASE_UNSEEN  30.0 /* so long our entry may be missing in the list */
#define LAST_REQUESTS 2.0  /* so long those of a process that was killed may be under way */

struct lease {
	char *key; /* below the prefix, ".lock/..." */
	char *machine;
	struct bucket *bucket; /* the thread's own */
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock;
	pthread_cond_t ends;
	bool ended;
	double renewed;
	unsigned beat;
};

/* --- who we are --- */

static void read_word(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "re");
	out[0] = '\0';
	if (file == NULL)
		return;
	if (fgets(out, (int)size, file) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\n ")] = '\0';
	fclose(file);
}

/* When process PID began, in ticks since the machine did (proc(5), field 22 of stat), or "". */
static void start_of(long pid, char *out, size_t size)
{
	char path[64], line[1024] = "";
	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	out[0] = '\0';
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return;
	const char *p = fgets(line, sizeof(line), file) != NULL ? strrchr(line, ')') : NULL;
	fclose(file);
	for (int field = 2; p != NULL && field < 22; field++) {
		p = strchr(p, ' ');
		p = p != NULL ? p + 1 : NULL;
	}
	if (p != NULL)
		snprintf(out, size, "%.*s", (int)strcspn(p, " \n"), p);
}

/* Names the set of processes that our numbers mean something in. */
static char *this_machine(void)
{
	char boot[64], space[64];
	read_word("/proc/sys/kernel/random/boot_id", boot, sizeof(boot));
	const ssize_t length = readlink("/proc/self/ns/pid", space, sizeof(space) - 1);
	space[length > 0 ? length : 0] = '\0';
	return boot[0] != '\0' && length > 0 ? xasprintf("%s/%s", boot, space) : xstrdup("?");
}

/* The entry: who, for people; then machine, process and its start; then a count that rises. */
static char *entry_text(const struct lease *lease)
{
	char host[128] = "", start[32];
	gethostname(host, sizeof(host) - 1);
	start_of(getpid(), start, sizeof(start));
	return xasprintf("process %ld on %s\n%s %ld %s\n%u\n", (long)getpid(), host, lease->machine,
			 (long)getpid(), start, lease->beat);
}

/* Whether the entry TEXT is of a process of this machine that is no more. */
static bool is_gone(const struct lease *lease, const char *text)
{
	char now[32], start[32] = "";
	const char *line = strchr(text, '\n');
	const size_t length = strlen(lease->machine);
	long pid = 0;
	if (line == NULL || lease->machine[0] == '?' ||
	    strncmp(line + 1, lease->machine, length) != 0 || line[1 + length] != ' ' ||
	    sscanf(line + 1 + length, " %ld %31[0-9]", &pid, start) != 2 || pid <= 0)
		return false;
	start_of(pid, now, sizeof(now));
	return strcmp(now, start) != 0;
}

/* --- the others --- */

struct other {
	char *key;
	char *etag;
	double since;
};

struct others {
	struct other *items;
	size_t count;
	const char *mine;
	bool first;         /* ours is the first by name */
	bool listed;        /* ours is there */
	struct other *seen; /* those of the last look */
	size_t seen_count;
};

static int add_other(void *context, const struct s3_object *object, struct note_error *err)
{
	struct others *others = context;
	(void)err;
	if (strcmp(object->key, others->mine) == 0) {
		others->listed = true;
		return NOTE_OK;
	}
	if (strcmp(object->key, others->mine) < 0)
		others->first = false;
	others->items = xrealloc(others->items, (others->count + 1) * sizeof(*others->items));
	struct other *other = &others->items[others->count++];
	*other = (struct other){xstrdup(object->key), xstrdup(object->etag), seconds_now()};
	for (size_t i = 0; i < others->seen_count; i++)
		if (strcmp(others->seen[i].key, other->key) == 0 &&
		    strcmp(others->seen[i].etag, other->etag) == 0)
			other->since = others->seen[i].since;
	return NOTE_OK;
}

static void free_others(struct other *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(items[i].key);
		free(items[i].etag);
	}
	free(items);
}

/* Lists who else has an entry; what they were in the last look is forgotten. */
static int look_around(struct share *share, struct others *others, struct note_error *err)
{
	others->seen = others->items;
	others->seen_count = others->count;
	others->items = NULL;
	others->count = 0;
	others->first = true;
	others->listed = false;
	int code = bucket_list(objects_of(share)->bucket, ".lock/", false, add_other, others, err);
	free_others(others->seen, others->seen_count);
	others->seen = NULL;
	others->seen_count = 0;
	return code;
}

static void nap(double seconds)
{
	struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* An entry whose publisher may be dead, or that a list which lags still has. */
static int judge_other(struct share *share, const char *url, const struct other *other, bool *alive,
		       bool *told, struct note_error *err)
{
	struct text text;
	const bool old = seconds_now() - other->since > LEASE_DEAD;
	int code = bucket_get(objects_of(share)->bucket, other->key, &text, err);
	*alive = code == NOTE_OK;
	if (code != NOTE_OK)
		return code == NOTE_ABSENT ? NOTE_OK : code;
	char *who = xasprintf("%.*s", (int)strcspn(text.data, "\n"), text.data);
	char *line = name_to_line(who[0] != '\0' ? who : "another process");
	if (old || is_gone(objects_of(share)->lease, text.data)) {
		share_say(share, url, "%s was changing it and is no more%s", line,
			  old ? ": it gave no sign for a minute" : "");
		nap(old || !bucket_is_far(objects_of(share)->bucket) ? 0 : LAST_REQUESTS);
		code = bucket_delete(objects_of(share)->bucket, other->key, err);
		*alive = false;
	} else if (!*told) {
		share_say(share, url, "waiting: %s changes it", line);
		*told = true;
	}
	free(line);
	free(who);
	text_free(&text);
	return code;
}

/* Leaves those that are alive. */
static int judge_others(struct share *share, const char *url, struct others *others, bool *told,
			struct note_error *err)
{
	int code = NOTE_OK;
	size_t kept = 0;
	for (size_t i = 0; i < others->count; i++) {
		struct other *other = &others->items[i];
		bool alive = true;
		if (code == NOTE_OK)
			code = judge_other(share, url, other, &alive, told, err);
		if (alive) {
			others->items[kept++] = *other;
		} else {
			free(other->key);
			free(other->etag);
		}
	}
	others->count = kept;
	return code;
}

static int put_entry(struct bucket *bucket, struct lease *lease, struct note_error *err)
{
	char *text = entry_text(lease);
	const double now = seconds_now();
	int code = bucket_put(bucket, lease->key, text, err);
	if (code == NOTE_OK) {
		pthread_mutex_lock(&lease->lock);
		lease->renewed = now;
		pthread_mutex_unlock(&lease->lock);
	}
	free(text);
	return code;
}

/* Until we are there, and alone. */
static int wait_for_turn(struct share *share, const char *url, struct note_error *err)
{
	struct lease *lease = objects_of(share)->lease;
	struct bucket *bucket = objects_of(share)->bucket;
	struct others others = {.mine = lease->key};
	bool told = false, entered = false;
	double unseen = 0; /* since when our entry is not in the list */
	int code = look_around(share, &others, err);
	while (code == NOTE_OK) {
		code = judge_others(share, url, &others, &told, err);
		if (code != NOTE_OK || (entered && others.listed && others.count == 0))
			break;
		if (others.count == 0) {
			/* Again where the list does not have it: that tells the list anew. */
			if (entered && unseen == 0)
				unseen = seconds_now();
			if (entered && seconds_now() - unseen > LEASE_UNSEEN)
				code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
						 "the store does not list what was put into it");
			nap(entered ? 0.2 : 0);
			lease->beat++;
			entered = true;
			if (code == NOTE_OK)
				code = put_entry(bucket, lease, err);
		} else {
			if (entered && !others.first) {
				code = bucket_delete(bucket, lease->key, err);
				entered = false;
			} else if (entered && seconds_now() - lease->renewed > LEASE_RENEWED) {
				lease->beat++;
				code = put_entry(bucket, lease, err);
			}
			nap(0.2 + 0.5 * retry_random());
		}
		if (code == NOTE_OK)
			code = look_around(share, &others, err);
	}
	free_others(others.items, others.count);
	return code;
}

/* --- ours --- */

static void *renew(void *context)
{
	struct lease *lease = context;
	struct timespec until;
	pthread_mutex_lock(&lease->lock);
	while (!lease->ended) {
		clock_gettime(CLOCK_MONOTONIC, &until); /* as lease_take set it */
		until.tv_sec += (time_t)LEASE_RENEWED;
		pthread_cond_timedwait(&lease->ends, &lease->lock, &until);
		if (lease->ended)
			break;
		lease->beat++;
		pthread_mutex_unlock(&lease->lock);
		put_entry(lease->bucket, lease, NULL); /* lease_holds tells where it fails */
		pthread_mutex_lock(&lease->lock);
	}
	pthread_mutex_unlock(&lease->lock);
	return NULL;
}

static int start_renewing(struct share *share, struct note_error *err)
{
	struct lease *lease = objects_of(share)->lease;
	sigset_t all, before;
	int code = bucket_open(&lease->bucket, objects_of(share)->url, share, 1, err);
	if (code != NOTE_OK)
		return code;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&lease->thread, NULL, renew, lease);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	lease->has_thread = errno == 0;
	return lease->has_thread ? NOTE_OK : error_system(err, "thread");
}

int lease_take(struct share *share, struct note_error *err)
{
	const char *url = objects_of(share)->url;
	if (objects_of(share)->lease != NULL)
		return NOTE_OK; /* --check --repair: ours already */
	struct lease *lease = xcalloc(1, sizeof(*lease));
	uint8_t random[8];
	char hex[2 * sizeof(random) + 1];
	objects_of(share)->lease = lease;
	pthread_mutex_init(&lease->lock, NULL);
	pthread_condattr_t by_monotonic; /* who sets the clock shortens no wait */
	pthread_condattr_init(&by_monotonic);
	pthread_condattr_setclock(&by_monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&lease->ends, &by_monotonic);
	pthread_condattr_destroy(&by_monotonic);
	lease->machine = this_machine();
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return error_system(err, "random numbers");
	hex_encode(random, sizeof(random), hex);
	lease->key = xasprintf(".lock/%s", hex);
	int code = wait_for_turn(share, url, err);
	return code == NOTE_OK ? start_renewing(share, err) : code;
}

int lease_holds(struct share *share, struct note_error *err)
{
	struct lease *lease = objects_of(share)->lease;
	pthread_mutex_lock(&lease->lock);
	const double age = seconds_now() - lease->renewed;
	pthread_mutex_unlock(&lease->lock);
	return age < LEASE_LOST
		       ? NOTE_OK
		       : error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
				   "the lock could not be renewed for %d seconds: another may "
				   "change the share by now",
				   (int)age);
}

void lease_drop(struct share *share)
{
	struct lease *lease = objects_of(share)->lease;
	if (lease == NULL)
		return;
	pthread_mutex_lock(&lease->lock);
	lease->ended = true;
	pthread_cond_signal(&lease->ends);
	pthread_mutex_unlock(&lease->lock);
	if (lease->has_thread)
		pthread_join(lease->thread, NULL);
	if (lease->key != NULL)
		bucket_delete(objects_of(share)->bucket, lease->key, NULL);
	bucket_close(lease->bucket);
	pthread_mutex_destroy(&lease->lock);
	pthread_cond_destroy(&lease->ends);
	free(lease->machine);
	free(lease->key);
	free(lease);
	objects_of(share)->lease = NULL;
}
