/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/share/record.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "libnote/sorted.h"
#include "tools/base/json_text.h"
#include "tools/share/share.h"

#define RECORD_VERSION 1

struct record_file *record_add(struct record *record)
{
	if (record->count == record->room) {
		record->room = record->room != 0 ? 2 * record->room : 16;
		record->files = xrealloc(record->files, record->room * sizeof(*record->files));
	}
	struct record_file *file = &record->files[record->count++];
	*file = (struct record_file){0};
	return file;
}

static int by_path(const void *a, const void *b)
{
	const struct record_file *x = a, *y = b;
	const int order = strcmp(x->path, y->path);
	return order != 0 ? order : strcmp(x->origin, y->origin);
}

void record_sort(struct record *record)
{
	if (record->count > 1)
		qsort(record->files, record->count, sizeof(*record->files), by_path);
}

/* The first file whose path is not before PATH. */
static size_t place_of(const struct record *record, const char *path)
{
	return FIRST_WHERE(i, record->count, strcmp(record->files[i].path, path) >= 0);
}

const struct record_file *record_find(const struct record *record, const char *path)
{
	const size_t i = place_of(record, path);
	return i < record->count && strcmp(record->files[i].path, path) == 0 ? &record->files[i]
									     : NULL;
}

bool record_has_below(const struct record *record, const char *directory)
{
	char *prefix = xasprintf("%s/", directory);
	const size_t i = place_of(record, prefix);
	const bool has =
		i < record->count && strncmp(record->files[i].path, prefix, strlen(prefix)) == 0;
	free(prefix);
	return has;
}

void record_free(struct record *record)
{
	free(record->package);
	free(record->type);
	free(record->name);
	free(record->version);
	free(record->release);
	free(record->architecture);
	for (size_t i = 0; i < record->count; i++) {
		free(record->files[i].path);
		free(record->files[i].origin);
	}
	free(record->files);
	*record = (struct record){0};
}

static const char *published(const struct record_file *file)
{
	return file->published[0] != '\0' ? file->published : file->sha256;
}

bool record_same_files(const struct record *a, const struct record *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->files[i].path, b->files[i].path) != 0 ||
		    strcmp(published(&a->files[i]), published(&b->files[i])) != 0)
			return false;
	return true;
}

bool is_package_name(const char *name)
{
	const char *end = name + strlen(name);
	if (name[0] == '\0' || name[0] == '.' || end - name > 255)
		return false;
	for (const char *p = name; p < end;) {
		const size_t length = utf8_length(p, end);
		if (length == 0 || (unsigned char)*p < 0x20 || *p == 0x7f || *p == '/')
			return false;
		p += length;
	}
	return true;
}

const char *build_id_path(const char *path, char hex[129])
{
	if (strncmp(path, "buildid/", 8) != 0)
		return NULL;
	const size_t length = strspn(path + 8, "0123456789abcdef");
	if (length < 2 || length > 128 || length % 2 != 0 || path[8 + length] != '/')
		return NULL;
	memcpy(hex, path + 8, length);
	hex[length] = '\0';
	return path + 8 + length + 1;
}

bool is_section_name(const char *name)
{
	return strchr(name, '/') == NULL && strlen(name) <= 255 && is_plain_path(name);
}

bool is_artifact_kind(const char *kind)
{
	return strcmp(kind, "debuginfo") == 0 || strcmp(kind, "executable") == 0 ||
	       (strncmp(kind, "section/", 8) == 0 && is_section_name(kind + 8));
}

bool is_plain_path(const char *path)
{
	do {
		const size_t length = strcspn(path, "/");
		if (length == 0 || (length <= 2 && strspn(path, ".") >= length))
			return false;
		path += length;
	} while (*path++ == '/');
	return true;
}

bool is_source_path(const char *path)
{
	return strncmp(path, "usr/src/debug/", 14) == 0 && is_plain_path(path);
}

/* --- JSON, one file a line: a long record stays readable and small in memory --- */

