/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Container images: which layers they have, and where these are.
 *
 * OCI image layout (image-spec, image-layout.md): a directory, or a tar of it, with oci-layout,
 * index.json and blobs/ALGORITHM/DIGEST. index.json lists manifests, or further such lists; a
 * manifest lists "layers", the lowest first, by "digest". What `docker save` and `podman save`
 * write: a tar with manifest.json, an array of images with "Layers", the lowest first, by name.
 *
 * A tar is gone through once for its small documents, and once for each layer.
 */
#include <ctype.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/json_text.h"
#include "tools/base/root/root.h"
#include "tools/show/archive.h"
#include "tools/show/layers.h"

#define MOST_DOCUMENT  (4u << 20)
#define MOST_DOCUMENTS (64u << 20)
#define MOST_ENTRIES   10000
#define MOST_LAYERS    1000
#define MOST_NESTED    4
#define MOST_LINKS     8

/* A file of the image: a small document, a symbolic link or anything else. */
struct part {
	char *path;
	char *text; /* or NULL */
	size_t size;
	char *symlink; /* what it leads to, or NULL */
};

struct container {
	struct archive_view *view;
	struct contents_budget *budget; /* of the archive */
	int fd;
	struct root *root; /* of a directory, else NULL */
	struct part *parts;
	size_t part_count;
	struct strings shown; /* digests of manifests */
	size_t documents;     /* bytes */
};

static void fail(struct container *container, const char *what, const struct note_error *error)
{
	inspection_fail(container->view->inspection, container->view->path, what, error);
}

static void fail_with(struct container *container, const char *what, const char *why)
{
	struct note_error error;
	error_set(&error, NOTE_MALFORMED, NOTE_NO_OFFSET, "%s", why);
	fail(container, what, &error);
}

/* --- the parts of an archive --- */

static bool is_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* What else than these is there, no image has. */
static bool belongs(const char *path)
{
	static const char *const names[] = {"blobs", "index.json", "oci-layout", "manifest.json",
					    "repositories"};
	const size_t length = strcspn(path, "/");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == length && memcmp(names[i], path, length) == 0)
			return true;
	return length >= 64 && is_hex(path, 64) && (length == 64 || path[64] == '.');
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
		code = archive_read(contents, &bytes, 1, err);
		if (code == NOTE_OK && bytes.size == 1 && strchr("[{ \n", bytes.data[0]) != NULL)
			code = archive_read(contents, &bytes, MOST_DOCUMENT, err);
		container->documents += bytes.size;
	}
	container->parts =
		xrealloc(container->parts, (container->part_count + 1) * sizeof(*container->parts));
	container->parts[container->part_count++] =
		(struct part){path, bytes.data, bytes.size, symlink};
	return code;
}

/* False where it is no image: the first alien name says so. Failures are left to whoever reads the
 * archive, or the layers, next. */
