/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory that a command works in, and the only way to reach files below it: no call here
 * follows a symbolic link or a ".." out of it (or anywhere), whatever the tree holds.
 *
 * Paths are relative to the root, without a leading slash; components are bytes other than '/'
 * and NUL. Files are replaced whole: written beside as ".pkgnote-XXXXXXXXXXXXXXXX" (a digest of
 * the final name, so that a run that was killed leaves at most a name that the next run takes
 * over), then renamed. Whoever writes such a file holds a lock on it (flock(2)), which dies with
 * him: one that is not locked is a leftover, one that is locked is waited for.
 *
 * A power cut: a name that is there already is replaced only once the new contents are on the
 * disk. What is new gets there with root_sync(), which a command calls before it says that it is
 * done. A struct root may be used by several threads at once.
 */
#ifndef BASE_ROOT_ROOT_H
#define BASE_ROOT_ROOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "libnote.h"
#include "tools/base/file.h"
#include "tools/base/pieces/pieces.h"
#include "tools/base/text.h"

struct root;

/* Opens the directory at PATH (symbolic links in PATH itself are followed). */
int root_open(struct root **out, const char *path, struct note_error *err);
void root_close(struct root *root);
const char *root_path(const struct root *root); /* as it was given */

/* From here on nothing below the root is waited for to reach the disk (--no-sync): for trees that
 * can be made again. Before any other use. */
void root_without_sync(struct root *root);

/* From here on directories that were reached stay open (the last hundred or so), and what lies in
 * them is found by them: for a command that has the tree for itself. What another process removes
 * is missing then even if it makes it anew; a link that it puts in place of a directory is not
 * followed. Before any other use. */
void root_keep_directories(struct root *root);

/* Waits until all that was made, renamed and removed below the root so far is on the disk: one
 * syncfs(2) for each file system that was written to since the last time, none where nothing was.
 * Between the contents of a new tree and the name that makes it valid, and before a command ends.
 */
int root_sync(struct root *root, struct note_error *err);

/* Another run is at this file, or has replaced it since it was read: what was made of it is not
 * for it any more. Nothing was changed; read it anew. */
#define ROOT_AGAIN (-100)

/* Opens a regular file for reading: *FD is the caller's. NOTE_ABSENT where there is none,
 * NOTE_UNSUPPORTED where PATH is or leads through a symbolic link, or is no regular file (a FIFO
 * is never waited for). */
int root_open_file(struct root *root, const char *path, int *fd, struct note_error *err);

/* The same, and what fstat(2) says of it. */
int root_open_with_stat(struct root *root, const char *path, int *fd, struct stat *st,
			struct note_error *err);

/* Makes a new regular file of MODE, missing parents too, and opens it for reading and writing: *FD
 * is the caller's. NOTE_USAGE where something of that name is there. */
int root_create_file(struct root *root, const char *path, mode_t mode, int *fd,
		     struct note_error *err);

/* Opens a regular file for reading and writing, made (0644) where it is not there. */
int root_open_lock(struct root *root, const char *path, int *fd, struct note_error *err);

/* The same, whatever PATH is: for a caller who will look at the descriptor himself. */
int root_open_any(struct root *root, const char *path, int *fd, struct note_error *err);

/* lstat below the root; NOTE_ABSENT where there is nothing. */
int root_stat(struct root *root, const char *path, struct stat *out, struct note_error *err);

/* The target of a symbolic link; the caller frees it. */
int root_read_link(struct root *root, const char *path, char **target, struct note_error *err);

/* The mode of directories that are made from now on, in place of 0755. A setgid bit that the kernel
 * hands on from the directory above stays in any case. */
void root_set_directory_mode(struct root *root, mode_t mode);

/* Makes the directory and its parents; one that is there is fine, a link is not. */
int root_make_dirs(struct root *root, const char *path, struct note_error *err);

/* The attributes of a new file. */
struct file_attributes {
	mode_t mode; /* used where LIKE is -1; umask does not apply */
	/* A descriptor whose mode, owner and extended attributes it takes (but security.ima and
	 * security.evm, which speak of the old contents), or -1. */
	int like;
	bool keep_times; /* those of LIKE, too */
	bool nearly;     /* most of LIKE's bytes are the new file's, in their places */
	/* Not NULL: a group of LIKE that we may not give is no failure, unless the file is set-id;
	 * it is set then, and the new file has our group. */
	bool *group_lost;
	/* Not NULL: the new file is a copy of LIKE, and what we may not give it (owner, group,
	 * capabilities) is no failure; it is set then, and a copy that is another's has no set-id
	 * bits. */
	bool *owner_lost;
	/* PATHS[0] has to be the file LIKE still, else ROOT_AGAIN. */
	bool same;
	/* The names are replaced by root_commit, not yet; ROOT_AGAIN, too, where another run is at
	 * the file: it is not waited for while locks are held. TAG tells it from others. */
	struct root_batch *later;
	size_t tag;
};

