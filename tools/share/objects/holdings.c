/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/share/objects/holdings.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/sorted.h"
#include "tools/base/json_text.h"
#include "tools/share/record.h"

/* --- sets --- */

static size_t place_of(const struct strings *list, const char *string)
{
	return FIRST_WHERE(i, list->count, strcmp(list->items[i], string) >= 0);
}

bool set_has(const struct strings *list, const char *string)
{
	const size_t i = place_of(list, string);
	return i < list->count && strcmp(list->items[i], string) == 0;
}

void set_add(struct strings *list, const char *string)
{
	const size_t i = place_of(list, string);
	if (i < list->count && strcmp(list->items[i], string) == 0)
		return;
	strings_add(list, string);
	char *added = list->items[list->count - 1];
	memmove(&list->items[i + 1], &list->items[i], (list->count - 1 - i) * sizeof(char *));
	list->items[i] = added;
}

void set_remove(struct strings *list, const char *string)
{
	const size_t i = place_of(list, string);
	if (i >= list->count || strcmp(list->items[i], string) != 0)
		return;
	free(list->items[i]);
	list->count--;
	memmove(&list->items[i], &list->items[i + 1], (list->count - i) * sizeof(char *));
}

/* --- in memory --- */

struct holding *holdings_find(const struct holdings *holdings, const char *kind)
{
	for (size_t i = 0; i < holdings->count; i++)
		if (strcmp(holdings->files[i].kind, kind) == 0)
			return &holdings->files[i];
	return NULL;
}

struct holding *holdings_add(struct holdings *holdings, const char *kind)
{
	holdings->files =
		xrealloc(holdings->files, (holdings->count + 1) * sizeof(*holdings->files));
	struct holding *holding = &holdings->files[holdings->count++];
	*holding = (struct holding){.kind = xstrdup(kind)};
	return holding;
}

static void free_holding(struct holding *holding)
{
	free(holding->kind);
	strings_free(&holding->packages);
}

void holdings_drop(struct holdings *holdings, struct holding *holding)
{
	free_holding(holding);
	*holding = holdings->files[--holdings->count];
}

static void free_sources(struct holdings *holdings)
{
	for (size_t i = 0; i < holdings->source_count; i++) {
		free(holdings->sources[i].path);
		free(holdings->sources[i].package);
	}
	free(holdings->sources);
	holdings->sources = NULL;
	holdings->source_count = 0;
}

void holdings_set_sources(struct holdings *holdings, const struct strings *names)
{
	free_sources(holdings);
	holdings->sources = xcalloc(names->count, sizeof(*holdings->sources));
	holdings->source_count = names->count;
	for (size_t i = 0; i < names->count; i++)
		holdings->sources[i].path = xstrdup(names->items[i]);
}

void holdings_free(struct holdings *holdings)
{
	for (size_t i = 0; i < holdings->count; i++)
		free_holding(&holdings->files[i]);
	free(holdings->files);
	free_sources(holdings);
	*holdings = (struct holdings){0};
}

void directory_free(struct directory *directory)
{
	free(directory->path);
	strings_free(&directory->packages);
	strings_free(&directory->build_ids);
	*directory = (struct directory){0};
}

/* --- as JSON --- */

static struct json_object *text_of(const char *string)
{
	return string != NULL ? json_object_new_string(string) : NULL;
}

static struct json_object *name_of(const char *name)
{
	char *utf8 = name_to_utf8(name);
	struct json_object *object = json_object_new_string(utf8);
	free(utf8);
	return object;
}

static struct json_object *list_of(const struct strings *list)
{
	struct json_object *array = json_object_new_array();
	for (size_t i = 0; i < list->count; i++)
		json_object_array_add(array, name_of(list->items[i]));
	return array;
}

static char *text_from(struct json_object *top)
{
	char *out = xasprintf(
		"%s\n", json_object_to_json_string_ext(
				top, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(top);
	return out;
}

static int by_kind(const void *a, const void *b)
{
	return strcmp(((const struct holding *)a)->kind, ((const struct holding *)b)->kind);
}

char *holdings_to_json(const struct holdings *holdings)
{
	struct json_object *top = json_object_new_object();
	struct json_object *files = json_object_new_array();
	struct json_object *sources = json_object_new_array();
	if (holdings->count > 1)
		qsort(holdings->files, holdings->count, sizeof(*holdings->files), by_kind);
	for (size_t i = 0; i < holdings->count; i++) {
		const struct holding *file = &holdings->files[i];
		struct json_object *item = json_object_new_object();
		json_object_object_add(item, "kind", name_of(file->kind));
		json_object_object_add(item, "size", json_object_new_int64((int64_t)file->size));
		json_object_object_add(item, "sha256", text_of(file->sha256));
		json_object_object_add(item, "alternate", json_object_new_boolean(file->alternate));
		json_object_object_add(item, "packages", list_of(&file->packages));
		json_object_array_add(files, item);
	}
	for (size_t i = 0; i < holdings->source_count; i++) {
		const struct named_source *source = &holdings->sources[i];
		struct json_object *item = json_object_new_object();
		const bool served = source->package != NULL;
		json_object_object_add(item, "path", name_of(source->path));
		json_object_object_add(item, "package", served ? name_of(source->package) : NULL);
		json_object_object_add(item, "sha256", served ? text_of(source->sha256) : NULL);
		json_object_array_add(sources, item);
	}
	json_object_object_add(top, "holdingsVersion", json_object_new_int(1));
	json_object_object_add(top, "files", files);
	json_object_object_add(top, "sources", sources);
	return text_from(top);
}

char *directory_to_json(const struct directory *directory)
{
	struct json_object *top = json_object_new_object();
	json_object_object_add(top, "directoryVersion", json_object_new_int(1));
	json_object_object_add(top, "packages", list_of(&directory->packages));
	json_object_object_add(top, "buildIds", list_of(&directory->build_ids));
	return text_from(top);
}

/* --- out of JSON, which anybody may have written --- */

static const char *string_in(struct json_object *object, const char *key)
{
	struct json_object *value;
	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	const char *text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

static bool read_digest(struct json_object *object, char out[65])
{
	const char *text = string_in(object, "sha256");
	if (text == NULL || strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64)
		return false;
	memcpy(out, text, 65);
	return true;
}

static bool is_hex(const char *text)
{
	const size_t length = strlen(text);
	return length >= 2 && length <= 128 && strspn(text, "0123456789abcdef") == length;
}

static bool read_list(struct json_object *object, const char *key, bool (*good)(const char *text),
		      struct strings *out)
{
	struct json_object *value;
	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_array))
		return false;
	const size_t count = json_object_array_length(value);
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);
		if (!json_object_is_type(item, json_type_string))
			return false;
		char *name = name_from_utf8(json_object_get_string(item));
		const bool fine = good(name);
		if (fine)
			set_add(out, name);
		free(name);
		if (!fine)
			return false;
	}
	return true;
}

