/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of units, which the kinds of input add to. */
#include <stdlib.h>

#include "tools/release/inputs/input.h"

struct unit *units_append(struct units *units, const struct input_kind *kind, const char *input)
{
	if ((units->count & (units->count - 1)) == 0)
		units->items = xrealloc(units->items, (units->count != 0 ? 2 * units->count : 1) *
							      sizeof(*units->items));
	struct unit *unit = &units->items[units->count++];
	*unit = (struct unit){.kind = kind, .input = input};
	return unit;
}

void units_free(struct units *units)
{
	for (size_t i = 0; i < units->count; i++) {
		package_facts_free(units->items[i].facts);
		if (units->items[i].manifest != NULL)
			manifest_free(units->items[i].manifest);
		free(units->items[i].manifest);
		free(units->items[i].path);
	}
	free(units->items);
	for (size_t i = 0; i < units->root_count; i++)
		root_close(units->roots[i]);
	free(units->roots);
	strings_free(&units->inputs);
	*units = (struct units){0};
}

const char *units_name(struct units *units, const char *name)
{
	strings_add(&units->inputs, name);
	return units->inputs.items[units->inputs.count - 1];
}
