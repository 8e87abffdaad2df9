/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/elf/names.h"

#include <stdlib.h>
#include <string.h>

size_t names_add(struct names *names, const char *text)
{
	if (names->count == names->room) {
		names->room = names->room == 0 ? 64 : names->room * 2;
		names->items = xrealloc(names->items, names->room * sizeof(*names->items));
	}
	names->items[names->count] = (struct name){text, strlen(text), names->count, 0};
	return names->count++;
}

/* By the letters from the end on; a name behind all that are its ends, of equal ones the first
 * behind the others. */
static int by_end(const void *left, const void *right)
{
	const struct name *a = left, *b = right;
	for (size_t i = 1; i <= a->length && i <= b->length; i++) {
		const unsigned char x = (unsigned char)a->text[a->length - i];
		const unsigned char y = (unsigned char)b->text[b->length - i];
		if (x != y)
			return x < y ? -1 : 1;
	}
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return a->number > b->number ? -1 : a->number < b->number;
}

static int by_number(const void *left, const void *right)
{
	const struct name *a = left, *b = right;
	return a->number < b->number ? -1 : a->number > b->number;
}

static bool is_end(const struct name *name, const struct name *of)
{
	return name->length <= of->length &&
	       memcmp(of->text + of->length - name->length, name->text, name->length) == 0;
}

void names_finish(struct names *names, struct text *out)
{
	/* In whose text a name lies; its own where it is the number itself. */
	size_t *hosts = xcalloc(names->count + 1, sizeof(*hosts));
	if (names->count > 1)
		qsort(names->items, names->count, sizeof(*names->items), by_end);
	/* From the last on: of several whose end a name is it lies in the one that sorts next to
	 * it, as the binutils have it. */
	for (size_t i = names->count, host = i; i-- > 0;) {
		if (host == names->count || !is_end(&names->items[i], &names->items[host]))
			host = i;
		hosts[names->items[i].number] = names->items[host].number;
	}
	if (names->count > 1)
		qsort(names->items, names->count, sizeof(*names->items), by_number);
	text_add(out, "", 1);
	for (size_t i = 0; i < names->count; i++) {
		struct name *name = &names->items[i];
		if (hosts[i] != i || name->length == 0)
			continue;
		name->offset = (uint32_t)out->size;
		text_add(out, name->text, name->length + 1);
	}
	for (size_t i = 0; i < names->count; i++) {
		struct name *name = &names->items[i];
		const struct name *host = &names->items[hosts[i]];
		if (name->length != 0)
			name->offset = host->offset + (uint32_t)(host->length - name->length);
	}
	free(hosts);
}

void names_free(struct names *names)
{
	free(names->items);
	*names = (struct names){0};
}