static bool read_file(struct holdings *out, struct json_object *item)
{
	struct json_object *value;
	const char *kind = string_in(item, "kind");
	if (kind == NULL)
		return false;
	char *name = name_from_utf8(kind);
	const bool fine = is_artifact_kind(name) && holdings_find(out, name) == NULL;
	struct holding *holding = fine ? holdings_add(out, name) : NULL;
	free(name);
	if (!fine || !json_object_object_get_ex(item, "size", &value) ||
	    !json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return false;
	holding->size = (uint64_t)json_object_get_int64(value);
	holding->alternate = json_object_object_get_ex(item, "alternate", &value) &&
			     json_object_get_boolean(value);
	return read_digest(item, holding->sha256) &&
	       read_list(item, "packages", is_package_name, &holding->packages);
}

static bool read_source(struct named_source *source, struct json_object *item)
{
	struct json_object *value;
	const char *path = string_in(item, "path");
	if (path == NULL)
		return false;
	source->path = name_from_utf8(path);
	if (!is_source_path(source->path))
		return false;
	if (!json_object_object_get_ex(item, "package", &value) || value == NULL)
		return true;
	const char *package = string_in(item, "package");
	if (package == NULL)
		return false;
	source->package = name_from_utf8(package);
	return is_package_name(source->package) && read_digest(item, source->sha256);
}

static struct json_object *parse(const char *json, size_t size, const char *version)
{
	struct json_object *value;
	struct json_tokener *tokener = size <= INT_MAX ? json_tokener_new_ex(8) : NULL;
	if (tokener == NULL)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *top = json_parse_text(tokener, json, size);
	const bool good = json_tokener_get_error(tokener) == json_tokener_success &&
			  json_object_is_type(top, json_type_object) &&
			  json_object_object_get_ex(top, version, &value) &&
			  json_object_is_type(value, json_type_int) &&
			  json_object_get_int64(value) == 1;
	json_tokener_free(tokener);
	if (good)
		return top;
	json_object_put(top);
	return NULL;
}

int holdings_parse(struct holdings *out, const char *hex, const char *json, size_t size,
		   struct note_error *err)
{
	struct json_object *array = NULL;
	*out = (struct holdings){0};
	struct json_object *top = parse(json, size, "holdingsVersion");
	bool good = top != NULL && is_hex(hex) && json_object_object_get_ex(top, "files", &array) &&
		    json_object_is_type(array, json_type_array);
	const size_t files = good ? json_object_array_length(array) : 0;
	for (size_t i = 0; good && i < files; i++)
		good = read_file(out, json_object_array_get_idx(array, i));
	good = good && json_object_object_get_ex(top, "sources", &array) &&
	       json_object_is_type(array, json_type_array);
	const size_t sources = good ? json_object_array_length(array) : 0;
	out->sources = xcalloc(sources, sizeof(*out->sources));
	for (size_t i = 0; good && i < sources; i++) {
		struct named_source *source = &out->sources[out->source_count++];
		good = read_source(source, json_object_array_get_idx(array, i)) &&
		       (i == 0 || strcmp(source[-1].path, source->path) < 0);
	}
	json_object_put(top);
	if (!good) {
		holdings_free(out);
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				 "index/buildid/%s.json is not what it should be", hex);
	}
	memcpy(out->hex, hex, strlen(hex) + 1);
	return NOTE_OK;
}

int directory_parse(struct directory *out, const char *json, size_t size, struct note_error *err)
{
	struct json_object *top = parse(json, size, "directoryVersion");
	const bool good = top != NULL &&
			  read_list(top, "packages", is_package_name, &out->packages) &&
			  read_list(top, "buildIds", is_hex, &out->build_ids);
	json_object_put(top);
	return good ? NOTE_OK
		    : error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
				"index/source/ of %s is not what it should be", out->path);
}
