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
	const bool changed = root_finish_leftover(root, temporary, path);
	free(temporary);
	return changed;
}
