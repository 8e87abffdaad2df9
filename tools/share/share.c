/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a share: what marks one, who may change it. */
#include "tools/share/share.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/share/internal.h"
#include "tools/share/objects/objects.h"

#define MARKER "share.json"

void share_say(const struct share *share, const char *file, const char *format, ...)
{
	char *message = NULL;
	va_list args;
	if (share->hooks->say == NULL)
		return;
	va_start(args, format);
	if (vasprintf(&message, format, args) >= 0) {
		share->hooks->say(share->hooks->context, file, message);
		free(message);
	}
	va_end(args);
}

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

/* --- the lock --- */

static void say_who_holds_it(struct share *share)
{
	char who[256];
	ssize_t length = pread(share->lock, who, sizeof(who) - 1, 0);
	who[length > 0 ? length : 0] = '\0';
	who[strcspn(who, "\n")] = '\0';
	share_say(share, root_path(share->root), "waiting: %s changes it",
		  who[0] != '\0' ? who : "another process");
}

static int take_lock(struct share *share, struct note_error *err)
{
	char host[128] = "";
	char who[256];
	int code = root_open_lock(share->root, ".lock", &share->lock, err);
	if (code != NOTE_OK)
		return code;
	if (flock(share->lock, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			say_who_holds_it(share);
		while (flock(share->lock, LOCK_EX) != 0)
			if (errno != EINTR)
				return error_system(err, "lock");
	}
	gethostname(host, sizeof(host) - 1);
	const int length = snprintf(who, sizeof(who), "process %ld on %s\n", (long)getpid(), host);
	if (ftruncate(share->lock, 0) != 0 || pwrite(share->lock, who, (size_t)length, 0) != length)
		return error_system(err, "lock");
	return NOTE_OK;
}

int share_open(struct share **out, const char *path, const struct share_hooks *hooks,
	       struct note_error *err)
{
	bool marked = false;
	*out = NULL;
	struct share *share = xcalloc(1, sizeof(*share));
	share->lock = -1;
	share->hooks = hooks;
	int code = NOTE_OK;
	if (is_object_store(path)) {
		code = objects_open(share, path, false, err);
		if (code == NOTE_OK)
			*out = share;
		else
			share_close(share);
		return code;
	}
	if (mkdir(path, 0755) != 0 && errno != EEXIST)
		code = error_system(err, "make directory");
	if (code == NOTE_OK)
		code = root_open(&share->root, path, err);
	if (code == NOTE_OK)
		code = look_for_marker(share, &marked, err);
	if (code == NOTE_OK)
		code = take_lock(share, err);
	if (code == NOTE_OK && !marked) /* another process may have made it a share meanwhile */
		code = look_for_marker(share, &marked, err);
	if (code == NOTE_OK)
		code = complete(share, marked, err);
	if (code == NOTE_OK)
		code = undo_staging(share, err);
	if (code != NOTE_OK) {
		share_close(share);
		return code;
	}
	*out = share;
	return NOTE_OK;
}

int share_open_reading(struct share **out, const char *path, const struct share_hooks *hooks,
		       struct note_error *err)
{
	bool marked = false;
	*out = NULL;
	struct share *share = xcalloc(1, sizeof(*share));
	share->lock = -1;
	share->hooks = hooks;
	if (is_object_store(path)) {
		share->reading = true;
		int opened = objects_open(share, path, true, err);
		if (opened == NOTE_OK)
			*out = share;
		else
			share_close(share);
		return opened;
	}
	int code = root_open(&share->root, path, err);
	if (code == NOTE_OK)
		code = look_for_marker(share, &marked, err);
	if (code == NOTE_OK && !marked)
		code = error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no share is here");
	if (code != NOTE_OK) {
		share_close(share);
		return code;
	}
	share->reading = true;
	*out = share;
	return NOTE_OK;
}

void share_lock_reading(struct share *share)
{
	if (root_open_file(share->root, ".lock", &share->lock, NULL) != NOTE_OK ||
	    flock(share->lock, LOCK_SH | LOCK_NB) == 0)
		return;
	if (errno == EWOULDBLOCK)
		say_who_holds_it(share);
	while (flock(share->lock, LOCK_SH) != 0 && errno == EINTR)
		;
}

void share_close(struct share *share)
{
	if (share == NULL)
		return;
	if (share->objects != NULL)
		objects_close(share);
	if (share->lock >= 0) {
		if (!share->reading && ftruncate(share->lock, 0) != 0) {
			/* It says who held it last: no harm. */
		}
		close(share->lock);
	}
	root_close(share->root);
	free(share);
}

void share_added_free(struct share_added *added)
{
	free(added->package);
	*added = (struct share_added){0};
}
