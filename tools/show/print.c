/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records as JSON lines and as a table: see record.h. */
#include <stdlib.h>
#include <string.h>

#include "tools/show/record.h"

#define PLAIN (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* A string of JSON; TEXT is UTF-8. */
static void put_string(struct text *out, const char *text)
{
	text_puts(out, "\"");
	for (const char *from = text;; text++) {
		const unsigned char c = (unsigned char)*text;
		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		text_add(out, from, (size_t)(text - from));
		if (c == '\0')
			break;
		if (c == '"' || c == '\\')
			text_printf(out, "\\%c", c);
		else
			text_printf(out, "\\u%04x", c);
		from = text + 1;
	}
	text_puts(out, "\"");
}

/* "KEY":"VALUE", or null where it is NULL. */
static void put_field(struct text *out, const char *key, const char *value)
{
	text_puts(out, ",\"");
	text_puts(out, key);
	text_puts(out, "\":");
	if (value != NULL)
		put_string(out, value);
	else
		text_puts(out, "null");
}

/* The same for the name of a file, whose bytes need not be UTF-8. */
static void put_name(struct text *out, const char *key, const char *name)
{
	const char *c = name;
	while (*c > 0x1f && *c < 0x7f && *c != '%')
		c++;
	if (*c == '\0') { /* nearly every name */
		put_field(out, key, name);
		return;
	}
	char *utf8 = name_to_utf8(name);
	put_field(out, key, utf8);
	free(utf8);
}

static void put_offset(struct text *out, uint64_t offset)
{
	if (offset == NOTE_NO_OFFSET)
		text_puts(out, ",\"offset\":null");
	else
		text_printf(out, ",\"offset\":%llu", (unsigned long long)offset);
}

static void put_notes(struct text *out, const struct record *record)
{
	text_puts(out, ",\"notes\":[");
	for (size_t i = 0; i < record->note_count; i++) {
		const struct record_note *note = &record->notes[i];
		char *owner = name_to_utf8(note->owner);
		text_puts(out, i != 0 ? ",{\"owner\":" : "{\"owner\":");
		put_string(out, owner);
		free(owner);
		text_printf(out, ",\"type\":%u", note->type);
		put_field(out, "name", note_type_name(note->owner, note->type));
		text_printf(out, ",\"size\":%llu", (unsigned long long)note->size);
		put_offset(out, note->offset);
		if (note->dlopen != NULL) {
			text_puts(out, ",\"dlopen\":");
			text_puts(out, json_object_to_json_string_ext(note->dlopen, PLAIN));
		}
		if (note->package != NULL) {
			text_puts(out, ",\"package\":");
			text_puts(out, json_object_to_json_string_ext(note->package, PLAIN));
		}
		text_puts(out, "}");
	}
	text_puts(out, "]");
}

static void print_json(const struct record *record, const struct record_style *style,
		       struct text *out)
{
	const size_t at = out->size;
	put_name(out, "path", record->path);
	out->data[at] = '{'; /* where the comma was */
	if (record->member != NULL)
		put_name(out, "member", record->member);
	if (record->layer != NULL)
		put_name(out, "layer", record->layer);
	if (record->has_address) {
		if (record->module != NULL)
			put_name(out, "module", record->module);
		else
			put_field(out, "module", NULL);
		text_printf(out, ",\"address\":\"0x%llx\"", (unsigned long long)record->address);
	}
	put_field(out, "kind", record->kind);
	put_field(out, "machine", record->machine);
	text_puts(out, record->bits == 64 ? ",\"class\":64" : ",\"class\":32");
	put_field(out, "byteOrder", record->is_big ? "big" : "little");
	put_field(out, "buildId", record->build_id[0] != '\0' ? record->build_id : NULL);
	text_puts(out, ",\"package\":");
	text_puts(out, record->package != NULL
			       ? json_object_to_json_string_ext(record->package, PLAIN)
			       : "null");
	if (record->packages != NULL) {
		text_puts(out, ",\"packages\":");
		text_puts(out, json_object_to_json_string_ext(record->packages, PLAIN));
	}
	text_puts(out, ",\"debugLink\":");
	if (record->debuglink != NULL) {
		const size_t link = out->size;
		put_name(out, "name", record->debuglink);
		out->data[link] = '{';
		text_printf(out, ",\"crc32\":\"%08x\"}", record->debuglink_crc);
	} else {
		text_puts(out, "null");
	}
	if (style->all)
		put_notes(out, record);
	text_puts(out, ",\"problems\":[");
	for (size_t i = 0; i < record->problem_count; i++) {
		text_puts(out, i != 0 ? ",{\"code\":\"" : "{\"code\":\"");
		text_puts(out, record->problems[i].code);
		text_puts(out, "\"");
		put_field(out, "detail", record->problems[i].detail);
		put_offset(out, record->problems[i].offset);
		text_puts(out, record->problems[i].remark ? ",\"remark\":true}" : "}");
	}
	text_puts(out, "]}\n");
}

