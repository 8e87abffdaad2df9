/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The index by name: what leads to the results, as JSON. */
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/names/names.h"

const char *const names_order_keys[NAMES_ORDERS] = {"files", "buildids"};

static int short_memory(struct note_error *err)
{
	return error_set(err, NOTE_SYSTEM, NOTE_NO_OFFSET, "out of memory");
}

bool names_sequence(const char *name, uint64_t *sequence)
{
	const size_t digits = strspn(name, "0123456789");
	if (digits == 0 || digits > 18 || name[digits] != '-' ||
	    strspn(name + digits + 1, "0123456789abcdef") != NAMES_DIGEST ||
	    strcmp(name + digits + 1 + NAMES_DIGEST, ".json") != 0)
		return false;
	*sequence = strtoull(name, NULL, 10);
	return true;
}

/* --- JSON --- */

static struct json_object *parse(const char *text, size_t size)
{
	struct json_tokener *tokener =
		size < NAMES_DOCUMENT_MOST && size < INT_MAX ? json_tokener_new_ex(8) : NULL;
	if (tokener == NULL)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *top = json_tokener_parse_ex(tokener, text, (int)size);
	const bool good = json_tokener_get_error(tokener) == json_tokener_success &&
			  json_object_is_type(top, json_type_object);
	json_tokener_free(tokener);
	if (good)
		return top;
	json_object_put(top);
	return NULL;
}

static bool read_number(struct json_object *object, const char *key, uint64_t *out)
{
	struct json_object *value;
	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return false;
	*out = (uint64_t)json_object_get_int64(value);
	return true;
}

/* The text of a string; NULL where it is none, or holds a NUL. */
static const char *text_of(struct json_object *value)
{
	if (!json_object_is_type(value, json_type_string))
		return NULL;
	const char *text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

static const char *string_in(struct json_object *object, const char *key)
{
	struct json_object *value;
	return json_object_object_get_ex(object, key, &value) ? text_of(value) : NULL;
}

/* A document that the index may lead to. */
static const char *name_in(struct json_object *object, const char *key)
{
	uint64_t sequence;
	const char *name = string_in(object, key);
	return name != NULL && names_sequence(name, &sequence) ? name : NULL;
}

static struct json_object *array_in(struct json_object *object, const char *key, size_t *count)
{
	struct json_object *value;
	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_array))
		return NULL;
	*count = json_object_array_length(value);
	return value;
}

/* --- the index --- */

/* A list of COUNT strings at most; false where memory is short. */
static bool list_begin(struct strings *list, size_t count)
{
	list->items = calloc(count + 1, sizeof(*list->items));
	list->room = count;
	return list->items != NULL;
}

/* NOTE_OK, NOTE_MALFORMED or NOTE_SYSTEM. */
static int read_entries(struct names_index *out, struct json_object *top)
{
	size_t count = 0;
	struct json_object *list = array_in(top, "segments", &count);
	if (list == NULL || count > NAMES_SEGMENTS_MOST || !read_number(top, "next", &out->next))
		return NOTE_MALFORMED;
	out->segments = calloc(count + 1, sizeof(*out->segments));
	if (out->segments == NULL)
		return NOTE_SYSTEM;
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		struct names_segment_entry *entry = &out->segments[i];
		const char *name = name_in(item, "name");
		if (name == NULL || !read_number(item, "level", &entry->level) ||
		    !read_number(item, "packages", &entry->packages) ||
		    !read_number(item, "removed", &entry->removed))
			return NOTE_MALFORMED;
		entry->name = strdup(name);
		if (entry->name == NULL)
			return NOTE_SYSTEM;
		out->count++;
	}
	return NOTE_OK;
}

static int read_old(struct names_index *out, struct json_object *top)
{
	size_t count = 0;
	struct json_object *list = array_in(top, "old", &count);
	if (list == NULL)
		return NOTE_MALFORMED;
	if (!list_begin(&out->old, count))
		return NOTE_SYSTEM;
	for (size_t i = 0; i < count; i++) {
		uint64_t sequence;
		const char *name = text_of(json_object_array_get_idx(list, i));
		if (name == NULL || !names_sequence(name, &sequence))
			return NOTE_MALFORMED;
		out->old.items[i] = strdup(name);
		if (out->old.items[i] == NULL)
			return NOTE_SYSTEM;
		out->old.count++;
	}
	return NOTE_OK;
}

