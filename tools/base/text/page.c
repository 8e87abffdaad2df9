/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a web page looks like, whatever its Content-Type says: see text.h. */
#include "tools/base/text.h"

#include <string.h>
#include <strings.h>

bool page_begins(const char *bytes)
{
	static const char *const tags[] = {"<!doctype", "<html", "<head", "<body", "<script",
					   "<meta",     "<?xml", "<!--",  "<title"};
	if (strncmp(bytes, "\xef\xbb\xbf", 3) == 0)
		bytes += 3;
	bytes += strspn(bytes, " \t\r\n");
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strncasecmp(bytes, tags[i], strlen(tags[i])) == 0)
			return true;
	return false;
}

bool page_is_name(const char *path)
{
	static const char *const ends[] = {".htm", ".xhtm", ".xml", ".svg", ".xsl", ".tmpl", ".php",
					   ".ui",  ".qml",  ".vue", ".xib", ".md",  ".in"};
	const char *dot = strrchr(path, '.');
	for (size_t i = 0; dot != NULL && i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strncasecmp(dot, ends[i], strlen(ends[i])) == 0)
			return true;
	return dot == NULL;
}
