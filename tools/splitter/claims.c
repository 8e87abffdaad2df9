/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/claims.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"

struct claim {
	char *path;
	size_t index;
};

struct claims {
	pthread_mutex_t lock;
	void *tree; /* of struct claim, by path */
	bool settled;
};

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct claim *)a)->path, ((const struct claim *)b)->path);
}

static void claim_free(void *claim)
{
	free(((struct claim *)claim)->path);
	free(claim);
}

struct claims *claims_new(void)
{
	struct claims *claims = xcalloc(1, sizeof(*claims));
	pthread_mutex_init(&claims->lock, NULL);
	return claims;
}

void claims_free(struct claims *claims)
{
	if (claims == NULL)
		return;
	tdestroy(claims->tree, claim_free);
	pthread_mutex_destroy(&claims->lock);
	free(claims);
}

size_t claims_take(struct claims *claims, const char *path, size_t index)
{
	struct claim *claim = xcalloc(1, sizeof(*claim));
	claim->path = xstrdup(path);
	claim->index = index;
	pthread_mutex_lock(&claims->lock);
	struct claim *const *found = tsearch(claim, &claims->tree, by_path);
	pthread_mutex_unlock(&claims->lock);
	if (found == NULL)
		_Exit(3); /* out of memory, as in xmalloc */
	const size_t owner = (*found)->index;
	if (*found != claim)
		claim_free(claim);
	return owner;
}

bool claims_later(struct claims *claims, const char *path, size_t index)
{
	const size_t owner = claims_take(claims, path, index);
	return owner != index && !claims->settled;
}

void claims_settle(struct claims *claims)
{
	claims->settled = true;
}
