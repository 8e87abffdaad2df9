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
	root->round = 1;
	pthread_mutex_init(&root->lock, NULL);
	*out = root;
	return NOTE_OK;
}

void root_close(struct root *root)
{
	if (root == NULL)
		return;
	handles_free(root);
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

/* Opens PATH, whatever it is; -1 with errno. */
static int open_any(struct root *root, const char *path, int flags)
{
	struct place place;
	struct note_error ignored;
	if (root->handles == NULL || place_open(root, path, false, &place, &ignored) != NOTE_OK)
		return open_beneath(root->fd, path, flags);
	const int fd = open_beneath(place.at, place.name, flags);
	const int saved = errno;
	place_close(root, &place);
	errno = saved;
	return fd;
}

int root_open_any(struct root *root, const char *path, int *fd, struct note_error *err)
{
	*fd = open_any(root, path, O_RDONLY | O_NONBLOCK);
	return *fd < 0 ? path_error(path, "open", err) : NOTE_OK;
}

int root_open_with_stat(struct root *root, const char *path, int *fd, struct stat *st,
			struct note_error *err)
{
	int code = root_open_any(root, path, fd, err);
	if (code != NOTE_OK || (fstat(*fd, st) == 0 && S_ISREG(st->st_mode)))
		return code;
	close(*fd);
	*fd = -1;
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "open: %s: not a regular file",
			 path);
}

int root_open_file(struct root *root, const char *path, int *fd, struct note_error *err)
{
	struct stat st;
	return root_open_with_stat(root, path, fd, &st, err);
}

int root_create_file(struct root *root, const char *path, mode_t mode, int *fd,
		     struct note_error *err)
{
	struct place place;
	*fd = -1;
	int code = place_open(root, path, true, &place, err);
	if (code != NOTE_OK)
		return code;
	*fd = openat(place.at, place.name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		     mode & 0777);
	if (*fd < 0 && errno == EEXIST)
		code = error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "create: %s: it is there", path);
	else if (*fd < 0)
		code = path_error(path, "create", err);
	else if ((mode & 07077) != 0 && fchmod(*fd, mode) != 0 && /* umask; never the owner's */
		 errno != EPERM)                                  /* a file system without modes */
		code = error_system(err, "create: %s", path);
	if (code != NOTE_OK && *fd >= 0) {
		unlinkat(place.at, place.name, 0);
		close(*fd);
		*fd = -1;
	}
	place_dirty(root, &place);
	place_close(root, &place);
	return code;
}

int root_open_lock(struct root *root, const char *path, int *fd, struct note_error *err)
{
	struct stat st;
	struct place place;
	*fd = -1;
	int code = place_open(root, path, true, &place, err);
	if (code != NOTE_OK)
		return code;
	*fd = openat(place.at, place.name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		     0644);
	if (*fd < 0)
		code = path_error(path, "open", err);
	else if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode))
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "open: %s: not a regular file", path);
	if (code != NOTE_OK && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	place_close(root, &place);
	return code;
}

int root_stat(struct root *root, const char *path, struct stat *out, struct note_error *err)
{
	struct place place;
	int code = place_open(root, path, false, &place, err);
	if (code != NOTE_OK)
		return code;
	if (fstatat(place.at, place.name, out, AT_SYMLINK_NOFOLLOW) != 0)
		code = path_error(path, "stat", err);
	place_close(root, &place);
	return code;
}

int root_read_link(struct root *root, const char *path, char **target, struct note_error *err)
{
	char buffer[4097];
	struct place place;
	int code = place_open(root, path, false, &place, err);
	if (code != NOTE_OK)
		return code;
	ssize_t length = readlinkat(place.at, place.name, buffer, sizeof(buffer) - 1);
	if (length < 0)
		code = path_error(path, "read link", err);
	place_close(root, &place);
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
	struct place place;
	int code = place_open(root, path, true, &place, err);
	if (code != NOTE_OK)
		return code;
	if (symlinkat(target, place.at, place.name) != 0)
		code = errno == EEXIST ? error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
						   "symbolic link: %s: it is there", path)
				       : error_system(err, "symbolic link: %s", path);
	place_dirty(root, &place);
	place_close(root, &place);
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
	struct place place;
	bool made = false;
	int code = place_open(root, path, true, &place, err);
	if (code != NOTE_OK)
		return code;
	const int at = place.at;
	const char *name = place.name;
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
	if (!made) {
		code = error_system(err, "symbolic link: %s", path);
		temporary_clear(at, temporary);
	}
	place_dirty(root, &place);
	place_close(root, &place);
	return code;
}

int root_hard_link(struct root *root, const char *existing, const char *path,
		   struct note_error *err)
{
	char temporary[32];
	struct place from, place;
	bool made = false;
	int code = place_open(root, existing, false, &from, err);
	if (code != NOTE_OK)
		return code;
	code = place_open(root, path, true, &place, err);
	if (code != NOTE_OK) {
		place_close(root, &from);
		return code;
	}
	const int at = place.at;
	const char *name = place.name;
	root_temporary_name(name, temporary);
	for (unsigned i = 0; !made && i < LINK_TRIES; i++) {
		made = linkat(from.at, from.name, at, name, 0) == 0;
		if (made || errno != EEXIST)
			break;
		if (linkat(from.at, from.name, at, temporary, 0) == 0) {
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
	code = made ? NOTE_OK : error_system(err, "hard link: %s", path);
	place_dirty(root, &place);
	place_close(root, &place);
	place_close(root, &from);
	return code;
}

/* FLAGS are renameat2's. */
static int rename_below(struct root *root, const char *from, const char *to, unsigned flags,
			struct note_error *err)
{
	struct place source, target;
	int code = place_open(root, from, false, &source, err);
	if (code != NOTE_OK)
		return code;
	code = place_open(root, to, true, &target, err);
	if (code != NOTE_OK) {
		place_close(root, &source);
		return code;
	}
	if (flags == 0 ? renameat(source.at, source.name, target.at, target.name) != 0
		       : syscall(SYS_renameat2, source.at, source.name, target.at, target.name,
				 flags) != 0)
		code = flags != 0 && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)
			       ? error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					   "names cannot be exchanged here")
			       : path_error(from, "rename", err);
	place_dirty(root, &target);
	place_close(root, &source);
	place_close(root, &target);
	handles_forget(root, from);
	handles_forget(root, to);
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
	struct place place;
	struct writable writable;
	int code = place_open(root, path, false, &place, err);
	if (code != NOTE_OK)
		return code == NOTE_ABSENT ? NOTE_OK : code;
	code = writable_begin(&writable, root, &path, 1, err);
	if (code == NOTE_OK && unlinkat(place.at, place.name, 0) != 0 && errno != ENOENT) {
		if (errno != EISDIR || unlinkat(place.at, place.name, AT_REMOVEDIR) != 0)
			code = error_system(err, "remove: %s", path);
		handles_forget(root, path);
	}
	writable_end(&writable);
	place_dirty(root, &place);
	place_close(root, &place);
	return code;
}
