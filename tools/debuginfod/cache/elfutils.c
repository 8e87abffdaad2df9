/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * elfutils' own cache, read only: DIR/BUILDID/debuginfo and /executable. Its other names differ
 * between versions. An empty file there is a negative entry, and a file may hold bytes of a
 * transfer that failed before the good one, so each is proven, and a debug file must end where its
 * last section or header does.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/debuginfod/cache/internal.h"
#include "tools/debuginfod/memory.h"
#include "tools/debuginfod/proof/proof.h"

static bool ends_as_said(int fd)
{
	struct image *image;
	if (image_open_fd(&image, fd, NULL) != NOTE_OK)
		return false;
	const bool good =
		image_read_elf(image, NULL) == NOTE_OK && proof_extent(image) == image->size;
	image_close(image);
	return good;
}

char *elfutils_cache_find(const char *dir, enum artifact artifact, const char *hex)
{
	const char *name = artifact == ARTIFACT_DEBUGINFO ? "debuginfo" : "executable";
	char text[ANSWER_TEXT];
	char *path = NULL;
	int fd = -1;
	if (artifact != ARTIFACT_DEBUGINFO && artifact != ARTIFACT_EXECUTABLE)
		return NULL;
	int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int at = top >= 0 ? openat(top, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (at >= 0 && is_ours(at))
		fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && is_ours(fd) && proof_check(fd, artifact, hex, NULL, text) == OUTCOME_FOUND &&
	    (artifact == ARTIFACT_EXECUTABLE || ends_as_said(fd)))
		path = format_string("%s/%s/%s", dir, hex, name);
	if (fd >= 0)
		close(fd);
	if (at >= 0)
		close(at);
	if (top >= 0)
		close(top);
	return path;
}
