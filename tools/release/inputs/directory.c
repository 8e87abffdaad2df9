/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a directory, such as the ROOT of a split. Links in it are not followed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/release/inputs/content.h"
#include "tools/release/inputs/input.h"

struct adding {
	struct units *units;
	const char *input;
	struct root *root;
	const char *above; /* where the directory itself lies */
	units_fail *fail;
	void *context; /* of fail */
};

static void fail_entry(void *context, const char *path, const struct note_error *err)
{
	struct adding *adding = context;
	char *name = xasprintf("%s/%s", adding->input, path);
	adding->fail(adding->context, name, err);
	free(name);
}

static bool add_entry(void *context, const struct entry *entry, bool *descend)
{
	struct adding *adding = context;
	(void)descend;
	if (entry->kind != ENTRY_FILE)
		return true;
	if (is_package_file_name(entry->path)) {
		/* A directory of packages: each is an input. */
		char *name = xasprintf("%s/%s", adding->input, entry->path);
		struct unit *package = units_append(adding->units, &package_input,
						    units_name(adding->units, name));
		package->path = name;
		return true;
	}
	struct unit *unit = units_append(adding->units, &directory_input, adding->input);
	unit->root = adding->root;
	unit->path = xasprintf("/%s", entry->path);
	char *whole = xasprintf("%s%s", adding->above, unit->path);
	unit->role = artifact_role(whole);
	unit->holds = unit->role;
	free(whole);
	return true;
}

int directory_add(struct units *units, const char *input, units_fail *fail, void *context,
		  struct note_error *err)
{
	struct root *root;
	int code = root_open(&root, input, err);
	if (code != NOTE_OK)
		return code;
	units->roots = xrealloc(units->roots, (units->root_count + 1) * sizeof(struct root *));
	units->roots[units->root_count++] = root;
	char *real = realpath(input, NULL);
	struct adding adding = {units, input, root, real != NULL ? real : input, fail, context};
	code = root_walk(root, "", false, add_entry, fail_entry, &adding, err);
	free(real);
	return code;
}

static int read_file(struct unit *unit, unsigned roles, member_visit *visit, void *context,
		     struct note_error *err)
{
	int fd;
	if ((unit->role & roles) == 0)
		return NOTE_OK;
	int code = root_open_file(unit->root, unit->path + 1, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = member_from_fd(unit, unit->path, unit->role, fd, roles, visit, context, err);
	close(fd);
	return code;
}

const struct input_kind directory_input = {"directory", read_file};
