/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The packages that a share holds, by their records. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/internal.h"

int list_packages(struct share *share, struct strings *packages, struct note_error *err)
{
	return share->store->list(share, packages, err);
}

int read_package(struct share *share, const char *package, struct record *record,
		 struct note_error *err)
{
	*record = (struct record){0};
	if (!is_package_name(package))
		return error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no package '%s'", package);
	int code = share->store->read_record(share, package, record, err);
	if (code == NOTE_ABSENT)
		error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET, "no package '%s'", package);
	if (code == NOTE_OK && strcmp(record->package, package) != 0) {
		record_free(record);
		code = error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "packages/%s/record.json: the record of another package", package);
	}
	return code;
}

void count_up(const struct record *record, struct share_added *added)
{
	char hex[129], last[129] = "";
	for (size_t i = 0; i < record->count; i++) {
		const struct record_file *file = &record->files[i];
		added->bytes += file->size;
		if (build_id_path(file->path, hex) == NULL) {
			added->sources++;
		} else if (strcmp(hex, last) != 0) {
			added->build_ids++;
			memcpy(last, hex, sizeof(last));
		}
	}
}
