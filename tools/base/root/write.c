/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing whole files below a root, with the attributes of those that they replace. A batch of
 * them stands in batch.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Owner first: changing it clears set-id bits and capabilities, which follow. Until it has its
 * names the owner may read it: other runs open it to see whether it is locked. */
static int set_attributes(int fd, const struct file_attributes *attributes, struct note_error *err)
{
	struct stat st;
	if (attributes->like < 0)
		return fchmod(fd, attributes->mode | S_IRUSR) == 0 ? NOTE_OK
								   : error_system(err, "set mode");
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
	if (fchmod(fd, (st.st_mode & 07777) | S_IRUSR) != 0)
		return error_system(err, "set mode");
	return copy_xattrs(attributes->like, fd, err);
}

static int set_times(int fd, const struct file_attributes *attributes, struct note_error *err)
{
	struct stat st;
	if (!attributes->keep_times || attributes->like < 0 || fstat(attributes->like, &st) != 0)
		return NOTE_OK;
	const struct timespec times[2] = {st.st_atim, st.st_mtim};
	return futimens(fd, times) == 0 ? NOTE_OK : error_system(err, "set times");
}

/* Whether NAME in the directory AT is the file of the descriptor. */
static bool is_file(int at, const char *name, int fd)
{
	struct stat there, here;
	return fstatat(at, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &here) == 0 &&
	       there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

/* *FD gets the new file, locked, under its temporary name. */
static int write_temporary(int *fd, int at, const char *name, const struct pieces *pieces,
			   const struct file_attributes *attributes, struct note_error *err)
{
	char temporary[32];
	root_temporary_name(name, temporary);
	*fd = temporary_take(at, temporary, attributes->later == NULL, err);
	if (*fd < 0)
		return *fd;
	int code = NOTE_OK;
	if (attributes->same && !is_file(at, name, attributes->like))
		code = error_set(err, ROOT_AGAIN, NOTE_NO_OFFSET,
				 "another file took its place while it was worked on");
	if (code == NOTE_OK)
		code = file_write_like(*fd, attributes, pieces, err);
	if (code == NOTE_OK)
		code = set_attributes(*fd, attributes, err);
	if (code == NOTE_OK)
		code = set_times(*fd, attributes, err);
	if (code != NOTE_OK) {
		unlinkat(at, temporary, 0);
		close(*fd);
	}
	return code;
}

static mode_t wanted_mode(const struct file_attributes *attributes)
{
	struct stat st;
	return attributes->like >= 0 && fstat(attributes->like, &st) == 0 ? st.st_mode & 07777
									  : attributes->mode;
}

static int write_names(struct root *root, const char *const *paths, size_t count,
		       const struct pieces *pieces, const struct file_attributes *attributes,
		       struct note_error *err)
{
	struct stat st;
	const char *name;
	int fd;
	int at = open_parent(root, paths[0], true, &name, err);
	if (at < 0)
		return at;
	int code = write_temporary(&fd, at, name, pieces, attributes, err);
	if (code == NOTE_OK && attributes->later != NULL) {
		batch_add(attributes->later, paths, count, attributes->tag, fd,
			  wanted_mode(attributes));
	} else if (code == NOTE_OK) {
		/* Data before names: what is there is not given up for a file that is not. */
		if (!root->no_sync && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !sync_file(fd))
			code = error_system(err, "write to disk");
		if (code == NOTE_OK) {
			code = put_in_place(root, paths, count, fd, wanted_mode(attributes), err);
		} else {
			char temporary[32];
			root_temporary_name(name, temporary);
			unlinkat(at, temporary, 0);
		}
		close(fd);
	}
	close(at);
	return code;
}

int root_write_pieces(struct root *root, const char *const *paths, size_t count,
		      const struct pieces *pieces, const struct file_attributes *attributes,
		      struct note_error *err)
{
	struct writable writable;
	int code = writable_begin(&writable, root, paths, count, err);
	if (code == NOTE_OK)
		code = write_names(root, paths, count, pieces, attributes, err);
	writable_end(&writable);
	return code;
}

int root_write(struct root *root, const char *const *paths, size_t count, const void *bytes,
	       size_t size, const struct file_attributes *attributes, struct note_error *err)
{
	struct piece all;
	const struct pieces pieces = pieces_one(&all, bytes, size);
	return root_write_pieces(root, paths, count, &pieces, attributes, err);
}
