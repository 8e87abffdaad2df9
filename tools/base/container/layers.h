/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which files of a layer of a container image are to be seen. Layers are looked at from the top one
 * down, so that each is read once and nothing need be kept but names: what a layer above has, or
 * has taken away, hides what is below.
 *
 * Specification: OCI image layout, "Image Layer Filesystem Changeset": an empty file .wh.NAME takes
 * away NAME of the layers below, .wh..wh..opq all that is below in its directory. Neither touches
 * what its own layer has.
 */
#ifndef BASE_CONTAINER_LAYERS_H
#define BASE_CONTAINER_LAYERS_H

#include <stdbool.h>

#include "tools/base/text.h"

/* A hard link that is to be seen, to a file that is not, or is not here. */
struct layer_link {
	char *name;
	char *target;
	bool found;
};

struct layers {
	void *gone;        /* names that hide what is there and below: binary trees of tsearch(3) */
	void *opaque;      /* directories */
	void *directories; /* which hide files of their name */
	void *here;        /* files of the layer at hand that are to be seen; strings of NEW_GONE */
	void *hidden;      /* those that are not */
	struct layer_link *links;
	size_t link_count;
	bool too_many; /* of them: the rest was passed over */
	bool again;    /* files of the layer at hand are to be seen by another name */
	struct strings new_gone, new_opaque, new_directories; /* of the layer at hand */
};

/* Takes the next entry of the layer at hand. True where it is a file that is to be seen. */
bool layers_see(struct layers *layers, const char *path, bool is_directory);
/* The same for a hard link: its file is to be seen by this name where it is hidden by its own, or
 * in a layer below. */
void layers_see_link(struct layers *layers, const char *path, const char *target);
/* The name by which the file PATH of the layer at hand is to be seen all the same, or NULL. */
const char *layers_link(struct layers *layers, const char *path);
/* The layer is at its end. */
void layers_next(struct layers *layers);
void layers_free(struct layers *layers);

#endif
