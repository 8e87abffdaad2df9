/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Taking in a split tree: by its manifest, which is proven on the way, or by looking at every
 * file. Files are read on several threads; what they come to is placed in the order of their
 * paths.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/pool.h"
#include "tools/share/internal.h"
#include "tools/share/look.h"

enum place {
	PLACE_BY_LOOKING, /* an ELF file, wherever its build-id says; anything else is no concern */
	PLACE_EXECUTABLE,
	PLACE_DEBUGINFO,
	PLACE_SOURCE,
};

struct item {
	char *path; /* below the tree's root */
	enum place place;
	const struct manifest_file *expected;       /* what the manifest says, or NULL */
	const struct manifest_alternate *alternate; /* the same of an alternate file */
	struct reading *reading;                    /* between its reading and its placing */
};

/* What reading an item came to. */
struct reading {
	struct spooled spooled;
	struct look look;
	int code;
	struct note_error err;
};

struct intake {
	struct share *share;
	struct root *tree;
	struct stage *stage;
	struct item *items;
	size_t count;
	size_t room;
	int code; /* the first failure, in the order of the items */
	struct note_error *err;
};

static struct item *add_item(struct intake *intake, const char *path, enum place place)
{
	if (intake->count == intake->room) {
		intake->room = intake->room != 0 ? 2 * intake->room : 64;
		intake->items = xrealloc(intake->items, intake->room * sizeof(*intake->items));
	}
	struct item *item = &intake->items[intake->count++];
	*item = (struct item){.path = xstrdup(path), .place = place};
	return item;
}

/* --- what to take --- */

static bool list_file(void *context, const struct entry *entry, bool *descend)
{
	(void)descend;
	if (entry->kind == ENTRY_FILE)
		add_item(context, entry->path,
			 strncmp(entry->path, SOURCES_BELOW, strlen(SOURCES_BELOW)) == 0
				 ? PLACE_SOURCE
				 : PLACE_BY_LOOKING);
	return true;
}

static void unreadable(void *context, const char *path, const struct note_error *err)
{
	struct intake *intake = context;
	if (intake->code == NOTE_OK)
		intake->code =
			error_set(intake->err, err->code, err->offset, "%s: %s", path, err->text);
}

static int list_tree(struct intake *intake, const char *below)
{
	int code =
		root_walk(intake->tree, below, false, list_file, unreadable, intake, intake->err);
	return code != NOTE_OK ? code : intake->code;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_manifest(struct intake *intake, const struct manifest *manifest)
{
	struct strings sources = {0};
	struct stat st;
	for (size_t i = 0; i < manifest->file_count; i++) {
		const struct manifest_file *file = &manifest->files[i];
		if (file->build_id == NULL)
			continue;
		add_item(intake, file->path + 1, PLACE_EXECUTABLE)->expected = file;
		if (file->debug_path != NULL)
			add_item(intake, file->debug_path + 1, PLACE_DEBUGINFO)->expected = file;
		for (size_t j = 0; j < file->sources.count; j++)
			strings_add(&sources, file->sources.items[j]);
	}
	if (sources.count > 1)
		qsort(sources.items, sources.count, sizeof(*sources.items), by_name);
	for (size_t i = 0; i < sources.count; i++)
		if (i == 0 || strcmp(sources.items[i - 1], sources.items[i]) != 0)
			add_item(intake, sources.items[i] + 1, PLACE_SOURCE);
	strings_free(&sources);
	for (size_t i = 0; i < manifest->alternate_count; i++) {
		const struct manifest_alternate *alternate = &manifest->alternates[i];
		add_item(intake, alternate->path + 1, PLACE_DEBUGINFO)->alternate = alternate;
	}
	/* What another dwz made is in no manifest. */
	if (manifest->alternate_count == 0 &&
	    root_stat(intake->tree, "usr/lib/debug/.dwz", &st, NULL) == NOTE_OK)
		return list_tree(intake, "usr/lib/debug/.dwz");
	return NOTE_OK;
}

/* --- reading --- */

static int prove(const struct item *item, struct note_error *err)
{
	const struct manifest_file *file = item->expected;
	const struct manifest_alternate *alternate = item->alternate;
	const bool debug = item->place == PLACE_DEBUGINFO;
	const char *sha256 = alternate != NULL ? alternate->sha256
			     : debug           ? file->debug_sha256
					       : file->sha256;
	const uint64_t size = alternate != NULL ? alternate->size
			      : debug           ? file->debug_size
						: file->size;
	const char *build_id = alternate != NULL ? alternate->build_id : file->build_id;
	const struct reading *reading = item->reading;
	if (reading->spooled.size != size || strcmp(reading->spooled.sha256, sha256) != 0)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "its contents are not those that the manifest tells");
	if (strcmp(reading->look.build_id, build_id) != 0)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "its build-id is '%s', the manifest tells %s",
				 reading->look.build_id, build_id);
	return NOTE_OK;
}

