/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/debuginfod/http/server.h"

#include <stdio.h>

#include "tools/base/retry.h"

/* Of a pause, so that many clients that were refused together do not come back together. */
#define PAUSE_JITTER 0.08
/* Seconds between two requests, the first guess where nothing tells the server's rate, and the
 * slowest. */
#define INTERVAL_FIRST   0.05
#define INTERVAL_LONGEST 5.0
#define INTERVAL_NONE    0.002
/* So few answers after a pause, and a pause alone is not what the server wants. */
#define FEW_ANSWERS 3
/* Seconds between requests to one that was outrun, at first and at most. */
#define SELDOM_FIRST   0.05
#define SELDOM_LONGEST 2.0

void server_begin(struct server *server, unsigned most)
{
	server->most = most > 0 ? most : 1;
	server->limit = server->most < SERVER_UNKNOWN ? server->most : SERVER_UNKNOWN;
}

bool server_may_start(const struct server *server, bool extra, double now, double *next)
{
	double when =
		server->pause_until > server->next_start ? server->pause_until : server->next_start;
	if (extra && server->heard <= 0 && server->next_extra > when)
		when = server->next_extra;
	if ((double)server->under_way + 1 > server->limit)
		return false;
	if (when > now) {
		if (when < *next)
			*next = when;
		return false;
	}
	return true;
}

void server_started(struct server *server, double now)
{
	server->under_way++;
	server->next_start = now + server->interval;
	server->next_extra = now + server->seldom;
}

void server_ended(struct server *server)
{
	server->under_way--;
}

void server_answered(struct server *server, double now)
{
	if (server->answers == 0 && server->lowered == 0)
		server->limit = server->most;
	else if (server->limit < server->most)
		server->limit += 1 / server->limit;
	if (server->limit > server->most)
		server->limit = server->most;
	server->interval *= 0.98;
	if (server->interval < INTERVAL_NONE)
		server->interval = 0;
	server->heard = server->answered = now;
	server->failures = 0;
	server->answers++;
	server->since_pause++;
}

void server_outrun(struct server *server, double started, double now)
{
	/* Those that were under way together count once. */
	if (server->heard > 0 || (started <= server->outrun && server->outrun > 0))
		return;
	server->outrun = now;
	server->seldom = server->seldom > 0 ? server->seldom * 2 : SELDOM_FIRST;
	if (server->seldom > SELDOM_LONGEST)
		server->seldom = SELDOM_LONGEST;
	server->next_extra = now + server->seldom;
}

void server_refused(struct server *server, double started, double now, double wait)
{
	server->heard = now;
	/* Those that were under way together are refused together: that counts once. */
	const bool again = started > server->lowered || server->lowered == 0;
	if (again) {
		server->lowered = now;
		server->limit = server->limit > 2 ? server->limit / 2 : 1;
		if (wait < 0 || server->since_pause < FEW_ANSWERS)
			server->interval =
				server->interval > 0 ? server->interval * 1.5 : INTERVAL_FIRST;
		if (server->interval > INTERVAL_LONGEST)
			server->interval = INTERVAL_LONGEST;
		server->since_pause = 0;
	}
	const double pause = wait >= 0 ? wait : server->interval;
	const double until = now + pause * (1 + PAUSE_JITTER * retry_random());
	if (until > server->pause_until)
		server->pause_until = until;
}

void server_died(struct server *server, const char *why, int error)
{
	server->dead = true;
	server->error = error;
	snprintf(server->why, sizeof(server->why), "%s", why);
}
