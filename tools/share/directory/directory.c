/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A share in a directory: what marks one, and what is in it. */
#include "tools/share/directory/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/share/directory/internal.h"

#define MARKER "share.json"

/* --- the marker --- */

static bool is_foreign(void *context, const struct entry *entry, bool *descend)
{
	bool *foreign = context;
	*descend = false;
	*foreign = strcmp(entry->path, ".lock") != 0 && strcmp(entry->path, "lost+found") != 0 &&
		   strncmp(entry->path, ".pkgnote-", 9) != 0;
	return !*foreign;
}

/* Whether the marker is there (*MARKED), and of this version. */
static int read_marker(struct share *share, bool *marked, struct note_error *err)
{
	static const char expected[] = "{\"shareVersion\": 1}\n";
	char text[sizeof(expected)] = "";
	int fd;
	int code = root_open_file(share->root, MARKER, &fd, err);
	*marked = code == NOTE_OK;
	if (code != NOTE_OK)
		return code == NOTE_ABSENT ? NOTE_OK : code;
	const ssize_t got = pread(fd, text, sizeof(text), 0);
	close(fd);
	if (got == (ssize_t)sizeof(text) - 1 && memcmp(text, expected, sizeof(text) - 1) == 0)
		return NOTE_OK;
	return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
			 MARKER " is not of a share that this program knows");
}

/* Whether the directory is a share (*MARKED), or may become one. */
static int look_for_marker(struct share *share, bool *marked, struct note_error *err)
{
	bool foreign = false;
	int code = read_marker(share, marked, err);
	if (code != NOTE_OK || *marked)
		return code;
	code = root_walk(share->root, "", false, is_foreign, NULL, &foreign, err);
	/* Another process may have made this a share meanwhile, the marker first. */
	if (code == NOTE_OK && foreign)
		code = read_marker(share, marked, err);
	if (code == NOTE_OK && foreign && !*marked)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "neither a share (no " MARKER " in it) nor an empty directory");
	return code;
}

/* The marker comes first: whoever looks meanwhile sees a share, and waits for its lock. */
static int complete(struct share *share, bool marked, struct note_error *err)
{
	static const char marker[] = "{\"shareVersion\": 1}\n";
	static const char *const paths[] = {MARKER};
	static const char *const directories[] = {"packages", "buildid", ".build-id",
						  "source",   "store",   ".also"};
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	int code = NOTE_OK;
	if (!marked)
		code = root_write(share->root, paths, 1, marker, sizeof(marker) - 1, &attributes,
				  err);
	for (size_t i = 0; code == NOTE_OK && i < sizeof(directories) / sizeof(directories[0]); i++)
		code = root_make_dirs(share->root, directories[i], err);
	return code;
}

/* --- the store --- */

static bool takes(const char *path)
{
	(void)path;
	return true;
}

static int open_reading(struct share *share, const char *path, struct note_error *err)
{
	bool marked = false;
	int code = root_open(&share->root, path, err);
	if (code == NOTE_OK)
		code = look_for_marker(share, &marked, err);
	if (code == NOTE_OK && !marked)
		code = error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no share is here");
	return code;
}

static int open_changing(struct share *share, const char *path, struct note_error *err)
{
	bool marked = false;
	int code = NOTE_OK;
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		code = error_system(err, "make directory");
	if (code == NOTE_OK)
		code = root_open(&share->root, path, err);
	if (code == NOTE_OK)
		code = look_for_marker(share, &marked, err);
	if (code == NOTE_OK)
		code = directory_lock_changing(share, err);
	if (code == NOTE_OK && !marked) /* another process may have made it a share meanwhile */
		code = look_for_marker(share, &marked, err);
	if (code == NOTE_OK)
		code = complete(share, marked, err);
	if (code == NOTE_OK)
		code = undo_staging(share, err);
	return code;
}

static int open_directory(struct share *share, const char *path, struct note_error *err)
{
	struct directory_share *own = xcalloc(1, sizeof(*own));
	own->lock = -1;
	share->own = own;
	return share->reading ? open_reading(share, path, err) : open_changing(share, path, err);
}

static void close_directory(struct share *share)
{
	struct directory_share *own = directory_of(share);
	if (own->lock >= 0) {
		if (!share->reading && ftruncate(own->lock, 0) != 0) {
			/* It says who held it last: no harm. */
		}
		close(own->lock);
	}
	free(own);
}

static bool add_package(void *context, const struct entry *entry, bool *descend)
{
	const char *name = entry->path + strlen("packages/");
	*descend = false;
	if (entry->kind == ENTRY_DIRECTORY && is_package_name(name))
		strings_add(context, name);
	return true;
}

static int list(struct share *share, struct strings *packages, struct note_error *err)
{
	return root_walk(share->root, "packages", false, add_package, NULL, packages, err);
}

static int read_by_name(struct share *share, const char *package, struct record *record,
			struct note_error *err)
{
	char *path = xasprintf("packages/%s/record.json", package);
	int code = read_record(share, path, record, err);
	free(path);
	return code;
}

const struct store directory_store = {
	.takes = takes,
	.open = open_directory,
	.close = close_directory,
	.list = list,
	.read_record = read_by_name,
	.judge = directory_judge,
	.add = directory_bring_in,
	.remove = directory_remove,
	.clear = undo_staging,
	.check = directory_check,
};
