/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of an image: where they are, and its small documents. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/container/internal.h"
#include "tools/base/digest.h"
#include "tools/base/json_text.h"
#include "tools/base/root/root.h"

#define MOST_DOCUMENT  (4u << 20)
#define MOST_DOCUMENTS (64u << 20)
#define MOST_ENTRIES   10000
#define MOST_LINKS     8

void container_fail(struct container *container, const char *what, const struct note_error *error)
{
	container->view->fail(container->view->context, what, error);
}

void container_fail_with(struct container *container, const char *what, const char *why)
{
	struct note_error error;
	error_set(&error, NOTE_MALFORMED, NOTE_NO_OFFSET, "%s", why);
	container_fail(container, what, &error);
}

/* --- the parts of an archive --- */

static bool is_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* What else than these is there, no image has. "sha256:HEX" is what crane, ko and kaniko call the
 * configuration. */
static bool belongs(const char *path)
{
	static const char *const names[] = {"blobs", "index.json", "oci-layout", "manifest.json",
					    "repositories"};
	const size_t length = strcspn(path, "/");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == length && memcmp(names[i], path, length) == 0)
			return true;
	const size_t prefix = strncmp(path, SHA256, strlen(SHA256)) == 0 ? strlen(SHA256) : 0;
	return length >= prefix + 64 && is_hex(path + prefix, 64) &&
	       (length == prefix + 64 || path[prefix + 64] == '.');
}

/* What may be JSON, as it is; of anything else one byte. */
static int read_document_of(struct contents *contents, struct text *bytes, struct note_error *err)
{
	char block[16384];
	size_t got = 1;
	int code = NOTE_OK;
	while (code == NOTE_OK && got != 0 && bytes->size < MOST_DOCUMENT) {
		code = contents_read(contents, block, bytes->size == 0 ? 1 : sizeof(block), &got,
				     err);
		if (code == NOTE_OK)
			text_add(bytes, block, got);
		if (bytes->size == 1 && strchr("[{ \n", bytes->data[0]) == NULL)
			break;
	}
	return code;
}

static int add_part(struct container *container, struct contents *contents,
		    const struct contents_entry *entry, struct note_error *err)
{
	struct text bytes = {0};
	int code = NOTE_OK;
	char *path = xstrdup(entry->path);
	char *symlink = entry->symlink != NULL ? xstrdup(entry->symlink) : NULL;
	if (entry->is_file && entry->size <= MOST_DOCUMENT &&
	    container->documents <= MOST_DOCUMENTS) {
		code = read_document_of(contents, &bytes, err);
		container->documents += bytes.size;
	}
	container->parts =
		xrealloc(container->parts, (container->part_count + 1) * sizeof(*container->parts));
	container->parts[container->part_count++] =
		(struct part){path, bytes.data, bytes.size, symlink};
	return code;
}

bool container_list(struct container *container)
{
	struct contents *contents;
	struct contents_entry entry;
	bool good = contents_open_fd(&contents, container->fd, container->budget, NULL) == NOTE_OK;
	while (good && contents_next(contents, &entry, NULL) == NOTE_OK) {
		if (entry.path == NULL)
			continue;
		good = belongs(entry.path) && container->part_count < MOST_ENTRIES;
		if (good && (entry.is_file || entry.symlink != NULL) &&
		    add_part(container, contents, &entry, NULL) != NOTE_OK)
			break;
	}
	contents_close(contents);
	return good && container->part_count != 0;
}

static const struct part *find_part(const struct container *container, const char *path)
{
	for (size_t i = 0; i < container->part_count; i++)
		if (strcmp(container->parts[i].path, path) == 0)
			return &container->parts[i];
	return NULL;
}

char *container_follow(const struct container *container, char *path)
{
	for (int i = 0; i < MOST_LINKS; i++) {
		const struct part *part = find_part(container, path);
		if (part == NULL || part->symlink == NULL)
			return path;
		const char *slash = strrchr(path, '/'), *to = part->symlink;
		int folder = slash != NULL ? (int)(slash - path) : 0;
		while (strncmp(to, "../", 3) == 0 && folder > 0) {
			to += 3;
			while (folder > 0 && path[folder - 1] != '/')
				folder--;
			folder -= folder > 0;
		}
		char *joined = xasprintf("%.*s/%s", folder, path, to);
		free(path);
		path = contents_path(joined);
		free(joined);
		if (path == NULL)
			return NULL;
	}
	free(path);
	return NULL;
}

/* --- documents --- */

static json_object *parse(const char *text, size_t size)
{
	struct json_tokener *tokener = json_tokener_new();
	json_object *document =
		tokener != NULL && text != NULL ? json_parse_text(tokener, text, size) : NULL;
	if (tokener != NULL)
		json_tokener_free(tokener);
	return document;
}

/* The document of SIZE bytes, which are to have DIGEST where that is a SHA-256. What is no JSON, or
 * only its beginning, the caller tells of. */
static json_object *take_document(struct container *container, const char *text, size_t size,
				  const char *digest)
{
	char found[2 * SHA256_SIZE + 1];
	json_object *document = parse(text, size);
	if (document == NULL || digest == NULL || strncmp(digest, SHA256, strlen(SHA256)) != 0)
		return document;
	sha256_hex(text, size, found);
	if (strcasecmp(found, digest + strlen(SHA256)) != 0) {
		struct note_error error;
		error_set(&error, NOTE_MALFORMED, NOTE_NO_OFFSET,
			  "not what the image names: the SHA-256 of this manifest is %s", found);
		container_fail(container, digest, &error);
	}
	return document;
}

json_object *container_document(struct container *container, const char *path, const char *digest)
{
	json_object *document = NULL;
	int fd;
	if (container->root == NULL) {
		const struct part *part = find_part(container, path);
		return part != NULL ? take_document(container, part->text, part->size, digest)
				    : NULL;
	}
	if (root_open_any(container->root, path, &fd, NULL) != NOTE_OK)
		return NULL;
	char *text = xmalloc(MOST_DOCUMENT);
	const ssize_t got = pread(fd, text, MOST_DOCUMENT, 0);
	if (got > 0)
		document = take_document(container, text, (size_t)got, digest);
	free(text);
	close(fd);
	return document;
}

void container_free(struct container *container)
{
	for (size_t i = 0; i < container->part_count; i++) {
		free(container->parts[i].path);
		free(container->parts[i].text);
		free(container->parts[i].symlink);
	}
	free(container->parts);
	strings_free(&container->shown);
}

bool container_has(const struct container *container, const char *path)
{
	return find_part(container, path) != NULL;
}
