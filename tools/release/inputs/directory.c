/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a directory, such as the ROOT of a split. Links in it are not followed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/contents/contents.h"
#include "tools/release/inputs/content.h"
#include "tools/release/inputs/input.h"

struct adding {
	struct units *units;
	const char *input;
	struct root *root;
	const char *above; /* where the directory itself lies */
	units_fail *fail;
	void *context; /* of fail */
	size_t archives;
	char *archive; /* one of these */
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
	if (contents_is_name(entry->path) && adding->archives++ == 0)
		adding->archive = xstrdup(entry->path);
	struct unit *unit = units_append(adding->units, &directory_input, adding->input);
	unit->root = adding->root;
	unit->path = xasprintf("/%s", entry->path);
	char *whole = xasprintf("%s%s", adding->above, unit->path);
	unit->role = artifact_role(whole);
	unit->holds = unit->role;
	free(whole);
	return true;
}

/* As with packages in trees that are installed, what is in them ships otherwise, or not as a
 * program. */
static void tell_archives(struct adding *adding)
{
	if (adding->archives == 0)
		return;
	strings_add(&adding->units->told, adding->input);
	strings_take(&adding->units->told,
		     adding->archives == 1
			     ? xasprintf("%s: an archive, not looked into: name it to look inside",
					 adding->archive)
			     : xasprintf("%zu archives, not looked into, as %s: name them to look "
					 "inside",
					 adding->archives, adding->archive));
	free(adding->archive);
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
	int marker;
	if (root_open_any(root, "oci-layout", &marker, NULL) == NOTE_OK) {
		struct unit *unit = units_append(units, &layout_input, input);
		close(marker);
		unit->root = root;
		unit->path = xstrdup("");
		return NOTE_OK;
	}
	char *real = realpath(input, NULL);
	struct adding adding = {.units = units,
				.input = input,
				.root = root,
				.above = real != NULL ? real : input,
				.fail = fail,
				.context = context};
	code = root_walk(root, "", false, add_entry, fail_entry, &adding, err);
	tell_archives(&adding);
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
