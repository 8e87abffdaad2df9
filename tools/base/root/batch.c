/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that are written, and wait for their names: the contents of all reach the disk together,
 * then the names are replaced, then those reach the disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/root/internal.h"

/* So few are waited for one by one: a whole file system may have much else to write. */
#define FEW 16

struct pending {
	char **paths;
	size_t count;
	size_t tag;
	int fd; /* of the new file: holds its lock */
	mode_t mode;
	struct note_error err;
};

struct root_batch {
	pthread_mutex_t lock;
	struct pending *items;
	size_t count;
	size_t room;
};

struct root_batch *root_batch_new(void)
{
	struct root_batch *batch = xcalloc(1, sizeof(*batch));
	pthread_mutex_init(&batch->lock, NULL);
	return batch;
}

void batch_add(struct root_batch *batch, const char *const *paths, size_t count, size_t tag, int fd,
	       mode_t mode)
{
	struct pending item = {.count = count, .tag = tag, .fd = fd, .mode = mode};
	item.paths = xcalloc(count, sizeof(*item.paths));
	for (size_t i = 0; i < count; i++)
		item.paths[i] = xstrdup(paths[i]);
	pthread_mutex_lock(&batch->lock);
	if (batch->count == batch->room) {
		batch->room = batch->room != 0 ? 2 * batch->room : ROOT_BATCH;
		batch->items = xrealloc(batch->items, batch->room * sizeof(*batch->items));
	}
	batch->items[batch->count++] = item;
	pthread_mutex_unlock(&batch->lock);
}

static void item_free(struct pending *item)
{
	close(item->fd);
	for (size_t i = 0; i < item->count; i++)
		free(item->paths[i]);
	free(item->paths);
}

static int by_tag(const void *a, const void *b)
{
	const struct pending *x = a;
	const struct pending *y = b;
	return x->tag < y->tag ? -1 : x->tag > y->tag;
}

static void sync_contents(struct root_batch *batch, bool few)
{
	dev_t synced = 0;
	int failed = 0;
	for (size_t i = 0; i < batch->count; i++) {
		struct pending *item = &batch->items[i];
		struct stat st;
		if (few || fstat(item->fd, &st) != 0) {
			failed = sync_file(item->fd) ? 0 : errno;
		} else if (i == 0 || st.st_dev != synced) {
			synced = st.st_dev;
			failed = syncfs(item->fd) != 0 && !sync_file(item->fd) ? errno : 0;
		}
		errno = failed;
		if (failed != 0)
			error_system(&item->err, "write to disk");
	}
}

/* Whether the directories that the names lie in are on the disk. */
static bool sync_names(struct root *root, const struct pending *item)
{
	bool good = true;
	for (size_t i = 0; good && i < item->count; i++) {
		struct place place;
		good = place_open(root, item->paths[i], false, &place, NULL) == NOTE_OK;
		if (!good)
			break;
		const int fd = openat(place.at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		good = fd >= 0 && sync_file(fd);
		if (fd >= 0)
			close(fd);
		place_close(root, &place);
	}
	return good;
}

static void drop(struct root *root, struct pending *item)
{
	char temporary[32];
	struct place place;
	if (place_open(root, item->paths[0], false, &place, NULL) != NOTE_OK)
		return;
	root_temporary_name(place.name, temporary);
	temporary_drop(place.at, temporary, &item->err);
	place_close(root, &place);
}

void root_commit(struct root *root, struct root_batch *batch,
		 void (*fail)(void *context, size_t tag, const struct note_error *err),
		 void *context)
{
	/* What was made before, and not waited for, is to be on the disk first as well. */
	const bool few = batch->count <= FEW && !root_is_dirty(root);
	bool named = true;
	if (batch->count == 0)
		return;
	qsort(batch->items, batch->count, sizeof(*batch->items), by_tag);
	if (!root->no_sync)
		sync_contents(batch, few);
	for (size_t i = 0; i < batch->count; i++) {
		struct pending *item = &batch->items[i];
		const char *const *paths = (const char *const *)item->paths;
		struct writable writable;
		int code = writable_begin(&writable, root, paths, item->count, &item->err);
		if (code == NOTE_OK && item->err.code != NOTE_OK)
			drop(root, item);
		else if (code == NOTE_OK)
			put_in_place(root, paths, item->count, item->fd, item->mode, &item->err);
		writable_end(&writable);
	}
	for (size_t i = 0; i < batch->count; i++) {
		struct pending *item = &batch->items[i];
		if (item->err.code != NOTE_OK)
			fail(context, item->tag, &item->err);
		else if (few && !root->no_sync)
			named = sync_names(root, item) && named;
		item_free(item);
	}
	batch->count = 0;
	if (few && named)
		root_clean(root); /* nothing else has changed below the root meanwhile */
}

void root_batch_free(struct root *root, struct root_batch *batch)
{
	if (batch == NULL)
		return;
	for (size_t i = 0; i < batch->count; i++) {
		drop(root, &batch->items[i]);
		item_free(&batch->items[i]);
	}
	pthread_mutex_destroy(&batch->lock);
	free(batch->items);
	free(batch);
}
