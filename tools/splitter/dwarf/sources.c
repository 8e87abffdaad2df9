/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sources that units name. A header comes up in hundreds of line tables, so a file is looked
 * up by its directory's number and its name as it is written; its path is made once, at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/splitter/dwarf/internal.h"

bool path_is_source(const char *path)
{
	/* "-" is what gcc calls its standard input in some versions. A name in angle brackets may
	 * have a directory in front: "/build/<artificial>", "./<built-in>"; Go's "<missing>_86"
	 * goes on. */
	const char *name = strrchr(path, '/');
	name = name != NULL ? name + 1 : path;
	if (name[0] == '\0' || strcmp(path, "-") == 0)
		return false;
	return !(name[0] == '<' && strchr(name, '>') != NULL);
}

struct source {
	uint32_t directory;
	bool has_md5;
	bool primary;
	uint8_t md5[16];
	const char *name;
};

struct source_list {
	uint64_t size;
	struct strings directories; /* absolute and normalised */
	uint8_t *compiled;          /* for each: a unit was compiled there */
	size_t compiled_room;
	struct hash_map by_directory;
	struct text scratch;
	struct strings kept;
	struct source *sources;
	size_t count, room;
	struct hash_map by_name;
};

struct source_list *source_list_new(void)
{
	return xcalloc(1, sizeof(struct source_list));
}

void source_list_free(struct source_list *list)
{
	if (list == NULL)
		return;
	strings_free(&list->directories);
	free(list->compiled);
	hash_map_free(&list->by_directory);
	text_free(&list->scratch);
	strings_free(&list->kept);
	free(list->sources);
	hash_map_free(&list->by_name);
	free(list);
}

const char *source_list_directory_name(const struct source_list *list, uint32_t number)
{
	return list->directories.items[number];
}

void source_list_compiled(struct source_list *list, uint32_t number)
{
	if (number >= list->compiled_room) {
		const size_t room = 2 * (size_t)number + 64;
		list->compiled = xrealloc(list->compiled, room);
		memset(list->compiled + list->compiled_room, 0, room - list->compiled_room);
		list->compiled_room = room;
	}
	list->compiled[number] = 1;
}

uint32_t source_list_directory(struct source_list *list, const struct path_map *map,
			       const char *base, const char *directory)
{
	path_absolute_into(NULL, base, directory != NULL ? directory : "", &list->scratch);
	if (list->scratch.data[0] != '/' && map != NULL) {
		char *relative = xstrdup(list->scratch.data);
		path_absolute_into(map, relative, "", &list->scratch);
		free(relative);
	}
	uint64_t hash = hash_bytes(list->scratch.data, list->scratch.size, 0);
	size_t step = 0;
	for (uint32_t i; (i = hash_map_next(&list->by_directory, hash, &step)) != HASH_NONE;)
		if (strcmp(list->directories.items[i], list->scratch.data) == 0)
			return i;
	hash_map_add(&list->by_directory, hash, (uint32_t)list->directories.count);
	strings_add(&list->directories, list->scratch.data);
	return (uint32_t)list->directories.count - 1;
}

const char *source_list_keep(struct source_list *list, const char *name, size_t length)
{
	char *copy = xmalloc(length + 1);
	memcpy(copy, name, length);
	copy[length] = '\0';
	strings_take(&list->kept, copy);
	return copy;
}

void source_list_add(struct source_list *list, uint32_t directory, const char *name,
		     const uint8_t *md5, bool primary)
{
	uint64_t hash = hash_bytes(name, strlen(name), directory);
	struct source *source = NULL;
	size_t step = 0;
	for (uint32_t i; (i = hash_map_next(&list->by_name, hash, &step)) != HASH_NONE;)
		if (list->sources[i].directory == directory &&
		    strcmp(list->sources[i].name, name) == 0) {
			source = &list->sources[i];
			break;
		}
	if (source == NULL) {
		if (list->count == list->room) {
			list->room = list->room == 0 ? 256 : list->room * 2;
			list->sources =
				xrealloc(list->sources, list->room * sizeof(*list->sources));
		}
		hash_map_add(&list->by_name, hash, (uint32_t)list->count);
		source = &list->sources[list->count++];
		*source = (struct source){.directory = directory, .name = name};
		list->size += strlen(list->directories.items[directory]) + strlen(name) + 2;
	}
	if (md5 != NULL && !source->has_md5) {
		memcpy(source->md5, md5, sizeof(source->md5));
		source->has_md5 = true;
	}
	source->primary |= primary;
}

uint64_t source_list_size(const struct source_list *list)
{
	return list->size;
}

static int compare_sources(const void *a, const void *b)
{
	const struct dwarf_source *left = a, *right = b;
	int order = strcmp(left->original, right->original);
	/* The one with a digest first, of two the smaller: dropping the rest is then the same
	 * whatever the order was. */
	if (order == 0)
		order = right->has_md5 - left->has_md5;
	return order != 0 ? order : memcmp(left->md5, right->md5, sizeof(left->md5));
}

void source_list_finish(struct source_list *list, const struct path_map *map,
			struct dwarf_sources *out)
{
	out->items = xcalloc(list->count > 0 ? list->count : 1, sizeof(*out->items));
	for (size_t i = 0; i < list->count; i++) {
		const struct source *source = &list->sources[i];
		struct dwarf_source *item = &out->items[i];
		item->original = path_absolute(map, list->directories.items[source->directory],
					       source->name);
		char *place = NULL;
		if (map != NULL) {
			item->installed = path_map_apply(map, item->original);
			place = path_map_place(map, item->original);
		}
		if (place != NULL) {
			free(item->original);
			item->original = place;
		}
		item->has_md5 = source->has_md5;
		item->primary = source->primary;
		memcpy(item->md5, source->md5, sizeof(item->md5));
	}
	for (size_t i = 0; i < list->compiled_room && i < list->directories.count; i++) {
		const char *directory = list->directories.items[i];
		if (list->compiled[i] == 0)
			continue;
		char *installed = map != NULL ? path_map_apply(map, directory) : xstrdup(directory);
		if (installed != NULL)
			strings_take(&out->directories, installed);
	}
	qsort(out->items, list->count, sizeof(*out->items), compare_sources);
	out->count = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct dwarf_source *item = &out->items[i];
		if (out->count > 0 &&
		    strcmp(item->original, out->items[out->count - 1].original) == 0) {
			out->items[out->count - 1].primary |= item->primary;
			free(item->original);
			free(item->installed);
			continue;
		}
		out->items[out->count++] = *item;
	}
}

void dwarf_sources_free(struct dwarf_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		free(sources->items[i].original);
		free(sources->items[i].installed);
	}
	free(sources->items);
	strings_free(&sources->directories);
	*sources = (struct dwarf_sources){0};
}
