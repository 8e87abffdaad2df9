/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of this room alone. */
#ifndef BASE_ROOT_INTERNAL_H
#define BASE_ROOT_INTERNAL_H

#include <pthread.h>

#include "tools/base/root/root.h"

/* A file system with something that root_sync has to wait for. */
struct dirty {
	dev_t device;
	int fd;
};

struct root {
	int fd;
	char *path;
	mode_t directories; /* the mode of those that are made */
	bool no_sync;
	struct handles *handles; /* of directories; NULL: none is kept */
	uint64_t round;          /* of syncing: how often it was begun, and one */
	pthread_mutex_t lock;    /* of the two below */
	struct dirty *dirty;
	size_t dirty_count;
};

/* Something in the directory AT (a descriptor, O_PATH too) has changed. */
void root_dirty(struct root *root, int at);

/* --- directories.c --- */

struct handle;

/* Where a path leads to: a directory, and a name in it. */
struct place {
	int at; /* O_PATH */
	const char *name;
	struct handle *handle; /* whose AT is, or NULL */
};

/* The place of PATH, to be given back by place_close; the directories on the way are made where
 * MAKE says so. */
int place_open(struct root *root, const char *path, bool make, struct place *place,
	       struct note_error *err);

/* The directory whose name is the first LENGTH bytes of PATH; it has no NAME. */
int place_open_directory(struct root *root, const char *path, size_t length, bool make,
			 struct place *place, struct note_error *err);
void place_close(struct root *root, struct place *place);

/* Something in its directory has changed. */
void place_dirty(struct root *root, const struct place *place);

/* PATH is another directory's name from now on, or none's. */
void handles_forget(struct root *root, const char *path);
void handles_free(struct root *root);

/* Nothing waits any more: the caller saw to it. */
void root_clean(struct root *root);

/* Whether anything waits for root_sync. */
bool root_is_dirty(struct root *root);

/* Waits until the file, or directory, of the descriptor is on the disk; false with errno. */
bool sync_file(int fd);

/* The temporary file NAME in the directory AT, made anew with MODE less the umask, and locked: a
 * descriptor, and what fstat(2) says of it in MADE, or a negative code. ROOT_AGAIN where its writer
 * is alive and WAIT does not say to wait for him. */
int temporary_take(int at, const char *name, mode_t mode, bool wait, struct stat *made,
		   struct note_error *err);

/* Removes the temporary file NAME after the failure ERR, to which it is added where the file cannot
 * be removed (a directory that only grows, chattr +a). ERR may be NULL. */
void temporary_drop(int at, const char *name, struct note_error *err);

/* Removes the temporary file NAME unless its writer is alive: false then. */
bool temporary_clear(int at, const char *name);

/* Gives the file FD, written under the temporary name of PATHS[0], its mode and all its names. */
int put_in_place(struct root *root, const char *const *paths, size_t count, int fd, mode_t mode,
		 struct note_error *err);

/* Takes note of a file that is written, and locked by FD. */
void batch_add(struct root_batch *batch, const char *const *paths, size_t count, size_t tag, int fd,
	       mode_t mode);

/* openat(2) below START that follows no link and no ".."; -1 with errno. */
int open_beneath(int start, const char *path, int flags);

/* --- sparse.c --- */

/* Writes all to the new file FD: with holes where ATTRIBUTES' LIKE, of which fstat(2) says OLD, has
 * some; sharing its blocks where it is nearly the same, and the file system can. */
int file_write_like(int fd, const struct file_attributes *attributes, const struct stat *old,
		    const struct pieces *pieces, struct note_error *err);

/* --- walk.c --- */

struct name {
	char *text;
	unsigned char type; /* DT_ */
};

struct names {
	struct name *items;
	size_t count;
};

/* The names in the directory FD, sorted by bytes; none where it fails. */
int entries_read(int fd, struct names *names, struct note_error *err);
void entries_free(struct names *names);

enum entry_kind entry_kind_of(unsigned char type);

/* --- closed.c --- */

/* How this thread has the one lock: who makes such a directory writable for the moment is alone. */
enum closed_holding { CLOSED_FREE, CLOSED_SHARED, CLOSED_ALONE };
void closed_hold(enum closed_holding how);

/* Whether USER owns the directory and may not write to it; the superuser needs no bits. */
bool closed_is(const struct stat *st, uid_t user);

/* chmod(2) of FD, which may be O_PATH. */
int closed_set_mode(int fd, mode_t mode);

/* mkdirat(2), also in a directory that we own and may not write to. */
int closed_mkdir(int at, const char *name, mode_t mode);

/* --- writable.c --- */

struct opened_directory {
	int fd;
	mode_t mode; /* to be given back */
};

/* Directories that are writable for the moment. */
struct writable {
	struct opened_directory *items;
	size_t count;
	bool is_locked;
};

/* Makes the directories of PATHS that we own and may not write to writable, until writable_end.
 * Between the two, the caller must not begin another. */
int writable_begin(struct writable *out, struct root *root, const char *const *paths, size_t count,
		   struct note_error *err);
void writable_end(struct writable *writable);

/* errno of a call on PATH as a note code. */
int path_error(const char *path, const char *what, struct note_error *err);

#endif
