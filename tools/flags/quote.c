/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/flags/quote.h"

#include <string.h>

void quote_escaped(struct text *text, const char *word, const char *characters)
{
	for (; *word != '\0'; word++) {
		if (strchr(characters, *word) != NULL)
			text_puts(text, "\\");
		text_add(text, word, 1);
	}
}

void quote_shell(struct text *text, const char *word)
{
	text_puts(text, "'");
	for (; *word != '\0'; word++)
		if (*word == '\'')
			text_puts(text, "'\\''");
		else
			text_add(text, word, 1);
	text_puts(text, "'");
}

void quote_make(struct text *text, const char *word)
{
	struct text quoted = {0};
	quote_shell(&quoted, word);
	for (const char *p = quoted.data; *p != '\0'; p++) {
		if (*p == '$')
			text_puts(text, "$");
		else if (*p == '#')
			text_puts(text, "\\");
		text_add(text, p, 1);
	}
	text_free(&quoted);
}

void quote_spec(struct text *text, const char *word)
{
	for (; *word != '\0'; word++)
		if (*word == '%')
			text_puts(text, "%%");
		else if ((*word >= 'a' && *word <= 'z') || (*word >= 'A' && *word <= 'Z') ||
			 (*word >= '0' && *word <= '9') || (unsigned char)*word >= 0x80)
			text_add(text, word, 1);
		else
			text_printf(text, "\\%c", *word);
}

bool quote_fits_specs(const char *word)
{
	size_t open = 0;
	for (; *word != '\0'; word++) {
		if (*word == '#' || (*word == '}' && open == 0))
			return false;
		open += *word == '{' ? 1 : *word == '}' ? (size_t)-1 : 0;
	}
	return open == 0;
}
