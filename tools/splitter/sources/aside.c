/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory of sources that is not there yet is filled beside its place, and gets its name once
 * all are in it: nobody sees a part of it, and no file needs a temporary name of its own. A file is
 * complete when it has the mode of a source: until then nobody but its owner may read it, and so
 * the next run tells what a killed one left: what is complete stays, for it may be of files that
 * were split already, by a build directory that is gone since; the rest goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/splitter/sources/internal.h"

#define COMPLETE   0644
#define INCOMPLETE 0600

/* Files up to this size are read and written: setting up a copy inside the kernel costs more. */
#define SMALL ((size_t)64 << 10)

char *sources_place(const struct sources *sources, const char *installed)
{
	return sources->aside != NULL
		       ? xasprintf("%s%s", sources->aside, installed + strlen(sources->directory))
		       : xstrdup(installed);
}

/* --- what a killed run left --- */

struct leftover {
	struct root *root;
	struct strings complete; /* files, below the root */
	struct strings torn;
};

static bool sort_out(void *context, const struct entry *entry, bool *descend)
{
	struct leftover *leftover = context;
	(void)descend;
	if (entry->kind == ENTRY_FILE && (entry->st.st_mode & 07777) == COMPLETE)
		strings_add(&leftover->complete, entry->path);
	else if (entry->kind != ENTRY_DIRECTORY)
		strings_add(&leftover->torn, entry->path);
	return true;
}

/* Gives what lies complete in ASIDE its name in the directory, unless something is there. */
static int merge(struct sources *sources, const char *aside, struct note_error *err)
{
	struct root *root = sources->root;
	struct leftover leftover = {.root = root};
	struct stat st;
	int code = root_walk(root, aside, true, sort_out, NULL, &leftover, err);
	for (size_t i = 0; code == NOTE_OK && i < leftover.complete.count; i++) {
		const char *from = leftover.complete.items[i];
		char *to = xasprintf("%s%s", sources->directory, from + strlen(aside));
		if (root_stat(root, to, &st, NULL) == NOTE_ABSENT)
			code = root_rename(root, from, to, err);
		free(to);
	}
	strings_free(&leftover.complete);
	strings_free(&leftover.torn);
	if (code == NOTE_OK)
		root_remove_tree(root, aside, NULL);
	return code;
}

static void take_up(struct sources *sources)
{
	struct leftover leftover = {.root = sources->root};
	root_walk(sources->root, sources->aside, true, sort_out, NULL, &leftover, NULL);
	for (size_t i = 0; i < leftover.torn.count; i++)
		root_remove(sources->root, leftover.torn.items[i], NULL);
	sources->taken_up = true;
	sources->filled = leftover.complete.count != 0;
	strings_free(&leftover.complete);
	strings_free(&leftover.torn);
}

void aside_begin(struct sources *sources)
{
	const char *directory = sources->directory;
	const char *slash = strrchr(directory, '/');
	const int before = slash != NULL ? (int)(slash + 1 - directory) : 0;
	char name[32];
	struct stat st;
	root_temporary_name(directory + before, name);
	char *aside = xasprintf("%.*s%s", before, directory, name);
	const bool is_new = root_stat(sources->root, directory, &st, NULL) == NOTE_ABSENT;
	const bool is_left = root_stat(sources->root, aside, &st, NULL) == NOTE_OK;
	if (is_left && !S_ISDIR(st.st_mode))
		root_remove(sources->root, aside, NULL);
	if (is_new) {
		sources->aside = aside;
		if (is_left && S_ISDIR(st.st_mode))
			take_up(sources);
		return;
	}
	/* Another run made the directory meanwhile. */
	if (is_left && S_ISDIR(st.st_mode))
		merge(sources, aside, NULL);
	free(aside);
}

int sources_settle(struct sources *sources, struct note_error *err)
{
	char *aside = sources->aside;
	struct stat st;
	int code = NOTE_OK;
	if (aside == NULL)
		return NOTE_OK;
	sources->aside = NULL;
	if (!sources->filled)
		root_remove_tree(sources->root, aside, NULL); /* directories alone */
	else if (root_stat(sources->root, sources->directory, &st, NULL) == NOTE_ABSENT)
		code = root_rename(sources->root, aside, sources->directory, err);
	else
		code = merge(sources, aside, err);
	free(aside);
	return code;
}

/* --- one file --- */

/* Whether FROM's blocks are TO's too now. What the file system said once is not asked again. */
static bool clone_file(struct sources *sources, int to, int from)
{
	if (sources->no_clones)
		return false;
	if (ioctl(to, FICLONE, from) == 0)
		return true;
	sources->no_clones = true;
	return false;
}

/* Copies SIZE bytes inside the kernel; false, and both are at their beginnings, where it does not.
 */
static bool copy_inside(int to, int from, size_t size)
{
	for (size_t done = 0; done < size;) {
		const long n = syscall(SYS_copy_file_range, from, NULL, to, NULL, size - done, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			lseek(from, 0, SEEK_SET);
			lseek(to, 0, SEEK_SET);
			return false;
		}
		done += (size_t)n;
	}
	return true;
}

/* Whether the file FD, of which fstat(2) said BEFORE, is as it was: one that somebody writes to is
 * not taken for a source. */
static int judge_unchanged(int fd, const struct stat *before, struct note_error *err)
{
	struct stat now;
	if (fstat(fd, &now) != 0)
		return error_system(err, "stat");
	if (now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != before->st_mtim.tv_nsec)
		return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "it changed while it was read");
	return NOTE_OK;
}

/* SIZE bytes, no less and no more. */
static int copy_contents(int to, int from, size_t size, struct note_error *err)
{
	char buffer[SMALL + 1];
	size_t done = 0;
	while (done <= size) {
		const size_t wanted = size - done + 1;
		const ssize_t n =
			read(from, buffer, wanted < sizeof(buffer) ? wanted : sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_system(err, "read");
		done += (size_t)n;
		if (done <= size) {
			const int code = file_write(to, buffer, (size_t)n, err);
			if (code != NOTE_OK)
				return code;
		}
		if (n == 0 || done == size)
			break; /* less than was asked for: a regular file ends here */
	}
	return done == size ? NOTE_OK
			    : error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
					"it changed while it was read");
}

int aside_copy(struct sources *sources, const char *path, int fd, const struct stat *st,
	       struct note_error *err)
{
	int to;
	const size_t size = (size_t)st->st_size;
	int code = root_create_file(sources->root, path, INCOMPLETE, &to, err);
	if (code == NOTE_USAGE) { /* a killed run's, or of another build directory */
		code = root_remove(sources->root, path, err);
		if (code == NOTE_OK)
			code = root_create_file(sources->root, path, INCOMPLETE, &to, err);
	}
	if (code != NOTE_OK)
		return code;
	if (clone_file(sources, to, fd) || (size > SMALL && copy_inside(to, fd, size)))
		code = judge_unchanged(fd, st, err);
	else
		code = copy_contents(to, fd, size, err);
	if (code == NOTE_OK && fchmod(to, COMPLETE) != 0)
		code = error_system(err, "set mode");
	if (close(to) != 0 && code == NOTE_OK)
		code = error_system(err, "write");
	if (code == NOTE_OK)
		sources->filled = true;
	else
		root_remove(sources->root, path, NULL);
	return code;
}