static bool list_parts(struct container *container)
{
	struct contents *contents;
	struct contents_entry entry;
	bool good = contents_open(&contents, container->fd, container->budget, NULL) == NOTE_OK;
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

/* Where a symbolic link of PATH's directory leads; older `docker save` has these for layers that
 * are there twice. Takes and gives a string for free(); NULL where it leads out. */
static char *follow(const struct container *container, char *path)
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

/* The document at PATH for json_object_put, or NULL. */
static json_object *read_document(struct container *container, const char *path)
{
	json_object *document = NULL;
	int fd;
	if (container->root == NULL) {
		const struct part *part = find_part(container, path);
		return part != NULL ? parse(part->text, part->size) : NULL;
	}
	if (root_open_any(container->root, path, &fd, NULL) != NOTE_OK)
		return NULL;
	char *text = xmalloc(MOST_DOCUMENT);
	const ssize_t got = pread(fd, text, MOST_DOCUMENT, 0);
	if (got > 0)
		document = parse(text, (size_t)got);
	free(text);
	close(fd);
	return document;
}

static json_object *member_of(json_object *object, const char *key, json_type type)
{
	json_object *value;
	return json_object_is_type(object, json_type_object) &&
			       json_object_object_get_ex(object, key, &value) &&
			       json_object_is_type(value, type)
		       ? value
		       : NULL;
}

static const char *text_of(json_object *object, const char *key)
{
	json_object *value = member_of(object, key, json_type_string);
	return value != NULL ? json_object_get_string(value) : "";
}

/* "sha256:abc" as "blobs/sha256/abc", for free(); NULL for what is no digest. */
static char *blob_of(const char *digest)
{
	const char *colon = strchr(digest, ':');
	if (colon == NULL || colon == digest || colon[1] == '\0' || strchr(digest, '/') != NULL ||
	    strstr(digest, "..") != NULL)
		return NULL;
	return xasprintf("blobs/%.*s/%s", (int)(colon - digest), digest, colon + 1);
}

/* --- layers --- */

static void walk_layer(struct container *container, struct layers *layers,
		       struct contents *contents, const char *layer)
{
	struct record_style style = *container->view->style;
	struct archive_view view = *container->view;
	struct contents_entry entry;
	struct note_error error;
	int code;
	style.layer = layer;
	view.style = &style;
	while ((code = contents_next(contents, &entry, &error)) == NOTE_OK) {
		if (entry.path == NULL && !entry.is_file)
			continue;
		char *member = xstrdup(entry.path != NULL ? entry.path : entry.name);
		if (entry.path == NULL)
			code = error_set(&error, NOTE_MALFORMED, NOTE_NO_OFFSET,
					 "a name that leads out of the layer: not looked at");
		else if (layers_see(layers, member, entry.is_directory) && entry.is_file)
			code = archive_member(&view, contents, member, &error);
		if (code != NOTE_OK) {
			char *where = xasprintf("%s, of layer %s", member, layer);
			fail(container, where, &error);
			free(where);
		}
		free(member);
	}
	if (code != NOTE_ABSENT)
		fail(container, layer, &error);
	container->view->bytes = view.bytes;
	layers_next(layers);
}

/* The layer in the archive: its member PATH. */
static int open_in_archive(struct container *container, const char *path, struct contents **outer,
			   struct contents **layer, struct note_error *err)
{
	struct contents_entry entry;
	int code = contents_open(outer, container->fd, container->budget, err);
	while (code == NOTE_OK && (code = contents_next(*outer, &entry, err)) == NOTE_OK)
		if (entry.is_file && entry.path != NULL && strcmp(entry.path, path) == 0)
			return contents_open_member(layer, *outer, err);
	return code == NOTE_ABSENT ? error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					       "the image names this layer, and it is not there")
				   : code;
}

static void show_layer(struct container *container, struct layers *layers, const char *name,
		       const char *path)
{
	struct contents *outer = NULL, *layer = NULL;
	struct contents_budget budget;
	struct note_error error;
	int fd = -1, code;
	if (container->root != NULL) {
		code = root_open_any(container->root, path, &fd, &error);
		if (code == NOTE_ABSENT)
			error_set(&error, NOTE_MALFORMED, NOTE_NO_OFFSET,
				  "the image names this layer, and it is not there");
		if (code == NOTE_OK) {
			budget = contents_budget_of(fd, container->view->style->expansion);
			code = contents_open(&layer, fd, &budget, &error);
		}
	} else {
		code = open_in_archive(container, path, &outer, &layer, &error);
	}
	if (code == NOTE_OK)
		walk_layer(container, layers, layer, name);
	else
		fail(container, name, &error);
	contents_close(layer);
	contents_close(outer);
	if (fd >= 0)
		close(fd);
}

/* LIST has descriptors with a digest, or names of members. */
static void show_layers(struct container *container, json_object *list)
{
	struct layers layers = {0};
	const size_t count = json_object_array_length(list);
	if (count > MOST_LAYERS) {
		fail_with(container, NULL, "an image of more than 1000 layers: not looked into");
		return;
	}
	for (size_t i = count; i-- > 0;) {
		json_object *item = json_object_array_get_idx(list, i);
		const bool named = json_object_is_type(item, json_type_string);
		const char *name = named ? json_object_get_string(item) : text_of(item, "digest");
		char *path = named ? contents_path(name) : blob_of(name);
		if (path != NULL && container->root == NULL)
			path = follow(container, path);
		if (strstr(text_of(item, "mediaType"), "in-toto") != NULL)
			inspection_say(container->view->inspection, container->view->path,
				       "an attestation among the layers: it holds no files");
		else if (path == NULL)
			fail_with(container, name, "a layer's name that leads nowhere");
		else
			show_layer(container, &layers, name, path);
		free(path);
	}
	layers_free(&layers);
}

