/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The local directory that files pass through on their way into an object store. It is locked while
 * it is used; those that no process holds were left by runs that were killed, and go.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/share/objects/internal.h"

#define SPOOL_NAME "pkgnote-publish-"

/* A descriptor with the lock of the directory PATH; -1 where another has it, or it is not ours. */
static int lock_directory(const char *path)
{
	struct stat st, now;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    lstat(path, &now) == 0 && now.st_ino == st.st_ino && now.st_dev == st.st_dev)
		return fd;
	close(fd);
	return -1;
}

static void remove_left(const char *path)
{
	struct root *root;
	int lock = lock_directory(path);
	if (lock < 0)
		return;
	if (root_open(&root, path, NULL) == NOTE_OK) {
		root_remove_tree(root, STAGING, NULL);
		root_close(root);
	}
	rmdir(path); /* while it is empty */
	close(lock);
}

static void remove_all_left(const char *where)
{
	DIR *directory = opendir(where);
	struct dirent *entry;
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, SPOOL_NAME, strlen(SPOOL_NAME)) != 0)
			continue;
		char *path = xasprintf("%s/%s", where, entry->d_name);
		remove_left(path);
		free(path);
	}
	if (directory != NULL)
		closedir(directory);
}

int objects_make_spool(struct share *share, struct note_error *err)
{
	struct objects *objects = objects_of(share);
	const char *tmp = getenv("TMPDIR");
	const char *where = tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp";
	remove_all_left(where);
	/* Another run may take a new one for one that was left, before it is locked. */
	for (int i = 0; i < 10; i++) {
		char *path = xasprintf("%s/" SPOOL_NAME "XXXXXX", where);
		if (mkdtemp(path) == NULL) {
			int code = error_system(err, "%s", path);
			free(path);
			return code;
		}
		objects->spool_lock = lock_directory(path);
		if (objects->spool_lock >= 0) {
			objects->spool = path;
			const int code = root_open(&share->root, path, err);
			if (code == NOTE_OK) /* what lies here is nobody's after a power cut */
				root_without_sync(share->root);
			return code;
		}
		rmdir(path);
		free(path);
	}
	return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "no directory can be locked in %s",
			 where);
}

void objects_drop_spool(struct share *share)
{
	struct objects *objects = objects_of(share);
	if (share->root != NULL)
		root_remove_tree(share->root, STAGING, NULL);
	if (objects->spool != NULL) {
		rmdir(objects->spool);
		close(objects->spool_lock);
	}
	free(objects->spool);
}
