/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The links of a tree that was split: .build-id, and the debug files' names for the other names of
 * a file. */
#include <stdlib.h>
#include <string.h>

#include "tools/base/pool.h"
#include "tools/splitter/inputs/inputs.h"
#include "tools/splitter/split_internal.h"

/* A file that is to have .build-id links. */
struct linked {
	size_t index;
	const char *build_id;
};

struct links {
	const struct split_run *run;
	struct linked *items; /* sorted by build-id, then by path */
	size_t count;
};

/* --- .build-id links: files with one id in the order of paths, different ids side by side --- */

static int by_build_id(const void *a, const void *b)
{
	const struct linked *x = a;
	const struct linked *y = b;
	const int order = strcmp(x->build_id, y->build_id);
	if (order != 0)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void link_group(void *context, size_t index, unsigned worker)
{
	const struct links *links = context;
	const struct split_run *run = links->run;
	const struct linked *first = &links->items[index];
	unsigned number = 0;
	(void)worker;
	if (index != 0 && strcmp(first->build_id, first[-1].build_id) == 0)
		return; /* done with the first of its id */
	for (size_t i = index; i < links->count; i++, number++) {
		const struct linked *item = &links->items[i];
		struct outcome *outcome = &run->outcomes[item->index];
		if (strcmp(item->build_id, first->build_id) != 0)
			return;
		if (layout_links(&run->layout, run->options->root,
				 run->inputs.items[item->index].path, outcome->debug_path,
				 item->build_id, number, &outcome->link_err) == NOTE_OK)
			outcome->link_err = (struct note_error){0};
	}
}

static void make_links(const struct split_run *run)
{
	struct links links = {.run = run};
	if (!run->options->links)
		return;
	links.items = xcalloc(run->inputs.count, sizeof(*links.items));
	for (size_t i = 0; i < run->inputs.count; i++) {
		const struct outcome *outcome = &run->outcomes[i];
		if (outcome->verdict == VERDICT_SPLIT && outcome->debug_path != NULL &&
		    !outcome->no_build_id)
			links.items[links.count++] = (struct linked){i, outcome->build_id};
	}
	if (links.count > 1)
		qsort(links.items, links.count, sizeof(*links.items), by_build_id);
	pool_run(run->options->jobs, links.count, link_group, NULL, &links);
	free(links.items);
}

/* --- a .debug link for each other name of a file, and each symbolic link to it (layout rpm) --- */

struct name {
	const char *path;
	size_t index; /* the input that it is a name of */
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->path, ((const struct name *)b)->path);
}

/* All names of all inputs that were split, sorted. */
static struct name *list_names(const struct split_run *run, size_t *count)
{
	const struct inputs *inputs = &run->inputs;
	size_t room = 0;
	for (size_t i = 0; i < inputs->count; i++)
		room += 1 + inputs->items[i].links.count;
	struct name *names = xcalloc(room, sizeof(*names));
	*count = 0;
	for (size_t i = 0; i < inputs->count; i++) {
		const struct input *input = &inputs->items[i];
		const struct outcome *outcome = &run->outcomes[i];
		if (outcome->verdict != VERDICT_SPLIT || outcome->debug_path == NULL)
			continue;
		names[(*count)++] = (struct name){input->path, i};
		for (size_t j = 0; j < input->links.count; j++)
			names[(*count)++] = (struct name){input->links.items[j], i};
	}
	if (*count > 1)
		qsort(names, *count, sizeof(*names), by_name);
	return names;
}

static int link_debug_file(const struct split_run *run, const char *name, const char *debug_path,
			   struct note_error *err)
{
	char *path = layout_debug_path(&run->layout, name, NULL);
	char *text = layout_relative(path, debug_path);
	int code = root_symlink(run->options->root, text, path, err);
	free(text);
	free(path);
	return code;
}

static void make_symlinks(const struct split_run *run)
{
	const struct split_options *options = run->options;
	size_t count;
	if (run->layout.kind != LAYOUT_RPM)
		return;
	struct name *names = list_names(run, &count);
	/* The other names of a file have its debug file under their own names, too. */
	for (size_t i = 0; i < count; i++) {
		const char *debug_path = run->outcomes[names[i].index].debug_path;
		const char *path = run->inputs.items[names[i].index].path;
		struct note_error err;
		if (names[i].path == path)
			continue;
		char *other = layout_debug_path(&run->layout, names[i].path, NULL);
		if (root_hard_link(options->root, debug_path, other, &err) != NOTE_OK)
			options->tell(options->context, SPLIT_FAILED, path, NULL, &err);
		free(other);
	}
	const size_t links = options->no_symlinks ? 0 : run->inputs.symlinks.count;
	for (size_t i = 0; i < links; i++) {
		const char *link = run->inputs.symlinks.items[i];
		struct note_error err;
		char *target = symlink_resolve(options->root, link);
		const struct name key = {.path = target};
		const struct name *found =
			target != NULL ? bsearch(&key, names, count, sizeof(*names), by_name)
				       : NULL;
		if (found != NULL &&
		    link_debug_file(run, link, run->outcomes[found->index].debug_path, &err) !=
			    NOTE_OK)
			options->tell(options->context, SPLIT_FAILED, link, NULL, &err);
		free(target);
	}
	free(names);
}

void links_make(const struct split_run *run)
{
	make_links(run);
	make_symlinks(run);
}