/* What counts is what was copied: the file may have changed behind our first look. */
static int look_again(struct intake *intake, struct reading *reading, size_t number,
		      struct note_error *err)
{
	struct look look;
	int fd;
	int code = root_open_file(intake->share->root, reading->spooled.path, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = look_at(fd, &look, err);
	if (code == NOTE_OK && strcmp(look.build_id, reading->look.build_id) != 0) {
		look_free(&look);
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "it changed while it was read");
	}
	if (code == NOTE_OK) {
		look_free(&reading->look);
		reading->look = look;
		code = spool_facts(intake->share, fd, &look, number, &reading->spooled, err);
	}
	close(fd);
	return code;
}

static int read_item(struct intake *intake, struct item *item, size_t number,
		     struct note_error *err)
{
	int fd;
	struct reading *reading = item->reading;
	int code = root_open_file(intake->tree, item->path, &fd, err);
	if (code != NOTE_OK)
		return code;
	if (item->place != PLACE_SOURCE)
		code = look_at(fd, &reading->look, err);
	if (code == NOTE_OK &&
	    (item->place != PLACE_BY_LOOKING || reading->look.build_id[0] != '\0'))
		code = spool_file(intake->share, fd, item->path, number, &reading->spooled, err);
	close(fd);
	if (code == NOTE_OK && reading->look.build_id[0] != '\0')
		code = look_again(intake, reading, number, err);
	if (code == NOTE_OK && (item->expected != NULL || item->alternate != NULL))
		code = prove(item, err);
	return code;
}

static void work(void *context, size_t index, unsigned worker)
{
	struct intake *intake = context;
	struct item *item = &intake->items[index];
	(void)worker;
	item->reading = xcalloc(1, sizeof(*item->reading));
	item->reading->code = read_item(intake, item, index, &item->reading->err);
}

/* --- placing --- */

static int place(struct intake *intake, struct item *item, struct note_error *err)
{
	struct reading *reading = item->reading;
	if (item->place == PLACE_SOURCE) {
		char *below = xasprintf("source/%s", item->path);
		stage_place(intake->stage, &reading->spooled, below, false);
		free(below);
		return NOTE_OK;
	}
	if (reading->look.build_id[0] == '\0')
		return NOTE_OK;
	const bool debug = item->place == PLACE_DEBUGINFO ||
			   (item->place == PLACE_BY_LOOKING && is_debug_path(item->path));
	if (reading->look.package != NULL && !debug)
		stage_name(intake->stage, reading->look.package, item->path);
	return stage_place_elf(intake->stage, &reading->spooled, &reading->look, debug, err);
}

static void finish(void *context, size_t index)
{
	struct intake *intake = context;
	struct item *item = &intake->items[index];
	struct reading *reading = item->reading;
	if (reading->code == NOTE_OK)
		reading->code = place(intake, item, &reading->err);
	if (reading->code != NOTE_OK && intake->code == NOTE_OK)
		intake->code = error_set(intake->err, reading->code, reading->err.offset, "%s: %s",
					 item->path, reading->err.text);
	if (intake->share->hooks->progress != NULL)
		intake->share->hooks->progress(intake->share->hooks->context, index + 1,
					       intake->count);
	look_free(&reading->look);
	spooled_free(&reading->spooled);
	free(reading);
	free(item->path);
}

int share_add_tree(struct share *share, const char *path, const struct manifest *manifest,
		   const char *package, enum share_conflict conflict, struct share_added *added,
		   struct note_error *err)
{
	struct intake intake = {.share = share, .err = err};
	char *own_name = NULL;
	*added = (struct share_added){0};
	if (package == NULL && manifest != NULL)
		package = own_name = manifest_package_name(manifest);
	int code = root_open(&intake.tree, path, err);
	if (code != NOTE_OK)
		goto out;
	code = share->store->clear(share, err);
	if (code == NOTE_OK)
		code = manifest != NULL ? list_manifest(&intake, manifest) : list_tree(&intake, "");
	if (code == NOTE_OK) {
		intake.stage = stage_new(share);
		pool_run(share->hooks->jobs, intake.count, work, finish, &intake);
		code = intake.code;
	} else {
		for (size_t i = 0; i < intake.count; i++)
			free(intake.items[i].path);
	}
	if (code == NOTE_OK)
		code = stage_commit(intake.stage, package, manifest, conflict, added, err);
	code = stage_end(share, intake.stage, code, err);
out:
	free(intake.items);
	free(own_name);
	root_close(intake.tree);
	return code;
}
