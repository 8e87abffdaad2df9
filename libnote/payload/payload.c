/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The package note's payload: a json-c object, kept by the rules of json.h. */
#include "payload.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

struct note_package {
	json_object *object;    /* names in the order in which they were set */
	json_object *canonical; /* the same values, well-known names first; NULL after a change */
};

/* UAPI.8, "Well-known keys", in its order. */
static const char *const well_known[] = {
	"type",         "os",    "osVersion", "name",         "version",
	"architecture", "osCpe", "appCpe",    "debugInfoUrl",
};

#define WELL_KNOWN (sizeof(well_known) / sizeof(well_known[0]))

static bool is_well_known(const char *key)
{
	for (size_t i = 0; i < WELL_KNOWN; i++)
		if (strcmp(key, well_known[i]) == 0)
			return true;
	return false;
}

static int wrap(struct note_package **out, json_object *object, struct note_error *err)
{
	*out = object != NULL ? calloc(1, sizeof(**out)) : NULL;
	if (*out == NULL) {
		json_object_put(object);
		return error_system(err, "package");
	}
	(*out)->object = object;
	return NOTE_OK;
}

int note_package_new(struct note_package **out, struct note_error *err)
{
	return wrap(out, json_object_new_object(), err);
}

static int not_an_object(struct note_error *err)
{
	return error_set(err, NOTE_MALFORMED, 0, "not-object: the value is no JSON object");
}

int note_package_parse(struct note_package **out, const char *json, size_t length,
		       struct note_error *err)
{
	json_object *object;
	*out = NULL;
	int code = json_read(&object, span_of(json, length), NULL, NULL, err);
	if (code != NOTE_OK)
		return code;
	if (!json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return not_an_object(err);
	}
	return wrap(out, object, err);
}

void note_package_free(struct note_package *package)
{
	if (package == NULL)
		return;
	json_object_put(package->canonical);
	json_object_put(package->object);
	free(package);
}

/* TEXT is the key itself, or its value. */
static int check_string(const char *key, const char *text, struct note_error *err)
{
	const char *code;
	if (json_string_ok(text, &code))
		return NOTE_OK;
	return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "%s%s: %s", text == key ? "key " : "",
			 key,
			 strcmp(code, "not-utf8") == 0 ? "not UTF-8" : "holds a control character");
}

int note_package_set(struct note_package *package, const char *key, const char *value,
		     struct note_error *err)
{
	int code = check_string(key, key, err);
	if (code == NOTE_OK && value != NULL)
		code = check_string(key, value, err);
	if (code != NOTE_OK)
		return code;
	json_object_put(package->canonical);
	package->canonical = NULL;
	if (value == NULL) {
		json_object_object_del(package->object, key);
		return NOTE_OK;
	}
	json_object *string = json_object_new_string(value);
	if (string == NULL || json_object_object_add(package->object, key, string) != 0) {
		json_object_put(string);
		return error_system(err, "package");
	}
	return NOTE_OK;
}

const char *note_package_get(const struct note_package *package, const char *key)
{
	json_object *value;
	if (!json_object_object_get_ex(package->object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static bool add_shared(json_object *to, const char *key, json_object *value)
{
	if (json_object_object_add(to, key, json_object_get(value)) == 0)
		return true;
	json_object_put(value);
	return false;
}

const char *note_package_json(struct note_package *package)
{
	json_object *canonical = package->canonical, *value;
	bool ok = true;
	if (canonical == NULL) {
		canonical = json_object_new_object();
		if (canonical == NULL)
			return NULL;
		for (size_t i = 0; i < WELL_KNOWN; i++)
			if (json_object_object_get_ex(package->object, well_known[i], &value))
				ok = add_shared(canonical, well_known[i], value) && ok;
		json_object_object_foreach(package->object, key, other) if (!is_well_known(key))
			ok = add_shared(canonical, key, other) && ok;
		if (!ok) {
			json_object_put(canonical);
			return NULL;
		}
		package->canonical = canonical;
	}
	return json_object_to_json_string_ext(canonical, JSON_C_TO_STRING_PLAIN |
								 JSON_C_TO_STRING_NOSLASHESCAPE);
}

int package_judge(struct span payload, json_report *report, void *context, struct note_error *err)
{
	json_object *object;
	int code = json_read(&object, payload, report, context, err);
	if (code == NOTE_OK && !json_object_is_type(object, json_type_object)) {
		report(context, "not-object", 0, "the value is no JSON object");
		code = not_an_object(err);
	}
	json_object_put(object);
	return code;
}

int package_check(const char *payload, struct note_error *err)
{
	struct note_package *package;
	struct note_error inner = {0};
	if (payload == NULL)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "payload: none was given");
	int code = note_package_parse(&package, payload, strlen(payload), &inner);
	if (code == NOTE_SYSTEM) {
		if (err != NULL)
			*err = inner;
		return code;
	}
	if (code != NOTE_OK)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET, "payload: %s", inner.text);
	note_package_free(package);
	return NOTE_OK;
}

#define NOTE_HEADER_SIZE 16 /* with the owner, "FDO" and its NUL */

uint8_t *package_note(const struct image *shape, const char *payload, uint64_t *size)
{
	const size_t length = strlen(payload);
	uint64_t desc;
	if (!align_up(length + 1, 4, &desc) || desc > UINT32_MAX)
		return NULL;
	uint8_t *note = calloc(1, NOTE_HEADER_SIZE + desc);
	if (note == NULL)
		return NULL;
	struct output out = {.bytes = note, .size = NOTE_HEADER_SIZE + desc};
	output_u32(&out, 0, sizeof(NOTE_OWNER_FDO), shape->is_big);
	output_u32(&out, 4, (uint32_t)desc, shape->is_big);
	output_u32(&out, 8, NOTE_TYPE_PACKAGE, shape->is_big);
	output_copy(&out, 12, (struct span){(const uint8_t *)NOTE_OWNER_FDO, 4});
	output_copy(&out, NOTE_HEADER_SIZE, (struct span){(const uint8_t *)payload, length});
	*size = out.size;
	return note;
}
