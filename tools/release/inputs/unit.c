/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of units, which the kinds of input add to. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "libnote/error.h"
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
	for (size_t i = 0; i < units->kept_count; i++)
		close(units->kept[i]);
	free(units->kept);
	strings_free(&units->inputs);
	strings_free(&units->told);
	*units = (struct units){0};
}

const char *units_name(struct units *units, const char *name)
{
	strings_add(&units->inputs, name);
	return units->inputs.items[units->inputs.count - 1];
}

int unit_open(const struct unit *unit, int *fd, struct note_error *err)
{
	*fd = open(unit->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return *fd >= 0 ? NOTE_OK : error_system(err, "open");
}
