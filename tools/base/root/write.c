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

/* LOST as file_attributes.owner_lost. */
static int copy_xattrs(int from, int to, bool *lost, struct note_error *err)
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
		if (fsetxattr(to, name, value, (size_t)length, 0) == 0)
			continue;
		if (errno != EPERM || lost == NULL)
			return error_system(err, "set extended attribute %s", name);
		*lost = true;
	}
	return NOTE_OK;
}

/* The new file, and what fstat(2) says of it and of the one that it is to be like. */
struct new_file {
	int fd;
	struct stat made;
	struct stat old; /* zero where there is none */
	mode_t mode;     /* that it has at last */
};

/* The owner and group of the file that it is like; its mode loses the set-id bits where they would
 * be for somebody else. */
static int set_owner(struct new_file *file, const struct file_attributes *attributes,
		     struct note_error *err)
{
	const struct stat *st = &file->old;
	const bool is_set_id = (st->st_mode & (S_ISUID | S_ISGID)) != 0;
	if ((file->made.st_uid == st->st_uid && file->made.st_gid == st->st_gid) ||
	    fchown(file->fd, st->st_uid, st->st_gid) == 0)
		return NOTE_OK;
	if (errno == EPERM && attributes->owner_lost != NULL) {
		*attributes->owner_lost = true;
		file->mode &= ~(mode_t)(S_ISUID | S_ISGID);
		return NOTE_OK;
	}
	if (errno != EPERM || attributes->group_lost == NULL || file->made.st_uid != st->st_uid ||
	    is_set_id)
		return error_system(err, "set owner%s", is_set_id ? " of a set-id file" : "");
	*attributes->group_lost = true;
	return NOTE_OK;
}

/* Owner first: changing it clears set-id bits and capabilities, which follow. Until it has its
 * names the owner may read it: other runs open it to see whether it is locked. */
static int set_attributes(struct new_file *file, const struct file_attributes *attributes,
			  struct note_error *err)
{
	const int fd = file->fd;
	file->mode = attributes->mode;
	if (attributes->like < 0) {
		const mode_t mode = file->mode | S_IRUSR;
		/* The file is ours: who refuses its mode is a file system without modes (vfat). */
		return (file->made.st_mode & 07777) == mode || fchmod(fd, mode) == 0 ||
				       errno == EPERM
			       ? NOTE_OK
			       : error_system(err, "set mode");
	}
	file->mode = file->old.st_mode & 07777;
	const int code = set_owner(file, attributes, err);
	if (code != NOTE_OK)
		return code;
	if (fchmod(fd, file->mode | S_IRUSR) != 0)
		return error_system(err, "set mode");
	return copy_xattrs(attributes->like, fd, attributes->owner_lost, err);
}

/* Those at this moment: reading LIKE has changed one. */
static int set_times(int fd, const struct file_attributes *attributes, struct note_error *err)
{
	struct stat st;
	if (!attributes->keep_times || attributes->like < 0 || fstat(attributes->like, &st) != 0)
		return NOTE_OK;
	const struct timespec times[2] = {st.st_atim, st.st_mtim};
	return futimens(fd, times) == 0 ? NOTE_OK : error_system(err, "set times");
}

/* Whether NAME in the directory AT is the file that OLD tells of. */
static bool is_file(int at, const char *name, const struct stat *old)
{
	struct stat there;
	return fstatat(at, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_dev == old->st_dev &&
	       there.st_ino == old->st_ino;
}

/* FILE gets the new file, locked, under its temporary name. Where it has its mode from nobody else
 * it has it from the start. */
static int write_temporary(struct new_file *file, const struct place *place,
			   const struct pieces *pieces, const struct file_attributes *attributes,
			   struct note_error *err)
{
	char temporary[32];
	const mode_t mode = attributes->like < 0 ? (attributes->mode & 0777) | 0600 : 0600;
	*file = (struct new_file){.fd = -1};
	root_temporary_name(place->name, temporary);
	if (attributes->like >= 0 && fstat(attributes->like, &file->old) != 0)
		return error_system(err, "stat");
	file->fd = temporary_take(place->at, temporary, mode, attributes->later == NULL,
				  &file->made, err);
	if (file->fd < 0)
		return file->fd;
	int code = NOTE_OK;
	if (attributes->same && !is_file(place->at, place->name, &file->old))
		code = error_set(err, ROOT_AGAIN, NOTE_NO_OFFSET,
				 "another file took its place while it was worked on");
	if (code == NOTE_OK)
		code = file_write_like(file->fd, attributes, &file->old, pieces, err);
	if (code == NOTE_OK)
		code = set_attributes(file, attributes, err);
	if (code == NOTE_OK)
		code = set_times(file->fd, attributes, err);
	if (code != NOTE_OK) {
		temporary_drop(place->at, temporary, err);
		close(file->fd);
	}
	return code;
}

/* Data before names: what is there is not given up for a file that is not. */
static int put(struct root *root, const struct place *place, const char *const *paths, size_t count,
	       int fd, mode_t mode, struct note_error *err)
{
	struct stat st;
	char temporary[32];
	if (root->no_sync || fstatat(place->at, place->name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    sync_file(fd))
		return put_in_place(root, paths, count, fd, mode, err);
	const int code = error_system(err, "write to disk");
	root_temporary_name(place->name, temporary);
	temporary_drop(place->at, temporary, err);
	return code;
}

static int write_names(struct root *root, const char *const *paths, size_t count,
		       const struct pieces *pieces, const struct file_attributes *attributes,
		       struct note_error *err)
{
	struct new_file file;
	struct place place;
	int code = place_open(root, paths[0], true, &place, err);
	if (code != NOTE_OK)
		return code;
	code = write_temporary(&file, &place, pieces, attributes, err);
	if (code == NOTE_OK && attributes->later != NULL) {
		batch_add(attributes->later, paths, count, attributes->tag, file.fd, file.mode);
	} else if (code == NOTE_OK) {
		code = put(root, &place, paths, count, file.fd, file.mode, err);
		close(file.fd);
	}
	place_close(root, &place);
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
