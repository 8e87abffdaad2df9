/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Documents of a share in a directory: files. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/share/directory/internal.h"

int directory_get_document(struct share *share, const char *key, struct text *out,
			   struct note_error *err)
{
	uint8_t *bytes = NULL;
	size_t size = 0;
	int fd;
	*out = (struct text){0};
	text_puts(out, "");
	int code = root_open_file(share->root, key, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = file_read(fd, &bytes, &size, err);
	close(fd);
	if (code == NOTE_OK)
		text_add(out, bytes, size);
	free(bytes);
	return code;
}

static int write_document(struct share *share, const char *path, const struct text *text,
			  struct note_error *err)
{
	const struct file_attributes attributes = {.mode = share->mode, .like = -1};
	return root_write(share->root, &path, 1, text->data, text->size, &attributes, err);
}

int directory_put_documents(struct share *share, const struct document *documents, size_t count,
			    struct note_error *err)
{
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < count; i++)
		code = write_document(share, documents[i].key, &documents[i].text, err);
	return code;
}

int directory_remove_documents(struct share *share, const struct strings *keys,
			       struct note_error *err)
{
	int code = NOTE_OK;
	for (size_t i = 0; code == NOTE_OK && i < keys->count; i++)
		code = root_remove(share->root, keys->items[i], err);
	return code;
}

struct listing {
	size_t prefix;
	struct strings *out;
};

static bool list_document(void *context, const struct entry *entry, bool *descend)
{
	const struct listing *listing = context;
	*descend = false;
	if (entry->kind != ENTRY_DIRECTORY)
		strings_add(listing->out, entry->path + listing->prefix);
	return true;
}

int directory_list_documents(struct share *share, const char *prefix, struct strings *out,
			     struct note_error *err)
{
	struct listing listing = {strlen(prefix), out};
	char *directory = xasprintf("%.*s", (int)strlen(prefix) - 1, prefix);
	int code = root_walk(share->root, directory, false, list_document, NULL, &listing, err);
	free(directory);
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

int directory_propose_index(struct share *share, const char *key, const struct text *text,
			    struct note_error *err)
{
	(void)key;
	/* One of a run that failed is replaced without waiting for the disk. */
	int code = root_remove(share->root, STAGING_INDEX, err);
	return code == NOTE_OK ? write_document(share, STAGING_INDEX, text, err) : code;
}

int directory_adopt_index(struct share *share, const char *key, struct note_error *err)
{
	/* What it leads to, and itself, reach the disk before its name does. */
	int code = root_sync(share->root, err);
	return code == NOTE_OK ? root_rename(share->root, STAGING_INDEX, key, err) : code;
}
