/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening what lies below a directory, symbolic links followed that stay below it: openat2(2), or,
 * where there is none (Linux before 5.6, sandboxes, qemu-user), one component after the other. The
 * directories on the way stay open, so ".." goes back to the one that was come from, never to what
 * has been put in its place.
 */
#include "tools/debuginfod/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_LINKS 40 /* as the kernel has it */
#define MOST_DEPTH 256
#define MOST_PATH  65536

struct steps {
	int at[MOST_DEPTH]; /* the directories on the way; the first is the caller's */
	size_t depth;
	unsigned links;
	char *rest; /* what is still to be gone */
};

static int fail(int why)
{
	errno = why;
	return -1;
}

/* Puts the target of the link NAME before what is left of the path. */
static int take_link(struct steps *steps, const char *name, const char *after)
{
	char target[4097];
	const ssize_t length =
		readlinkat(steps->at[steps->depth], name, target, sizeof(target) - 1);
	if (length < 0)
		return -1;
	target[length] = '\0';
	if (target[0] == '/')
		return fail(EXDEV);
	if (++steps->links > MOST_LINKS)
		return fail(ELOOP);
	const size_t size = (size_t)length + strlen(after) + 2;
	char *rest = size < MOST_PATH ? malloc(size) : NULL;
	if (rest == NULL)
		return fail(size < MOST_PATH ? ENOMEM : ENAMETOOLONG);
	memcpy(rest, target, (size_t)length);
	rest[length] = '/'; /* and only before something: a file has none behind it */
	strcpy(rest + length + (*after != '\0' ? 1 : 0), after);
	free(steps->rest);
	steps->rest = rest;
	return 0;
}

/* Goes one directory up, or into the directory that FD stands for. */
static int go(struct steps *steps, int fd)
{
	if (fd < 0) {
		if (steps->depth == 0)
			return fail(EXDEV);
		close(steps->at[steps->depth--]);
		return 0;
	}
	if (steps->depth + 1 == MOST_DEPTH) {
		close(fd);
		return fail(ENAMETOOLONG);
	}
	steps->at[++steps->depth] = fd;
	return 0;
}

/* One component: 0 to go on, -1 with errno, or *OUT is the file. */
static int step(struct steps *steps, int *out)
{
	char name[256];
	struct stat st;
	const char *begin = steps->rest + strspn(steps->rest, "/");
	const size_t length = strcspn(begin, "/");
	const char *after = begin + length + strspn(begin + length, "/");
	const bool last = *after == '\0';
	if (length >= sizeof(name))
		return fail(ENAMETOOLONG);
	memcpy(name, begin, length);
	name[length] = '\0';
	int got = 0;
	if (strcmp(name, "..") == 0) {
		got = go(steps, -1);
	} else if (length != 0 && strcmp(name, ".") != 0) {
		const int at = steps->at[steps->depth];
		const int fd = openat(at, name,
				      (last && begin[length] == '\0' ? O_RDONLY | O_NONBLOCK
								     : O_PATH | O_DIRECTORY) |
					      O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && (errno == ELOOP || errno == ENOTDIR)) {
			const int why = errno;
			const bool link = fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
					  S_ISLNK(st.st_mode);
			return link ? take_link(steps, name, after) : fail(why);
		}
		if (fd < 0)
			return -1;
		if (last && begin[length] == '\0')
			*out = fd;
		else
			got = go(steps, fd);
	}
	if (got == 0 && *out < 0 && last) {
		*out = openat(steps->at[steps->depth], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return *out < 0 ? -1 : 0;
	}
	memmove(steps->rest, after, strlen(after) + 1);
	return got;
}

static int open_by_steps(int start, const char *path)
{
	struct steps steps = {.at = {start}, .rest = strdup(path)};
	int fd = -1, got = -1;
	if (steps.rest != NULL && path[0] == '/')
		errno = EXDEV;
	else if (steps.rest != NULL)
		do
			got = step(&steps, &fd);
		while (got == 0 && fd < 0);
	const int why = errno;
	while (steps.depth > 0)
		close(steps.at[steps.depth--]);
	free(steps.rest);
	errno = why;
	return fd;
}

int open_inside(int start, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	/* EAGAIN: anything on the machine was renamed while a link of the share was followed
	 * upwards, and the kernel could not be sure (openat2(2)). It does not last. */
	long fd;
	unsigned tries = 0;
	do
		fd = syscall(SYS_openat2, start, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR) && tries++ < 10000);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_by_steps(start, path);
	return (int)fd;
}
