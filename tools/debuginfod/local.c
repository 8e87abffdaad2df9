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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/debuginfod/inside.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/url.h"

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

/* The share's directory, or -1 with the outcome and its reason. */
static int open_share(const struct server *server, enum outcome *outcome, char text[ANSWER_TEXT])
{
	int share = open(server->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (share >= 0)
		return share;
	const int saved = errno;
	*outcome = from_errno(text);
	if (*outcome != OUTCOME_AUTH) {
		/* Not mounted is not the same as not in it. */
		snprintf(text, ANSWER_TEXT, "no share there: %s", strerror(saved));
		*outcome = OUTCOME_UNAVAILABLE;
	}
	return -1;
}

/* Opens and proves one file of the share; -1 with the outcome. */
static int open_proven(int share, const struct cache_key *key, uint64_t max_size, char **below,
		       enum outcome *outcome, char text[ANSWER_TEXT])
{
	struct stat st;
	*below = key->artifact == ARTIFACT_DOCUMENT
			 ? format_string("%s", key->wanted)
			 : url_share_path(key->artifact, key->hex, key->wanted);
	int fd = *below != NULL ? open_inside(share, *below) : -1;
	if (fd < 0 || fstat(fd, &st) != 0) {
		*outcome = from_errno(text);
	} else if (!S_ISREG(st.st_mode)) {
		snprintf(text, ANSWER_TEXT, "not a regular file");
		*outcome = OUTCOME_REJECTED;
	} else if (max_size != 0 && (uint64_t)st.st_size > max_size) {
		snprintf(text, ANSWER_TEXT, "%llu bytes", (unsigned long long)st.st_size);
		*outcome = OUTCOME_TOO_LARGE;
	} else if (key->artifact == ARTIFACT_DOCUMENT) {
		*outcome = OUTCOME_FOUND; /* whoever asked for it judges it */
	} else {
		*outcome = proof_check(fd, key->artifact, key->hex, key->wanted, text);
	}
	if (*outcome == OUTCOME_FOUND)
		return fd;
	if (fd >= 0)
		close(fd);
	free(*below);
	*below = NULL;
	return -1;
}

enum outcome local_fetch(const struct server *server, const struct cache_key *key,
			 uint64_t max_size, char **path, int64_t *size, char text[ANSWER_TEXT])
{
	enum outcome outcome;
	struct stat st;
	char *below;
	*path = NULL;
	*size = -1;
	if (server->ima == IMA_ENFORCING) {
		snprintf(text, ANSWER_TEXT, "ima:enforcing: a share's files have no signatures");
		return OUTCOME_REJECTED;
	}
	if (key->artifact == ARTIFACT_METADATA) {
		snprintf(text, ANSWER_TEXT, "a directory answers no question");
		return OUTCOME_ABSENT;
	}
	int share = open_share(server, &outcome, text);
	if (share < 0)
		return outcome;
	int fd = open_proven(share, key, max_size, &below, &outcome, text);
	if (fd >= 0) {
		*size = fstat(fd, &st) == 0 ? (int64_t)st.st_size : -1;
		*path = format_string("%s/%s", server->directory, below);
		if (*path == NULL) {
			snprintf(text, ANSWER_TEXT, "out of memory");
			outcome = OUTCOME_UNAVAILABLE;
		}
		free(below);
		close(fd);
	}
	close(share);
	return outcome;
}
