/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Container images, in an archive (OCI, `docker save`) or a directory (OCI image layout): the files
 * that are to be seen when all layers are applied, each handed over from the stream of its layer.
 */
#ifndef BASE_CONTAINER_CONTAINER_H
#define BASE_CONTAINER_CONTAINER_H

#include "tools/base/contents/contents.h"

struct root;

struct container_view {
	void *context;
	/* A file, NAME, of LAYER: the member at hand of CONTENTS. What is inside it is counted
	 * against BUDGET, too. */
	int (*member)(void *context, struct contents *contents, const char *name, const char *layer,
		      struct stream_budget *budget, struct note_error *err);
	/* A failure with the image, or WHAT of it (may be NULL); the rest goes on. */
	void (*fail)(void *context, const char *what, const struct note_error *error);
	void (*say)(void *context, const char *what);
};

/* False where the archive FD is no image: nothing was handed over or told then. */
bool container_read(const struct container_view *view, int fd, struct stream_budget *budget);

void container_read_layout(const struct container_view *view, struct root *root);

#endif
