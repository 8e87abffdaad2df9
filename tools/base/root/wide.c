/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walking a tree by several threads: level by level, the directories of one side by side; what was
 * found is then visited in the order of root_walk, by the calling thread.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/pool.h"
#include "tools/base/root/internal.h"

#define NO_LISTING SIZE_MAX

struct found {
	struct stat st; /* of files alone */
	enum entry_kind kind;
	struct note_error err; /* why ST is not there */
	size_t listing;        /* of what is in it, or NO_LISTING */
};

/* A directory. */
struct listing {
	char *path; /* "" for the first */
	struct names names;
	struct found *found;
	struct note_error err; /* why it has no names */
};

struct wide {
	struct root *root;
	const char *const *without;
	struct listing *listings;
	size_t count, room;
	size_t from; /* the first of the level that is read */
};

static char *join(const char *directory, const char *name)
{
	return directory[0] != '\0' ? xasprintf("%s/%s", directory, name) : xstrdup(name);
}

static void look_at(const struct listing *listing, int fd, size_t index)
{
	const struct name *name = &listing->names.items[index];
	struct found *found = &listing->found[index];
	found->kind = entry_kind_of(name->type);
	found->listing = NO_LISTING;
	if (found->kind != ENTRY_FILE && name->type != DT_UNKNOWN)
		return;
	if (fstatat(fd, name->text, &found->st, AT_SYMLINK_NOFOLLOW) != 0) {
		char *path = join(listing->path, name->text);
		path_error(path, "stat", &found->err);
		free(path);
		return;
	}
	found->kind = entry_kind_of(IFTODT(found->st.st_mode));
}

static void read_listing(void *context, size_t index, unsigned worker)
{
	const struct wide *wide = context;
	struct listing *listing = &wide->listings[wide->from + index];
	(void)worker;
	const int fd = open_beneath(wide->root->fd, listing->path, O_RDONLY | O_DIRECTORY);
	if (fd < 0) {
		path_error(listing->path, "open directory", &listing->err);
		return;
	}
	if (entries_read(fd, &listing->names, &listing->err) == NOTE_OK) {
		listing->found = xcalloc(listing->names.count, sizeof(*listing->found));
		for (size_t i = 0; i < listing->names.count; i++)
			look_at(listing, fd, i);
	}
	close(fd);
}

static size_t add_listing(struct wide *wide, char *path)
{
	if (wide->count == wide->room) {
		wide->room = wide->room != 0 ? 2 * wide->room : 64;
		wide->listings = xrealloc(wide->listings, wide->room * sizeof(*wide->listings));
	}
	wide->listings[wide->count] = (struct listing){.path = path};
	return wide->count++;
}

static bool is_left_out(const struct wide *wide, const char *path)
{
	for (const char *const *name = wide->without; *name != NULL; name++)
		if (strcmp(*name, path) == 0)
			return true;
	return root_is_temporary(path);
}

/* The directories in listing INDEX are the next level's. */
static void descend(struct wide *wide, size_t index)
{
	for (size_t i = 0; i < wide->listings[index].names.count; i++) {
		const struct listing *listing = &wide->listings[index];
		if (listing->found[i].kind != ENTRY_DIRECTORY)
			continue;
		char *path = join(listing->path, listing->names.items[i].text);
		if (is_left_out(wide, path)) {
			free(path);
			continue;
		}
		const size_t below = add_listing(wide, path);
		wide->listings[index].found[i].listing = below;
	}
}

static void tell(const struct wide *wide, size_t index, root_visit *visit, root_fail *fail,
		 void *context)
{
	const struct listing *listing = &wide->listings[index];
	if (listing->err.code != NOTE_OK)
		fail(context, listing->path[0] != '\0' ? listing->path : ".", &listing->err);
	for (size_t i = 0; i < listing->names.count; i++) {
		const struct found *found = &listing->found[i];
		char *path = join(listing->path, listing->names.items[i].text);
		const struct entry entry = {.path = path, .kind = found->kind, .st = found->st};
		bool unused = true;
		if (found->err.code != NOTE_OK)
			fail(context, path, &found->err);
		else
			visit(context, &entry, &unused);
		free(path);
		if (found->listing != NO_LISTING)
			tell(wide, found->listing, visit, fail, context);
	}
}

int root_walk_wide(struct root *root, unsigned jobs, const char *const *without, root_visit *visit,
		   root_fail *fail, void *context, struct note_error *err)
{
	struct wide wide = {.root = root, .without = without};
	int code = NOTE_OK;
	add_listing(&wide, xstrdup(""));
	while (wide.from < wide.count) {
		const size_t end = wide.count;
		pool_run(jobs, end - wide.from, read_listing, NULL, &wide);
		for (size_t i = wide.from; i < end; i++)
			descend(&wide, i);
		wide.from = end;
	}
	if (wide.listings[0].err.code != NOTE_OK && err != NULL)
		*err = wide.listings[0].err;
	if (wide.listings[0].err.code != NOTE_OK)
		code = wide.listings[0].err.code;
	else
		tell(&wide, 0, visit, fail, context);
	for (size_t i = 0; i < wide.count; i++) {
		free(wide.listings[i].path);
		free(wide.listings[i].found);
		entries_free(&wide.listings[i].names);
	}
	free(wide.listings);
	return code;
}
