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
#include "tools/share/names/names.h"

#define MARKER "share.json"

/* --- the marker --- */

static bool is_foreign(void *context, const struct entry *entry, bool *descend)
{
	bool *foreign = context;
	*descend = false;
	/* Whoever makes it a share tries links in the staging area before he marks it. */
	*foreign = strcmp(entry->path, STAGING) != 0 && strcmp(entry->path, ".lock") != 0 &&
		   strcmp(entry->path, "lost+found") != 0 &&
		   strncmp(entry->path, ".pkgnote-", 9) != 0;
	return !*foreign;
}

#define MARKER_START  "{\"shareVersion\": 1"
#define MARKER_SHARED ", \"shared\": \"0"
#define MARKER_END    "}\n"

static char *marker_text(unsigned shared)
{
	return shared != 0 ? xasprintf(MARKER_START MARKER_SHARED "%03o\"" MARKER_END, shared)
			   : xstrdup(MARKER_START MARKER_END);
}

/* What a power cut leaves of a marker: nothing, zeros, or its beginning. */
static bool is_cut_short(const char *text, size_t size)
{
	const size_t length = strnlen(text, size);
	for (size_t i = length; i < size; i++)
		if (text[i] != '\0')
			return false;
	return length < strlen(MARKER_START MARKER_END) &&
	       strncmp(MARKER_START, text,
		       length < strlen(MARKER_START) ? length : strlen(MARKER_START)) == 0;
}

/* Whether the marker is there (*MARKED), and of this version. One that is broken counts as one
 * where the rest of a share is there. */
static int read_marker(struct share *share, bool *marked, struct note_error *err)
{
	struct directory_share *own = directory_of(share);
	char text[80] = "";
	struct stat st;
	int fd;
	int code = root_open_file(share->root, MARKER, &fd, err);
	*marked = code == NOTE_OK;
	if (code != NOTE_OK)
		return code == NOTE_ABSENT ? NOTE_OK : code;
	const ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
	close(fd);
	const size_t shared = strlen(MARKER_START MARKER_SHARED);
	own->shared = strncmp(text, MARKER_START MARKER_SHARED, shared) == 0
			      ? (unsigned)strtoul(text + shared, NULL, 8) & 0777
			      : 0;
	char *expected = marker_text(own->shared);
	const bool good = got == (ssize_t)strlen(expected) && strcmp(text, expected) == 0;
	free(expected);
	own->marker_broken = !good && got >= 0 && is_cut_short(text, (size_t)got) &&
			     (got == 0 || root_stat(share->root, "packages", &st, NULL) == NOTE_OK);
	if (good || own->marker_broken)
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

/* --- modes --- */

/* Where nobody says who may read and write: the umask does. */
static void choose_modes(struct share *share, bool marked)
{
	struct directory_share *own = directory_of(share);
	const mode_t mask = umask(0);
	umask(mask);
	if (share->hooks->shared != 0 && share->hooks->shared != own->shared) {
		own->shared = share->hooks->shared;
		own->marker_broken = marked; /* it is written again */
	}
	share->mode = own->shared != 0 ? own->shared : 0666 & ~mask;
	const mode_t search = (share->mode & 0444) >> 2;
	const mode_t group = own->shared & 0020 ? S_ISGID : 0;
	root_set_directory_mode(share->root, share->mode | search | group);
	if (!marked && own->shared == 0 && (share->mode & 0044) != 0044)
		share_say(share, root_path(share->root),
			  "umask %03o closes it to %s: --shared=group, or all, opens it",
			  (unsigned)mask, share->mode & 0040 ? "all but the group" : "other users");
	if (own->shared != 0 && (!marked || own->marker_broken))
		chmod(root_path(share->root), share->mode | search | group);
}

/* The marker comes first: whoever looks meanwhile sees a share, and waits for its lock. */
static int complete(struct share *share, bool marked, struct note_error *err)
{
	static const char *const paths[] = {MARKER};
	static const char *const directories[] = {"packages", "buildid", ".build-id", "source",
						  "store",    ".also",   "names"};
	struct directory_share *own = directory_of(share);
	const struct file_attributes attributes = {.mode = share->mode, .like = -1};
	int code = NOTE_OK;
	if (!marked || own->marker_broken) {
		char *marker = marker_text(own->shared);
		code = root_write(share->root, paths, 1, marker, strlen(marker), &attributes, err);
		free(marker);
	}
	for (size_t i = 0; code == NOTE_OK && i < sizeof(directories) / sizeof(directories[0]); i++)
		code = root_make_dirs(share->root, directories[i], err);
	return code;
}

/* A share is made of links: vfat, exFAT and gateways to object stores have none. */
static int try_links(struct share *share, struct note_error *err)
{
	struct note_error why;
	int fd;
	int code = root_create_file(share->root, STAGING "/a", 0600, &fd, err);
	if (code != NOTE_OK)
		return code;
	close(fd);
	code = root_symlink(share->root, "a", STAGING_LINK, &why);
	const char *kind = "symbolic";
	if (code == NOTE_OK) {
		kind = "hard";
		code = root_hard_link(share->root, STAGING "/a", STAGING "/b", &why);
	}
	root_remove_tree(share->root, STAGING, NULL);
	return code == NOTE_OK ? NOTE_OK
			       : error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					   "this file system makes no %s links (%s): "
					   "--links=copy makes a share of plain files",
					   kind, why.text);
}

