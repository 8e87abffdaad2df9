/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "libnote/image.h"
#include "tools/base/digest.h"
#include "tools/base/pool.h"
#include "tools/splitter/check/internal.h"
#include "tools/splitter/elf/elf.h"
#include "tools/splitter/inputs/inputs.h"

/* The whole run. Workers write their own subjects alone. */
struct check {
	const struct check_options *options;
	const char *debug_root; /* below ROOT */
	struct strings names;   /* build directories */
	struct patterns only, exclude;
	struct subject *subjects; /* in the order of paths */
	size_t count, room;
	struct strings skipped;          /* by the manifest; sorted */
	const struct manifest_file **by; /* its files, sorted by path */
	struct check_totals *totals;
};

/* --- what there is --- */

static bool is_below(const char *path, const char *directory)
{
	const size_t length = strlen(directory);
	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* One of the rpm layout's links, or of the debug tree's. */
static bool is_our_link(const struct check *check, const char *path)
{
	return is_below(path, check->debug_root) || is_below(path, "usr/lib/.build-id");
}

static bool visit(void *context, const struct entry *entry, bool *descend)
{
	struct check *check = context;
	(void)descend;
	const bool link = entry->kind == ENTRY_LINK && is_our_link(check, entry->path);
	if ((!link && entry->kind != ENTRY_FILE) || root_is_temporary(entry->path))
		return true;
	char *name = xasprintf("/%s", entry->path);
	const bool wanted = (patterns_none(&check->only) || patterns_match(&check->only, name)) &&
			    !patterns_match(&check->exclude, name);
	free(name);
	if (!wanted && !is_below(entry->path, check->debug_root))
		return true;
	if (check->count == check->room) {
		check->room = check->room == 0 ? 256 : check->room * 2;
		check->subjects = xrealloc(check->subjects, check->room * sizeof(*check->subjects));
	}
	check->subjects[check->count++] =
		(struct subject){.path = xstrdup(entry->path), .is_link = link};
	return true;
}

static void walk_failed(void *context, const char *path, const struct note_error *err)
{
	struct check *check = context;
	check->totals->failed++;
	check->options->fail(check->options->context, path, err);
}

static int by_path(const void *a, const void *b)
{
	const struct manifest_file *const *x = a, *const *y = b;
	return strcmp((*x)->path, (*y)->path);
}

static int path_of(const void *key, const void *item)
{
	const struct manifest_file *const *file = item;
	return strcmp(key, (*file)->path + 1);
}

static int subject_of(const void *key, const void *item)
{
	return strcmp(key, ((const struct subject *)item)->path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct subject *)a)->path, ((const struct subject *)b)->path);
}

/* Brings the manifest and the tree together; what the manifest has and the tree lacks is told. */
static void match_manifest(struct check *check)
{
	const struct manifest *manifest = check->options->manifest;
	if (check->count > 1)
		qsort(check->subjects, check->count, sizeof(*check->subjects), by_name);
	if (manifest == NULL)
		return;
	for (size_t i = 0; i < manifest->skipped_count; i++)
		strings_add(&check->skipped, manifest->skipped[i].path + 1);
	strings_sort(&check->skipped);
	check->by = xcalloc(manifest->file_count + 1, sizeof(*check->by));
	for (size_t i = 0; i < manifest->file_count; i++)
		check->by[i] = &manifest->files[i];
	if (manifest->file_count > 1)
		qsort(check->by, manifest->file_count, sizeof(*check->by), by_path);
	for (size_t i = 0; i < check->count; i++) {
		struct subject *subject = &check->subjects[i];
		const struct manifest_file **entry =
			bsearch(subject->path, check->by, manifest->file_count, sizeof(*check->by),
				path_of);
		subject->entry = entry != NULL ? *entry : NULL;
		subject->skipped = strings_has(&check->skipped, subject->path);
	}
	for (size_t i = 0; i < manifest->file_count && check->options->debug; i++)
		if (bsearch(check->by[i]->path + 1, check->subjects, check->count,
			    sizeof(*check->subjects), subject_of) == NULL) {
			check->totals->found++;
			check->options->found(check->options->context, check->by[i]->path,
					      "missing", "the manifest has it, the tree has not",
					      NOTE_NO_OFFSET);
		}
}

/* --- one name --- */

/* .build-id/xx/yyyy, .debug or not, with a number or not: what it leads to has that build-id. */
static int check_link(const struct check *check, struct subject *subject, struct note_error *err)
{
	struct root *root = check->options->root;
	struct image *image = NULL;
	struct build_id id;
	int fd = -1;
	char want[2 * BUILD_ID_MAX + 1], got[2 * BUILD_ID_MAX + 1];
	char *target = follow(root, subject->path);
	const char *at = strstr(subject->path, ".build-id/");
	if (target == NULL) {
		found(subject, "link", NOTE_NO_OFFSET, "leads nowhere in the tree");
		return NOTE_OK;
	}
	int code = open_image(root, target, &fd, &image, err);
	if (code == NOTE_OK && at != NULL && strlen(at) > 13 && at[12] == '/') {
		at += strlen(".build-id/");
		snprintf(want, sizeof(want), "%.2s%.*s", at, (int)strcspn(at + 3, "."), at + 3);
		if (build_id_find(image, &id, NULL) != NOTE_OK)
			id.size = 0;
		hex_encode(id.bytes, id.size, got);
		if (strcmp(want, got) != 0)
			found(subject, "link", NOTE_NO_OFFSET, "leads to /%s, whose build-id is %s",
			      target, id.size != 0 ? got : "none");
	} else if (code == NOTE_ABSENT || code == NOTE_MALFORMED) {
		found(subject, "link", NOTE_NO_OFFSET, "leads to /%s, which is no ELF file",
		      target);
		code = NOTE_OK;
	}
	image_close(image);
	if (fd >= 0)
		close(fd);
	free(target);
	return code;
}

