/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The manifest in memory and as JSON (pkgnote-manifest(5)).
 *
 * Names in the file are UTF-8 text: see name_to_utf8(). Sources stand without the prefix
 * "/usr/src/debug/", which every one of them has. Numbers that people compare with readelf's
 * output (the CRC) are hexadecimal strings, as digests and build-ids are.
 */
#include "tools/base/manifest.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/json_write.h"

#define MANIFEST_VERSION 1
#define SOURCES_PREFIX   "/usr/src/debug/"

/* Room for one more of SIZE bytes behind COUNT, which grows when COUNT is a power of two. */
static void *grow(void *items, size_t count, size_t size)
{
	if (count < 8 ? count == 0 : (count & (count - 1)) == 0)
		items = xrealloc(items, (count < 8 ? 8 : 2 * count) * size);
	memset((char *)items + count * size, 0, size);
	return items;
}

struct manifest_file *manifest_add_file(struct manifest *manifest)
{
	manifest->files = grow(manifest->files, manifest->file_count, sizeof(*manifest->files));
	return &manifest->files[manifest->file_count++];
}

struct manifest_alternate *manifest_add_alternate(struct manifest *manifest)
{
	manifest->alternates = grow(manifest->alternates, manifest->alternate_count,
				    sizeof(*manifest->alternates));
	return &manifest->alternates[manifest->alternate_count++];
}

struct manifest_skipped *manifest_add_skipped(struct manifest *manifest)
{
	manifest->skipped =
		grow(manifest->skipped, manifest->skipped_count, sizeof(*manifest->skipped));
	return &manifest->skipped[manifest->skipped_count++];
}

struct manifest_missing *manifest_add_missing(struct manifest *manifest)
{
	manifest->missing =
		grow(manifest->missing, manifest->missing_count, sizeof(*manifest->missing));
	return &manifest->missing[manifest->missing_count++];
}

static void free_file(struct manifest_file *file)
{
	free(file->path);
	strings_free(&file->links);
	free(file->build_id);
	free(file->debug_path);
	free(file->debug_alternate);
	strings_free(&file->sources);
	free(file->package);
}

void manifest_free(struct manifest *manifest)
{
	free(manifest->type);
	free(manifest->name);
	free(manifest->version);
	free(manifest->release);
	free(manifest->architecture);
	for (size_t i = 0; i < manifest->file_count; i++)
		free_file(&manifest->files[i]);
	for (size_t i = 0; i < manifest->alternate_count; i++) {
		free(manifest->alternates[i].path);
		free(manifest->alternates[i].build_id);
	}
	for (size_t i = 0; i < manifest->skipped_count; i++) {
		free(manifest->skipped[i].path);
		free(manifest->skipped[i].reason);
	}
	for (size_t i = 0; i < manifest->missing_count; i++) {
		free(manifest->missing[i].path);
		free(manifest->missing[i].unit);
	}
	free(manifest->files);
	free(manifest->alternates);
	free(manifest->skipped);
	free(manifest->missing);
	strings_free(&manifest->compiled_in);
	*manifest = (struct manifest){0};
}

/* --- order --- */

static int compare_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int by_path(const void *a, const void *b)
{
	return compare_text(((const struct manifest_file *)a)->path,
			    ((const struct manifest_file *)b)->path);
}

static int by_alternate(const void *a, const void *b)
{
	return compare_text(((const struct manifest_alternate *)a)->path,
			    ((const struct manifest_alternate *)b)->path);
}

static int by_path_and_reason(const void *a, const void *b)
{
	const struct manifest_skipped *x = a, *y = b;
	const int order = compare_text(x->path, y->path);
	return order != 0 ? order : compare_text(x->reason, y->reason);
}

static int by_path_and_unit(const void *a, const void *b)
{
	const struct manifest_missing *x = a, *y = b;
	const int order = compare_text(x->path, y->path);
	return order != 0 ? order : compare_text(x->unit, y->unit);
}

