/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/large.h"

static void *or_exit(void *memory)
{
	if (memory == NULL) {
		fputs("pkgnote: out of memory\n", stderr);
		_Exit(3);
	}
	return memory;
}

void *xmalloc(size_t size)
{
	return or_exit(large_alloc(size));
}

void *xcalloc(size_t count, size_t size)
{
	return or_exit(calloc(count != 0 ? count : 1, size != 0 ? size : 1));
}

void *xrealloc(void *old, size_t size)
{
	return or_exit(realloc(old, size != 0 ? size : 1));
}

char *xstrdup(const char *string)
{
	return or_exit(strdup(string));
}

char *xasprintf(const char *format, ...)
{
	char *out;
	va_list args;
	va_start(args, format);
	int length = vasprintf(&out, format, args);
	va_end(args);
	return or_exit(length < 0 ? NULL : out);
}

/* Room for SIZE more bytes and a NUL. */
static void text_grow(struct text *text, size_t size)
{
	size_t need;
	if (__builtin_add_overflow(text->size, size, &need) || need > SIZE_MAX / 2 - 1)
		or_exit(NULL);
	if (need + 1 <= text->room)
		return;
	text->room = need + 1 > 2 * text->room ? need + 1 : 2 * text->room;
	text->data = xrealloc(text->data, text->room);
}

void text_add(struct text *text, const void *bytes, size_t size)
{
	text_grow(text, size);
	if (size != 0)
		memcpy(text->data + text->size, bytes, size);
	text->size += size;
	text->data[text->size] = '\0';
}

void text_puts(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		or_exit(NULL);
	text_grow(text, (size_t)length);
	va_start(args, format);
	vsnprintf(text->data + text->size, (size_t)length + 1, format, args);
	va_end(args);
	text->size += (size_t)length;
}

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){0};
}

char *member_path(const char *name)
{
	struct text path = {0};
	if (name == NULL || strlen(name) > MEMBER_PATH_MOST)
		return NULL;
	text_puts(&path, "");
	while (*name != '\0') {
		const size_t length = strcspn(name, "/");
		if (length == 2 && name[0] == '.' && name[1] == '.') {
			text_free(&path);
			return NULL;
		}
		if (length > 1 || (length == 1 && name[0] != '.')) {
			if (path.size != 0)
				text_puts(&path, "/");
			text_add(&path, name, length);
		}
		name += length;
		name += *name == '/';
	}
	return path.data;
}

bool ends_with(const char *text, const char *end)
{
	const size_t length = strlen(text), wanted = strlen(end);
	return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

void strings_take(struct strings *list, char *owned)
{
	if (list->count == list->room) {
		list->room = list->room != 0 ? 2 * list->room : 8;
		list->items = xrealloc(list->items, list->room * sizeof(*list->items));
	}
	list->items[list->count++] = owned;
}

void strings_add(struct strings *list, const char *string)
{
	strings_take(list, xstrdup(string));
}

static bool is_escape(const char *p)
{
	return p[0] == '%' && hex_value(p[1]) >= 0 && hex_value(p[2]) >= 0;
}

/* Unicode's class Cc; terminals obey those above U+0080, too. */
static bool is_control(const char *p, size_t length)
{
	const unsigned char *c = (const unsigned char *)p;
	return c[0] < 0x20 || c[0] == 0x7f || (length == 2 && c[0] == 0xc2 && c[1] < 0xa0);
}

static char *escape_name(const char *name, bool controls)
{
	struct text out = {0};
	const char *end = name + strlen(name);
	text_puts(&out, "");
	while (name < end) {
		size_t length = utf8_length(name, end);
		if (length == 0 || (controls && is_control(name, length)) || is_escape(name)) {
			text_printf(&out, "%%%02X", (unsigned char)*name);
			if (length > 1)
				text_printf(&out, "%%%02X", (unsigned char)name[1]);
			length = length > 1 ? 2 : 1;
		} else {
			text_add(&out, name, length);
		}
		name += length;
	}
	return out.data;
}

char *name_to_utf8(const char *name)
{
	return escape_name(name, false);
}

char *name_to_line(const char *name)
{
	return escape_name(name, true);
}

char *name_from_utf8(const char *text)
{
	char *out = xmalloc(strlen(text) + 1);
	char *to = out;
	while (*text != '\0') {
		if (is_escape(text)) {
			*to++ = (char)(hex_value(text[1]) << 4 | hex_value(text[2]));
			text += 3;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
	return out;
}

char *utf8_to_line(const char *text)
{
	char *name = name_from_utf8(text);
	char *line = name_to_line(name);
	free(name);
	return line;
}
