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
#include "tools/base/file.h"
#include "tools/share/directory/internal.h"
#include "tools/share/look.h"
#include "tools/share/names/names.h"

/* The digest of the file PATH; "" where it cannot be read. */
static void digest_at(struct share *share, const char *path, uint64_t *size, char digest[65])
{
	int fd;
	digest[0] = '\0';
	if (root_open_file(share->root, path, &fd, NULL) != NOTE_OK)
		return;
	if (file_digest(fd, size, digest, NULL) != NOTE_OK)
		digest[0] = '\0';
	close(fd);
}

/* Writes what the file FROM has into the file TO, under all of its names: what stands there is
 * damaged, so nobody misses it meanwhile. */
static int mend_file(struct share *share, const char *from, const char *to, struct note_error *err)
{
	uint8_t *buffer = xmalloc(COPY_BUFFER);
	int in = -1, out = -1;
	ssize_t got = 1;
	share_say(share, to, "damaged: written anew, under all of its names");
	int code = root_open_file(share->root, from, &in, err);
	if (code == NOTE_OK)
		code = root_open_lock(share->root, to, &out, err);
	if (code == NOTE_OK && ftruncate(out, 0) != 0)
		code = error_system(err, "%s", to);
	while (code == NOTE_OK && got != 0) {
		got = file_read_some(in, buffer, COPY_BUFFER, FILE_NEXT);
		code = got < 0 ? error_system(err, "read")
			       : file_write(out, buffer, (size_t)got, err);
	}
	if (in >= 0)
		close(in);
	if (code == NOTE_OK && !share->hooks->no_sync && fsync(out) != 0)
		code = error_system(err, "%s", to);
	if (out >= 0 && close(out) != 0 && code == NOTE_OK)
		code = error_system(err, "%s", to);
	free(buffer);
	return code;
}

/* What HOLDER's record says of the contents at BELOW, or "". */
static void recorded(struct share *share, const char *holder, const char *below, char digest[65])
{
	struct record record;
	digest[0] = '\0';
	if (read_package(share, holder, &record, NULL) != NOTE_OK)
		return;
	record_sort(&record);
	const struct record_file *file = record_find(&record, below);
	if (file != NULL)
		memcpy(digest, file->sha256, 65);
	record_free(&record);
}

/* CLAIM's place is HOLDER's (which becomes its own, or goes). */
static int judge_one(struct share *share, struct claim *claim, char *holder, struct note_error *err)
{
	struct stat theirs, stored;
	char expected[65];
	int code = NOTE_OK;
	char *store = store_path(claim->sha256);
	char *path = xasprintf("packages/%s/%s", holder, claim->below);
	/* One file with what the store has for these contents: whoever enters it proves it. */
	const bool one = root_stat(share->root, path, &theirs, NULL) == NOTE_OK &&
			 root_stat(share->root, store, &stored, NULL) == NOTE_OK &&
			 stored.st_ino == theirs.st_ino && stored.st_dev == theirs.st_dev;
	if (!one)
		digest_at(share, path, &claim->size, claim->digest);
	if (!one && strcmp(claim->digest, claim->sha256) != 0) {
		recorded(share, holder, claim->below, expected);
		if (strcmp(expected, claim->sha256) == 0) {
			code = mend_file(share, claim->path, path, err);
		} else {
			claim->holder = holder;
			holder = NULL;
			claim->same_loaded = strcmp(claim->digest, expected) == 0 &&
					     share_same_loaded(share, claim->path, path);
		}
	}
	free(holder);
	free(path);
	free(store);
	return code;
}

int directory_judge(struct share *share, const char *package, struct claim *claims, size_t count,
		    struct note_error *err)
{
	char hex[129];
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < count; i++) {
		if (build_id_path(claims[i].below, hex) == NULL)
			continue;
		char *holder = link_holder(share, claims[i].below);
		if (holder != NULL && strcmp(holder, package) != 0)
			code = judge_one(share, &claims[i], holder, err);
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
	const struct file_attributes attributes = {.mode = share->mode, .like = -1};
	char *json = record_to_json(record);
	int code = root_write(share->root, paths, 1, json, strlen(json), &attributes, err);
	free(json);
	return code;
}

