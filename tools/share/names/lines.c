/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the index by name tells of a package: its programs and debug files, as its record has them.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/share/names/internal.h"

static void add_line(struct strings *lines, const struct record *record, const char *hex,
		     const char *kind, const char *origin)
{
	struct text line = {0};
	char *file = xasprintf("/%s", origin);
	names_result_write(&line, kind, hex, file, record->package);
	strings_take(lines, line.data);
	free(file);
}

void names_of_record(const struct record *record, struct strings *lines)
{
	char hex[129];
	for (size_t i = 0; i < record->count; i++) {
		const struct record_file *file = &record->files[i];
		const char *kind = build_id_path(file->path, hex);
		if (kind != NULL &&
		    (strcmp(kind, "executable") == 0 || strcmp(kind, "debuginfo") == 0))
			add_line(lines, record, hex, kind, file->origin);
	}
}

static int by_file(const void *a, const void *b)
{
	return names_compare(a, b, NAMES_BY_FILE);
}

static int by_build_id(const void *a, const void *b)
{
	return names_compare(a, b, NAMES_BY_BUILD_ID);
}

int names_put_lines(struct share *share, uint64_t sequence, struct strings *lines,
		    const char *removed, char **name, struct note_error *err)
{
	struct names_sink sink;
	struct names_result *results = xcalloc(lines->count, sizeof(*results));
	bool again = true;
	int code = NOTE_OK;
	*name = NULL;
	names_sink_begin(&sink, share, sequence);
	if (removed != NULL)
		strings_take(&sink.segment.removed, names_escape(removed));
	for (size_t i = 0; i < lines->count; i++)
		names_result_read(&results[i], lines->items[i], strlen(lines->items[i]));
	for (size_t order = 0; code == NOTE_OK && again; order++) {
		if (lines->count > 1)
			qsort(results, lines->count, sizeof(*results),
			      order == NAMES_BY_FILE ? by_file : by_build_id);
		for (size_t i = 0; code == NOTE_OK && i < lines->count; i++)
			code = names_sink_add(&sink, &results[i], err);
		if (code == NOTE_OK)
			code = names_sink_turn(&sink, &again, err);
	}
	if (code == NOTE_OK)
		code = names_sink_end(&sink, name, err);
	names_sink_free(&sink);
	free(results);
	return code;
}
