/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/inputs/patterns.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* PATTERN as the one name that it matches, backslashes resolved; NULL where it matches others. The
 * caller frees it. */
static char *as_name(const char *pattern)
{
	struct text name = {0};
	text_puts(&name, "");
	for (const char *p = pattern; *p != '\0'; p++) {
		if (strchr("*?[", *p) != NULL || (*p == '\\' && p[1] == '\0')) {
			text_free(&name);
			return NULL;
		}
		p += *p == '\\' ? 1 : 0;
		text_add(&name, p, 1);
	}
	return name.data;
}

void patterns_init(struct patterns *patterns, const struct strings *words)
{
	*patterns = (struct patterns){0};
	for (size_t i = 0; words != NULL && i < words->count; i++) {
		char *name = as_name(words->items[i]);
		if (name != NULL)
			strings_take(&patterns->names, name);
		else
			strings_add(&patterns->globs, words->items[i]);
	}
	strings_sort(&patterns->names);
}

void patterns_free(struct patterns *patterns)
{
	strings_free(&patterns->names);
	strings_free(&patterns->globs);
}

bool patterns_none(const struct patterns *patterns)
{
	return patterns->names.count == 0 && patterns->globs.count == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool patterns_match(const struct patterns *patterns, const char *text)
{
	if (patterns->names.count != 0 &&
	    bsearch(&text, patterns->names.items, patterns->names.count,
		    sizeof(*patterns->names.items), by_name) != NULL)
		return true;
	for (size_t i = 0; i < patterns->globs.count; i++)
		if (fnmatch(patterns->globs.items[i], text, 0) == 0)
			return true;
	return false;
}