static void show_manifest(struct container *container, json_object *document, unsigned depth)
{
	json_object *list = member_of(document, "manifests", json_type_array);
	json_object *layers = member_of(document, "layers", json_type_array);
	if (layers != NULL)
		show_layers(container, layers);
	else if (list == NULL || depth == MOST_NESTED)
		fail_with(container, NULL,
			  list == NULL ? "a manifest without layers"
				       : "indexes nest deeper than 4: not looked into");
	for (size_t i = 0; layers == NULL && list != NULL && depth < MOST_NESTED &&
			   i < json_object_array_length(list);
	     i++) {
		const char *digest = text_of(json_object_array_get_idx(list, i), "digest");
		char *path = blob_of(digest);
		if (strings_has(&container->shown, digest)) {
			free(path);
			continue;
		}
		strings_add(&container->shown, digest);
		json_object *next = path != NULL ? read_document(container, path) : NULL;
		if (next != NULL)
			show_manifest(container, next, depth + 1);
		else
			fail_with(container, digest,
				  "the image names this manifest, and it is not there or no JSON");
		json_object_put(next);
		free(path);
	}
}

/* The images of docker's manifest.json; false where it is none. */
static bool show_saved(struct container *container)
{
	json_object *list = read_document(container, "manifest.json");
	const bool good =
		json_object_is_type(list, json_type_array) && json_object_array_length(list) != 0 &&
		member_of(json_object_array_get_idx(list, 0), "Layers", json_type_array) != NULL;
	for (size_t i = 0; good && i < json_object_array_length(list); i++) {
		json_object *layers =
			member_of(json_object_array_get_idx(list, i), "Layers", json_type_array);
		if (layers != NULL)
			show_layers(container, layers);
		else
			fail_with(container, "manifest.json", "an image without Layers");
	}
	json_object_put(list);
	return good;
}

static bool show_index(struct container *container)
{
	json_object *index = read_document(container, "index.json");
	if (index != NULL)
		show_manifest(container, index, 0);
	json_object_put(index);
	return index != NULL;
}

static void free_container(struct container *container)
{
	for (size_t i = 0; i < container->part_count; i++) {
		free(container->parts[i].path);
		free(container->parts[i].text);
		free(container->parts[i].symlink);
	}
	free(container->parts);
	strings_free(&container->shown);
}

/* False where the archive FD is no image. */
static bool show_image(struct archive_view *view, int fd, struct contents_budget *budget)
{
	struct container container = {.view = view, .budget = budget, .fd = fd};
	bool good = list_parts(&container);
	if (good)
		good = (find_part(&container, "oci-layout") != NULL && show_index(&container)) ||
		       show_saved(&container);
	free_container(&container);
	return good;
}

void inspect_layout(struct inspection *inspection, const struct record_style *style,
		    struct root *root, const char *path)
{
	struct archive_view view = {inspection, style, path, 0, {0}};
	struct container container = {.view = &view, .fd = -1, .root = root};
	if (!show_index(&container))
		fail_with(&container, "index.json",
			  "an OCI image layout wants it, and it is not there or no JSON");
	free_container(&container);
	text_free(&view.bytes);
}

void inspect_archive(struct inspection *inspection, const struct record_style *style, int fd,
		     const char *path)
{
	struct contents_budget budget = contents_budget_of(fd, style->expansion);
	struct archive_view view = {inspection, style, path, 0, {0}};
	struct contents *contents;
	struct note_error error;
	const bool image = show_image(&view, fd, &budget);
	const int code = image ? NOTE_OK : contents_open(&contents, fd, &budget, &error);
	if (code != NOTE_OK)
		inspection_fail(inspection, path, NULL, &error);
	else if (!image)
		archive_walk(&view, contents, NULL);
	if (!image)
		contents_close(contents);
	text_free(&view.bytes);
}
