/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Proving a share: each package by its record, each link by where it leads, and that the store
 * holds what the packages hold and nothing else.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/file.h"
#include "tools/base/pool.h"
#include "tools/share/directory/internal.h"
#include "tools/share/look.h"

/* What one piece of work found: pairs of path and reason. */
struct findings {
	struct strings paths;
	struct strings reasons;
	uint64_t files;
};

struct check {
	struct share *share;
	struct strings items;      /* what the running pool works on */
	struct findings *findings; /* one an item */
	void (*problem)(void *context, const char *path, const char *why);
	void *context;
	struct share_checked *checked;
};

static void found(struct findings *findings, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void found(struct findings *findings, const char *path, const char *format, ...)
{
	char why[512];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	strings_add(&findings->paths, path);
	strings_add(&findings->reasons, why);
}

static void tell(void *context, size_t index)
{
	struct check *check = context;
	struct findings *findings = &check->findings[index];
	check->checked->files += findings->files;
	check->checked->problems += findings->paths.count;
	for (size_t i = 0; i < findings->paths.count; i++)
		check->problem(check->context, findings->paths.items[i],
			       findings->reasons.items[i]);
	strings_free(&findings->paths);
	strings_free(&findings->reasons);
}

/* Runs WORK on each of ITEMS and tells what was found, in their order. */
static void run(struct check *check, pool_work *work)
{
	check->findings = xcalloc(check->items.count, sizeof(*check->findings));
	pool_run(check->share->hooks->jobs, check->items.count, work, tell, check);
	free(check->findings);
	strings_free(&check->items);
}

/* --- the store --- */

static int digest_of(struct share *share, const char *path, uint64_t *size, char digest[65],
		     struct note_error *err)
{
	int fd;
	int code = root_open_file(share->root, path, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = file_digest(fd, size, digest, err);
	close(fd);
	return code;
}

static bool check_stored(void *context, const struct entry *entry, bool *descend)
{
	struct findings *findings = context;
	*descend = false;
	if (entry->kind != ENTRY_FILE)
		found(findings, entry->path, "no regular file");
	else if (entry->st.st_nlink == 1)
		found(findings, entry->path, "no package holds it");
	return true;
}

static void check_store(void *context, size_t index, unsigned worker)
{
	struct check *check = context;
	struct note_error err;
	struct findings *findings = &check->findings[index];
	(void)worker;
	if (root_walk(check->share->root, check->items.items[index], true, check_stored, NULL,
		      findings, &err) != NOTE_OK)
		found(findings, check->items.items[index], "%s", err.text);
}

/* --- packages --- */

static bool same_file(struct share *share, const char *a, const char *b)
{
	struct stat x, y;
	return root_stat(share->root, a, &x, NULL) == NOTE_OK &&
	       root_stat(share->root, b, &y, NULL) == NOTE_OK && x.st_ino == y.st_ino &&
	       x.st_dev == y.st_dev;
}

/* The contents by the digest, and by the build-id that they are filed under. */
static void check_file(struct share *share, const struct record *record,
		       const struct record_file *file, struct findings *findings)
{
	char hex[129], digest[65];
	uint64_t size;
	int fd;
	struct note_error err;
	struct look look;
	struct stat st;
	char *path = xasprintf("packages/%s/%s", record->package, file->path);
	char *store = store_path(file->sha256);
	findings->files++;
	int code = root_open_file(share->root, path, &fd, &err);
	if (code != NOTE_OK) {
		found(findings, path, "%s", err.text);
		goto out;
	}
	code = file_digest(fd, &size, digest, &err);
	if (code != NOTE_OK)
		found(findings, path, "%s", err.text);
	else if (strcmp(digest, file->sha256) != 0)
		found(findings, path, "its contents are not those that were published");
	else if (root_stat(share->root, store, &st, NULL) != NOTE_OK)
		found(findings, path, "the store does not have it");
	const char *kind = build_id_path(file->path, hex);
	if (code == NOTE_OK && kind != NULL && strncmp(kind, "section/", 8) != 0) {
		if (look_at(fd, &look, &err) != NOTE_OK)
			found(findings, path, "%s", err.text);
		else if (strcmp(look.build_id, hex) != 0)
			found(findings, path, "its build-id is '%s'", look.build_id);
		look_free(&look);
	}
	close(fd);
out:
	free(store);
	free(path);
}

/* The links that must name it, and that what they lead to is the same. */
static void check_artifact_links(struct share *share, const struct record *record,
				 const struct record_file *file, struct findings *findings)
{
	char hex[129];
	const char *kind = build_id_path(file->path, hex);
	if (kind == NULL)
		return;
	char *name = xasprintf(".build-id/%.2s/%s%s", hex, hex + 2,
			       strcmp(kind, "debuginfo") == 0 ? ".debug" : "");
	char *expected = xasprintf("../../%s", file->path);
	char *target = NULL;
	char *mine = xasprintf("packages/%s/%s", record->package, file->path);
	char *holder = link_holder(share, file->path);
	if (!is_claimed(share, file->path, record->package))
		found(findings, file->path, "it does not lead to %s", record->package);
	else if (holder != NULL && strcmp(holder, record->package) != 0) {
		char digest[65];
		uint64_t size;
		char *theirs = xasprintf("packages/%s/%s", holder, file->path);
		if (!same_file(share, theirs, mine) &&
		    (digest_of(share, theirs, &size, digest, NULL) != NOTE_OK ||
		     strcmp(digest, file->sha256) != 0))
			found(findings, file->path, "%s and %s hold different files", holder,
			      record->package);
		free(theirs);
	}
	if (strncmp(kind, "section/", 8) != 0 &&
	    (root_read_link(share->root, name, &target, NULL) != NOTE_OK ||
	     strcmp(target, expected) != 0))
		found(findings, name, "it does not lead to %s", file->path);
	free(target);
	if (strcmp(kind, "debuginfo") == 0) {
		char *source = xasprintf("buildid/%s/source", hex);
		struct stat st;
		if (root_stat(share->root, source, &st, NULL) != NOTE_OK)
			found(findings, source, "there is no such link");
		free(source);
	}
	free(holder);
	free(mine);
	free(expected);
	free(name);
}

struct walk_check {
	struct share *share;
	const struct record *record;
	struct findings *findings;
};

static int check_source_directory(struct share *share, const struct record *record,
				  const char *link, struct note_error *err)
{
	/* Told through err: each_source_directory stops at the first. */
	if (is_claimed(share, link, record->package))
		return NOTE_OK;
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "%s", link);
}

static int by_path(const void *key, const void *file)
{
	return strcmp(key, ((const struct record_file *)file)->path);
}

static bool check_recorded(void *context, const struct entry *entry, bool *descend)
{
	struct walk_check *check = context;
	const char *path = entry->path + strlen("packages/") + strlen(check->record->package) + 1;
	(void)descend;
	if (entry->kind == ENTRY_DIRECTORY || strcmp(path, "record.json") == 0)
		return true;
	if (check->record->count == 0 || entry->kind != ENTRY_FILE ||
	    bsearch(path, check->record->files, check->record->count, sizeof(struct record_file),
		    by_path) == NULL)
		found(check->findings, entry->path, "the package's record does not tell of it");
	return true;
}

static void check_package(void *context, size_t index, unsigned worker)
{
	struct check *check = context;
	struct share *share = check->share;
	struct findings *findings = &check->findings[index];
	const char *package = check->items.items[index];
	struct record record;
	struct note_error err;
	char *directory = xasprintf("packages/%s", package);
	(void)worker;
	if (read_package(share, package, &record, &err) != NOTE_OK) {
		found(findings, directory, "%s", err.text);
		free(directory);
		return;
	}
	for (size_t i = 0; i < record.count; i++) {
		check_file(share, &record, &record.files[i], findings);
		check_artifact_links(share, &record, &record.files[i], findings);
	}
	struct walk_check walk = {share, &record, findings};
	root_walk(share->root, directory, false, check_recorded, NULL, &walk, NULL);
	if (each_source_directory(share, &record, check_source_directory, &err) != NOTE_OK)
		found(findings, err.text, "it does not lead to %s", package);
	record_free(&record);
	free(directory);
}

/* --- links that nobody should have --- */

static bool check_link(void *context, const struct entry *entry, bool *descend)
{
	struct walk_check *check = context;
	char *target = NULL;
	struct stat st;
	(void)descend;
	if (entry->kind == ENTRY_DIRECTORY)
		return true;
	if (entry->kind != ENTRY_LINK) {
		found(check->findings, entry->path, "no link");
		return true;
	}
	if (root_read_link(check->share->root, entry->path, &target, NULL) != NOTE_OK)
		return true;
	const char *path = target;
	while (strncmp(path, "../", 3) == 0)
		path += 3;
	const bool packages = strncmp(path, "packages/", 9) == 0;
	const bool by_id =
		strncmp(entry->path, ".build-id/", 10) == 0 && strncmp(path, "buildid/", 8) == 0;
	const bool all_sources = strcmp(target, "../../source") == 0;
	if (!packages && !by_id && !all_sources)
		found(check->findings, entry->path, "it leads to %s", target);
	else if (root_stat(check->share->root, path, &st, NULL) != NOTE_OK)
		found(check->findings, entry->path, "it leads to nothing: %s", target);
	free(target);
	return true;
}

static void check_links(void *context, size_t index, unsigned worker)
{
	struct check *check = context;
	struct note_error err;
	struct walk_check walk = {check->share, NULL, &check->findings[index]};
	(void)worker;
	const int code = root_walk(check->share->root, check->items.items[index], false, check_link,
				   NULL, &walk, &err);
	if (code != NOTE_OK && code != NOTE_ABSENT)
		found(walk.findings, check->items.items[index], "%s", err.text);
}

static bool add_directory(void *context, const struct entry *entry, bool *descend)
{
	*descend = false;
	if (entry->kind == ENTRY_DIRECTORY)
		strings_add(context, entry->path);
	return true;
}

int directory_check(struct share *share, share_problem *problem, void *context,
		    struct share_checked *checked, struct note_error *err)
{
	static const char *const links[] = {"buildid", ".build-id", "source", ".also"};
	struct check check = {
		.share = share, .problem = problem, .context = context, .checked = checked};
	struct stat st;
	if (directory_of(share)->lock < 0)
		directory_lock_reading(share);
	if (root_stat(share->root, STAGING, &st, NULL) == NOTE_OK) {
		problem(context, STAGING, "left by a run that was killed; the next one clears it");
		checked->problems++;
	}
	int code = root_walk(share->root, "store", false, add_directory, NULL, &check.items, err);
	if (code != NOTE_OK && code != NOTE_ABSENT)
		return code;
	run(&check, check_store);
	checked->files = 0; /* the packages' count */
	code = list_packages(share, &check.items, err);
	if (code != NOTE_OK)
		return code;
	checked->packages = check.items.count;
	run(&check, check_package);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		strings_add(&check.items, links[i]);
	run(&check, check_links);
	return NOTE_OK;
}
