/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the files of this room alone. */
#ifndef SPLITTER_SOURCES_INTERNAL_H
#define SPLITTER_SOURCES_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "tools/base/hash/hash.h"
#include "tools/splitter/sources/sources.h"

struct sources {
	struct root *root;
	const struct path_map *map;
	const char *directory; /* below ROOT: where they go */
	char *aside;        /* where they lie until all are there, or NULL: they go there at once */
	bool taken_up;      /* a killed run left something there */
	atomic_bool filled; /* this one put something there */
	atomic_bool
		no_clones; /* files there cannot share their blocks with those that were named */
	const struct strings *build_dirs;
	pthread_mutex_t lock;
	pthread_cond_t idle; /* some source is busy no more */
	struct source **items;
	size_t count, room;
	struct hash_map by_installed;
	struct strings directories; /* in which units were compiled */
};

/* Where what is to lie at INSTALLED lies now, for free(). */
char *sources_place(const struct sources *sources, const char *installed);

/* Decides where they go, and takes up what a killed run left (aside.c). */
void aside_begin(struct sources *sources);

/* A new file at PATH (below the root) of the contents of FD, of which fstat(2) says ST. */
int aside_copy(struct sources *sources, const char *path, int fd, const struct stat *st,
	       struct note_error *err);

#endif
