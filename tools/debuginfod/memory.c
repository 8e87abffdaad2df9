/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/debuginfod/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *format_string(const char *format, ...)
{
	char *out = NULL;
	va_list args;
	va_start(args, format);
	if (vasprintf(&out, format, args) < 0)
		out = NULL;
	va_end(args);
	return out;
}

bool list_take(struct strings *list, char *owned)
{
	if (owned == NULL)
		return false;
	if (list->count == list->room) {
		const size_t room = list->room != 0 ? 2 * list->room : 8;
		char **items = realloc(list->items, room * sizeof(*items));
		if (items == NULL) {
			free(owned);
			return false;
		}
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = owned;
	return true;
}

bool list_add(struct strings *list, const char *string)
{
	return list_take(list, strdup(string));
}

bool list_has(const struct strings *list, const char *string)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], string) == 0)
			return true;
	return false;
}
