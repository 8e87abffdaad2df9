/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/owners.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"

struct owner {
	char *path;
	size_t index;
};

struct owners {
	pthread_mutex_t lock;
	void *tree; /* of struct owner, by path */
	bool settled;
};

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct owner *)a)->path, ((const struct owner *)b)->path);
}

static void owner_free(void *owner)
{
	free(((struct owner *)owner)->path);
	free(owner);
}

struct owners *owners_new(void)
{
	struct owners *owners = xcalloc(1, sizeof(*owners));
	pthread_mutex_init(&owners->lock, NULL);
	return owners;
}

void owners_free(struct owners *owners)
{
	if (owners == NULL)
		return;
	tdestroy(owners->tree, owner_free);
	pthread_mutex_destroy(&owners->lock);
	free(owners);
}

size_t owners_take(struct owners *owners, const char *path, size_t index)
{
	struct owner *fresh = xcalloc(1, sizeof(*fresh));
	fresh->path = xstrdup(path);
	fresh->index = index;
	pthread_mutex_lock(&owners->lock);
	struct owner *const *found = tsearch(fresh, &owners->tree, by_path);
	pthread_mutex_unlock(&owners->lock);
	if (found == NULL)
		_Exit(3); /* out of memory, as in xmalloc */
	const size_t owner = (*found)->index;
	if (*found != fresh)
		owner_free(fresh);
	return owner;
}

bool owners_later(struct owners *owners, const char *path, size_t index)
{
	const size_t owner = owners_take(owners, path, index);
	return owner != index && !owners->settled;
}

void owners_settle(struct owners *owners)
{
	owners->settled = true;
}
