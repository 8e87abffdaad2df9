/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A package on its way into the directory: judged against what is there, moved into the staging
 * tree, linked, and made visible by one rename. See share.h for the order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/share/directory/internal.h"

/* Whether LINK's contents are those of DIGEST: the store's file itself, or by its bytes. */
static int has_digest(struct share *share, const char *holder, const char *below,
		      const char *sha256, bool *same, struct note_error *err)
{
	struct stat theirs, stored;
	char digest[65];
	uint64_t size;
	int fd;
	char *store = store_path(sha256);
	char *path = xasprintf("packages/%s/%s", holder, below);
	int code = root_stat(share->root, path, &theirs, err);
	if (code == NOTE_OK && root_stat(share->root, store, &stored, NULL) == NOTE_OK &&
	    stored.st_ino == theirs.st_ino && stored.st_dev == theirs.st_dev) {
		*same = true;
	} else if (code == NOTE_OK) {
		code = root_open_file(share->root, path, &fd, err);
		if (code == NOTE_OK) {
			code = digest_of_file(fd, &size, digest, err);
			*same = code == NOTE_OK && strcmp(digest, sha256) == 0;
			close(fd);
		}
	}
	free(path);
	free(store);
	return code;
}

int directory_judge(struct share *share, struct claim *claims, size_t count, struct note_error *err)
{
	char hex[129];
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < count; i++) {
		bool same = true;
		char *holder = build_id_path(claims[i].below, hex) != NULL
				       ? link_holder(share, claims[i].below)
				       : NULL;
		if (holder != NULL)
			code = has_digest(share, holder, claims[i].below, claims[i].sha256, &same,
					  err);
		if (!same)
			claims[i].holder = holder;
		else
			free(holder);
	}
	return code;
}

static int move_into_place(struct share *share, const struct record *record,
			   const struct upload *uploads, struct note_error *err)
{
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < record->count; i++) {
		char *path = xasprintf("%s/%s", STAGING_TREE, record->files[i].path);
		code = root_rename(share->root, uploads[i].path, path, err);
		free(path);
	}
	return code;
}

static int write_record(struct share *share, const struct record *record, struct note_error *err)
{
	const char *paths[] = {STAGING_RECORD};
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	char *json = record_to_json(record);
	int code = root_write(share->root, paths, 1, json, strlen(json), &attributes, err);
	free(json);
	return code;
}

/* One name of each content in the store; a file system's bound on the names of one file (ext4:
 * 65000) only means that a content is there twice. */
static int enter_store(struct share *share, const struct record *record, uint64_t *new_bytes,
		       struct note_error *err)
{
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < record->count; i++) {
		const struct record_file *file = &record->files[i];
		struct stat st;
		struct note_error problem;
		char *store = store_path(file->sha256);
		char *path = xasprintf("%s/%s", STAGING_TREE, file->path);
		if (root_stat(share->root, store, &st, NULL) != NOTE_OK) {
			code = root_hard_link(share->root, path, store, err);
			*new_bytes += file->size;
		} else {
			code = root_hard_link(share->root, store, path, &problem);
			if (code != NOTE_OK && problem.system == EMLINK)
				code = NOTE_OK;
			else if (code != NOTE_OK && err != NULL)
				*err = problem;
		}
		free(path);
		free(store);
	}
	return code;
}

int directory_bring_in(struct share *share, const struct record *record, struct upload *uploads,
		       uint64_t *new_bytes, struct note_error *err)
{
	char *package = xasprintf("packages/%s", record->package);
	int code = move_into_place(share, record, uploads, err);
	/* From here on the record tells how to undo all that follows. */
	if (code == NOTE_OK)
		code = write_record(share, record, err);
	if (code == NOTE_OK)
		code = enter_store(share, record, new_bytes, err);
	if (code == NOTE_OK)
		code = claim_record(share, record, err);
	/* The links are there and dangle; now all of them lead somewhere at once. */
	if (code == NOTE_OK)
		code = root_rename(share->root, STAGING_TREE, package, err);
	free(package);
	return code;
}
