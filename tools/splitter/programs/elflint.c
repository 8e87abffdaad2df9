/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/programs/elflint.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"
#include "tools/splitter/programs/external.h"

static char *summarise(char *said, int status)
{
	size_t lines = 0;
	said += strspn(said, "\n");
	for (const char *p = said; (p = strchr(p, '\n')) != NULL; p++)
		lines += p[1] != '\n' && p[1] != '\0' ? 1 : 0;
	said[strcspn(said, "\n")] = '\0';
	if (said[0] == '\0')
		return xasprintf("eu-elflint ended with status %d", status);
	return lines != 0 ? xasprintf("%s (and %zu more)", said, lines) : xstrdup(said);
}

int elflint_look(struct root *root, const char *path, bool debug, char **complaint,
		 struct note_error *err)
{
	int status;
	char *said = NULL;
	char program[] = "eu-elflint", gnu[] = "--gnu", quiet[] = "--quiet", is_debug[] = "--debug";
	const char *top = root_path(root);
	char *file = xasprintf("%s%s/%s", top[0] == '/' ? "" : "./", top, path);
	char *const argv[] = {program, gnu, quiet, debug ? is_debug : file, debug ? file : NULL,
			      NULL};
	*complaint = NULL;
	int code = external_run(".", argv, &status, &said, err);
	if (code == NOTE_OK && status != 0)
		*complaint = summarise(said, status);
	free(said);
	free(file);
	return code;
}
