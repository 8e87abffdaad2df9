/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A layer of an image: read as it comes, with its digest. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/container/internal.h"
#include "tools/base/root/root.h"

/* The layer at hand, and how its files are shown. */
struct walk {
	struct container *container;
	struct layers *layers;
	struct contents *contents;
	const char *layer;
	bool again; /* for the files that hard links show */
	struct stream_budget *budget;
	struct stream_budget own; /* of a layer in a directory */
};

static int see_entry(struct walk *walk, const struct contents_entry *entry, const char *member,
		     struct note_error *err)
{
	struct layers *layers = walk->layers;
	if (entry->path == NULL)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "a name that leads out of the layer: not looked at");
	if (!walk->again && entry->hardlink != NULL)
		layers_see_link(layers, member, entry->hardlink);
	const bool seen = !walk->again && entry->hardlink == NULL &&
			  layers_see(layers, member, entry->is_directory);
	if (!entry->is_file)
		return NOTE_OK;
	const char *link = layers_link(layers, member);
	const struct container_view *view = walk->container->view;
	return seen || link != NULL
		       ? view->member(view->context, walk->contents, seen ? member : link,
				      walk->layer, walk->budget, err)
		       : NOTE_OK;
}

static void walk_layer(struct walk *walk)
{
	struct contents_entry entry;
	struct note_error error;
	int code;
	while ((code = contents_next(walk->contents, &entry, &error)) == NOTE_OK) {
		if (entry.path == NULL && (!entry.is_file || walk->again))
			continue;
		char *member = xstrdup(entry.path != NULL ? entry.path : entry.name);
		if (see_entry(walk, &entry, member, &error) != NOTE_OK) {
			char *where = xasprintf("%s, of layer %s", member, walk->layer);
			container_fail(walk->container, where, &error);
			free(where);
		}
		free(member);
	}
	if (code != NOTE_ABSENT && !walk->again)
		container_fail(walk->container, walk->layer, &error);
}

static int not_there(struct note_error *err)
{
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
			 "the image names this layer, and it is not there");
}

/* The layer in the archive: its member PATH. */
static int open_in_archive(struct container *container, const char *path, struct contents **outer,
			   struct stream **layer, struct note_error *err)
{
	struct contents_entry entry;
	int code = contents_open_fd(outer, container->fd, container->budget, err);
	while (code == NOTE_OK && (code = contents_next(*outer, &entry, err)) == NOTE_OK)
		if (entry.is_file && entry.path != NULL && strcmp(entry.path, path) == 0)
			return contents_stream(*outer, layer, err);
	return code == NOTE_ABSENT ? not_there(err) : code;
}

/* Whether the layer's bytes are those that the image names, which is told where they are not. */
static void check_digest(struct container *container, struct stream *stream, const char *name)
{
	char digest[65];
	struct note_error error;
	/* What cannot be read was told before. */
	if (stream_digest(stream, digest, &error) != NOTE_OK ||
	    strcasecmp(digest, name + strlen(SHA256)) == 0)
		return;
	error_set(&error, NOTE_MALFORMED, NOTE_NO_OFFSET,
		  "not what the image names: the SHA-256 of this layer's bytes is %s", digest);
	container_fail(container, name, &error);
}

static int walk_stream(struct walk *walk, struct stream *stream, struct note_error *err)
{
	int code = stream_next_run(stream, err);
	if (code == NOTE_ABSENT)
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "a layer without a byte");
	if (code == NOTE_OK)
		code = contents_open(&walk->contents, stream, walk->budget, err);
	if (code != NOTE_OK)
		return code;
	walk_layer(walk);
	contents_close(walk->contents);
	return NOTE_OK;
}

static void read_layer(struct walk *walk, const char *path)
{
	struct container *container = walk->container;
	struct contents *outer = NULL;
	struct stream *stream = NULL;
	struct note_error error;
	const bool named = !walk->again && strncmp(walk->layer, SHA256, strlen(SHA256)) == 0;
	int fd = -1, code;
	walk->budget = container->budget;
	if (container->root != NULL) {
		code = root_open_any(container->root, path, &fd, &error);
		if (code == NOTE_ABSENT)
			code = not_there(&error);
		if (code == NOTE_OK) {
			walk->own = stream_budget_of(fd);
			walk->budget = &walk->own;
			code = stream_open_fd(&stream, fd, walk->budget, &error);
		}
	} else {
		code = open_in_archive(container, path, &outer, &stream, &error);
	}
	if (code == NOTE_OK && named)
		stream_hash(stream);
	if (code == NOTE_OK)
		code = walk_stream(walk, stream, &error);
	if (code != NOTE_OK)
		container_fail(container, walk->layer, &error);
	if (stream != NULL && named)
		check_digest(container, stream, walk->layer);
	stream_close(stream);
	contents_close(outer);
	if (fd >= 0)
		close(fd);
}

void container_layer(struct container *container, struct layers *layers, const char *name,
		     const char *path)
{
	struct walk walk = {.container = container, .layers = layers, .layer = name};
	read_layer(&walk, path);
	walk.again = layers->again;
	if (walk.again)
		read_layer(&walk, path);
	layers_next(layers);
}