static void put_string(struct text *out, const char *key, const char *name)
{
	text_printf(out, "\"%s\": ", key);
	if (name == NULL) {
		text_puts(out, "null");
		return;
	}
	char *utf8 = name_to_utf8(name);
	text_puts(out, "\"");
	for (const char *p = utf8; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			text_printf(out, "\\%c", *p);
		else if ((unsigned char)*p < 0x20)
			text_printf(out, "\\u%04x", (unsigned)*p);
		else
			text_add(out, p, 1);
	}
	text_puts(out, "\"");
	free(utf8);
}

char *record_to_json(const struct record *record)
{
	struct text out = {0};
	const struct {
		const char *key;
		const char *value;
	} heads[] = {{"package", record->package}, {"type", record->type},
		     {"name", record->name},       {"version", record->version},
		     {"release", record->release}, {"architecture", record->architecture}};
	text_printf(&out, "{\n  \"recordVersion\": %d,\n", RECORD_VERSION);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		text_puts(&out, "  ");
		put_string(&out, heads[i].key, heads[i].value);
		text_puts(&out, ",\n");
	}
	if (record->incomplete)
		text_puts(&out, "  \"incomplete\": true,\n");
	text_puts(&out, "  \"files\": [");
	for (size_t i = 0; i < record->count; i++) {
		const struct record_file *file = &record->files[i];
		text_puts(&out, i == 0 ? "\n    {" : ",\n    {");
		put_string(&out, "path", file->path);
		text_printf(&out, ", \"size\": %llu, \"sha256\": \"%s\", ",
			    (unsigned long long)file->size, file->sha256);
		put_string(&out, "origin", file->origin);
		if (file->published[0] != '\0')
			text_printf(&out, ", \"published\": \"%s\"", file->published);
		text_puts(&out, "}");
	}
	text_puts(&out, "\n  ]\n}\n");
	return out.data;
}

static int broken(struct note_error *err, const char *key)
{
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET,
			 "record: '%s' is not there or not what it should be", key);
}

static bool read_name(struct json_object *object, const char *key, bool required, char **out)
{
	struct json_object *value;
	if (!json_object_object_get_ex(object, key, &value) || value == NULL)
		return !required;
	const char *text = json_object_get_string(value);
	if (!json_object_is_type(value, json_type_string) || strstr(text, "%00") != NULL ||
	    strlen(text) != (size_t)json_object_get_string_len(value))
		return false;
	*out = name_from_utf8(text);
	return true;
}

/* What a package's directory may hold: nothing else is ever removed or linked to. */
bool is_record_path(const char *path)
{
	char hex[129];
	const char *kind = build_id_path(path, hex);
	if (kind != NULL)
		return is_artifact_kind(kind);
	return strncmp(path, "source/", 7) == 0 && is_plain_path(path + 7);
}

static bool read_digest(struct json_object *value, char out[65])
{
	if (!json_object_is_type(value, json_type_string) ||
	    json_object_get_string_len(value) != 64 ||
	    strspn(json_object_get_string(value), "0123456789abcdef") != 64)
		return false;
	memcpy(out, json_object_get_string(value), 65);
	return true;
}

