/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mending what a power cut or a foreign hand left of a share. What is there is kept as far as its
 * digest, or the store's name for it, proves it; what is lost is said, and the package's record
 * tells that it is incomplete, so that publishing it again brings it back.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/sorted.h"
#include "tools/base/file.h"
#include "tools/share/directory/internal.h"
#include "tools/share/look.h"

/* --- a record, out of the files --- */

struct found {
	ino_t inode;
	size_t file; /* in the record */
};

struct scan {
	struct share *share;
	struct record *record;
	struct found *found; /* sorted by inode before the store is walked */
	size_t prefix;       /* of the package's directory, in a path */
};

static bool scan_file(void *context, const struct entry *entry, bool *descend)
{
	struct scan *scan = context;
	(void)descend;
	if (entry->kind != ENTRY_FILE || strlen(entry->path) <= scan->prefix ||
	    !is_record_path(entry->path + scan->prefix))
		return true;
	struct record_file *file = record_add(scan->record);
	file->path = xstrdup(entry->path + scan->prefix);
	file->origin = xstrdup(file->path);
	file->size = (uint64_t)entry->st.st_size;
	scan->found = xrealloc(scan->found, scan->record->count * sizeof(*scan->found));
	scan->found[scan->record->count - 1] =
		(struct found){entry->st.st_ino, scan->record->count - 1};
	return true;
}

static int by_inode(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* The name of a file in the store is the digest that its contents should have. */
static bool scan_stored(void *context, const struct entry *entry, bool *descend)
{
	struct scan *scan = context;
	const char *name = strrchr(entry->path, '/');
	const size_t count = scan->record->count;
	(void)descend;
	if (entry->kind != ENTRY_FILE || name == NULL || strlen(name + 1) != 64)
		return true;
	for (size_t at = FIRST_WHERE(i, count, scan->found[i].inode >= entry->st.st_ino);
	     at < count && scan->found[at].inode == entry->st.st_ino; at++)
		memcpy(scan->record->files[scan->found[at].file].sha256, name + 1, 65);
	return true;
}

static int digest_rest(struct scan *scan, const char *directory, struct note_error *err)
{
	int fd, code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < scan->record->count; i++) {
		struct record_file *file = &scan->record->files[i];
		if (file->sha256[0] != '\0')
			continue;
		char *path = xasprintf("%s/%s", directory, file->path);
		code = root_open_file(scan->share->root, path, &fd, err);
		if (code == NOTE_OK) {
			code = file_digest(fd, &file->size, file->sha256, err);
			close(fd);
		}
		free(path);
	}
	return code;
}

static int write_record(struct share *share, struct record *record, struct note_error *err)
{
	const struct file_attributes attributes = {.mode = share->mode, .like = -1};
	record_sort(record);
	char *path = xasprintf("packages/%s/record.json", record->package);
	char *json = record_to_json(record);
	const char *paths[] = {path};
	int code = root_write(share->root, paths, 1, json, strlen(json), &attributes, err);
	free(json);
	free(path);
	return code;
}

int directory_mend_record(struct share *share, const char *package, struct note_error *err)
{
	struct record record = {.package = xstrdup(package), .incomplete = true};
	char *directory = xasprintf("packages/%s", package);
	struct scan scan = {.share = share, .record = &record, .prefix = strlen(directory) + 1};
	split_package_name(package, &record);
	int code = root_walk(share->root, directory, true, scan_file, NULL, &scan, err);
	if (code == NOTE_OK && record.count > 1)
		qsort(scan.found, record.count, sizeof(*scan.found), by_inode);
	if (code == NOTE_OK)
		code = root_walk(share->root, "store", true, scan_stored, NULL, &scan, err);
	if (code == NOTE_OK)
		code = digest_rest(&scan, directory, err);
	if (code == NOTE_OK)
		code = write_record(share, &record, err);
	free(scan.found);
	free(directory);
	record_free(&record);
	return code;
}

/* --- proving --- */

/* Why the file PATH of a package is not what its record tells, for free(); NULL where it is. */
static char *why_not(struct share *share, const char *path, const struct record_file *file)
{
	struct note_error err;
	char digest[65];
	uint64_t size;
	int fd;
	if (root_open_file(share->root, path, &fd, &err) != NOTE_OK)
		return xstrdup(err.text);
	char *why = NULL;
	if (file_digest(fd, &size, digest, &err) != NOTE_OK)
		why = xstrdup(err.text);
	else if (strcmp(digest, file->sha256) != 0)
		why = xasprintf("its contents are not those that were published: %llu bytes of "
				"%llu",
				(unsigned long long)size, (unsigned long long)file->size);
	close(fd);
	return why;
}

int directory_prove(struct share *share, const struct record *record, size_t *count,
		    struct note_error *err)
{
	(void)err;
	*count = 0;
	for (size_t i = 0; i < record->count; i++) {
		char *path = xasprintf("packages/%s/%s", record->package, record->files[i].path);
		char *why = why_not(share, path, &record->files[i]);
		if (why != NULL) {
			share_say(share, path, "%s", why);
			++*count;
		}
		free(why);
		free(path);
	}
	return NOTE_OK;
}