static void sort_unique(struct strings *list)
{
	size_t kept = 0;
	strings_sort(list);
	for (size_t i = 0; i < list->count; i++) {
		if (kept > 0 && strcmp(list->items[kept - 1], list->items[i]) == 0)
			free(list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (count > 1)
		qsort(items, count, size, compare);
}

void manifest_sort(struct manifest *manifest)
{
	size_t kept = 0;
	sort(manifest->files, manifest->file_count, sizeof(*manifest->files), by_path);
	for (size_t i = 0; i < manifest->file_count; i++) {
		struct manifest_file *file = &manifest->files[i];
		sort_unique(&file->links);
		sort_unique(&file->sources);
		if (kept > 0 && by_path(&manifest->files[kept - 1], file) == 0)
			free_file(file);
		else
			manifest->files[kept++] = *file;
	}
	manifest->file_count = kept;
	sort(manifest->alternates, manifest->alternate_count, sizeof(*manifest->alternates),
	     by_alternate);

	kept = 0;
	sort(manifest->skipped, manifest->skipped_count, sizeof(*manifest->skipped),
	     by_path_and_reason);
	for (size_t i = 0; i < manifest->skipped_count; i++) {
		struct manifest_skipped *skipped = &manifest->skipped[i];
		if (kept > 0 && by_path_and_reason(&manifest->skipped[kept - 1], skipped) == 0) {
			free(skipped->path);
			free(skipped->reason);
		} else {
			manifest->skipped[kept++] = *skipped;
		}
	}
	manifest->skipped_count = kept;

	kept = 0;
	sort(manifest->missing, manifest->missing_count, sizeof(*manifest->missing),
	     by_path_and_unit);
	for (size_t i = 0; i < manifest->missing_count; i++) {
		struct manifest_missing *missing = &manifest->missing[i];
		if (kept > 0 && by_path_and_unit(&manifest->missing[kept - 1], missing) == 0) {
			free(missing->path);
			free(missing->unit);
		} else {
			manifest->missing[kept++] = *missing;
		}
	}
	manifest->missing_count = kept;
}

char *manifest_package_name(const struct manifest *manifest)
{
	const bool release = manifest->release != NULL && manifest->release[0] != '\0';
	return xasprintf("%s-%s%s%s.%s", manifest->name, manifest->version, release ? "-" : "",
			 release ? manifest->release : "", manifest->architecture);
}

/* --- writing --- */

static struct json_object *or_exit(struct json_object *object)
{
	if (object == NULL) {
		fputs("pkgnote: out of memory\n", stderr);
		_Exit(3);
	}
	return object;
}

static void put(struct json_object *object, const char *key, struct json_object *value)
{
	if (json_object_object_add(object, key, value) != 0)
		or_exit(NULL);
}

static struct json_object *name_value(const char *name)
{
	if (name == NULL)
		return NULL;
	char *text = name_to_utf8(name);
	struct json_object *value = or_exit(json_object_new_string(text));
	free(text);
	return value;
}

static struct json_object *names_value(const struct strings *names, const char *prefix)
{
	struct json_object *array = or_exit(json_object_new_array());
	const size_t skip = strlen(prefix);
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];
		if (strncmp(name, prefix, skip) == 0)
			name += skip;
		if (json_object_array_add(array, name_value(name)) != 0)
			or_exit(NULL);
	}
	return array;
}

static struct json_object *text_value(const char *text)
{
	return text != NULL ? or_exit(json_object_new_string(text)) : NULL;
}

static struct json_object *size_value(uint64_t size)
{
	return or_exit(json_object_new_int64((int64_t)(size > INT64_MAX ? INT64_MAX : size)));
}

/* The note's payload as an object; one that is no JSON object stays a string. */
static struct json_object *note_value(const char *payload)
{
	if (payload == NULL)
		return NULL;
	struct json_object *value = json_tokener_parse(payload);
	if (value != NULL && json_object_is_type(value, json_type_object))
		return value;
	json_object_put(value);
	return name_value(payload);
}

