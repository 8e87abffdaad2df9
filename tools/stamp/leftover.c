/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/stamp/leftover.h"

#include <stdlib.h>
#include <string.h>

char *leftover_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	const size_t directory = slash != NULL ? (size_t)(slash - path) + 1 : 0;
	char name[32];
	root_temporary_name(path + directory, name);
	return xasprintf("%.*s%s", (int)directory, path, name);
}

bool leftover_settle(struct root *root, const char *path)
{
	char *temporary = leftover_of(path);
	struct stat st;
	bool changed = false;
	if (root_stat(root, temporary, &st, NULL) == NOTE_OK && S_ISREG(st.st_mode)) {
		/* Links are made of what is written to its end. */
		changed = st.st_nlink > 1 && root_rename(root, temporary, path, NULL) == NOTE_OK;
		if (!changed)
			root_remove(root, temporary, NULL);
	}
	free(temporary);
	return changed;
}
