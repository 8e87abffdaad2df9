/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of this room. */
#ifndef BASE_CONTAINER_INTERNAL_H
#define BASE_CONTAINER_INTERNAL_H

#include <json-c/json.h>

#include "tools/base/container/container.h"
#include "tools/base/container/layers.h"

#define SHA256 "sha256:"

/* A file of the image: a small document, a symbolic link or anything else. */
struct part {
	char *path;
	char *text; /* or NULL */
	size_t size;
	char *symlink; /* what it leads to, or NULL */
};

struct container {
	const struct container_view *view;
	struct stream_budget *budget; /* of the archive */
	int fd;
	struct root *root; /* of a directory, else NULL */
	struct part *parts;
	size_t part_count;
	struct strings shown; /* digests of manifests */
	size_t documents;     /* bytes */
};

/* Tells of a failure with the image, or WHAT of it. */
void container_fail(struct container *container, const char *what, const struct note_error *error);
void container_fail_with(struct container *container, const char *what, const char *why);

/* Takes the parts of an archive (parts.c). False where it is no image: the first alien name says
 * so. Failures are left to whoever reads the archive, or the layers, next. */
bool container_list(struct container *container);
bool container_has(const struct container *container, const char *path);
void container_free(struct container *container);

/* Where a symbolic link of PATH's directory leads; older `docker save` has these for layers that
 * are there twice. Takes and gives a string for free(); NULL where it leads out. */
char *container_follow(const struct container *container, char *path);

/* The document at PATH for json_object_put, or NULL. DIGEST, or NULL, is what the image says. */
json_object *container_document(struct container *container, const char *path, const char *digest);

/* What the layer at PATH, called NAME, has and no layer above hides (layer.c). */
void container_layer(struct container *container, struct layers *layers, const char *name,
		     const char *path);

#endif
