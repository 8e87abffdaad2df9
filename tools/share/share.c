/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening a share: which store it lies in. */
#include "tools/share/share.h"

#include <stdlib.h>

#include "tools/share/directory/directory.h"
#include "tools/share/internal.h"
#include "tools/share/names/names.h"
#include "tools/share/objects/objects.h"

/* The first that takes a path has it; the directory takes any. */
static const struct store *const stores[] = {&objects_store, &directory_store};

static int open_share(struct share **out, const char *path, bool reading,
		      const struct share_hooks *hooks, struct note_error *err)
{
	size_t i = 0;
	*out = NULL;
	while (!stores[i]->takes(path, hooks))
		i++;
	struct share *share = xcalloc(1, sizeof(*share));
	share->store = stores[i];
	share->hooks = hooks;
	share->reading = reading;
	int code = share->store->open(share, path, err);
	if (code == NOTE_OK)
		*out = share;
	else
		share_close(share);
	return code;
}

int share_open(struct share **out, const char *path, const struct share_hooks *hooks,
	       struct note_error *err)
{
	return open_share(out, path, false, hooks, err);
}

int share_open_reading(struct share **out, const char *path, const struct share_hooks *hooks,
		       struct note_error *err)
{
	return open_share(out, path, true, hooks, err);
}

void share_close(struct share *share)
{
	if (share == NULL)
		return;
	names_forget(share);
	share->store->close(share);
	root_close(share->root);
	free(share);
}

void share_added_free(struct share_added *added)
{
	free(added->package);
	*added = (struct share_added){0};
}

int share_repair(struct share *share, struct note_error *err)
{
	share->mending = true;
	int code = share->store->repair(share, err);
	return code == NOTE_OK ? names_repair(share, err) : code;
}

int share_check(struct share *share,
		void (*problem)(void *context, const char *path, const char *why), void *context,
		struct share_checked *checked, struct note_error *err)
{
	*checked = (struct share_checked){0};
	int code = share->store->check(share, problem, context, checked, err);
	return code == NOTE_OK ? names_check(share, problem, context, &checked->problems, err)
			       : code;
}
