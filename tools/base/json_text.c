/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/json_text.h"

#include <limits.h>
#include <stdlib.h>

#include "tools/base/text.h"

/* The code point of the LENGTH bytes of UTF-8 at P. */
static unsigned long code_point(const char *p, size_t length)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	unsigned long c = (unsigned char)p[0] & masks[length];
	for (size_t i = 1; i < length; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

char *json_ascii(const char *text, size_t *size)
{
	const char *end = text + *size, *p = text;
	struct text out = {0};
	while (p < end && (unsigned char)*p < 0x80)
		p++;
	if (p == end)
		return NULL;
	text_puts(&out, "");
	text_add(&out, text, (size_t)(p - text));
	while (p < end) {
		const size_t length = utf8_length(p, end);
		const unsigned long c = length > 1 && length <= 4 ? code_point(p, length) : 0;
		if (c >= 0x10000)
			text_printf(&out, "\\u%04lx\\u%04lx", 0xd800 + ((c - 0x10000) >> 10),
				    0xdc00 + ((c - 0x10000) & 0x3ff));
		else if (c != 0)
			text_printf(&out, "\\u%04lx", c);
		else
			text_add(&out, p, 1);
		p += c != 0 ? length : 1;
	}
	*size = out.size;
	return out.data;
}

struct json_object *json_parse_text(struct json_tokener *tokener, const char *text, size_t size)
{
	char *ascii = json_ascii(text, &size);
	/* What has grown beyond the parser's bound counts as cut off. */
	struct json_object *value = json_tokener_parse_ex(tokener, ascii != NULL ? ascii : text,
							  size <= INT_MAX ? (int)size : 0);
	free(ascii);
	return value;
}
