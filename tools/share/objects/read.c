/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading what a share in an object store tells of itself. */
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/share/objects/internal.h"

struct objects *objects_of(const struct share *share)
{
	return share->own;
}

char *record_key(const char *package)
{
	return xasprintf("packages/%s/record.json", package);
}

char *holdings_key(const char *hex)
{
	return xasprintf("index/buildid/%s.json", hex);
}

char *directory_key(const char *path)
{
	return xasprintf("index/source/%s.json", path + strlen(SOURCES_BELOW));
}

static int add_package(void *context, const struct s3_object *object, struct note_error *err)
{
	const char *name = object->key + strlen("packages/");
	char *package = xasprintf("%.*s", (int)strcspn(name, "/"), name);
	(void)err;
	if (is_package_name(package))
		strings_add(context, package);
	free(package);
	return NOTE_OK;
}

int objects_list(struct share *share, struct strings *packages, struct note_error *err)
{
	int code = bucket_list(objects_of(share)->bucket, "packages/", true, add_package, packages,
			       err);
	strings_sort(packages);
	return code;
}

int objects_read_record(struct share *share, const char *key, struct record *record,
			struct note_error *err)
{
	struct text text;
	*record = (struct record){0};
	int code = bucket_get(objects_of(share)->bucket, key, &text, err);
	if (code == NOTE_OK)
		code = record_parse(record, text.data, text.size, err);
	text_free(&text);
	return code;
}

void record_build_ids(const struct record *record, struct strings *out)
{
	char hex[129];
	for (size_t i = 0; i < record->count; i++)
		if (build_id_path(record->files[i].path, hex) != NULL &&
		    (out->count == 0 || strcmp(out->items[out->count - 1], hex) != 0))
			strings_add(out, hex); /* the files are sorted by path */
}
