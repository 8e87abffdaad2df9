/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of lists of strings what takes no memory. */
#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strings_sort(struct strings *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), by_bytes);
}

void strings_unique(struct strings *list)
{
	size_t count = 0;
	strings_sort(list);
	for (size_t i = 0; i < list->count; i++) {
		if (count > 0 && strcmp(list->items[i], list->items[count - 1]) == 0)
			free(list->items[i]);
		else
			list->items[count++] = list->items[i];
	}
	list->count = count;
}

bool strings_has(const struct strings *list, const char *string)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], string) == 0)
			return true;
	return false;
}
