/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A share read in place. libcurl's file: protocol cannot tell "not there" from "not allowed" or
 * "not mounted", so it is not used.
 *
 * Symbolic links inside the share are followed (a share may keep identical files once), links out
 * of it are not.
 */
#include "tools/debuginfod/local.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/debuginfod/url.h"

/* Kernels before 5.6, and sandboxes that refuse openat2: no link below the share at all. */
static int open_by_steps(int start, const char *path)
{
	char *copy = xstrdup(path);
	char *state = NULL;
	int at = start;
	for (char *name = strtok_r(copy, "/", &state); name != NULL && at >= 0;) {
		char *next = strtok_r(NULL, "/", &state);
		int fd = openat(at, name,
				(next != NULL ? O_PATH | O_DIRECTORY : O_RDONLY | O_NONBLOCK) |
					O_NOFOLLOW | O_CLOEXEC);
		const int saved = errno;
		if (at != start)
			close(at);
		errno = saved;
		at = fd;
		name = next;
	}
	free(copy);
	return at;
}

static int open_inside(int start, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	long fd = syscall(SYS_openat2, start, path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_by_steps(start, path);
	return (int)fd;
}

static enum outcome from_errno(char text[ANSWER_TEXT])
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
	case ENAMETOOLONG:
		snprintf(text, ANSWER_TEXT, "no such file");
		return OUTCOME_ABSENT;
	case EACCES:
	case EPERM:
		snprintf(text, ANSWER_TEXT, "%s", strerror(errno));
		return OUTCOME_AUTH;
	case EXDEV:
	case ELOOP:
		snprintf(text, ANSWER_TEXT, "a symbolic link leads out of the share");
		return OUTCOME_REJECTED;
	default:
		snprintf(text, ANSWER_TEXT, "%s", strerror(errno));
		return OUTCOME_UNAVAILABLE;
	}
}

enum outcome local_fetch(const struct server *server, enum artifact artifact, const char *hex,
			 const char *name, uint64_t max_size, char **path, char text[ANSWER_TEXT])
{
	struct stat st;
	*path = NULL;
	int share = open(server->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (share < 0) {
		if (from_errno(text) == OUTCOME_AUTH)
			return OUTCOME_AUTH;
		/* Not mounted is not the same as not in it. */
		snprintf(text, ANSWER_TEXT, "no share there: %s", strerror(errno));
		return OUTCOME_UNAVAILABLE;
	}
	char *below = url_share_path(artifact, hex, name);
	int fd = open_inside(share, below);
	enum outcome outcome = OUTCOME_FOUND;
	if (fd < 0) {
		outcome = from_errno(text);
	} else if (fstat(fd, &st) != 0) {
		outcome = from_errno(text);
	} else if (!S_ISREG(st.st_mode)) {
		snprintf(text, ANSWER_TEXT, "not a regular file");
		outcome = OUTCOME_REJECTED;
	} else if (max_size != 0 && (uint64_t)st.st_size > max_size) {
		snprintf(text, ANSWER_TEXT, "%llu bytes", (unsigned long long)st.st_size);
		outcome = OUTCOME_TOO_LARGE;
	} else {
		outcome = proof_check(fd, artifact, hex, name, text);
	}
	if (outcome == OUTCOME_FOUND)
		*path = xasprintf("%s/%s", server->directory, below);
	if (fd >= 0)
		close(fd);
	free(below);
	close(share);
	return outcome;
}
