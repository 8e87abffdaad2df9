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
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/container/internal.h"

#define MOST_LAYERS 1000
#define MOST_NESTED 4

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

/* Attestations, signatures and whatever else is kept as images are: layers are tars. */
static bool has_files(const char *type)
{
	return type[0] == '\0' || strstr(type, "tar") != NULL;
}

static void say_no_files(struct container *container, const char *digest, const char *type)
{
	char *what =
		xasprintf("%s is of type %s, not a layer of files: not looked into", digest, type);
	container->view->say(container->view->context, what);
	free(what);
}

static void tell_links(struct container *container, const struct layers *layers)
{
	for (size_t i = 0; i < layers->link_count; i++)
		if (!layers->links[i].found)
			container_fail_with(container, layers->links[i].name,
					    "a hard link to a file that no layer has");
	if (layers->too_many)
		container_fail_with(container, NULL,
				    "more than 1000 hard links between layers: the rest is not "
				    "looked at");
}

/* LIST has descriptors with a digest, or names of members. */
static void read_layers(struct container *container, json_object *list)
{
	struct layers layers = {0};
	const size_t count = json_object_array_length(list);
	if (count > MOST_LAYERS) {
		container_fail_with(container, NULL,
				    "an image of more than 1000 layers: not looked into");
		return;
	}
	for (size_t i = count; i-- > 0;) {
		json_object *item = json_object_array_get_idx(list, i);
		const bool named = json_object_is_type(item, json_type_string);
		const char *name = named ? json_object_get_string(item) : text_of(item, "digest");
		char *path = named ? contents_path(name) : blob_of(name);
		if (path != NULL && container->root == NULL)
			path = container_follow(container, path);
		if (!has_files(text_of(item, "mediaType")))
			say_no_files(container, name, text_of(item, "mediaType"));
		else if (path == NULL)
			container_fail_with(container, name, "a layer's name that leads nowhere");
		else
			container_layer(container, &layers, name, path);
		free(path);
	}
	tell_links(container, &layers);
	layers_free(&layers);
}

static void read_manifest(struct container *container, json_object *document, unsigned depth)
{
	json_object *list = member_of(document, "manifests", json_type_array);
	json_object *layers = member_of(document, "layers", json_type_array);
	if (layers != NULL)
		read_layers(container, layers);
	else if (list == NULL || depth == MOST_NESTED)
		container_fail_with(container, NULL,
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
		json_object *next =
			path != NULL ? container_document(container, path, digest) : NULL;
		if (next != NULL)
			read_manifest(container, next, depth + 1);
		else
			container_fail_with(
				container, digest,
				"the image names this manifest, and it is not there or no JSON");
		json_object_put(next);
		free(path);
	}
}

/* The images of docker's manifest.json; false where it is none. */
static bool read_saved(struct container *container)
{
	json_object *list = container_document(container, "manifest.json", NULL);
	const bool good =
		json_object_is_type(list, json_type_array) && json_object_array_length(list) != 0 &&
		member_of(json_object_array_get_idx(list, 0), "Layers", json_type_array) != NULL;
	for (size_t i = 0; good && i < json_object_array_length(list); i++) {
		json_object *layers =
			member_of(json_object_array_get_idx(list, i), "Layers", json_type_array);
		if (layers != NULL)
			read_layers(container, layers);
		else
			container_fail_with(container, "manifest.json", "an image without Layers");
	}
	json_object_put(list);
	return good;
}

static bool read_index(struct container *container)
{
	json_object *index = container_document(container, "index.json", NULL);
	if (index != NULL)
		read_manifest(container, index, 0);
	json_object_put(index);
	return index != NULL;
}

bool container_read(const struct container_view *view, int fd, struct stream_budget *budget)
{
	struct container container = {.view = view, .budget = budget, .fd = fd};
	bool good = container_list(&container);
	if (good)
		good = (container_has(&container, "oci-layout") && read_index(&container)) ||
		       read_saved(&container);
	container_free(&container);
	return good;
}

void container_read_layout(const struct container_view *view, struct root *root)
{
	struct container container = {.view = view, .fd = -1, .root = root};
	if (!read_index(&container))
		container_fail_with(&container, "index.json",
				    "an OCI image layout wants it, and it is not there or no JSON");
	container_free(&container);
}
