/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A note into a file by its name: the new file is written beside the old one, given what the old
 * one had (mode, owner, extended attributes), brought to the disk and put in its place at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "error.h"

#define MAX_ATTRIBUTES 65536 /* the kernel's own limit for the list, and for a value */
#define NAME_SIZE      64

/* The old file, the directory that it lies in, and its name there. */
struct target {
	char *path; /* without symbolic links */
	const char *name;
	int directory;
	int fd;
	struct stat status;
	uint8_t *bytes;
};

static int open_target(struct target *target, const char *path, struct note_error *err)
{
	target->path = realpath(path, NULL);
	if (target->path == NULL)
		return error_system(err, "open");
	char *slash = strrchr(target->path, '/');
	*slash = '\0';
	target->name = slash + 1;
	target->directory = open(target->path[0] != '\0' ? target->path : "/",
				 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (target->directory < 0)
		return error_system(err, "open the directory");
	target->fd = openat(target->directory, target->name,
			    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (target->fd < 0 || fstat(target->fd, &target->status) != 0)
		return error_system(err, "open");
	if (!S_ISREG(target->status.st_mode))
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "not a regular file");
	if (target->status.st_nlink > 1)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "it has other names (hard links), which would keep the old file");
	return NOTE_OK;
}

static int read_target(struct target *target, struct note_error *err)
{
	const uint64_t size = (uint64_t)target->status.st_size;
	uint64_t done = 0;
	if (size > SIZE_MAX - 1) {
		errno = EFBIG;
		return error_system(err, "read");
	}
	target->bytes = malloc((size_t)size + 1);
	if (target->bytes == NULL)
		return error_system(err, "read");
	/* One byte more than it should have tells whether it grows. */
	while (done <= size) {
		const ssize_t got =
			pread(target->fd, target->bytes + done, size + 1 - done, (off_t)done);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_system(err, "read");
		if (got == 0)
			break;
		done += (uint64_t)got;
	}
	if (done == size)
		return NOTE_OK;
	errno = EBUSY;
	return error_system(err, "it changed while it was read");
}

static void free_target(struct target *target)
{
	if (target->fd >= 0)
		close(target->fd);
	if (target->directory >= 0)
		close(target->directory);
	free(target->bytes);
	free(target->path);
}

static int write_all(int fd, const uint8_t *bytes, size_t size, struct note_error *err)
{
	while (size != 0) {
		const ssize_t put = write(fd, bytes, size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return error_system(err, "write");
		bytes += put;
		size -= (size_t)put;
	}
	return NOTE_OK;
}

/* Those that this user may not read or set (security.*) are what the system gives a new file. */
static int copy_attributes(int from, int to, struct note_error *err)
{
	char *names = malloc(2 * MAX_ATTRIBUTES);
	int code = NOTE_OK;
	if (names == NULL)
		return error_system(err, "extended attributes");
	char *value = names + MAX_ATTRIBUTES;
	ssize_t size = flistxattr(from, names, MAX_ATTRIBUTES);
	if (size < 0 && errno != ENOTSUP)
		code = error_system(err, "extended attributes");
	for (ssize_t at = 0; code == NOTE_OK && at < size; at += (ssize_t)strlen(names + at) + 1) {
		const char *name = names + at;
		const ssize_t length = fgetxattr(from, name, value, MAX_ATTRIBUTES);
		if (length >= 0 && fsetxattr(to, name, value, (size_t)length, 0) == 0)
			continue;
		if (errno != ENODATA &&
		    !((errno == EPERM || errno == ENOTSUP) && strncmp(name, "security.", 9) == 0 &&
		      strcmp(name, "security.capability") != 0))
			code = error_system(err, "extended attribute %s", name);
	}
	free(names);
	return code;
}

/* The owner first: that takes set-id bits and capabilities away. */
static int like_the_old_one(const struct target *target, int fd, struct note_error *err)
{
	const struct stat *old = &target->status;
	struct stat now;
	if (fstat(fd, &now) != 0 || ((now.st_uid != old->st_uid || now.st_gid != old->st_gid) &&
				     fchown(fd, old->st_uid, old->st_gid) != 0))
		return error_system(err, "owner");
	if (fchmod(fd, old->st_mode & 07777) != 0)
		return error_system(err, "mode");
	return copy_attributes(target->fd, fd, err);
}

static bool is_unchanged(const struct target *target)
{
	struct stat now;
	return fstatat(target->directory, target->name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       now.st_dev == target->status.st_dev && now.st_ino == target->status.st_ino &&
	       now.st_size == target->status.st_size &&
	       now.st_ctim.tv_sec == target->status.st_ctim.tv_sec &&
	       now.st_ctim.tv_nsec == target->status.st_ctim.tv_nsec;
}

static int make_temporary(const struct target *target, char name[NAME_SIZE], int *fd,
			  struct note_error *err)
{
	uint64_t number;
	do {
		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return error_system(err, "random number");
		snprintf(name, NAME_SIZE, ".libnote-%016llx", (unsigned long long)number);
		*fd = openat(target->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			     0600);
	} while (*fd < 0 && errno == EEXIST);
	return *fd >= 0 ? NOTE_OK : error_system(err, "temporary file");
}

static int replace(const struct target *target, const void *bytes, size_t size,
		   struct note_error *err)
{
	char name[NAME_SIZE];
	int fd = -1;
	int code = make_temporary(target, name, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = write_all(fd, bytes, size, err);
	if (code == NOTE_OK)
		code = like_the_old_one(target, fd, err);
	if (code == NOTE_OK && fsync(fd) != 0)
		code = error_system(err, "fsync");
	close(fd);
	if (code == NOTE_OK && !is_unchanged(target)) {
		errno = EBUSY;
		code = error_system(err, "it changed meanwhile");
	}
	if (code == NOTE_OK &&
	    renameat(target->directory, name, target->directory, target->name) != 0)
		code = error_system(err, "rename");
	if (code != NOTE_OK) {
		unlinkat(target->directory, name, 0);
		return code;
	}
	return fsync(target->directory) == 0 ? NOTE_OK : error_system(err, "fsync");
}

int note_file_place(const char *path, const char *payload, const struct note_place_options *options,
		    struct note_error *err)
{
	struct target target = {.directory = -1, .fd = -1};
	void *made = NULL;
	size_t made_size = 0;
	int code = open_target(&target, path, err);
	if (code == NOTE_OK)
		code = read_target(&target, err);
	const size_t size = (size_t)target.status.st_size;
	if (code == NOTE_OK)
		code = note_place(target.bytes, size, payload, options, &made, &made_size, err);
	/* What is there already needs no writing. */
	if (code == NOTE_OK && (made_size != size || memcmp(made, target.bytes, made_size) != 0))
		code = replace(&target, made, made_size, err);
	free(made);
	free_target(&target);
	return code;
}
