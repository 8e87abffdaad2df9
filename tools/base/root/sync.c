/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a power cut would lose, and waiting until it would not. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/internal.h"

void root_without_sync(struct root *root)
{
	root->no_sync = true;
}

void root_dirty(struct root *root, int at)
{
	struct stat st;
	size_t i = 0;
	if (root->no_sync || fstat(at, &st) != 0)
		return;
	pthread_mutex_lock(&root->lock);
	while (i < root->dirty_count && root->dirty[i].device != st.st_dev)
		i++;
	if (i == root->dirty_count) {
		/* syncfs(2) wants a descriptor that could be read. */
		const int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		root->dirty = xrealloc(root->dirty, (i + 1) * sizeof(*root->dirty));
		root->dirty[i] = (struct dirty){st.st_dev, fd};
		root->dirty_count++;
	}
	pthread_mutex_unlock(&root->lock);
}

bool root_is_dirty(struct root *root)
{
	pthread_mutex_lock(&root->lock);
	const bool dirty = root->dirty_count != 0;
	pthread_mutex_unlock(&root->lock);
	return dirty;
}

void root_clean(struct root *root)
{
	__atomic_add_fetch(&root->round, 1, __ATOMIC_ACQ_REL);
	pthread_mutex_lock(&root->lock);
	for (size_t i = 0; i < root->dirty_count; i++)
		if (root->dirty[i].fd >= 0)
			close(root->dirty[i].fd);
	root->dirty_count = 0;
	pthread_mutex_unlock(&root->lock);
}

bool sync_file(int fd)
{
	int got;
	do
		got = fsync(fd);
	while (got != 0 && errno == EINTR);
	return got == 0;
}

int root_sync(struct root *root, struct note_error *err)
{
	int code = NOTE_OK;
	/* First: what changes from here on is to be noted anew. */
	__atomic_add_fetch(&root->round, 1, __ATOMIC_ACQ_REL);
	pthread_mutex_lock(&root->lock);
	for (size_t i = 0; i < root->dirty_count; i++) {
		const int fd = root->dirty[i].fd;
		/* A directory that may be searched and not read, or a kernel that forbids it. */
		const int failed = fd < 0 ? ENOSYS : syncfs(fd) != 0 ? errno : 0;
		if (failed == ENOSYS || failed == EPERM)
			sync();
		else if (failed != 0)
			code = error_system(err, "write to disk");
		if (fd >= 0)
			close(fd);
	}
	root->dirty_count = 0;
	pthread_mutex_unlock(&root->lock);
	return code;
}

void root_lock(struct root *root, void (*waiting)(void *context), void *context)
{
	if (flock(root->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return;
	if (waiting != NULL)
		waiting(context);
	while (flock(root->fd, LOCK_EX) != 0 && errno == EINTR)
		;
}
