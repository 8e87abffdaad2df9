/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An entry of the index that is broken, made anew out of the records of all packages. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/objects/internal.h"

static int add_holder(struct holdings *holdings, const struct record *record)
{
	char hex[129];
	for (size_t i = 0; i < record->count; i++) {
		const struct record_file *file = &record->files[i];
		const char *kind = build_id_path(file->path, hex);
		if (kind == NULL || strcmp(hex, holdings->hex) != 0)
			continue;
		struct holding *holding = holdings_find(holdings, kind);
		if (holding == NULL) {
			holding = holdings_add(holdings, kind);
			holding->size = file->size;
			memcpy(holding->sha256, file->sha256, sizeof(holding->sha256));
		}
		set_add(&holding->packages, record->package);
	}
	return NOTE_OK;
}

int objects_mend_holdings(struct share *share, const char *hex, struct holdings *out,
			  struct note_error *err)
{
	struct strings packages = {0};
	*out = (struct holdings){0};
	memcpy(out->hex, hex, strlen(hex) + 1);
	int code = objects_list(share, &packages, err);
	for (size_t i = 0; code == NOTE_OK && i < packages.count; i++) {
		struct record record;
		if (read_package(share, packages.items[i], &record, NULL) != NOTE_OK)
			continue; /* whoever reads all records tells of it */
		add_holder(out, &record);
		record_free(&record);
	}
	strings_free(&packages);
	return code;
}
