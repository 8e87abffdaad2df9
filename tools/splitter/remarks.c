/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is to say of a file's debug information, and the directories that it was built in. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/splitter/split_internal.h"

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

void outcome_remark(const struct split_run *run, const struct dwarf_summary *summary,
		    struct outcome *outcome)
{
	outcome->kept_paths += summary->kept;
	if (summary->unread != 0)
		strings_take(&outcome->wanting,
			     xasprintf("debug information that cannot be read stays as it is: %s%s",
				       summary->first_unread.text,
				       summary->unread > 1 ? " (and more)" : ""));
	if (summary->foreign != 0)
		strings_take(&outcome->remarks,
			     xasprintf("%" PRIu64
				       " unit%s with relative paths that lead to no source of "
				       "this build stay%s as they are",
				       summary->foreign, plural(summary->foreign),
				       summary->foreign == 1 ? "s" : ""));
	if (run->map != NULL && summary->has_dwarf && summary->ours == 0 && summary->unread == 0)
		strings_take(&outcome->remarks,
			     xstrdup("no unit of its debug information was compiled below a build "
				     "directory (--build-dir, --map)"));
}

static void tell_lost(void *context, const struct source *source, const char *place)
{
	const struct split_options *options = context;
	char *path = xasprintf("/%s", source->installed);
	char *text = xasprintf("has the contents of %s, by the order of --build-dir; those of %s "
			       "are lost: --build-dir of a directory above both keeps both",
			       source->original, place);
	options->tell(options->context, SPLIT_REMARK, path, text, NULL);
	free(text);
	free(path);
}

void split_tell_lost_sources(const struct split_run *run)
{
	sources_tell_lost(run->sources, tell_lost, (void *)(uintptr_t)run->options);
}

/* --map=FROM=TO: one of both is below a build directory, the other what the compiler was told to
 * write for it. People write it either way round, as gcc's -ffile-prefix-map or as gdb's
 * substitute-path. */
static int add_map(struct path_map *map, const char *text, struct note_error *err)
{
	const char *equals = strchr(text, '=');
	char *from = equals != NULL ? strndup(text, (size_t)(equals - text)) : NULL;
	int code = NOTE_OK;
	if (from == NULL || from[0] != '/' || equals[1] != '/')
		code = error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "--map wants FROM=TO, two absolute paths, not '%s'", text);
	else if (!path_map_name(map, from, equals + 1) && !path_map_name(map, equals + 1, from))
		code = error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "--map=%s: neither of both is a build directory or below one",
				 text);
	free(from);
	return code;
}

/* The first directory of the maps that is there. */
static char *find_directory(const struct strings *maps)
{
	for (size_t i = 0; maps != NULL && i < maps->count; i++) {
		const char *equals = strchr(maps->items[i], '=');
		if (equals == NULL)
			continue;
		if (access(equals + 1, F_OK) == 0)
			return xstrdup(equals + 1);
		char *from = strndup(maps->items[i], (size_t)(equals - maps->items[i]));
		if (from != NULL && access(from, F_OK) == 0)
			return from;
		free(from);
	}
	return NULL;
}

int build_dirs_map(const struct split_options *options, const struct layout *layout,
		   struct path_map **out, struct note_error *err)
{
	const struct strings *directories = options->build_dirs;
	const size_t maps = options->maps != NULL ? options->maps->count : 0;
	const size_t count = directories != NULL ? directories->count : 0;
	int code = NOTE_OK;
	*out = NULL;
	if (count == 0 && maps == 0)
		return NOTE_OK;
	char *first = count != 0 ? xstrdup(directories->items[0]) : find_directory(options->maps);
	if (first == NULL)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "--map=%s: neither of both is there", options->maps->items[0]);
	char *installed = xasprintf("/%s", layout->sources);
	*out = path_map_new(first, installed);
	for (size_t i = 1; i < count; i++)
		path_map_add(*out, directories->items[i]);
	for (size_t i = 0; i < maps && code == NOTE_OK; i++)
		code = add_map(*out, options->maps->items[i], err);
	free(installed);
	free(first);
	return code;
}
