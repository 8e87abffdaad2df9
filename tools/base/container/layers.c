/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What layers of a container image hide: see layers.h. */
#include "tools/base/container/layers.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#define WHITEOUT   ".wh."
#define MOST_LINKS 1000
#define OPAQUE     ".wh..wh..opq"

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool has(void *const *tree, const char *name)
{
	return tfind(name, tree, compare) != NULL;
}

/* Takes all of LIST into TREE. */
static void merge(void **tree, struct strings *list)
{
	for (size_t i = 0; i < list->count; i++) {
		char *name = list->items[i];
		char **found = tsearch(name, tree, compare);
		if (found == NULL || *found != name)
			free(name);
	}
	free(list->items);
	*list = (struct strings){0};
}

/* Whether a layer above hides PATH, which is changed for a while. */
static bool is_hidden(const struct layers *layers, char *path, bool is_directory)
{
	if (has(&layers->gone, path) || has(&layers->opaque, "") ||
	    (!is_directory && has(&layers->directories, path)))
		return true;
	bool hidden = false;
	for (char *slash = strchr(path, '/'); slash != NULL && !hidden;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		hidden = has(&layers->gone, path) || has(&layers->opaque, path);
		*slash = '/';
	}
	return hidden;
}

static void add_parents(struct layers *layers, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		char *parent = xasprintf("%.*s", (int)(slash - path), path);
		const struct strings *list = &layers->new_directories;
		/* Most entries follow one of their directory. */
		if (has(&layers->directories, parent) ||
		    (list->count != 0 && strcmp(list->items[list->count - 1], parent) == 0))
			free(parent);
		else
			strings_take(&layers->new_directories, parent);
	}
}

bool layers_see(struct layers *layers, const char *path, bool is_directory)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	const int folder = slash != NULL ? (int)(slash - path) : 0;
	if (strcmp(name, OPAQUE) == 0) {
		strings_take(&layers->new_opaque, xasprintf("%.*s", folder, path));
		return false;
	}
	if (strncmp(name, WHITEOUT, strlen(WHITEOUT)) == 0) {
		if (name[strlen(WHITEOUT)] != '\0')
			strings_take(&layers->new_gone,
				     xasprintf("%.*s%s%s", folder, path, folder != 0 ? "/" : "",
					       name + strlen(WHITEOUT)));
		return false;
	}
	char *copy = xstrdup(path);
	if (is_hidden(layers, copy, is_directory)) {
		char **found = is_directory ? NULL : tsearch(copy, &layers->hidden, compare);
		if (found == NULL || *found != copy)
			free(copy);
		return false;
	}
	add_parents(layers, path);
	strings_take(is_directory ? &layers->new_directories : &layers->new_gone, copy);
	if (!is_directory)
		tsearch(copy, &layers->here, compare);
	return !is_directory;
}

/* The strings are others'. */
static void keep(void *name)
{
	(void)name;
}

const char *layers_link(struct layers *layers, const char *path)
{
	for (size_t i = 0; i < layers->link_count; i++) {
		struct layer_link *link = &layers->links[i];
		if (link->found || strcmp(link->target, path) != 0)
			continue;
		/* Of several names one is shown, as of any file. */
		for (size_t k = i; k < layers->link_count; k++)
			layers->links[k].found |= strcmp(layers->links[k].target, path) == 0;
		return link->name;
	}
	return NULL;
}

void layers_see_link(struct layers *layers, const char *path, const char *target)
{
	if (!layers_see(layers, path, false))
		return;
	/* Seen by its own name. */
	if (has(&layers->here, target))
		return;
	if (layers->link_count == MOST_LINKS) {
		layers->too_many = true;
		return;
	}
	layers->links = xrealloc(layers->links, (layers->link_count + 1) * sizeof(*layers->links));
	layers->links[layers->link_count++] =
		(struct layer_link){xstrdup(path), xstrdup(target), false};
	layers->again |= has(&layers->hidden, target);
}

void layers_next(struct layers *layers)
{
	tdestroy(layers->here, keep);
	tdestroy(layers->hidden, free);
	layers->here = layers->hidden = NULL;
	layers->again = false;
	merge(&layers->gone, &layers->new_gone);
	merge(&layers->opaque, &layers->new_opaque);
	merge(&layers->directories, &layers->new_directories);
}

void layers_free(struct layers *layers)
{
	layers_next(layers);
	tdestroy(layers->gone, free);
	tdestroy(layers->opaque, free);
	tdestroy(layers->directories, free);
	for (size_t i = 0; i < layers->link_count; i++) {
		free(layers->links[i].name);
		free(layers->links[i].target);
	}
	free(layers->links);
	*layers = (struct layers){0};
}
