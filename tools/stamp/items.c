/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/stamp/items.h"

#include <stdlib.h>
#include <string.h>

#include "libnote/sorted.h"
#include "tools/base/text.h"

struct item *items_add(struct items *items, const char *path, char *shown, const struct stat *st)
{
	if (items->count == items->room) {
		items->room = items->room != 0 ? 2 * items->room : 64;
		items->items = xrealloc(items->items, items->room * sizeof(*items->items));
	}
	struct item *item = &items->items[items->count];
	*item = (struct item){.path = xstrdup(path),
			      .shown = shown,
			      .device = st->st_dev,
			      .inode = st->st_ino,
			      .links = st->st_nlink,
			      .first = items->count};
	items->count++;
	return item;
}

static int by_file(const void *a, const void *b, void *context)
{
	const struct items *items = context;
	const size_t one = *(const size_t *)a, two = *(const size_t *)b;
	const struct item *left = &items->items[one], *right = &items->items[two];
	if (left->device != right->device)
		return left->device < right->device ? -1 : 1;
	if (left->inode != right->inode)
		return left->inode < right->inode ? -1 : 1;
	return one < two ? -1 : one > two;
}

void items_find_links(struct items *items)
{
	items->sorted = xcalloc(items->count + 1, sizeof(*items->sorted));
	for (size_t i = 0; i < items->count; i++)
		items->sorted[i] = i;
	qsort_r(items->sorted, items->count, sizeof(*items->sorted), by_file, items);
	for (size_t i = 1; i < items->count; i++) {
		struct item *item = &items->items[items->sorted[i]];
		const struct item *before = &items->items[items->sorted[i - 1]];
		if (item->device == before->device && item->inode == before->inode) {
			item->first = before->first;
			items->items[item->first].named |= item->named;
		}
	}
}

size_t items_names(const struct items *items, size_t index, struct strings *paths)
{
	struct strings found = {0};
	void *context = (void *)(uintptr_t)items;
	size_t at = FIRST_WHERE(i, items->count, by_file(&items->sorted[i], &index, context) >= 0);
	for (; at < items->count; at++) {
		const struct item *item = &items->items[items->sorted[at]];
		if (item->first != index)
			break;
		strings_add(&found, item->path);
	}
	strings_unique(&found);
	const size_t count = found.count;
	if (paths != NULL)
		*paths = found;
	else
		strings_free(&found);
	return count;
}

void items_free(struct items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		free(items->items[i].path);
		free(items->items[i].shown);
		free(items->items[i].error);
		free(items->items[i].other);
	}
	free(items->items);
	free(items->sorted);
}