/* One more name of what the store has, in place of the staged file PATH. */
static int take_from_store(struct share *share, const char *store, const char *path,
			   const struct record_file *file, const struct upload *upload,
			   struct note_error *err)
{
	struct note_error problem;
	char digest[65];
	uint64_t size;
	int code = NOTE_OK;
	digest_at(share, store, &size, digest);
	if (strcmp(digest, file->sha256) != 0) {
		if (upload->stood_in)
			return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
					 "%s is damaged: publish the package that it is of again",
					 store);
		code = mend_file(share, path, store, err);
	}
	if (code == NOTE_OK)
		code = root_hard_link(share->root, store, path, &problem);
	else
		return code;
	if (code != NOTE_OK && problem.system == EMLINK && !upload->stood_in)
		return NOTE_OK;
	if (code != NOTE_OK && err != NULL)
		*err = problem;
	return code;
}

/* One name of each content in the store; a file system's bound on the names of one file (ext4:
 * 65000) only means that a content is there twice. */
static int enter_store(struct share *share, const struct record *record,
		       const struct upload *uploads, uint64_t *new_bytes, struct note_error *err)
{
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < record->count; i++) {
		const struct record_file *file = &record->files[i];
		struct stat st;
		char *store = store_path(file->sha256);
		char *path = xasprintf("%s/%s", STAGING_TREE, file->path);
		if (root_stat(share->root, store, &st, NULL) != NOTE_OK) {
			code = uploads[i].stood_in
				       ? error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET,
						   "%s is not there: 'publish --check --repair' "
						   "tells of what the share lost",
						   store)
				       : root_hard_link(share->root, path, store, err);
			*new_bytes += file->size;
		} else {
			code = take_from_store(share, store, path, file, &uploads[i], err);
		}
		free(path);
		free(store);
	}
	return code;
}

/* The staged tree takes the place of PACKAGE, which lies in the staging area then. */
static int take_the_place(struct share *share, const char *package, struct note_error *err)
{
	int code = root_exchange(share->root, STAGING_TREE, package, err);
	if (code != NOTE_UNSUPPORTED)
		return code;
	code = root_rename(share->root, package, STAGING_OLD, err);
	if (code == NOTE_OK)
		code = root_rename(share->root, STAGING_TREE, package, err);
	if (code == NOTE_OK)
		code = root_rename(share->root, STAGING_OLD, STAGING_TREE, err);
	return code;
}

int directory_bring_in(struct share *share, const struct record *record, struct upload *uploads,
		       bool replacing, uint64_t *new_bytes, struct note_error *err)
{
	char *package = xasprintf("packages/%s", record->package);
	int code = move_into_place(share, record, uploads, err);
	/* From here on the record tells how to undo all that follows. */
	if (code == NOTE_OK)
		code = write_record(share, record, err);
	if (code == NOTE_OK)
		code = enter_store(share, record, uploads, new_bytes, err);
	if (code == NOTE_OK)
		code = names_propose(share, record->package, record, replacing, err);
	/* Data reaches the disk before the names that make it valid. */
	if (code == NOTE_OK)
		code = root_sync(share->root, err);
	if (code == NOTE_OK)
		code = names_adopt(share, err);
	if (code == NOTE_OK)
		code = claim_record(share, record, err);
	/* The links are there and dangle; now all of them lead somewhere at once. */
	if (code == NOTE_OK)
		code = replacing ? take_the_place(share, package, err)
				 : root_rename(share->root, STAGING_TREE, package, err);
	/* What is replaced goes once it is. The caller waits for all else. */
	if (code == NOTE_OK && replacing)
		code = root_sync(share->root, err);
	free(package);
	return code;
}
