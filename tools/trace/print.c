/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/trace/print.h"

#include <stdio.h>
#include <stdlib.h>

static const char *member_of(json_object *package, const char *key)
{
	json_object *value;
	return package != NULL && json_object_object_get_ex(package, key, &value) &&
			       json_object_is_type(value, json_type_string)
		       ? json_object_get_string(value)
		       : NULL;
}

static const struct trace_module *module_of(const struct trace_modules *modules,
					    const struct frame *frame)
{
	return frame->has_address
		       ? trace_modules_find(modules, frame->address - (frame->is_return ? 1 : 0))
		       : NULL;
}

/* --- a table --- */

static char *place_of(const struct frame *frame, const struct trace_module *module)
{
	struct text out = {0};
	if (frame->file != NULL) {
		text_puts(&out, frame->file);
		text_printf(&out, ":%u", frame->line);
		if (frame->column != 0)
			text_printf(&out, ":%u", frame->column);
	} else if (module != NULL) {
		text_puts(&out, module->path != NULL ? module->path : "?");
	} else {
		text_puts(&out, "in no module");
	}
	char *line = name_to_line(out.data);
	text_free(&out);
	return line;
}

static void print_row(const struct frame *frame, const struct trace_module *module,
		      struct text *out)
{
	json_object *package = module != NULL ? module->package : NULL;
	const char *name = member_of(package, "name"), *version = member_of(package, "version");
	char *both = xasprintf("%s%s%s", name != NULL ? name : "-", version != NULL ? " " : "",
			       version != NULL ? version : "");
	char *shown = name_to_line(both), *place = place_of(frame, module);
	char *function = name_to_line(frame->function != NULL ? frame->function : "?");
	text_printf(out, "#%-4u 0x%016llx  %-28s  %-28s  %s%s\n", frame->number,
		    (unsigned long long)frame->address, function, shown, place,
		    frame->is_inline ? " (inlined)" : "");
	if (frame->source != NULL) {
		char *source = name_to_line(frame->source);
		text_puts(out, "      | ");
		text_puts(out, source);
		text_puts(out, "\n");
		free(source);
	}
	free(function);
	free(place);
	free(shown);
	free(both);
}

/* --- JSON --- */

static void add_text(json_object *object, const char *key, const char *text)
{
	char *valid = text != NULL ? name_to_utf8(text) : NULL;
	json_object_object_add(object, key, valid != NULL ? json_object_new_string(valid) : NULL);
	free(valid);
}

static void add_number(json_object *object, const char *key, int64_t number)
{
	json_object_object_add(object, key, number != 0 ? json_object_new_int64(number) : NULL);
}

static void print_object(const struct frame *frame, const struct trace_module *module,
			 struct text *out)
{
	json_object *object = json_object_new_object();
	char address[32];
	snprintf(address, sizeof(address), "0x%llx", (unsigned long long)frame->address);
	json_object_object_add(object, "thread", json_object_new_int64(frame->thread));
	json_object_object_add(object, "frame", json_object_new_int64(frame->number));
	add_text(object, "address", frame->has_address ? address : NULL);
	json_object_object_add(object, "inline", json_object_new_boolean(frame->is_inline));
	add_text(object, "function", frame->function);
	add_text(object, "file", frame->file);
	add_number(object, "line", frame->line);
	add_number(object, "column", frame->column);
	add_text(object, "module", module != NULL ? module->path : NULL);
	add_text(object, "buildId", module != NULL ? module->hex : NULL);
	json_object_object_add(object, "package",
			       module != NULL ? json_object_get(module->package) : NULL);
	if (frame->source != NULL)
		add_text(object, "source", frame->source);
	text_puts(out, json_object_to_json_string_ext(
			       object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	text_puts(out, "\n");
	json_object_put(object);
}

void trace_print(const struct stacks *stacks, const struct trace_modules *modules, bool json,
		 struct text *out)
{
	for (size_t i = 0; i < stacks->count; i++) {
		const struct frame *frame = &stacks->items[i];
		const struct trace_module *module = module_of(modules, frame);
		if (!json && (i == 0 || frame[-1].thread != frame->thread))
			text_printf(out, "%sTHREAD %ld\n", i != 0 ? "\n" : "", frame->thread);
		if (json)
			print_object(frame, module, out);
		else
			print_row(frame, module, out);
	}
}