static struct json_object *debug_file_value(const struct manifest_file *file)
{
	char crc[9];
	if (file->debug_path == NULL)
		return NULL;
	struct json_object *value = or_exit(json_object_new_object());
	snprintf(crc, sizeof(crc), "%08x", (unsigned)file->debug_crc32);
	put(value, "path", name_value(file->debug_path));
	put(value, "size", size_value(file->debug_size));
	put(value, "sha256", text_value(file->debug_sha256));
	put(value, "crc32", text_value(crc));
	put(value, "alternate", name_value(file->debug_alternate));
	if (file->counts.counted) {
		put(value, "units", size_value(file->counts.units));
		put(value, "functions", size_value(file->counts.functions));
		put(value, "lineRows", size_value(file->counts.lines));
	}
	return value;
}

static struct json_object *file_value(const struct manifest_file *file)
{
	struct json_object *value = or_exit(json_object_new_object());
	put(value, "path", name_value(file->path));
	put(value, "links", names_value(&file->links, ""));
	put(value, "buildId", text_value(file->build_id));
	put(value, "size", size_value(file->size));
	put(value, "sha256", text_value(file->sha256));
	put(value, "debugFile", debug_file_value(file));
	put(value, "sources", names_value(&file->sources, SOURCES_PREFIX));
	put(value, "package", note_value(file->package));
	return value;
}

static struct json_object *alternates_value(const struct manifest *manifest)
{
	struct json_object *array = or_exit(json_object_new_array());
	for (size_t i = 0; i < manifest->alternate_count; i++) {
		const struct manifest_alternate *alternate = &manifest->alternates[i];
		struct json_object *item = or_exit(json_object_new_object());
		put(item, "path", name_value(alternate->path));
		put(item, "buildId", text_value(alternate->build_id));
		put(item, "size", size_value(alternate->size));
		put(item, "sha256", text_value(alternate->sha256));
		json_object_array_add(array, item);
	}
	return array;
}

char *manifest_to_json(const struct manifest *manifest)
{
	struct json_object *top = or_exit(json_object_new_object());
	struct json_object *package = or_exit(json_object_new_object());
	struct json_object *files = or_exit(json_object_new_array());
	struct json_object *skipped = or_exit(json_object_new_array());
	struct json_object *missing = or_exit(json_object_new_array());

	put(top, "manifestVersion", or_exit(json_object_new_int(MANIFEST_VERSION)));
	put(top, "package", package);
	put(package, "type", name_value(manifest->type));
	put(package, "name", name_value(manifest->name));
	put(package, "version", name_value(manifest->version));
	put(package, "release", name_value(manifest->release));
	put(package, "architecture", name_value(manifest->architecture));
	put(top, "files", files);
	for (size_t i = 0; i < manifest->file_count; i++)
		json_object_array_add(files, file_value(&manifest->files[i]));
	put(top, "alternateFiles", alternates_value(manifest));
	put(top, "skipped", skipped);
	for (size_t i = 0; i < manifest->skipped_count; i++) {
		struct json_object *item = or_exit(json_object_new_object());
		put(item, "path", name_value(manifest->skipped[i].path));
		put(item, "reason", name_value(manifest->skipped[i].reason));
		if (manifest->skipped[i].refused)
			put(item, "refused", or_exit(json_object_new_boolean(true)));
		json_object_array_add(skipped, item);
	}
	put(top, "missingSources", missing);
	for (size_t i = 0; i < manifest->missing_count; i++) {
		struct json_object *item = or_exit(json_object_new_object());
		put(item, "path", name_value(manifest->missing[i].path));
		put(item, "unit", name_value(manifest->missing[i].unit));
		json_object_array_add(missing, item);
	}

	struct text out = {0};
	json_write(&out, top);
	text_puts(&out, "\n");
	json_object_put(top);
	return out.data;
}
