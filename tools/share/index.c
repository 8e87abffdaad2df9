/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/share/index.h"

#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"

struct node {
	char *key;
	void *value;
};

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->key, ((const struct node *)b)->key);
}

void *index_find(const struct index *index, const char *key)
{
	struct node wanted = {xstrdup(key), NULL};
	struct node **found = tfind(&wanted, &index->tree, by_key);
	free(wanted.key);
	return found != NULL ? (*found)->value : NULL;
}

void index_add(struct index *index, const char *key, void *value)
{
	struct node *node = xmalloc(sizeof(*node));
	*node = (struct node){xstrdup(key), value};
	if (tsearch(node, &index->tree, by_key) == NULL)
		xmalloc(SIZE_MAX / 2); /* says that memory is short, and ends */
}

void index_free(struct index *index, void (*free_value)(void *value))
{
	while (index->tree != NULL) {
		struct node *node = *(struct node **)index->tree; /* the root */
		tdelete(node, &index->tree, by_key);
		free_value(node->value);
		free(node->key);
		free(node);
	}
}
