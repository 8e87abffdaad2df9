/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/fetch/gdb.h"

#include <stdlib.h>
#include <string.h>

/* TEXT in quotes that a shell takes. */
static void add_quoted(struct text *out, const char *text)
{
	text_puts(out, "'");
	for (; *text != '\0'; text++)
		if (*text == '\'')
			text_puts(out, "'\\''");
		else
			text_add(out, text, 1);
	text_puts(out, "'");
}

/* " -iex SETTING", where FORMAT's one %s is DIR. */
static void add_setting(struct text *out, const char *format, const char *dir)
{
	const char *hole = strstr(format, "%s");
	char *setting = xasprintf("%.*s%s%s", (int)(hole - format), format, dir, hole + 2);
	text_puts(out, " -iex ");
	add_quoted(out, setting);
	free(setting);
}

char *gdb_command(const char *dir, enum operand_kind kind, const char *operand,
		  const struct subject *first, bool sources, const struct gathering *gathering)
{
	struct text out = {0};
	const struct gathered *program = NULL;
	text_puts(&out, "gdb");
	add_setting(&out, "set debug-file-directory %s:/usr/lib/debug", dir);
	for (size_t i = 0; i < gathering->count && kind == OPERAND_CORE; i++)
		if (gathering->items[i].subject == first &&
		    gathering->items[i].artifact == ARTIFACT_EXECUTABLE)
			program = &gathering->items[i];
	if (kind == OPERAND_CORE) {
		add_setting(&out, "set sysroot %s/sysroot", dir);
		add_setting(&out, "set solib-search-path %s/lib", dir);
	}
	if (sources) {
		add_setting(&out, "directory %s/source", dir);
	}
	text_puts(&out, kind == OPERAND_PROCESS ? " -p " : " ");
	if (kind == OPERAND_CORE && program != NULL && program->into != NULL) {
		add_quoted(&out, program->into);
		text_puts(&out, " ");
	}
	if (kind == OPERAND_CORE)
		text_puts(&out, "-c ");
	add_quoted(&out, operand);
	return out.data;
}
