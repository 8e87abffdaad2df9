/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What else is wanted of an ELF file that was spooled: single sections, and the sources it names.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/share/internal.h"
#include "tools/share/look.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Absolute paths as those in the record: relative, sorted, each once and with its NUL. */
static void list_names(struct strings *names, struct text *out)
{
	const char *last = NULL;
	if (names->count > 1)
		qsort(names->items, names->count, sizeof(*names->items), by_name);
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		if (name[0] != '/' || !is_source_path(name + 1) ||
		    (last != NULL && strcmp(last, name) == 0))
			continue;
		text_add(out, name + 1, strlen(name + 1) + 1);
		last = name;
	}
}

int spool_facts(struct share *share, int fd, const struct look *look, size_t number,
		struct spooled *spooled, struct note_error *err)
{
	struct strings names = {0};
	struct text text = {0};
	struct note_error why;
	spooled->alternate = look->alternate;
	int list, code = spool_sections(share, fd, look, number, spooled, err);
	if (code != NOTE_OK)
		return code;
	if (!share->store->wants_names || share->hooks->sources == NULL || !look->has_dwarf)
		return NOTE_OK;
	code = share->hooks->sources(share->hooks->context, fd, &names, &why);
	if (code != NOTE_OK && code != NOTE_ABSENT)
		share_say(share, spooled->origin, "its sources are not served: %s", why.text);
	list_names(&names, &text);
	strings_free(&names);
	code = NOTE_OK;
	if (text.size != 0) {
		spooled->names = xasprintf("%s/%zu.names", STAGING_SPOOL, number);
		code = root_create_file(share->root, spooled->names, 0600, &list, err);
		if (code == NOTE_OK) {
			code = file_write(list, text.data, text.size, err);
			close(list);
		}
	}
	text_free(&text);
	return code;
}
