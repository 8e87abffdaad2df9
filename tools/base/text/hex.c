/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of text.h what cannot run out of memory: the engine inside other programs uses no more of it. */
#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"

void strings_free(struct strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct strings){0};
}

int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void hex_encode(const void *bytes, size_t size, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;
	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * size] = '\0';
}

size_t hex_decode(const char *text, void *out, size_t room)
{
	uint8_t *to = out;
	const size_t length = strlen(text);
	if (length % 2 != 0 || length / 2 > room)
		return 0;
	for (size_t i = 0; i < length; i += 2) {
		if (hex_value(text[i]) < 0 || hex_value(text[i + 1]) < 0)
			return 0;
		to[i / 2] = (uint8_t)(hex_value(text[i]) << 4 | hex_value(text[i + 1]));
	}
	return length / 2;
}