/* Writes SIZE BYTES as the file(s) PATHS (COUNT of them, hard links of one new file), each
 * replaced by rename in the order given; missing parents are made. A directory of ours that is
 * not writable is made so for the moment. On failure nothing that was
 * there is changed, or, for several paths, those already renamed are whole, and the temporary name
 * of PATHS[0] stays, by which the next run knows that they belong together. */
int root_write(struct root *root, const char *const *paths, size_t count, const void *bytes,
	       size_t size, const struct file_attributes *attributes, struct note_error *err);

/* The same of PIECES. */
int root_write_pieces(struct root *root, const char *const *paths, size_t count,
		      const struct pieces *pieces, const struct file_attributes *attributes,
		      struct note_error *err);

/* Files that are written, and whose names are replaced together: their contents reach the disk in
 * one go. Holds a descriptor for each, so it is to be committed after some ROOT_BATCH of them. */
#define ROOT_BATCH 256
struct root_batch;
struct root_batch *root_batch_new(void);

/* Replaces the names in the order of their tags; a failure is told to FAIL with the tag, and the
 * others go on. The batch is empty then. */
void root_commit(struct root *root, struct root_batch *batch,
		 void (*fail)(void *context, size_t tag, const struct note_error *err),
		 void *context);

/* Frees it; what was not committed is dropped. */
void root_batch_free(struct root *root, struct root_batch *batch);

/* Removes the temporary file PATH if its writer is dead; false where it is alive. */
bool root_remove_leftover(struct root *root, const char *path);

/* Ends what a dead writer of the temporary file TEMPORARY began on the file PATH: where it has a
 * second name, PATH is one of several hard links, the others have the new contents already, and it
 * gets them now: true. Else the temporary file is removed. A live writer is left alone. */
bool root_finish_leftover(struct root *root, const char *temporary, const char *path);

/* Waits until no other run holds the whole root so, and holds it until it is closed. WAITING (may
 * be NULL) is called where somebody does. File systems without locks go without. */
void root_lock(struct root *root, void (*waiting)(void *context), void *context);

/* Makes PATH a symbolic link to TARGET, replacing a link or file that is there; no change where
 * it is that link already. */
int root_symlink(struct root *root, const char *target, const char *path, struct note_error *err);

/* The same where nothing is at PATH; NOTE_USAGE where something is, that link too. */
int root_symlink_new(struct root *root, const char *target, const char *path,
		     struct note_error *err);

/* Makes PATH a hard link of the file EXISTING, replacing what is there. */
int root_hard_link(struct root *root, const char *existing, const char *path,
		   struct note_error *err);

/* Renames below the root. */
int root_rename(struct root *root, const char *from, const char *to, struct note_error *err);

/* Exchanges two names at once; NOTE_UNSUPPORTED where the kernel or the file system cannot. */
int root_exchange(struct root *root, const char *a, const char *b, struct note_error *err);

/* Removes a file, link or empty directory; nothing there is fine. */
int root_remove(struct root *root, const char *path, struct note_error *err);

/* Removes a whole tree below the root. */
int root_remove_tree(struct root *root, const char *path, struct note_error *err);

/* The name under which PATH's last component is written before it is renamed. */
void root_temporary_name(const char *name, char out[32]);

/* Whether PATH ends in such a name. */
bool root_is_temporary(const char *path);

/* --- walking --- */

enum entry_kind { ENTRY_FILE, ENTRY_DIRECTORY, ENTRY_LINK, ENTRY_OTHER };

struct entry {
	const char *path; /* relative to the root */
	enum entry_kind kind;
	struct stat st; /* filled where the walk was asked to */
};

/* Called for each entry below the root in the order of the paths' bytes, component by component;
 * a directory before what is in it. Returning false stops the walk, or, for a directory with
 * *DESCEND set to false, only leaves it out. */
typedef bool root_visit(void *context, const struct entry *entry, bool *descend);

/* Walks the tree below PATH ("" for all). A directory that cannot be read is reported to FAIL
 * (may be NULL) and the walk goes on. */
int root_walk(struct root *root, const char *path, bool with_stat, root_visit *visit,
	      void (*fail)(void *context, const char *path, const struct note_error *err),
	      void *context, struct note_error *err);

/* The whole tree by JOBS threads, with what fstatat(2) says of files alone; VISIT and FAIL are
 * called by the caller's thread, in the same order, and VISIT ends nothing. What is in the
 * directories of WITHOUT (up to NULL), and in those of temporary names, is left out. */
typedef void root_fail(void *context, const char *path, const struct note_error *err);
int root_walk_wide(struct root *root, unsigned jobs, const char *const *without, root_visit *visit,
		   root_fail *fail, void *context, struct note_error *err);

/* --- files without a name: they go with their last descriptor --- */

/* One in DIRECTORY, on whatever disk that is; -1 with errno set. */
int nameless_in(const char *directory);

/* One for little, in memory where the kernel has such (memfd_create), else in $TMPDIR or /tmp; -1
 * with errno set. */
int nameless_small(void);

#endif
