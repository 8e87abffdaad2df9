/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening what lies below a root, by no link and no "..". */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/internal.h"

/* Kernels before 5.6, and sandboxes that refuse openat2: one component after the other. */
static int open_by_steps(int start, const char *path, int flags)
{
	int at = start;
	if (path[0] == '/') {
		errno = EXDEV;
		return -1;
	}
	while (true) {
		const char *slash = strchr(path, '/');
		char name[256];
		size_t length = slash != NULL ? (size_t)(slash - path) : strlen(path);
		int fd = -1;
		if (length >= sizeof(name)) {
			errno = ENAMETOOLONG;
		} else {
			memcpy(name, path, length);
			name[length] = '\0';
			if (strcmp(name, "..") == 0)
				errno = EXDEV;
			else
				fd = openat(at, length == 0 ? "." : name,
					    (slash != NULL ? O_PATH | O_DIRECTORY : flags) |
						    O_NOFOLLOW | O_CLOEXEC);
			struct stat st; /* O_DIRECTORY on a link says ENOTDIR */
			if (fd < 0 && errno == ENOTDIR &&
			    fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
				errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
		}
		const int saved = errno;
		if (at != start)
			close(at);
		errno = saved;
		if (fd < 0 || slash == NULL)
			return fd;
		at = fd;
		path = slash + 1;
	}
}

int open_beneath(int start, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	if (path[0] == '\0')
		path = ".";
	long fd = syscall(SYS_openat2, start, path, &how, sizeof(how));
	if (fd < 0 && errno == ENOTDIR && (flags & O_DIRECTORY) != 0) {
		/* A link at the end, or a file? The kernel says ENOTDIR for both. */
		struct stat st;
		how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
		fd = syscall(SYS_openat2, start, path, &how, sizeof(how));
		const bool is_link = fd >= 0 && fstat((int)fd, &st) == 0 && S_ISLNK(st.st_mode);
		if (fd >= 0)
			close((int)fd);
		errno = is_link ? ELOOP : ENOTDIR;
		return -1;
	}
	if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL))
		return open_by_steps(start, path, flags);
	return (int)fd;
}

int path_error(const char *path, const char *what, struct note_error *err)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "%s: %s: %s", what, path,
				 strerror(errno));
	if (errno == ELOOP || errno == EXDEV)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "%s: %s: a symbolic link or '..' on the way is not followed", what,
				 path);
	return error_system(err, "%s: %s", what, path);
}
