/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/text/control.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "tools/base/text.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void add_trimmed(struct text *value, const char *start, const char *end)
{
	while (start < end && is_blank(*start))
		start++;
	while (end > start && is_blank(end[-1]))
		end--;
	text_add(value, start, (size_t)(end - start));
}

char *control_field(const char *text, size_t size, const char *name)
{
	const char *end = text + size;
	const size_t length = strlen(name);
	struct text value = {0};
	bool inside = false;
	for (const char *line = text; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		const char *next = stop != NULL ? stop + 1 : end;
		stop = stop != NULL ? stop : end;
		if (inside && (line == stop || !is_blank(*line)))
			break;
		if (inside) {
			text_puts(&value, "\n");
			add_trimmed(&value, line, stop);
		} else if ((size_t)(stop - line) > length && line[length] == ':' &&
			   strncasecmp(line, name, length) == 0) {
			inside = true;
			text_puts(&value, "");
			add_trimmed(&value, line + length + 1, stop);
		}
		line = next;
	}
	return value.data;
}
