/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/base/page/markup.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"

void put_markup(FILE *to, const char *text)
{
	char *line = name_to_line(text);
	for (const char *p = line; *p != '\0'; p++) {
		switch (*p) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		case '\'':
			fputs("&#39;", to);
			break;
		default:
			if (strncmp(p, "\xef\xbf\xbe", 3) == 0 ||
			    strncmp(p, "\xef\xbf\xbf", 3) == 0) {
				fprintf(to, "%%EF%%BF%%%02X", (unsigned char)p[2]);
				p += 2;
			} else {
				fputc(*p, to);
			}
		}
	}
	free(line);
}

void put_json(FILE *to, const char *text)
{
	char *utf8 = name_to_utf8(text);
	fputc('"', to);
	for (const char *p = utf8; *p != '\0'; p++) {
		const unsigned char c = (unsigned char)*p;
		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(to, "\\u%04x", c);
		else
			fputc(c, to);
	}
	fputc('"', to);
	free(utf8);
}
