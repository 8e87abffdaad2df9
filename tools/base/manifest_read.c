/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a manifest: every field's type and form is checked before anyone uses it. */
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "libnote/error.h"
#include "tools/base/json_text.h"
#include "tools/base/manifest.h"

#define MANIFEST_VERSION 1
#define SOURCES_PREFIX   "/usr/src/debug/"
#define JSON_DEPTH       32 /* ours is 6 deep; the package notes inside may nest */

enum want { REQUIRED, OR_NULL };

static int broken(struct note_error *err, const char *where, const char *key, const char *what)
{
	return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "manifest: %s.%s %s", where, key,
			 what);
}

/* The member KEY of TYPE; *OUT is NULL where it is null or not there and WANT allows it. */
static int member(struct json_object *object, const char *where, const char *key,
		  enum json_type type, enum want want, struct json_object **out,
		  struct note_error *err)
{
	*out = NULL;
	if (!json_object_object_get_ex(object, key, out) || *out == NULL)
		return want == OR_NULL ? NOTE_OK : broken(err, where, key, "is not there");
	if (!json_object_is_type(*out, type))
		return broken(err, where, key, "has another type than it should");
	return NOTE_OK;
}

/* The bytes of a name; NULL where it holds a NUL byte, in whatever disguise. */
static char *name_of(struct json_object *value)
{
	const char *text = json_object_get_string(value);
	if (strlen(text) != (size_t)json_object_get_string_len(value) || strstr(text, "%00"))
		return NULL;
	return name_from_utf8(text);
}

static int read_name(struct json_object *object, const char *where, const char *key, enum want want,
		     char **out, struct note_error *err)
{
	struct json_object *value;
	int code = member(object, where, key, json_type_string, want, &value, err);
	if (code != NOTE_OK || value == NULL)
		return code;
	*out = name_of(value);
	return *out != NULL ? NOTE_OK : broken(err, where, key, "holds a NUL byte");
}

