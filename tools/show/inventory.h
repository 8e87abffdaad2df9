/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which packages some files come from, by their notes: for bills of materials, summaries and
 * comparisons. Everything is sorted, so that nothing depends on the order of work.
 */
#ifndef SHOW_INVENTORY_H
#define SHOW_INVENTORY_H

#include "tools/show/binary.h"

/* A package that notes name. */
struct product {
	char *key; /* all that tells it from others */
	json_object *payload;
	char *purl;
	char *type, *name, *version, *machine, *os, *os_version,
		*cpe;     /* NULL where there is none */
	size_t *binaries; /* the files that say so, rising */
	size_t binary_count;
	size_t *needs; /* products that its files need, rising; without itself */
	size_t need_count;
};

/* A binary that another needs: through DT_NEEDED, or else a dlopen note. */
struct need {
	size_t binary;
	bool by_dlopen;
};

struct links {
	struct need *needs; /* rising by binary */
	size_t need_count;
	struct strings missing; /* sonames of DT_NEEDED that nothing here has, sorted */
	struct strings
		optional; /* those of dlopen notes of which none is here: "a.so.1 or a.so.0" */
	size_t *products;
	size_t product_count;
};

struct inventory {
	struct binaries binaries;
	struct links *links; /* one for each binary */
	struct product *products;
	size_t product_count;
	struct strings layers; /* that files are of, as they came: the top one of an image first */
};

/* Moves the binaries in. */
void inventory_take(struct inventory *inventory, struct binaries *binaries);
/* Sorts, finds packages and dependencies: once, when everything is in. */
void inventory_sort(struct inventory *inventory);
void inventory_free(struct inventory *inventory);

#endif
