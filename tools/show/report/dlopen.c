/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the dlopen notes (UAPI.12) of an inventory name: a row an entry, all names, or dependencies
 * for rpm. An entry without a priority is "recommended". Its first name is the
 * preferred one. rpm's form is that of its elfdeps: "libz.so.1()(64bit)" for files of
 * class 64, but for Alpha; "libz.so.1" for the others; alternatives are "(A or B)".
 */
#include <stdlib.h>
#include <string.h>

#include "tools/show/report/report.h"

#define PLAIN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

static const char *const priorities[] = {"required", "recommended", "suggested"};

struct listing {
	const struct dlopen_style *style;
	struct strings lines; /* to be sorted */
	struct text *out;
};

static const char *text_of(json_object *entry, const char *key)
{
	json_object *value;
	return json_object_object_get_ex(entry, key, &value) &&
			       json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : NULL;
}

static const char *priority_of(json_object *entry)
{
	const char *given = text_of(entry, "priority");
	for (size_t i = 0; given != NULL && i < sizeof(priorities) / sizeof(priorities[0]); i++)
		if (strcmp(given, priorities[i]) == 0)
			return priorities[i];
	return "recommended";
}

static json_object *names_of(json_object *entry)
{
	json_object *names;
	return json_object_object_get_ex(entry, "soname", &names) &&
			       json_object_is_type(names, json_type_array) &&
			       json_object_array_length(names) != 0
		       ? names
		       : NULL;
}

/* A name that can stand on a line of its own, for free(), or NULL. */
static char *line_name(json_object *names, size_t index)
{
	const char *name = json_object_get_string(json_object_array_get_idx(names, index));
	if (name == NULL || name[0] == '\0')
		return NULL;
	char *line = name_to_line(name);
	if (strpbrk(line, " \t()") == NULL)
		return line;
	free(line);
	return NULL;
}

static bool is_wanted(const struct dlopen_style *style, json_object *entry)
{
	const char *feature = text_of(entry, "feature");
	return style->features->count == 0 ||
	       (feature != NULL && strings_has(style->features, feature));
}

static void add_dependency(struct listing *listing, const struct binary *binary, json_object *entry,
			   json_object *names)
{
	static const char *const wanted[] = {
		[DLOPEN_RPM_REQUIRES] = "required",
		[DLOPEN_RPM_RECOMMENDS] = "recommended",
		[DLOPEN_RPM_SUGGESTS] = "suggested",
	};
	struct text all = {0};
	size_t count = 0;
	if (strcmp(priority_of(entry), wanted[listing->style->form]) != 0)
		return;
	const bool marked = binary->bits == 64 &&
			    (binary->machine == NULL || strcmp(binary->machine, "alpha") != 0);
	for (size_t i = 0; i < json_object_array_length(names); i++) {
		char *name = line_name(names, i);
		if (name != NULL)
			text_printf(&all, "%s%s%s", count++ != 0 ? " or " : "", name,
				    marked ? "()(64bit)" : "");
		free(name);
	}
	if (count != 0)
		strings_take(&listing->lines, xasprintf("%s%s%s", count > 1 ? "(" : "", all.data,
							count > 1 ? ")" : ""));
	text_free(&all);
}

static void add_names(struct listing *listing, json_object *entry, json_object *names)
{
	for (size_t i = 0; i < json_object_array_length(names); i++) {
		char *name = line_name(names, i);
		if (name != NULL)
			strings_take(&listing->lines, xasprintf("%s %s", name, priority_of(entry)));
		free(name);
	}
}

static void put_object(struct text *out, const struct binary *binary, json_object *entry,
		       json_object *names)
{
	json_object *object = json_object_new_object();
	const char *feature = text_of(entry, "feature"), *about = text_of(entry, "description");
	json_object_object_add(object, "path", json_object_new_string(binary->name));
	json_object_object_add(object, "soname", json_object_get(names));
	json_object_object_add(object, "priority", json_object_new_string(priority_of(entry)));
	json_object_object_add(object, "feature",
			       feature != NULL ? json_object_new_string(feature) : NULL);
	json_object_object_add(object, "description",
			       about != NULL ? json_object_new_string(about) : NULL);
	text_puts(out, json_object_to_json_string_ext(object, PLAIN));
	text_puts(out, "\n");
	json_object_put(object);
}

static void put_row(struct text *out, const struct binary *binary, json_object *entry,
		    json_object *names)
{
	struct text all = {0};
	const char *feature = text_of(entry, "feature");
	for (size_t i = 0; i < json_object_array_length(names); i++) {
		const char *name = json_object_get_string(json_object_array_get_idx(names, i));
		char *line = name_to_line(name != NULL ? name : "?");
		text_printf(&all, "%s%s", i != 0 ? " or " : "", line);
		free(line);
	}
	char *word = name_to_line(feature != NULL ? feature : "-");
	char *path = utf8_to_line(binary->name);
	text_printf(out, "%-40s  %-11s  %-20s  %s\n", all.data, priority_of(entry), word, path);
	text_free(&all);
	free(word);
	free(path);
}

static void list_entry(struct listing *listing, const struct binary *binary, json_object *entry)
{
	json_object *names = names_of(entry);
	if (names == NULL || !is_wanted(listing->style, entry))
		return;
	switch (listing->style->form) {
	case DLOPEN_ROWS:
		(listing->style->json ? put_object : put_row)(listing->out, binary, entry, names);
		break;
	case DLOPEN_SONAMES:
		add_names(listing, entry, names);
		break;
	default:
		add_dependency(listing, binary, entry, names);
		break;
	}
}

void report_dlopen(const struct inventory *inventory, const struct dlopen_style *style,
		   struct text *out)
{
	struct listing listing = {style, {0}, out};
	const struct binaries *binaries = &inventory->binaries;
	if (style->form == DLOPEN_ROWS && !style->json)
		text_printf(out, "%-40s  %-11s  %-20s  %s\n", "LIBRARY", "PRIORITY", "FEATURE",
			    "FILE");
	for (size_t i = 0; i < binaries->count; i++) {
		json_object *entries = binaries->items[i].dlopen;
		for (size_t k = 0; entries != NULL && k < json_object_array_length(entries); k++)
			list_entry(&listing, &binaries->items[i],
				   json_object_array_get_idx(entries, k));
	}
	strings_sort(&listing.lines);
	for (size_t i = 0; i < listing.lines.count; i++)
		if (i == 0 || strcmp(listing.lines.items[i - 1], listing.lines.items[i]) != 0)
			text_printf(out, "%s\n", listing.lines.items[i]);
	strings_free(&listing.lines);
}