/* Absolute, and no component is empty, "." or "..". */
static bool is_path(const char *path)
{
	if (path[0] != '/')
		return false;
	while (*path == '/') {
		const size_t length = strcspn(++path, "/");
		if (length == 0 || (length == 1 && path[0] == '.') ||
		    (length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += length;
	}
	return true;
}

static int read_path(struct json_object *object, const char *where, const char *key, char **out,
		     struct note_error *err)
{
	int code = read_name(object, where, key, REQUIRED, out, err);
	if (code == NOTE_OK && !is_path(*out))
		code = broken(err, where, key, "is no absolute, normalised path");
	return code;
}

static int read_paths(struct json_object *object, const char *where, const char *key,
		      const char *prefix, struct strings *out, struct note_error *err)
{
	struct json_object *array;
	int code = member(object, where, key, json_type_array, REQUIRED, &array, err);
	const size_t count = code == NOTE_OK ? json_object_array_length(array) : 0;
	for (size_t i = 0; i < count; i++) {
		struct json_object *value = json_object_array_get_idx(array, i);
		if (!json_object_is_type(value, json_type_string))
			return broken(err, where, key, "holds something that is no string");
		char *name = name_of(value);
		if (name == NULL)
			return broken(err, where, key, "holds a NUL byte");
		char *path = xasprintf("%s%s", name[0] == '/' ? "" : prefix, name);
		free(name);
		if (!is_path(path)) {
			free(path);
			return broken(err, where, key, "holds a path that is not normalised");
		}
		strings_take(out, path);
	}
	return code;
}

/* Lower-case hexadecimal digits: their number is DIGITS, or any even one up to 128 where that
 * is 0. */
static bool is_hex(const char *text, size_t digits)
{
	const size_t length = strlen(text);
	if (strspn(text, "0123456789abcdef") != length)
		return false;
	return digits != 0 ? length == digits : length != 0 && length % 2 == 0 && length <= 128;
}

static int read_hex(struct json_object *object, const char *where, const char *key, size_t digits,
		    const char **out, struct note_error *err)
{
	struct json_object *value;
	int code = member(object, where, key, json_type_string, REQUIRED, &value, err);
	if (code != NOTE_OK)
		return code;
	*out = json_object_get_string(value);
	if (!is_hex(*out, digits) || (size_t)json_object_get_string_len(value) != strlen(*out))
		return broken(err, where, key, "is not lower-case hexadecimal of the right length");
	return NOTE_OK;
}

static int read_number(struct json_object *object, const char *where, const char *key,
		       uint64_t *out, struct note_error *err)
{
	struct json_object *value;
	int code = member(object, where, key, json_type_int, REQUIRED, &value, err);
	if (code == NOTE_OK && json_object_get_int64(value) < 0)
		return broken(err, where, key, "is negative");
	if (code == NOTE_OK)
		*out = (uint64_t)json_object_get_int64(value);
	return code;
}

static int read_size_and_digest(struct json_object *object, const char *where, uint64_t *size,
				char digest[65], struct note_error *err)
{
	const char *hex;
	int code = read_number(object, where, "size", size, err);
	if (code == NOTE_OK)
		code = read_hex(object, where, "sha256", 64, &hex, err);
	if (code == NOTE_OK)
		memcpy(digest, hex, 65);
	return code;
}

/* Manifests of earlier versions have none. */
static int read_counts(struct manifest_file *file, struct json_object *object,
		       struct note_error *err)
{
	struct json_object *units;
	if (!json_object_object_get_ex(object, "units", &units))
		return NOTE_OK;
	file->counts.counted = true;
	int code = read_number(object, "debugFile", "units", &file->counts.units, err);
	if (code == NOTE_OK)
		code = read_number(object, "debugFile", "functions", &file->counts.functions, err);
	if (code == NOTE_OK)
		code = read_number(object, "debugFile", "lineRows", &file->counts.lines, err);
	return code;
}

static int read_debug_file(struct manifest_file *file, struct json_object *object,
			   struct note_error *err)
{
	struct json_object *alternate;
	const char *crc;
	int code = read_path(object, "debugFile", "path", &file->debug_path, err);
	if (code == NOTE_OK)
		code = read_size_and_digest(object, "debugFile", &file->debug_size,
					    file->debug_sha256, err);
	if (code == NOTE_OK)
		code = read_hex(object, "debugFile", "crc32", 8, &crc, err);
	if (code == NOTE_OK)
		file->debug_crc32 = (uint32_t)strtoul(crc, NULL, 16);
	if (code == NOTE_OK && json_object_object_get_ex(object, "alternate", &alternate) &&
	    alternate != NULL)
		code = read_path(object, "debugFile", "alternate", &file->debug_alternate, err);
	return code == NOTE_OK ? read_counts(file, object, err) : code;
}

static int read_note(struct manifest_file *file, struct json_object *object, struct note_error *err)
{
	struct json_object *note;
	if (!json_object_object_get_ex(object, "package", &note) || note == NULL)
		return NOTE_OK;
	if (json_object_is_type(note, json_type_object)) {
		file->package = xstrdup(json_object_to_json_string_ext(
			note, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		return NOTE_OK;
	}
	return read_name(object, "files", "package", OR_NULL, &file->package, err);
}

static int read_file(struct manifest_file *file, struct json_object *object, struct note_error *err)
{
	struct json_object *debug;
	struct json_object *build_id;
	const char *hex;
	int code = read_path(object, "files", "path", &file->path, err);
	if (code == NOTE_OK)
		code = read_paths(object, "files", "links", "", &file->links, err);
	if (code == NOTE_OK && json_object_object_get_ex(object, "buildId", &build_id) &&
	    build_id != NULL) {
		code = read_hex(object, "files", "buildId", 0, &hex, err);
		if (code == NOTE_OK)
			file->build_id = xstrdup(hex);
	}
	if (code == NOTE_OK)
		code = read_size_and_digest(object, "files", &file->size, file->sha256, err);
	if (code == NOTE_OK)
		code = member(object, "files", "debugFile", json_type_object, OR_NULL, &debug, err);
	if (code == NOTE_OK && debug != NULL)
		code = read_debug_file(file, debug, err);
	if (code == NOTE_OK)
		code = read_paths(object, "files", "sources", SOURCES_PREFIX, &file->sources, err);
	if (code == NOTE_OK)
		code = read_note(file, object, err);
	return code;
}

static int read_alternate(struct manifest *out, struct json_object *object, struct note_error *err)
{
	struct manifest_alternate *alternate = manifest_add_alternate(out);
	const char *hex;
	int code = read_path(object, "alternateFiles", "path", &alternate->path, err);
	if (code == NOTE_OK)
		code = read_hex(object, "alternateFiles", "buildId", 0, &hex, err);
	if (code == NOTE_OK)
		alternate->build_id = xstrdup(hex);
	if (code == NOTE_OK)
		code = read_size_and_digest(object, "alternateFiles", &alternate->size,
					    alternate->sha256, err);
	return code;
}

static int read_skipped(struct manifest *out, struct json_object *object, struct note_error *err)
{
	struct manifest_skipped *skipped = manifest_add_skipped(out);
	struct json_object *refused;
	if (json_object_object_get_ex(object, "refused", &refused))
		skipped->refused = json_object_get_boolean(refused);
	int code = read_path(object, "skipped", "path", &skipped->path, err);
	if (code == NOTE_OK)
		code = read_name(object, "skipped", "reason", REQUIRED, &skipped->reason, err);
	return code;
}

static int read_missing(struct manifest *out, struct json_object *object, struct note_error *err)
{
	struct manifest_missing *missing = manifest_add_missing(out);
	int code = read_name(object, "missingSources", "path", REQUIRED, &missing->path, err);
	if (code == NOTE_OK)
		code = read_name(object, "missingSources", "unit", REQUIRED, &missing->unit, err);
	return code;
}

static int read_package(struct manifest *out, struct json_object *top, struct note_error *err)
{
	struct json_object *package;
	int code = member(top, "manifest", "package", json_type_object, REQUIRED, &package, err);
	if (code == NOTE_OK)
		code = read_name(package, "package", "type", REQUIRED, &out->type, err);
	if (code == NOTE_OK)
		code = read_name(package, "package", "name", REQUIRED, &out->name, err);
	if (code == NOTE_OK)
		code = read_name(package, "package", "version", REQUIRED, &out->version, err);
	if (code == NOTE_OK)
		code = read_name(package, "package", "release", OR_NULL, &out->release, err);
	if (code == NOTE_OK)
		code = read_name(package, "package", "architecture", REQUIRED, &out->architecture,
				 err);
	return code;
}

/* Hands each object of the array KEY to READ. */
static int read_list(struct manifest *out, struct json_object *top, const char *key, enum want want,
		     int (*read)(struct manifest *, struct json_object *, struct note_error *),
		     struct note_error *err)
{
	struct json_object *array;
	int code = member(top, "manifest", key, json_type_array, want, &array, err);
	const size_t count = array != NULL && code == NOTE_OK ? json_object_array_length(array) : 0;
	for (size_t i = 0; code == NOTE_OK && i < count; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);
		code = json_object_is_type(item, json_type_object)
			       ? read(out, item, err)
			       : broken(err, "manifest", key, "holds something that is no object");
	}
	return code;
}

static int read_next_file(struct manifest *out, struct json_object *object, struct note_error *err)
{
	return read_file(manifest_add_file(out), object, err);
}

static int read_manifest(struct manifest *out, struct json_object *top, struct note_error *err)
{
	struct json_object *version;
	if (!json_object_is_type(top, json_type_object))
		return error_set(err, NOTE_MALFORMED, NOTE_NO_OFFSET, "manifest: no JSON object");
	int code =
		member(top, "manifest", "manifestVersion", json_type_int, REQUIRED, &version, err);
	if (code != NOTE_OK)
		return code;
	if (json_object_get_int64(version) != MANIFEST_VERSION)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "manifest: version %lld; this program reads version %d",
				 (long long)json_object_get_int64(version), MANIFEST_VERSION);
	code = read_package(out, top, err);
	if (code == NOTE_OK)
		code = read_list(out, top, "files", REQUIRED, read_next_file, err);
	if (code == NOTE_OK) /* came later than the others */
		code = read_list(out, top, "alternateFiles", OR_NULL, read_alternate, err);
	if (code == NOTE_OK)
		code = read_list(out, top, "skipped", REQUIRED, read_skipped, err);
	if (code == NOTE_OK)
		code = read_list(out, top, "missingSources", REQUIRED, read_missing, err);
	return code;
}

int manifest_parse(struct manifest *out, const char *json, size_t size, struct note_error *err)
{
	int code;
	*out = (struct manifest){0};
	if (size > INT_MAX)
		return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				 "manifest: larger than 2 GiB");
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	if (tokener == NULL)
		return error_system(err, "manifest");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *top = json_parse_text(tokener, json, size);
	const enum json_tokener_error problem = json_tokener_get_error(tokener);
	if (problem == json_tokener_continue)
		code = error_set(err, NOTE_MALFORMED, size, "manifest: it ends too early");
	else if (problem != json_tokener_success)
		code = error_set(err, NOTE_MALFORMED, json_tokener_get_parse_end(tokener),
				 "manifest: %s", json_tokener_error_desc(problem));
	else
		code = read_manifest(out, top, err);
	json_object_put(top);
	json_tokener_free(tokener);
	if (code != NOTE_OK)
		manifest_free(out);
	return code;
}