/* --- the store --- */

static bool takes(const char *path, const struct share_hooks *hooks)
{
	(void)path;
	(void)hooks;
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
	if (code == NOTE_OK && directory_of(share)->marker_broken)
		share_say(share, MARKER,
			  "broken, as a power cut leaves it; the next publish writes it again");
	return code;
}

static int open_changing(struct share *share, const char *path, struct note_error *err)
{
	struct directory_share *own = directory_of(share);
	bool marked = false;
	struct stat st;
	int code = NOTE_OK;
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		code = error_system(err, "make directory");
	if (code == NOTE_OK)
		code = root_open(&share->root, path, err);
	if (code == NOTE_OK && share->hooks->no_sync)
		root_without_sync(share->root);
	if (code == NOTE_OK)
		code = look_for_marker(share, &marked, err);
	if (code != NOTE_OK)
		return code;
	choose_modes(share, marked);
	code = directory_lock_changing(share, err);
	if (code == NOTE_OK) { /* another process may have made it a share meanwhile */
		code = look_for_marker(share, &marked, err);
		choose_modes(share, true);
	}
	if (code == NOTE_OK && own->marker_broken && share->hooks->shared == 0)
		share_say(share, MARKER, "broken, as a power cut leaves it: written again");
	const bool killed =
		code == NOTE_OK && root_stat(share->root, STAGING, &st, NULL) == NOTE_OK;
	if (code == NOTE_OK && killed)
		code = names_sweep(share, err);
	if (code == NOTE_OK)
		code = undo_staging(share, err);
	if (code == NOTE_OK && !marked)
		code = try_links(share, err);
	if (code == NOTE_OK)
		code = complete(share, marked, err);
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
	int code = root_walk(share->root, "packages", false, add_package, NULL, packages, err);
	/* Of a share that is just being made there is the marker alone. */
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

static int read_by_name(struct share *share, const char *package, struct record *record,
			struct note_error *err)
{
	struct stat st;
	char *path = xasprintf("packages/%s/record.json", package);
	int code = read_record(share, path, record, err);
	path[strlen("packages/") + strlen(package)] = '\0';
	if (code == NOTE_ABSENT && root_stat(share->root, path, &st, NULL) == NOTE_OK)
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "it has no record");
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
	.mend_record = directory_mend_record,
	.prove = directory_prove,
	.repair = directory_repair,
	.remove = directory_remove,
	.clear = undo_staging,
	.check = directory_check,
	.get_document = directory_get_document,
	.put_documents = directory_put_documents,
	.remove_documents = directory_remove_documents,
	.list_documents = directory_list_documents,
	.propose_index = directory_propose_index,
	.adopt_index = directory_adopt_index,
};
