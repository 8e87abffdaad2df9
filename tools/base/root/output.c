/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a user names for an output. gcc, strip and objcopy write into a device; a rename over
 * /dev/null, by root, would leave the machine without one. So only a regular file is replaced, and
 * where a symbolic link leads to one, that file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/root.h"

#define MOST_LINKS 40 /* as the kernel has it */

/* The descriptor that the name stands for, or -1. */
static int descriptor_of(const char *path)
{
	static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/",
					      "/proc/thread-self/fd/"};
	static const char *const names[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"};
	for (int i = 0; i < 3; i++)
		if (strcmp(path, names[i]) == 0)
			return i;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const size_t length = strlen(folders[i]);
		if (strncmp(path, folders[i], length) == 0 && path[length] != '\0' &&
		    strlen(path + length) < 8 &&
		    strspn(path + length, "0123456789") == strlen(path + length))
			return atoi(path + length);
	}
	return -1;
}

/* What PATH's last component leads to, one link after the other: the path of something that is no
 * link (and need not be there), or of a descriptor. NULL with errno. */
static char *follow(const char *path)
{
	char *now = xstrdup(path);
	for (unsigned i = 0; i < MOST_LINKS; i++) {
		char target[4097];
		const ssize_t length =
			descriptor_of(now) < 0 ? readlink(now, target, sizeof(target) - 1) : -1;
		if (length < 0)
			return now;
		target[length] = '\0';
		const char *slash = strrchr(now, '/');
		char *next = target[0] == '/' || slash == NULL
				     ? xstrdup(target)
				     : xasprintf("%.*s%s", (int)(slash + 1 - now), now, target);
		free(now);
		now = next;
	}
	free(now);
	errno = ELOOP;
	return NULL;
}

static int connect_to(const char *path, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		const int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int open_socket(const char *path)
{
	const int fd = connect_to(path, SOCK_STREAM);
	return fd < 0 && errno == EPROTOTYPE ? connect_to(path, SOCK_DGRAM) : fd;
}

/* Into what is there and is no regular file. */
static int write_into(const char *path, const struct stat *st, const void *bytes, size_t size,
		      struct note_error *err)
{
	const int number = descriptor_of(path);
	int fd;
	if (number >= 0) {
		fflush(stdout); /* what was said before comes before */
		fd = fcntl(number, F_DUPFD_CLOEXEC, 3);
	} else {
		fd = S_ISSOCK(st->st_mode) ? open_socket(path)
					   : open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	}
	if (fd < 0)
		return error_system(err, "open");
	int code = file_write(fd, bytes, size, err);
	if (close(fd) != 0 && code == NOTE_OK)
		code = error_system(err, "close");
	return code;
}

static void keep(void *context, size_t tag, const struct note_error *err)
{
	(void)tag;
	*(struct note_error *)context = *err;
}

/* Whole, and on the disk together with its name. */
static int write_durably(struct root *root, const char *name, const void *bytes, size_t size,
			 struct file_attributes attributes, struct note_error *err)
{
	struct note_error unwritten = {.code = NOTE_OK};
	struct root_batch *batch = root_batch_new();
	attributes.later = batch;
	int code = root_write(root, &name, 1, bytes, size, &attributes, err);
	if (code == ROOT_AGAIN) {
		attributes.later = NULL; /* waits */
		code = root_write(root, &name, 1, bytes, size, &attributes, err);
	}
	root_commit(root, batch, keep, &unwritten);
	root_batch_free(root, batch);
	if (code == NOTE_OK && unwritten.code != NOTE_OK) {
		code = unwritten.code;
		*err = unwritten;
	}
	return code == NOTE_OK ? root_sync(root, err) : code;
}

/* Replaces PATH, which is a regular file, or nothing. */
static int replace(const char *path, const void *bytes, size_t size,
		   const struct file_attributes *attributes, bool sync, struct note_error *err)
{
	struct root *root = NULL;
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	char *folder = slash != NULL ? strndup(path, (size_t)(slash + 1 - path)) : xstrdup(".");
	int code = NOTE_OK;
	if (folder == NULL || name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0) {
		errno = folder == NULL ? ENOMEM : EISDIR;
		code = error_system(err, "write");
	}
	if (code == NOTE_OK)
		code = root_open(&root, folder, err);
	if (code == NOTE_OK && !sync)
		root_without_sync(root);
	if (code == NOTE_OK)
		code = write_durably(root, name, bytes, size, *attributes, err);
	root_close(root);
	free(folder);
	return code;
}

static mode_t new_mode(void)
{
	const mode_t mask = umask(077); /* there is no other way to ask */
	umask(mask);
	return 0666 & ~mask;
}

/* The same, with LIKE's attributes, or those that it had where there is no LIKE. What may not be
 * written to is not replaced, whatever its directory says. */
static int replace_alike(const char *path, const struct stat *st, const void *bytes, size_t size,
			 const struct file_attributes *like, bool sync, struct note_error *err)
{
	struct file_attributes attributes = {.mode = 0, .like = -1};
	int old = -1;
	if (like != NULL)
		attributes = *like;
	else if (st == NULL)
		attributes.mode = new_mode();
	if (like == NULL && st != NULL) {
		old = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
		if (old < 0)
			return error_system(err, "open");
		attributes.mode = st->st_mode & 0777;
		attributes.like = geteuid() == 0 ? old : -1; /* others cannot give files away */
	}
	const int code = replace(path, bytes, size, &attributes, sync, err);
	if (old >= 0)
		close(old);
	return code;
}

static int write_output(const char *path, const void *bytes, size_t size,
			const struct file_attributes *like, bool sync, struct note_error *err)
{
	struct stat st;
	char *real = follow(path);
	if (real == NULL)
		return error_system(err, "open");
	const bool descriptor = descriptor_of(real) >= 0;
	const bool there = !descriptor && stat(real, &st) == 0;
	const int code =
		descriptor || (there && !S_ISREG(st.st_mode))
			? write_into(real, &st, bytes, size, err)
			: replace_alike(real, there ? &st : NULL, bytes, size, like, sync, err);
	free(real);
	return code;
}

int output_write(const char *path, const void *bytes, size_t size, bool sync,
		 struct note_error *err)
{
	return write_output(path, bytes, size, NULL, sync, err);
}

int output_write_like(const char *path, const void *bytes, size_t size, int like, bool sync,
		      bool *owner_lost, struct note_error *err)
{
	const struct file_attributes attributes = {.like = like, .owner_lost = owner_lost};
	return write_output(path, bytes, size, &attributes, sync, err);
}

bool output_is_file(const char *path)
{
	struct stat st;
	char *real = follow(path);
	const bool is_file = real != NULL && descriptor_of(real) < 0 &&
			     (stat(real, &st) != 0 || S_ISREG(st.st_mode));
	free(real);
	return is_file;
}
