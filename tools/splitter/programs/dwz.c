/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/programs/dwz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/text.h"
#include "tools/splitter/programs/external.h"

static void begin(struct strings *argv, const struct dwz_limits *limits)
{
	strings_add(argv, "dwz");
	strings_add(argv, "-q"); /* not a word where there is nothing to gain */
	if (limits->low_memory != NULL) {
		strings_add(argv, "-l");
		strings_add(argv, limits->low_memory);
	}
	if (limits->most != NULL) {
		strings_add(argv, "-L");
		strings_add(argv, limits->most);
	}
}

static int run(struct strings *argv, struct root *root, const char *work, int *status, char **said,
	       struct note_error *err)
{
	char *directory = xasprintf("%s/%s", root_path(root), work);
	argv->items = xrealloc(argv->items, (argv->count + 1) * sizeof(*argv->items));
	argv->items[argv->count] = NULL;
	int code = external_run(directory, argv->items, status, said, err);
	free(directory);
	strings_free(argv);
	return code;
}

/* "dwz: NAME: why" without what our own names would tell nobody. */
static char *reason_of(char *said, const char *name)
{
	const char *line = external_last_line(said);
	const char *found = strstr(line, name);
	if (found == NULL)
		return xasprintf("dwz: %s", line[0] != '\0' ? line : "it gives no reason");
	found += strlen(name);
	return xasprintf("dwz: %s", found + strspn(found, "\": "));
}

int dwz_fold(struct root *root, const char *work, const char *name, const struct dwz_limits *limits,
	     char **said, struct note_error *err)
{
	struct strings argv = {0};
	int status;
	char *answer = NULL;
	*said = NULL;
	begin(&argv, limits);
	strings_add(&argv, name);
	int code = run(&argv, root, work, &status, &answer, err);
	if (code == NOTE_OK && status != 0)
		*said = reason_of(answer, name);
	free(answer);
	return code;
}

int dwz_fold_together(struct root *root, const char *work, char *const *names, size_t count,
		      const char *alternate, const char *link, const struct dwz_limits *limits,
		      unsigned jobs, bool *refusals, struct note_error *err)
{
	struct strings argv = {0};
	int status;
	char *answer = NULL;
	begin(&argv, limits);
	strings_add(&argv, "-j");
	strings_take(&argv, xasprintf("%u", jobs));
	strings_add(&argv, link != NULL ? "-M" : "-r");
	if (link != NULL)
		strings_add(&argv, link);
	strings_add(&argv, "-m");
	strings_add(&argv, alternate);
	for (size_t i = 0; i < count; i++)
		strings_add(&argv, names[i]);
	int code = run(&argv, root, work, &status, &answer, err);
	if (code == NOTE_OK && status > 1) /* 1 where it refuses a file */
		code = error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "dwz ended with status %d: %s",
				 status, external_last_line(answer));
	*refusals = code == NOTE_OK && status != 0;
	free(answer);
	return code;
}
