/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/json_write.h"

#include <string.h>

static void write_string(struct text *out, const char *string, size_t length)
{
	static const char letters[] = "\b\t\n\f\r\"\\";
	static const char names[] = "btnfr\"\\";
	text_puts(out, "\"");
	for (size_t i = 0; i < length; i++) {
		const char *found = string[i] != '\0' ? strchr(letters, string[i]) : NULL;
		if (found != NULL)
			text_printf(out, "\\%c", names[found - letters]);
		else if ((unsigned char)string[i] < 0x20)
			text_printf(out, "\\u%04x", (unsigned)string[i]);
		else
			text_add(out, string + i, 1);
	}
	text_puts(out, "\"");
}

static void begin_line(struct text *out, unsigned depth)
{
	text_puts(out, "\n");
	for (unsigned i = 0; i < depth; i++)
		text_puts(out, "  ");
}

static void write_value(struct text *out, struct json_object *value, unsigned depth)
{
	size_t count = 0;
	switch (json_object_get_type(value)) {
	case json_type_object: {
		text_puts(out, "{");
		json_object_object_foreach(value, key, member)
		{
			text_puts(out, count++ != 0 ? "," : "");
			begin_line(out, depth + 1);
			write_string(out, key, strlen(key));
			text_puts(out, ": ");
			write_value(out, member, depth + 1);
		}
		if (count != 0)
			begin_line(out, depth);
		text_puts(out, "}");
		break;
	}
	case json_type_array:
		text_puts(out, "[");
		for (; count < json_object_array_length(value); count++) {
			text_puts(out, count != 0 ? "," : "");
			begin_line(out, depth + 1);
			write_value(out, json_object_array_get_idx(value, count), depth + 1);
		}
		if (count != 0)
			begin_line(out, depth);
		text_puts(out, "]");
		break;
	case json_type_string:
		write_string(out, json_object_get_string(value),
			     (size_t)json_object_get_string_len(value));
		break;
	default: /* a number as it was read, true, false, null */
		text_puts(out, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
		break;
	}
}

void json_write(struct text *out, struct json_object *value)
{
	write_value(out, value, 0);
}