static int read_file(struct record *out, struct json_object *object, struct note_error *err)
{
	struct record_file *file = record_add(out);
	struct json_object *value;
	if (!read_name(object, "path", true, &file->path) || !is_record_path(file->path))
		return broken(err, "path");
	if (!read_name(object, "origin", true, &file->origin))
		return broken(err, "origin");
	if (!json_object_object_get_ex(object, "size", &value) ||
	    !json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return broken(err, "size");
	file->size = (uint64_t)json_object_get_int64(value);
	if (!json_object_object_get_ex(object, "sha256", &value) ||
	    !read_digest(value, file->sha256))
		return broken(err, "sha256");
	if (json_object_object_get_ex(object, "published", &value) &&
	    !read_digest(value, file->published))
		return broken(err, "published");
	return NOTE_OK;
}

static int read_record(struct record *out, struct json_object *top, struct note_error *err)
{
	struct json_object *value;
	if (!json_object_is_type(top, json_type_object))
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "record: no JSON object");
	if (!json_object_object_get_ex(top, "recordVersion", &value) ||
	    !json_object_is_type(value, json_type_int))
		return broken(err, "recordVersion");
	if (json_object_get_int64(value) != RECORD_VERSION)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "record: version %lld; this program reads version %d",
				 (long long)json_object_get_int64(value), RECORD_VERSION);
	if (!read_name(top, "package", true, &out->package) || !is_package_name(out->package))
		return broken(err, "package");
	if (!read_name(top, "type", false, &out->type))
		return broken(err, "type");
	if (!read_name(top, "name", false, &out->name))
		return broken(err, "name");
	if (!read_name(top, "version", false, &out->version))
		return broken(err, "version");
	if (!read_name(top, "release", false, &out->release))
		return broken(err, "release");
	if (!read_name(top, "architecture", false, &out->architecture))
		return broken(err, "architecture");
	if (json_object_object_get_ex(top, "incomplete", &value))
		out->incomplete = json_object_get_boolean(value);
	if (!json_object_object_get_ex(top, "files", &value) ||
	    !json_object_is_type(value, json_type_array))
		return broken(err, "files");
	int code = NOTE_OK;
	const size_t count = json_object_array_length(value);
	for (size_t i = 0; code == NOTE_OK && i < count; i++) {
		struct json_object *item = json_object_array_get_idx(value, i);
		code = json_object_is_type(item, json_type_object) ? read_file(out, item, err)
								   : broken(err, "files");
	}
	return code;
}

/* The value that SIZE bytes of JSON hold; NULL where they hold none, or more. */
static struct json_object *parse_json(const char *json, size_t size, struct note_error *err)
{
	if (size > INT_MAX) {
		error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET, "record: larger than 2 GiB");
		return NULL;
	}
	struct json_tokener *tokener = json_tokener_new_ex(8);
	if (tokener == NULL) {
		error_system(err, "record");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *value = json_parse_text(tokener, json, size);
	if (json_tokener_get_error(tokener) != json_tokener_success || value == NULL) {
		error_set(err, NOTE_MALFORMED, json_tokener_get_parse_end(tokener),
			  "record: no JSON");
		json_object_put(value);
		value = NULL;
	}
	json_tokener_free(tokener);
	return value;
}

static int parse_whole(struct record *out, const char *json, size_t size, struct note_error *err)
{
	struct note_error why = {.code = NOTE_MALFORMED};
	struct json_object *top = parse_json(json, size, &why);
	if (top == NULL) {
		if (err != NULL)
			*err = why;
		return why.code;
	}
	int code = read_record(out, top, err);
	json_object_put(top);
	return code;
}

#define FILES_START "  \"files\": [\n"
#define FILES_END   "\n  ]\n}\n"

/* The layout that record_to_json writes has a file on each line: these are parsed one by one, as
 * json-c takes ten times the size of a text. False where the layout is another. */
static bool parse_lines(struct record *out, const char *json, size_t size)
{
	const char *end = json + size - strlen(FILES_END);
	const char *start = memmem(json, size, "\n" FILES_START, strlen("\n" FILES_START));
	if (start == NULL || size < strlen(FILES_END) || end <= start ||
	    memcmp(end, FILES_END, strlen(FILES_END)) != 0)
		return false;
	const char *line = start + strlen("\n" FILES_START);
	char *head = xasprintf("%.*s\n" FILES_START "]}", (int)(start - json), json);
	bool good = parse_whole(out, head, strlen(head), NULL) == NOTE_OK;
	free(head);
	while (good && line < end) {
		const char *next = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((next != NULL ? next : end) - line);
		/* A comma behind each but the last. */
		good = length != 0 && (line[length - 1] == ',') == (next != NULL);
		struct json_object *item =
			good ? parse_json(line, length - (next != NULL), NULL) : NULL;
		good = item != NULL && json_object_is_type(item, json_type_object) &&
		       read_file(out, item, NULL) == NOTE_OK;
		json_object_put(item);
		line = next != NULL ? next + 1 : end;
	}
	if (!good)
		record_free(out);
	return good;
}

int record_parse(struct record *out, const char *json, size_t size, struct note_error *err)
{
	*out = (struct record){0};
	if (parse_lines(out, json, size))
		return NOTE_OK;
	int code = parse_whole(out, json, size, err);
	if (code != NOTE_OK)
		record_free(out);
	return code;
}
