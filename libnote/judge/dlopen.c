/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading dlopen notes: see dlopen.h. */
#include "judge/dlopen.h"

#include <stdio.h>
#include <string.h>

struct reading {
	dlopen_report *report;
	void *context;
	size_t entry; /* which one is at hand, from 1 */
};

static void tell(const struct reading *reading, uint64_t offset, const char *format,
		 const char *what)
{
	char detail[140], text[100];
	if (reading->report == NULL)
		return;
	snprintf(text, sizeof(text), format, what);
	if (reading->entry != 0)
		snprintf(detail, sizeof(detail), "entry %zu: %s", reading->entry, text);
	else
		snprintf(detail, sizeof(detail), "%s", text);
	reading->report(reading->context, offset, detail);
}

static bool tell_json(void *context, const char *code, uint64_t offset, const char *detail)
{
	const struct reading *reading = context;
	char text[100];
	snprintf(text, sizeof(text), "%s: %s", code, detail);
	const char *unused;
	/* A name that was cut in the middle of a character is left out. */
	tell(reading, offset, "%s", json_string_ok(text, &unused) ? text : code);
	return true;
}

static json_object *array_of(json_object *one)
{
	json_object *array = json_object_new_array();
	if (array != NULL && json_object_array_add(array, json_object_get(one)) == 0)
		return array;
	if (array != NULL)
		json_object_put(one);
	json_object_put(array);
	return NULL;
}

/* False without memory. */
static bool read_sonames(const struct reading *reading, json_object *entry)
{
	json_object *names;
	if (!json_object_object_get_ex(entry, "soname", &names)) {
		tell(reading, 0, "%s", "no soname");
		return true;
	}
	if (json_object_is_type(names, json_type_string)) {
		tell(reading, 0, "%s", "soname is a string instead of an array");
		json_object *array = array_of(names);
		return array != NULL && json_object_object_add(entry, "soname", array) == 0;
	}
	if (!json_object_is_type(names, json_type_array)) {
		tell(reading, 0, "%s", "soname is no array of strings");
		return true;
	}
	const size_t count = json_object_array_length(names);
	if (count == 0)
		tell(reading, 0, "%s", "soname is empty");
	for (size_t i = 0; i < count; i++)
		if (!json_object_is_type(json_object_array_get_idx(names, i), json_type_string)) {
			tell(reading, 0, "%s", "soname holds what is no string");
			break;
		}
	return true;
}

static void read_strings(const struct reading *reading, json_object *entry)
{
	static const char *const keys[] = {"feature", "description", "priority"};
	json_object *value;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!json_object_object_get_ex(entry, keys[i], &value))
			continue;
		if (!json_object_is_type(value, json_type_string)) {
			tell(reading, 0, "%s is no string", keys[i]);
			continue;
		}
		const char *text = json_object_get_string(value);
		if (strcmp(keys[i], "priority") == 0 && strcmp(text, "required") != 0 &&
		    strcmp(text, "recommended") != 0 && strcmp(text, "suggested") != 0)
			tell(reading, 0, "priority is none of required, recommended, suggested%s",
			     "");
	}
}

json_object *dlopen_read(struct span value, dlopen_report *report, void *context)
{
	struct reading reading = {report, context, 0};
	json_object *read = NULL;
	json_read(&read, span_first(value, span_length(value, 0)), tell_json, &reading, NULL);
	if (json_object_is_type(read, json_type_object)) {
		tell(&reading, 0, "%s", "an object instead of an array of objects");
		json_object *array = array_of(read);
		json_object_put(read);
		read = array;
	}
	if (!json_object_is_type(read, json_type_array)) {
		if (read != NULL)
			tell(&reading, 0, "%s", "neither an array nor an object");
		json_object_put(read);
		return NULL;
	}
	const size_t count = json_object_array_length(read);
	for (size_t i = 0; i < count; i++) {
		json_object *entry = json_object_array_get_idx(read, i);
		reading.entry = i + 1;
		if (!json_object_is_type(entry, json_type_object)) {
			tell(&reading, 0, "%s", "no object");
			continue;
		}
		if (!read_sonames(&reading, entry)) {
			json_object_put(read);
			return NULL;
		}
		read_strings(&reading, entry);
	}
	return read;
}
