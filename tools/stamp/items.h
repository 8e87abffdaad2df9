/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of the files that are to be stamped, and which of them are one file. */
#ifndef STAMP_ITEMS_H
#define STAMP_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "libnote.h"
#include "tools/base/text.h"

/* LEFT_ALONE: found in a tree, and of a kind that is not for stamping; named, it is refused. */
enum outcome { IGNORED, STAMPED, KEPT, LEFT_ALONE, REFUSED };

/* A name of a file, and, for the first of its names, what became of it. */
struct item {
	char *path;  /* below the root */
	char *shown; /* as the user would say it */
	dev_t device;
	ino_t inode;
	nlink_t links;
	bool named;   /* an argument of its own: it has to be an ELF file or PE image */
	size_t first; /* the index of the same file's first item */
	enum outcome outcome;
	bool no_build_id; /* one was to be updated */
	bool group_lost;  /* we may not give it */
	bool owner_lost;  /* of the output, nor this */
	char *other; /* the package that a note names which was kept, where it is another one */
	bool unsigned_now;        /* it had an IMA or EVM attribute, which did not go along */
	bool again;               /* another run was at it: to be begun anew, by itself */
	struct note_error *error; /* why it was left alone or refused */
};

struct items {
	struct item *items; /* in the order of the arguments, below that by path */
	size_t count;
	size_t room;
	size_t *sorted; /* the items by device, inode and order */
};

/* One more, with ST of the file; SHOWN becomes the item's. What it returns lasts until the next. */
struct item *items_add(struct items *items, const char *path, char *shown, const struct stat *st);

/* Once all are there: every item learns which is the first of the same file. */
void items_find_links(struct items *items);

/* How many names the file has whose first item is INDEX, each once; they go to PATHS unless it is
 * NULL. */
size_t items_names(const struct items *items, size_t index, struct strings *paths);

void items_free(struct items *items);

#endif