/* --- repair --- */

/* Whether FILE can be had again from the store, under its digest. */
static bool take_back(struct share *share, const char *path, const struct record_file *file)
{
	char *store = store_path(file->sha256);
	char *why = why_not(share, store, file);
	const bool taken = why == NULL && root_hard_link(share->root, store, path, NULL) == NOTE_OK;
	if (taken)
		share_say(share, path, "repaired out of the store");
	free(why);
	free(store);
	return taken;
}

/* Takes the files LOST, which RECORD no longer has, out of its package. */
static int drop_lost(struct share *share, struct record *record, const struct record *lost,
		     struct note_error *err)
{
	int code = drop_record(share, lost, false, err);
	for (size_t i = 0; code == NOTE_OK && i < lost->count; i++) {
		char *path = xasprintf("packages/%s/%s", record->package, lost->files[i].path);
		code = root_remove(share->root, path, err);
		free(path);
	}
	record->incomplete = true;
	return code == NOTE_OK ? write_record(share, record, err) : code;
}

static int repair_package(struct share *share, const char *package, struct note_error *err)
{
	struct record record, lost = {0};
	struct note_error why;
	size_t kept = 0;
	int code = read_package(share, package, &record, &why);
	if (code == NOTE_MALFORMED) {
		share_say(share, NULL,
			  "packages/%s/record.json: broken, and made anew of its files: %s; "
			  "publish it again, for all of it",
			  package, why.text);
		code = directory_mend_record(share, package, err);
		if (code == NOTE_OK)
			code = read_package(share, package, &record, err);
	} else if (code != NOTE_OK && err != NULL) {
		*err = why;
	}
	if (code != NOTE_OK)
		return code;
	record_sort(&record);
	lost.package = record.package;
	for (size_t i = 0; i < record.count; i++) {
		struct record_file *file = &record.files[i];
		char *path = xasprintf("packages/%s/%s", package, file->path);
		char *reason = why_not(share, path, file);
		if (reason == NULL || take_back(share, path, file)) {
			struct record_file good = *file;
			record.files[kept++] = good;
		} else {
			share_say(share, path, "taken out: %s; publish %s again", reason, package);
			*record_add(&lost) = *file;
		}
		free(reason);
		free(path);
	}
	record.count = kept;
	if (lost.count != 0)
		code = drop_lost(share, &record, &lost, err);
	if (code == NOTE_OK)
		code = claim_record(share, &record, err);
	lost.package = NULL;
	record_free(&lost);
	record_free(&record);
	return code;
}

struct sweep {
	struct share *share;
	struct strings paths; /* that go */
};

/* A link that leads to nothing. */
static bool sweep_link(void *context, const struct entry *entry, bool *descend)
{
	struct sweep *sweep = context;
	char *target = NULL;
	struct stat st;
	(void)descend;
	if (entry->kind != ENTRY_LINK ||
	    root_read_link(sweep->share->root, entry->path, &target, NULL) != NOTE_OK)
		return true;
	const char *path = target;
	while (strncmp(path, "../", 3) == 0)
		path += 3;
	if (strcmp(path, "source") != 0 &&
	    root_stat(sweep->share->root, path, &st, NULL) != NOTE_OK)
		strings_add(&sweep->paths, entry->path);
	free(target);
	return true;
}

/* What no package holds. */
static bool sweep_stored(void *context, const struct entry *entry, bool *descend)
{
	struct sweep *sweep = context;
	(void)descend;
	if (entry->kind == ENTRY_FILE && entry->st.st_nlink == 1)
		strings_add(&sweep->paths, entry->path);
	return true;
}

static int remove_swept(struct sweep *sweep, const char *why, struct note_error *err)
{
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < sweep->paths.count; i++) {
		share_say(sweep->share, sweep->paths.items[i], "removed: %s", why);
		code = root_remove(sweep->share->root, sweep->paths.items[i], err);
		if (code == NOTE_OK)
			prune(sweep->share, sweep->paths.items[i]);
	}
	strings_free(&sweep->paths);
	return code;
}

int directory_repair(struct share *share, struct note_error *err)
{
	/* What .build-id leads to lies in buildid. */
	static const char *const links[] = {".also", "buildid", ".build-id", "source"};
	struct sweep sweep = {.share = share};
	struct strings packages = {0};
	int code = list_packages(share, &packages, err);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (code == NOTE_OK)
			code = root_walk(share->root, links[i], false, sweep_link, NULL, &sweep,
					 err);
		if (code == NOTE_ABSENT)
			code = NOTE_OK;
		if (code == NOTE_OK)
			code = remove_swept(&sweep, "it leads to nothing", err);
	}
	for (size_t i = 0; code == NOTE_OK && i < packages.count; i++)
		code = repair_package(share, packages.items[i], err);
	if (code == NOTE_OK)
		code = root_walk(share->root, "store", true, sweep_stored, NULL, &sweep, err);
	if (code == NOTE_OK)
		code = remove_swept(&sweep, "no package holds it", err);
	if (code == NOTE_OK)
		code = root_sync(share->root, err);
	strings_free(&packages);
	return code;
}
