/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory that we own and that its mode keeps even us from writing to: writable.c. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/base/root/internal.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static _Thread_local enum closed_holding held;

void closed_hold(enum closed_holding how)
{
	if (held != CLOSED_FREE && how != held)
		pthread_rwlock_unlock(&lock);
	if (how == CLOSED_SHARED && how != held)
		pthread_rwlock_rdlock(&lock);
	if (how == CLOSED_ALONE && how != held)
		pthread_rwlock_wrlock(&lock);
	held = how;
}

bool closed_is(const struct stat *st, uid_t user)
{
	const mode_t wanted = S_IWUSR | S_IXUSR;
	return user != 0 && st->st_uid == user && (st->st_mode & wanted) != wanted;
}

int closed_set_mode(int fd, mode_t mode)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode);
}

/* Who holds the lock together with others has opened none yet, and can do without it meanwhile. */
int closed_mkdir(int at, const char *name, mode_t mode)
{
	struct stat st;
	int result = mkdirat(at, name, mode);
	if (result == 0 || errno != EACCES || geteuid() == 0)
		return result;
	const enum closed_holding before = held;
	closed_hold(CLOSED_ALONE);
	result = mkdirat(at, name, mode); /* another thread's opening of it is over */
	if (result != 0 && errno == EACCES && fstat(at, &st) == 0 && closed_is(&st, geteuid()) &&
	    closed_set_mode(at, (st.st_mode & 07777) | S_IWUSR | S_IXUSR) == 0) {
		result = mkdirat(at, name, mode);
		const int failed = errno;
		closed_set_mode(at, st.st_mode & 07777);
		errno = failed;
	}
	const int failed = errno;
	closed_hold(before);
	errno = failed;
	return result;
}
