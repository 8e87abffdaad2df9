/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking the staged package apart, whether it was being added, being removed, or a killed run
 * left it. Its record goes last, so that this can be done again after it was killed, too.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/share/directory/internal.h"
#include "tools/share/names/names.h"

char *store_path(const char *sha256)
{
	return xasprintf("store/%.2s/%s", sha256, sha256);
}

int read_record(struct share *share, const char *path, struct record *record,
		struct note_error *err)
{
	int fd;
	uint8_t *bytes;
	size_t size;
	*record = (struct record){0};
	int code = root_open_file(share->root, path, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = file_read(fd, &bytes, &size, err);
	close(fd);
	if (code == NOTE_OK) {
		code = record_parse(record, (const char *)bytes, size, err);
		free(bytes);
	}
	return code;
}

/* What only the staged package held: a store entry that no other name is left of. */
static int drop_contents(struct share *share, const struct record *record, struct note_error *err)
{
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < record->count; i++) {
		struct stat st;
		char *path = store_path(record->files[i].sha256);
		if (root_stat(share->root, path, &st, NULL) == NOTE_OK && st.st_nlink == 1)
			code = root_remove(share->root, path, err);
		path[strlen("store/xx")] = '\0';
		root_remove(share->root, path, NULL); /* while it is empty */
		free(path);
	}
	return code;
}

/* STAGED without the files whose links RECORD needs, too: its paths are STAGED's, and only the list
 * is the caller's to free. */
static struct record without(const struct record *staged, const struct record *record)
{
	struct record rest = {.package = staged->package};
	for (size_t i = 0; i < staged->count; i++) {
		const char *path = staged->files[i].path;
		char *directory = source_directory(path);
		const bool shared = directory != NULL ? record_has_below(record, directory)
						      : record_find(record, path) != NULL;
		if (!shared)
			*record_add(&rest) = staged->files[i];
		free(directory);
	}
	return rest;
}

/* A run was killed while one package took the place of another. */
static int settle_old(struct share *share, struct note_error *err)
{
	struct record old;
	struct stat st;
	int code = read_record(share, STAGING_OLD "/record.json", &old, NULL);
	if (code != NOTE_OK)
		return NOTE_OK;
	char *package = xasprintf("packages/%s", old.package);
	if (root_stat(share->root, package, &st, NULL) != NOTE_OK)
		code = root_rename(share->root, STAGING_OLD, package, err);
	else if (root_stat(share->root, STAGING_TREE, &st, NULL) != NOTE_OK)
		code = root_rename(share->root, STAGING_OLD, STAGING_TREE, err);
	free(package);
	record_free(&old);
	return code;
}

static int drop_staged(struct share *share, const struct record *staged, struct note_error *err)
{
	struct record there = {0}, rest;
	char *path = xasprintf("packages/%s/record.json", staged->package);
	/* Of two packages of one name, the other one's links stay. */
	const bool present = read_record(share, path, &there, NULL) == NOTE_OK;
	record_sort(&there);
	rest = without(staged, &there);
	int code = names_settle(share, staged->package, present ? &there : NULL, err);
	if (code == NOTE_OK)
		code = drop_record(share, &rest, false, err);
	if (code == NOTE_OK)
		code = root_remove_tree(share->root, STAGING_SPOOL, err);
	if (code == NOTE_OK)
		code = root_remove_tree(share->root, STAGING_TREE "/buildid", err);
	if (code == NOTE_OK)
		code = root_remove_tree(share->root, STAGING_TREE "/source", err);
	if (code == NOTE_OK)
		code = drop_contents(share, staged, err);
	free(rest.files);
	record_free(&there);
	free(path);
	return code;
}

int undo_staging(struct share *share, struct note_error *err)
{
	struct record record;
	int code = settle_old(share, err);
	if (code == NOTE_OK)
		code = read_record(share, STAGING_RECORD, &record, err);
	if (code == NOTE_OK) {
		code = drop_staged(share, &record, err);
		record_free(&record);
	} else if (code == NOTE_ABSENT || code == NOTE_MALFORMED) {
		code = NOTE_OK; /* nothing was linked yet: the record comes first, and whole */
	}
	if (code == NOTE_OK)
		code = root_remove_tree(share->root, STAGING, err);
	return code;
}

int directory_remove(struct share *share, const struct record *record, struct note_error *err)
{
	char *path = xasprintf("packages/%s", record->package);
	int code = undo_staging(share, err);
	/* What others hold too is theirs before this package goes: readers never miss it. */
	if (code == NOTE_OK)
		code = drop_record(share, record, true, err);
	if (code == NOTE_OK)
		code = root_rename(share->root, path, STAGING_TREE, err);
	if (code == NOTE_OK)
		code = undo_staging(share, err);
	if (code == NOTE_OK)
		code = root_sync(share->root, err);
	free(path);
	return code;
}
