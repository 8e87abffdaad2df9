/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reaching, making and replacing names below a root. Whole files are written in write.c;
 * walking stands in walk.c. */
#include "tools/base/root/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/internal.h"

int root_open(struct root **out, const char *path, struct note_error *err)
{
	*out = NULL;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_system(err, "open directory");
	struct root *root = xcalloc(1, sizeof(*root));
	root->fd = fd;
	root->path = xstrdup(path);
	root->directories = 0755;
	pthread_mutex_init(&root->lock, NULL);
	*out = root;
	return NOTE_OK;
}

void root_close(struct root *root)
{
	if (root == NULL)
		return;
	for (size_t i = 0; i < root->dirty_count; i++)
		close(root->dirty[i].fd);
	free(root->dirty);
	pthread_mutex_destroy(&root->lock);
	close(root->fd);
	free(root->path);
	free(root);
}

void root_set_directory_mode(struct root *root, mode_t mode)
{
	root->directories = mode;
}

const char *root_path(const struct root *root)
{
	return root->path;
}

int root_open_any(struct root *root, const char *path, int *fd, struct note_error *err)
{
	*fd = open_beneath(root->fd, path, O_RDONLY | O_NONBLOCK);
	return *fd < 0 ? path_error(path, "open", err) : NOTE_OK;
}

int root_open_file(struct root *root, const char *path, int *fd, struct note_error *err)
{
	struct stat st;
	int code = root_open_any(root, path, fd, err);
	if (code != NOTE_OK || (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode)))
		return code;
	close(*fd);
	*fd = -1;
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "open: %s: not a regular file",
			 path);
}

int root_create_file(struct root *root, const char *path, mode_t mode, int *fd,
		     struct note_error *err)
{
	const char *name;
	*fd = -1;
	int at = open_parent(root, path, true, &name, err);
	if (at < 0)
		return at;
	int code = NOTE_OK;
	*fd = openat(at, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777);
	if (*fd < 0 && errno == EEXIST)
		code = error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "create: %s: it is there", path);
	else if (*fd < 0)
		code = path_error(path, "create", err);
	else if (fchmod(*fd, mode) != 0)
		code = error_system(err, "create: %s", path);
	if (code != NOTE_OK && *fd >= 0) {
		unlinkat(at, name, 0);
		close(*fd);
		*fd = -1;
	}
	root_dirty(root, at);
	close(at);
	return code;
}

int root_open_lock(struct root *root, const char *path, int *fd, struct note_error *err)
{
	struct stat st;
	const char *name;
	*fd = -1;
	int at = open_parent(root, path, true, &name, err);
	if (at < 0)
		return at;
	int code = NOTE_OK;
	*fd = openat(at, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (*fd < 0)
		code = path_error(path, "open", err);
	else if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode))
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "open: %s: not a regular file", path);
	if (code != NOTE_OK && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	close(at);
	return code;
}

int root_stat(struct root *root, const char *path, struct stat *out, struct note_error *err)
{
	const char *name;
	int at = open_parent(root, path, false, &name, err);
	if (at < 0)
		return at;
	int code = fstatat(at, name, out, AT_SYMLINK_NOFOLLOW) == 0 ? NOTE_OK
								    : path_error(path, "stat", err);
	close(at);
	return code;
}

int root_read_link(struct root *root, const char *path, char **target, struct note_error *err)
{
	char buffer[4097];
	const char *name;
	int at = open_parent(root, path, false, &name, err);
	if (at < 0)
		return at;
	ssize_t length = readlinkat(at, name, buffer, sizeof(buffer) - 1);
	int code = length >= 0 ? NOTE_OK : path_error(path, "read link", err);
	close(at);
	if (code == NOTE_OK) {
		buffer[length] = '\0';
		*target = xstrdup(buffer);
	}
	return code;
}

/* --- replacing --- */

int root_symlink_new(struct root *root, const char *target, const char *path,
		     struct note_error *err)
{
	const char *name;
	int at = open_parent(root, path, true, &name, err);
	if (at < 0)
		return at;
	int code = NOTE_OK;
	if (symlinkat(target, at, name) != 0)
		code = errno == EEXIST ? error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
						   "symbolic link: %s: it is there", path)
				       : error_system(err, "symbolic link: %s", path);
	root_dirty(root, at);
	close(at);
	return code;
}