static void check_entry(struct subject *subject, const uint8_t *bytes, size_t size)
{
	char digest[65];
	if (subject->entry == NULL)
		return;
	sha256_hex(bytes, size, digest);
	if (strcmp(digest, subject->entry->sha256) != 0)
		found(subject, "changed", NOTE_NO_OFFSET,
		      "changed since the split: %zu bytes, the manifest has %llu", size,
		      (unsigned long long)subject->entry->size);
}

static int check_file(const struct check *check, struct subject *subject, struct note_error *err)
{
	const struct check_options *options = check->options;
	struct image *image = NULL;
	uint8_t magic[8];
	uint8_t *bytes = NULL;
	size_t size = 0;
	int fd = -1;
	int code = root_open_file(options->root, subject->path, &fd, err);
	if (code != NOTE_OK)
		return code;
	const ssize_t got = pread(fd, magic, sizeof(magic), 0);
	const bool is_code = got > 0 && scan_magic(magic, (size_t)got);
	if (!is_code && !options->leaks)
		goto out;
	subject->looked = true;
	code = file_read(fd, &bytes, &size, err);
	if (code == NOTE_OK)
		code = image_open_memory(&image, bytes, size, err);
	if (code != NOTE_OK)
		goto out;
	const bool is_elf = image_read_elf(image, NULL) == NOTE_OK;
	if (options->debug)
		check_entry(subject, bytes, size);
	if (options->debug && is_elf)
		code = check_shipped(options, subject, image, err);
	if (options->leaks)
		check_leaks(&check->names, subject, bytes, size, is_elf ? image : NULL);
out:
	image_close(image);
	free(bytes);
	close(fd);
	return code;
}

static void work(void *context, size_t index, unsigned worker)
{
	struct check *check = context;
	struct subject *subject = &check->subjects[index];
	int code = NOTE_OK;
	(void)worker;
	if (subject->is_link)
		code = check->options->debug ? check_link(check, subject, &subject->err) : NOTE_OK;
	else if (!is_below(subject->path, check->debug_root) &&
		 !is_below(subject->path, "usr/src/debug"))
		code = check_file(check, subject, &subject->err);
	if (code == NOTE_OK)
		subject->err = (struct note_error){0};
}

/* --- the end --- */

static void tell(struct check *check, struct subject *subject)
{
	const struct check_options *options = check->options;
	char *path = xasprintf("/%s", subject->path);
	for (size_t i = 0; i < subject->count; i++)
		options->found(options->context, path, subject->findings[i].check,
			       subject->findings[i].text, subject->findings[i].offset);
	if (subject->err.code != NOTE_OK)
		options->fail(options->context, path, &subject->err);
	check->totals->failed += subject->err.code != NOTE_OK;
	check->totals->found += subject->count;
	check->totals->files += subject->looked;
	check->totals->linked += subject->linked;
	free(path);
}

/* Debug files that no shipped file leads to: whose they are is gone. */
static void find_orphans(struct check *check)
{
	struct strings used = {0};
	for (size_t i = 0; i < check->count; i++) {
		const struct subject *subject = &check->subjects[i];
		if (subject->debug_path != NULL)
			strings_add(&used, subject->debug_path);
		if (subject->alternate != NULL)
			strings_add(&used, subject->alternate);
	}
	strings_sort(&used);
	for (size_t i = 0; i < check->count; i++) {
		struct subject *subject = &check->subjects[i];
		if (!subject->is_link && is_below(subject->path, check->debug_root) &&
		    ends_with(subject->path, ".debug") && !strings_has(&used, subject->path))
			found(subject, "orphan", NOTE_NO_OFFSET,
			      "no file of the tree leads to this debug file");
	}
	strings_free(&used);
}

static void check_free(struct check *check)
{
	for (size_t i = 0; i < check->count; i++) {
		struct subject *subject = &check->subjects[i];
		for (size_t k = 0; k < subject->count; k++)
			free(subject->findings[k].text);
		free(subject->findings);
		free(subject->path);
		free(subject->debug_path);
		free(subject->alternate);
	}
	free(check->subjects);
	free(check->by);
	strings_free(&check->names);
	strings_free(&check->skipped);
	patterns_free(&check->only);
	patterns_free(&check->exclude);
}

int split_check(const struct check_options *options, struct check_totals *totals,
		struct note_error *err)
{
	struct check check = {.options = options,
			      .debug_root = options->debug_root + strspn(options->debug_root, "/"),
			      .totals = totals};
	*totals = (struct check_totals){0};
	patterns_init(&check.only, options->only);
	patterns_init(&check.exclude, options->exclude);
	if (options->build_dirs != NULL)
		leaks_names(options->build_dirs, &check.names);
	const int code = root_walk(options->root, "", false, visit, walk_failed, &check, err);
	if (code == NOTE_OK) {
		match_manifest(&check);
		pool_run(options->jobs, check.count, work, NULL, &check);
		/* What was left out by name may be whose debug files are there. */
		if (options->debug && patterns_none(&check.only) && patterns_none(&check.exclude))
			find_orphans(&check);
		for (size_t i = 0; i < check.count; i++)
			tell(&check, &check.subjects[i]);
	}
	check_free(&check);
	return code;
}