/* "rpm coreutils 9.1-3 x86_64", of what there is. */
static char *package_summary(json_object *package)
{
	static const char *const keys[] = {"type", "name", "version", "architecture"};
	struct text out = {0};
	json_object *value;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!json_object_object_get_ex(package, keys[i], &value) ||
		    !json_object_is_type(value, json_type_string))
			continue;
		char *line = name_to_line(json_object_get_string(value));
		text_printf(&out, "%s%s", out.size != 0 ? " " : "", line);
		free(line);
	}
	if (out.size == 0)
		text_puts(&out, json_object_to_json_string_ext(package, PLAIN));
	return out.data;
}

#define ROW "%-40s  %-11s  %-14s  %-32s  "

void record_print_heading(struct text *out)
{
	text_printf(out, ROW "%s\n", "BUILD-ID", "MACHINE", "KIND", "PACKAGE", "FILE");
}

static void put_line_name(struct text *out, const char *before, const char *name)
{
	char *line = name_to_line(name);
	text_puts(out, before);
	text_puts(out, line);
	free(line);
}

/* What a .note.dlopen says, an entry a line: sonames in order of preference, feature, priority. */
static void print_dlopen(struct text *out, json_object *entries)
{
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		json_object *entry = json_object_array_get_idx(entries, i), *value;
		if (!json_object_is_type(entry, json_type_object))
			continue;
		text_puts(out, "      dlopen");
		if (json_object_object_get_ex(entry, "soname", &value) &&
		    json_object_is_type(value, json_type_array))
			for (size_t k = 0; k < json_object_array_length(value); k++) {
				json_object *name = json_object_array_get_idx(value, k);
				put_line_name(out, k != 0 ? " or " : " ",
					      json_object_get_string(name) != NULL
						      ? json_object_get_string(name)
						      : "null");
			}
		const bool given = json_object_object_get_ex(entry, "priority", &value) &&
				   json_object_is_type(value, json_type_string);
		put_line_name(out, ", ", given ? json_object_get_string(value) : "recommended");
		if (json_object_object_get_ex(entry, "feature", &value) &&
		    json_object_is_type(value, json_type_string))
			put_line_name(out, ", for ", json_object_get_string(value));
		if (json_object_object_get_ex(entry, "description", &value) &&
		    json_object_is_type(value, json_type_string))
			put_line_name(out, ": ", json_object_get_string(value));
		text_puts(out, "\n");
	}
}

static void print_notes(struct text *out, const struct record *record)
{
	for (size_t i = 0; i < record->note_count; i++) {
		const struct record_note *note = &record->notes[i];
		const char *name = note_type_name(note->owner, note->type);
		put_line_name(out, "    note ", note->owner);
		text_printf(out, " 0x%x%s%s, %llu bytes at %llu\n", note->type,
			    name != NULL ? " " : "", name != NULL ? name : "",
			    (unsigned long long)note->size, (unsigned long long)note->offset);
		if (note->dlopen != NULL)
			print_dlopen(out, note->dlopen);
		if (note->package != NULL && record->packages != NULL) {
			char *package = package_summary(note->package);
			text_printf(out, "      package %s\n", package);
			free(package);
		}
	}
}

static void print_rows(const struct record *record, const struct record_style *style,
		       struct text *out)
{
	char *package = record->package != NULL ? package_summary(record->package) : xstrdup("-");
	if (record->packages != NULL) {
		char *first = package;
		package = xasprintf("%s, %zu more", first,
				    json_object_array_length(record->packages) - 1);
		free(first);
	}
	text_printf(out, ROW, record->build_id[0] != '\0' ? record->build_id : "-", record->machine,
		    record->kind, package);
	free(package);
	put_line_name(out, "", record->path);
	if (record->member != NULL)
		put_line_name(out, ": ", record->member);
	if (record->layer != NULL)
		put_line_name(out, ", of layer ", record->layer);
	if (record->has_address) {
		text_printf(out, ": 0x%llx ", (unsigned long long)record->address);
		put_line_name(out, "", record->module != NULL ? record->module : "?");
	}
	text_puts(out, "\n");
	if (style->all)
		print_notes(out, record);
	for (size_t i = 0; style->check && i < record->problem_count; i++) {
		const struct record_problem *problem = &record->problems[i];
		const bool red = style->color && !problem->remark;
		text_printf(out, "    %s%s%s", red ? "\033[31m" : "", problem->code,
			    red ? "\033[0m" : "");
		put_line_name(out, ": ", problem->detail);
		if (problem->offset != NOTE_NO_OFFSET)
			text_printf(out, " (offset %llu)", (unsigned long long)problem->offset);
		text_puts(out, "\n");
	}
}

void record_print(const struct record *record, const struct record_style *style, struct text *out)
{
	(style->json ? print_json : print_rows)(record, style, out);
}
