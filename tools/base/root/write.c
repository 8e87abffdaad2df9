/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing whole files below a root, with the attributes of those that they replace. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/internal.h"

/* IMA's and EVM's speak of the old contents: on the new file they would be forgeries. */
static bool is_about_contents(const char *name)
{
	return strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0;
}

static int copy_xattrs(int from, int to, struct note_error *err)
{
	char names[8192];
	ssize_t size = flistxattr(from, names, sizeof(names));
	if (size < 0)
		return errno == ENOTSUP ? NOTE_OK : error_system(err, "list extended attributes");
	for (char *name = names; name < names + size; name += strlen(name) + 1) {
		char value[65536];
		if (is_about_contents(name))
			continue;
		ssize_t length = fgetxattr(from, name, value, sizeof(value));
		if (length < 0)
			return error_system(err, "read extended attribute %s", name);
		if (fsetxattr(to, name, value, (size_t)length, 0) != 0)
			return error_system(err, "set extended attribute %s", name);
	}
	return NOTE_OK;
}

/* Owner first: changing it clears set-id bits and capabilities, which follow. */
static int set_attributes(int fd, const struct file_attributes *attributes, struct note_error *err)
{
	struct stat st;
	if (attributes->like < 0)
		return fchmod(fd, attributes->mode) == 0 ? NOTE_OK : error_system(err, "set mode");
	if (fstat(attributes->like, &st) != 0)
		return error_system(err, "stat");
	struct stat now;
	if (fstat(fd, &now) != 0)
		return error_system(err, "stat");
	if ((now.st_uid != st.st_uid || now.st_gid != st.st_gid) &&
	    fchown(fd, st.st_uid, st.st_gid) != 0) {
		const bool is_set_id = (st.st_mode & (S_ISUID | S_ISGID)) != 0;
		if (errno != EPERM || attributes->group_lost == NULL || now.st_uid != st.st_uid ||
		    is_set_id)
			return error_system(err, "set owner%s",
					    is_set_id ? " of a set-id file" : "");
		*attributes->group_lost = true;
	}
	if (fchmod(fd, st.st_mode & 07777) != 0)
		return error_system(err, "set mode");
	return copy_xattrs(attributes->like, fd, err);
}

int file_write(int fd, const void *from, size_t size, struct note_error *err)
{
	const uint8_t *bytes = from;
	while (size > 0) {
		ssize_t done = write(fd, bytes, size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return error_system(err, "write");
		bytes += done;
		size -= (size_t)done;
	}
	return NOTE_OK;
}

static int write_temporary(int at, const char *temporary, const void *bytes, size_t size,
			   const struct file_attributes *attributes, struct note_error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(at, temporary, flags, 0600);
	if (fd < 0 && errno == EEXIST && unlinkat(at, temporary, 0) == 0)
		fd = openat(at, temporary, flags, 0600); /* a run that was killed left it */
	if (fd < 0)
		return error_system(err, "create");
	int code = file_write(fd, bytes, size, err);
	if (code == NOTE_OK)
		code = set_attributes(fd, attributes, err);
	struct stat st;
	if (code == NOTE_OK && attributes->keep_times && attributes->like >= 0 &&
	    fstat(attributes->like, &st) == 0) {
		const struct timespec times[2] = {st.st_atim, st.st_mtim};
		if (futimens(fd, times) != 0)
			code = error_system(err, "set times");
	}
	if (close(fd) != 0 && code == NOTE_OK)
		code = error_system(err, "close");
	if (code != NOTE_OK)
		unlinkat(at, temporary, 0);
	return code;
}

/* 0, or -1 with errno. */
static int put_in_place(int at, const char *temporary, const char *name, bool exchange)
{
#ifdef SYS_renameat2
	if (exchange &&
	    syscall(SYS_renameat2, at, temporary, at, name, 2 /* RENAME_EXCHANGE */) == 0)
		return unlinkat(at, temporary, 0);
#else
	(void)exchange;
#endif
	return renameat(at, temporary, at, name);
}

static int write_names(struct root *root, const char *const *paths, size_t count, const void *bytes,
		       size_t size, const struct file_attributes *attributes,
		       struct note_error *err)
{
	char temporary[32];
	const char *name;
	int at = open_parent(root, paths[0], true, &name, err);
	if (at < 0)
		return at;
	root_temporary_name(name, temporary);
	int code = write_temporary(at, temporary, bytes, size, attributes, err);
	size_t replaced = 0;
	/* The other names first, so that the new file is complete under each. */
	for (size_t i = 1; code == NOTE_OK && i < count; i++) {
		char other[32];
		const char *other_name;
		int there = open_parent(root, paths[i], true, &other_name, err);
		if (there < 0) {
			code = there;
			break;
		}
		root_temporary_name(other_name, other);
		unlinkat(there, other, 0);
		if (linkat(at, temporary, there, other, 0) != 0)
			code = error_system(err, "link");
		else if (renameat(there, other, there, other_name) != 0)
			code = error_system(err, "rename");
		else
			replaced++;
		if (code != NOTE_OK)
			unlinkat(there, other, 0);
		close(there);
	}
	if (code == NOTE_OK && put_in_place(at, temporary, name, attributes->exchange) != 0)
		code = error_system(err, "rename");
	if (code != NOTE_OK && replaced == 0)
		unlinkat(at, temporary, 0);
	close(at);
	return code;
}

int root_write(struct root *root, const char *const *paths, size_t count, const void *bytes,
	       size_t size, const struct file_attributes *attributes, struct note_error *err)
{
	struct writable writable;
	int code = writable_begin(&writable, root, paths, count, err);
	if (code == NOTE_OK)
		code = write_names(root, paths, count, bytes, size, attributes, err);
	writable_end(&writable);
	return code;
}
