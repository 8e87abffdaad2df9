/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* S3's XML is flat: elements are found by their tags. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/s3/internal.h"

const char *s3_xml_element(const char *xml, const char *tag, const char **end)
{
	char *open = xasprintf("<%s>", tag);
	char *close = xasprintf("</%s>", tag);
	const char *start = strstr(xml, open);
	*end = start != NULL ? strstr(start, close) : NULL;
	if (start != NULL)
		start = *end != NULL ? start + strlen(open) : NULL;
	free(open);
	free(close);
	return start;
}

/* Code points as UTF-8; those that are none stand as '?'. */
static void add_character(struct text *out, unsigned long c)
{
	char bytes[5] = "";
	if (c < 0x80)
		bytes[0] = c != 0 ? (char)c : '?';
	else if (c < 0x800)
		snprintf(bytes, sizeof(bytes), "%c%c", (int)(0xc0 | c >> 6),
			 (int)(0x80 | (c & 0x3f)));
	else if (c < 0x10000)
		snprintf(bytes, sizeof(bytes), "%c%c%c", (int)(0xe0 | c >> 12),
			 (int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
	else if (c < 0x110000)
		snprintf(bytes, sizeof(bytes), "%c%c%c%c", (int)(0xf0 | c >> 18),
			 (int)(0x80 | (c >> 12 & 0x3f)), (int)(0x80 | (c >> 6 & 0x3f)),
			 (int)(0x80 | (c & 0x3f)));
	else
		bytes[0] = '?';
	text_puts(out, bytes);
}

static char *decode_entities(const char *start, const char *end)
{
	static const struct {
		const char *name;
		char c;
	} entities[] = {
		{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
	struct text out = {0};
	text_puts(&out, "");
	while (start < end) {
		size_t i = 0;
		char *behind;
		while (i < 5 && strncmp(start, entities[i].name, strlen(entities[i].name)) != 0)
			i++;
		if (*start == '&' && i < 5) {
			text_add(&out, &entities[i].c, 1);
			start += strlen(entities[i].name);
		} else if (start[0] == '&' && start[1] == '#') {
			const bool hex = start[2] == 'x';
			const unsigned long c =
				strtoul(start + (hex ? 3 : 2), &behind, hex ? 16 : 10);
			add_character(&out, c);
			start = *behind == ';' ? behind + 1 : behind;
		} else {
			text_add(&out, start++, 1);
		}
	}
	return out.data;
}

char *s3_xml_text(const char *xml, const char *tag, const char **behind)
{
	const char *end;
	const char *start = s3_xml_element(xml, tag, &end);
	if (start == NULL)
		return NULL;
	if (behind != NULL)
		*behind = end + strlen(tag) + 3;
	return decode_entities(start, end);
}