/* How often a name is made again that others, who make it at the same time, took away. EBUSY:
 * somebody writes a file of that name. */
#define LINK_TRIES 1000

static bool is_link_to(int at, const char *name, const char *target)
{
	char old[4097];
	const ssize_t length = readlinkat(at, name, old, sizeof(old) - 1);
	if (length < 0)
		return false;
	old[length] = '\0';
	return strcmp(old, target) == 0;
}

int root_symlink(struct root *root, const char *target, const char *path, struct note_error *err)
{
	char temporary[32];
	const char *name;
	bool made = false;
	int at = open_parent(root, path, true, &name, err);
	if (at < 0)
		return at;
	root_temporary_name(name, temporary);
	for (unsigned i = 0; !made && i < LINK_TRIES; i++) {
		/* Where nothing is there, no temporary name is left behind by a kill. */
		made = symlinkat(target, at, name) == 0 || is_link_to(at, name, target);
		if (made)
			break;
		if (symlinkat(target, at, temporary) == 0)
			made = renameat(at, temporary, at, name) == 0;
		else if (errno == EEXIST)
			errno = temporary_clear(at, temporary) ? EEXIST : EBUSY;
		if (!made && errno != ENOENT && errno != EEXIST)
			break;
	}
	int code = NOTE_OK;
	if (!made) {
		code = error_system(err, "symbolic link: %s", path);
		temporary_clear(at, temporary);
	}
	root_dirty(root, at);
	close(at);
	return code;
}

int root_hard_link(struct root *root, const char *existing, const char *path,
		   struct note_error *err)
{
	char temporary[32];
	const char *from_name;
	const char *name;
	bool made = false;
	int from = open_parent(root, existing, false, &from_name, err);
	if (from < 0)
		return from;
	int at = open_parent(root, path, true, &name, err);
	if (at < 0) {
		close(from);
		return at;
	}
	root_temporary_name(name, temporary);
	for (unsigned i = 0; !made && i < LINK_TRIES; i++) {
		made = linkat(from, from_name, at, name, 0) == 0;
		if (made || errno != EEXIST)
			break;
		if (linkat(from, from_name, at, temporary, 0) == 0) {
			made = renameat(at, temporary, at, name) == 0;
			const int saved = errno;
			unlinkat(at, temporary, 0); /* two names of one file: both are left */
			errno = saved;
		} else if (errno == EEXIST) {
			errno = temporary_clear(at, temporary) ? EEXIST : EBUSY;
		}
		if (!made && errno != ENOENT && errno != EEXIST)
			break;
	}
	int code = made ? NOTE_OK : error_system(err, "hard link: %s", path);
	root_dirty(root, at);
	close(at);
	close(from);
	return code;
}

/* FLAGS are renameat2's. */
static int rename_below(struct root *root, const char *from, const char *to, unsigned flags,
			struct note_error *err)
{
	const char *from_name;
	const char *to_name;
	int source = open_parent(root, from, false, &from_name, err);
	if (source < 0)
		return source;
	int target = open_parent(root, to, true, &to_name, err);
	if (target < 0) {
		close(source);
		return target;
	}
	int code = NOTE_OK;
	if (flags == 0 ? renameat(source, from_name, target, to_name) != 0
		       : syscall(SYS_renameat2, source, from_name, target, to_name, flags) != 0)
		code = flags != 0 && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
			       ? error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					   "names cannot be exchanged here")
			       : path_error(from, "rename", err);
	root_dirty(root, target);
	close(source);
	close(target);
	return code;
}

int root_rename(struct root *root, const char *from, const char *to, struct note_error *err)
{
	return rename_below(root, from, to, 0, err);
}

int root_exchange(struct root *root, const char *a, const char *b, struct note_error *err)
{
	return rename_below(root, a, b, 2 /* RENAME_EXCHANGE */, err);
}

int root_remove(struct root *root, const char *path, struct note_error *err)
{
	const char *name;
	int at = open_parent(root, path, false, &name, err);
	if (at == NOTE_ABSENT)
		return NOTE_OK;
	if (at < 0)
		return at;
	int code = NOTE_OK;
	if (unlinkat(at, name, 0) != 0 && errno != ENOENT &&
	    (errno != EISDIR || unlinkat(at, name, AT_REMOVEDIR) != 0))
		code = error_system(err, "remove: %s", path);
	root_dirty(root, at);
	close(at);
	return code;
}