int names_index_read(struct names_index *out, const char *text, size_t size, struct note_error *err)
{
	uint64_t version = 0;
	*out = (struct names_index){0};
	struct json_object *top = parse(text, size);
	int code = top != NULL && read_number(top, "namesVersion", &version) ? NOTE_OK
									     : NOTE_MALFORMED;
	if (code == NOTE_OK && version != NAMES_VERSION)
		code = error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 NAMES_INDEX ": version %llu; this program reads version %d",
				 (unsigned long long)version, NAMES_VERSION);
	if (code == NOTE_OK)
		code = read_entries(out, top);
	if (code == NOTE_OK)
		code = read_old(out, top);
	json_object_put(top);
	if (code == NOTE_MALFORMED)
		error_set(err, code, NOTE_NO_OFFSET, NAMES_INDEX " is not what it should be");
	else if (code == NOTE_SYSTEM)
		short_memory(err);
	if (code != NOTE_OK)
		names_index_free(out);
	return code;
}

void names_index_free(struct names_index *index)
{
	for (size_t i = 0; i < index->count; i++)
		free(index->segments[i].name);
	free(index->segments);
	strings_free(&index->old);
	*index = (struct names_index){0};
}

/* --- segments --- */

static int read_removed(struct names_segment *out, struct json_object *top)
{
	size_t count = 0;
	struct json_object *list = array_in(top, "removed", &count);
	if (list == NULL)
		return NOTE_MALFORMED;
	if (!list_begin(&out->removed, count))
		return NOTE_SYSTEM;
	for (size_t i = 0; i < count; i++) {
		const char *text = text_of(json_object_array_get_idx(list, i));
		char *name = text != NULL ? names_escape_utf8(text) : NULL;
		if (name == NULL)
			return text == NULL ? NOTE_MALFORMED : NOTE_SYSTEM;
		out->removed.items[out->removed.count++] = name;
	}
	strings_sort(&out->removed);
	return NOTE_OK;
}

static int read_parts(struct names_parts *out, struct json_object *top, const char *key)
{
	size_t count = 0;
	struct json_object *list = array_in(top, key, &count);
	if (list == NULL)
		return NOTE_MALFORMED;
	out->items = calloc(count + 1, sizeof(*out->items));
	if (out->items == NULL)
		return NOTE_SYSTEM;
	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		struct names_part *part = &out->items[out->count++];
		const char *first = string_in(item, "first"), *name = name_in(item, "name");
		if (first == NULL || name == NULL || !read_number(item, "count", &part->count))
			return NOTE_MALFORMED;
		part->first = names_escape_utf8(first);
		part->name = strdup(name);
		if (part->first == NULL || part->name == NULL)
			return NOTE_SYSTEM;
	}
	return NOTE_OK;
}

/* The block that stands in a segment: LENGTH bytes at TEXT. */
static int read_block(struct names_block *out, const char *text, size_t length)
{
	char *copy = malloc(length + 1);
	if (copy == NULL)
		return NOTE_SYSTEM;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return names_block_read(out, copy, length, NULL);
}

static int read_segment(struct names_segment *out, const char *text, size_t size)
{
	const size_t start = strlen(NAMES_INNER_START), end = strlen(NAMES_INNER_END);
	const char *block = strlen(text) == size ? strstr(text, NAMES_INNER_START) : NULL;
	char *head = NULL;
	if (block != NULL) {
		if (block + start > text + size - end ||
		    strcmp(text + size - end, NAMES_INNER_END) != 0)
			return NOTE_MALFORMED;
		if (asprintf(&head, "%.*s}", (int)(block - text), text) < 0)
			return NOTE_SYSTEM;
	}
	struct json_object *top = head != NULL ? parse(head, strlen(head)) : parse(text, size);
	int code = top != NULL ? read_removed(out, top) : NOTE_MALFORMED;
	for (size_t i = 0; code == NOTE_OK && block == NULL && i < NAMES_ORDERS; i++)
		code = read_parts(&out->parts[i], top, names_order_keys[i]);
	if (code == NOTE_OK && block != NULL)
		code = read_block(&out->results, block + start,
				  size - end - (size_t)(block + start - text));
	json_object_put(top);
	free(head);
	return code;
}

int names_segment_read(struct names_segment *out, const char *text, size_t size,
		       struct note_error *err)
{
	*out = (struct names_segment){0};
	const int code =
		size <= NAMES_DOCUMENT_MOST ? read_segment(out, text, size) : NOTE_MALFORMED;
	if (code == NOTE_OK)
		return NOTE_OK;
	names_segment_free(out);
	return code == NOTE_SYSTEM ? short_memory(err)
				   : error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
					       "no segment of an index by name");
}

void names_segment_free(struct names_segment *segment)
{
	strings_free(&segment->removed);
	names_block_free(&segment->results);
	for (size_t order = 0; order < NAMES_ORDERS; order++) {
		for (size_t i = 0; i < segment->parts[order].count; i++) {
			free(segment->parts[order].items[i].first);
			free(segment->parts[order].items[i].name);
		}
		free(segment->parts[order].items);
	}
	*segment = (struct names_segment){0};
}

bool names_segment_removes(const struct names_segment *segment, struct names_span package)
{
	size_t low = 0, high = segment->removed.count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order =
			names_span_compare(names_span_of(segment->removed.items[middle]), package);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
