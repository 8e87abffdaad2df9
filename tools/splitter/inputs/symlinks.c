/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/inputs/symlinks.h"

#include <stdlib.h>
#include <string.h>

/* As many as Linux follows (path_resolution(7)). */
#define MAX_LINKS 40

/* Longer paths than any system has: a chain of links that grows gives up here. */
#define MAX_PATH 65536

/* Cuts the last component off. */
static void to_parent(struct text *path)
{
	char *slash = path->size != 0 ? strrchr(path->data, '/') : NULL;
	path->size = slash != NULL ? (size_t)(slash - path->data) : 0;
	if (path->data != NULL)
		path->data[path->size] = '\0';
}

char *symlink_resolve(struct root *root, const char *path)
{
	struct text done = {0}; /* resolved so far */
	char *rest = xstrdup(path);
	const char *at = rest;
	bool lost = false;
	text_puts(&done, "");
	for (unsigned links = 0; *at != '\0' && !lost;) {
		const size_t length = strcspn(at, "/");
		const size_t before = done.size;
		char *target = NULL;
		if (length == 2 && strncmp(at, "..", 2) == 0) {
			to_parent(&done); /* "/.." is "/" */
		} else if (length != 0 && (length != 1 || *at != '.')) {
			if (done.size != 0)
				text_puts(&done, "/");
			text_add(&done, at, length);
			root_read_link(root, done.data, &target, NULL);
		}
		at += length + (at[length] == '/' ? 1 : 0);
		if (target == NULL)
			continue;
		/* What is left is now to be found from where the link leads. */
		done.size = target[0] == '/' ? 0 : before;
		done.data[done.size] = '\0';
		char *joined = xasprintf("%s/%s", target, at);
		lost = ++links > MAX_LINKS || strlen(joined) > MAX_PATH;
		free(target);
		free(rest);
		at = rest = joined;
	}
	free(rest);
	if (lost || done.size == 0)
		text_free(&done);
	return done.data;
}
