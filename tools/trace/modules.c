/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/trace/modules.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/core/core.h"
#include "libnote/sorted.h"
#include "tools/base/json_text.h"

/* Whether the ELF file at PATH has DWARF of its own. */
static bool has_dwarf(const char *path)
{
	struct image *image = NULL;
	GElf_Shdr shdr;
	bool has = false;
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (image_open_fd(&image, fd, NULL) == NOTE_OK && image_read_elf(image, NULL) == NOTE_OK)
		has = image_find_section(image, ".debug_info", &shdr) != 0 ||
		      image_find_section(image, ".zdebug_info", &shdr) != 0;
	image_close(image);
	close(fd);
	return has;
}

static void look_here(struct trace_module *module)
{
	if (module->hex == NULL || strlen(module->hex) < 4)
		return;
	char *hex = module->path != NULL && module->path[0] == '/'
			    ? file_build_id(module->path, NULL)
			    : NULL;
	module->here = hex != NULL && strcmp(hex, module->hex) == 0;
	free(hex);
	char *debug =
		xasprintf("/usr/lib/debug/.build-id/%.2s/%s.debug", module->hex, module->hex + 2);
	module->debug_here = access(debug, R_OK) == 0 || (module->here && has_dwarf(module->path));
	free(debug);
}

static json_object *read_payload(const struct module *module)
{
	struct json_tokener *tokener = json_tokener_new();
	json_object *payload =
		tokener != NULL && module->payload.bytes != NULL
			? json_parse_text(tokener, (const char *)module->payload.bytes,
					  module->payload.size)
			: NULL;
	if (tokener != NULL)
		json_tokener_free(tokener);
	if (json_object_is_type(payload, json_type_object))
		return payload;
	json_object_put(payload);
	return NULL;
}

static bool take(void *context, struct module *module)
{
	struct trace_modules *modules = context;
	if (modules->count % 64 == 0)
		modules->items =
			xrealloc(modules->items, (modules->count + 64) * sizeof(*modules->items));
	struct trace_module *out = &modules->items[modules->count++];
	*out = (struct trace_module){.path = module->path != NULL ? xstrdup(module->path) : NULL,
				     .start = module->address,
				     .end = module->end,
				     .package = read_payload(module)};
	if (module->build_id.bytes != NULL) {
		out->hex = xmalloc(2 * module->build_id.size + 1);
		hex_encode(module->build_id.bytes, module->build_id.size, out->hex);
	}
	/* The kernel's own has no file. */
	if (module->path == NULL || module->path[0] != '[')
		look_here(out);
	return true;
}

int trace_modules_read(struct trace_modules *modules, struct image *core, pid_t pid,
		       struct note_error *err)
{
	return core != NULL ? core_modules(core, take, modules, err)
			    : process_modules(pid, take, modules, err);
}

struct trace_module *trace_modules_find(const struct trace_modules *modules, uint64_t address)
{
	const size_t before = FIRST_WHERE(i, modules->count, modules->items[i].start > address);
	if (before == 0)
		return NULL;
	struct trace_module *module = &modules->items[before - 1];
	return module->end == 0 || address < module->end ? module : NULL;
}

void trace_modules_free(struct trace_modules *modules)
{
	for (size_t i = 0; i < modules->count; i++) {
		free(modules->items[i].path);
		free(modules->items[i].hex);
		free(modules->items[i].lack);
		json_object_put(modules->items[i].package);
	}
	free(modules->items);
	*modules = (struct trace_modules){0};
}
