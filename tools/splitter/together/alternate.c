/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/together/alternate.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"

/* PATH without "." and "..", NULL where it leads out. */
static char *normalise(const char *path)
{
	struct text out = {0};
	text_puts(&out, "");
	while (*path != '\0') {
		const size_t length = strcspn(path, "/");
		if (length == 2 && strncmp(path, "..", 2) == 0) {
			char *slash = strrchr(out.data, '/');
			if (out.size == 0) {
				text_free(&out);
				return NULL;
			}
			out.size = slash != NULL ? (size_t)(slash - out.data) : 0;
			out.data[out.size] = '\0';
		} else if (length != 0 && !(length == 1 && path[0] == '.')) {
			text_puts(&out, out.size != 0 ? "/" : "");
			text_add(&out, path, length);
		}
		path += length + (path[length] == '/' ? 1 : 0);
	}
	return out.data;
}

char *alternate_of(struct image *debug, const char *debug_path)
{
	GElf_Shdr shdr;
	uint64_t end;
	if (image_find_section(debug, ".gnu_debugaltlink", &shdr) == 0 ||
	    shdr.sh_type == SHT_NOBITS ||
	    __builtin_add_overflow(shdr.sh_offset, shdr.sh_size, &end))
		return NULL;
	const char *name = image_string(debug, shdr.sh_offset, end, ".gnu_debugaltlink", NULL);
	const char *slash = strrchr(debug_path, '/');
	if (name == NULL)
		return NULL;
	if (name[0] == '/' || slash == NULL)
		return normalise(name);
	char *path = xasprintf("%.*s/%s", (int)(slash - debug_path), debug_path, name);
	char *out = normalise(path);
	free(path);
	return out;
}

/* --- a new name --- */

void link_target_make(struct link_target *target, const struct layout *layout, const uint8_t *id,
		      uint64_t id_size)
{
	char hex[2 * BUILD_ID_MAX + 1];
	hex_encode(id, id_size, hex);
	target->path = xasprintf("%s/.build-id/%.2s/%s.debug", layout->debug_root, hex, hex + 2);
	target->name = xasprintf("../%.2s/%s.debug", hex, hex + 2);
}

void link_target_free(struct link_target *target)
{
	free(target->path);
	free(target->name);
}

struct search {
	struct root *root;
	const char *name;
	const struct strings *outputs;
	bool found;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether the ELF file at PATH names the alternate file NAME. */
static bool names_it(struct root *root, const char *path, const char *name)
{
	struct image *image = NULL;
	bool found = false;
	int fd;
	if (root_open_file(root, path, &fd, NULL) != NOTE_OK)
		return false;
	if (image_open_fd(&image, fd, NULL) == NOTE_OK && image_read_elf(image, NULL) == NOTE_OK) {
		char *used = alternate_of(image, path);
		found = used != NULL && strcmp(used, name) == 0;
		free(used);
	}
	image_close(image);
	close(fd);
	return found;
}

/* Looks at debug files until one uses the name. */
static bool look(void *context, const struct entry *entry, bool *descend)
{
	struct search *search = context;
	const struct strings *outputs = search->outputs;
	const char *path = entry->path;
	(void)descend;
	if (entry->kind == ENTRY_FILE && ends_with(path, ".debug") &&
	    (outputs->count == 0 || bsearch(&path, outputs->items, outputs->count,
					    sizeof(*outputs->items), by_text) == NULL))
		search->found = names_it(search->root, path, search->name);
	return !search->found;
}

bool alternate_is_used(const struct layout *layout, struct root *root, const char *path,
		       const struct strings *others)
{
	const struct strings none = {0};
	struct search search = {root, path, &none, false};
	for (size_t i = 0; i < others->count && !search.found; i++)
		search.found = names_it(root, others->items[i], path);
	if (!search.found)
		root_walk(root, layout->debug_root, false, look, NULL, &search, NULL);
	return search.found;
}

char *alternate_seed(const struct split_options *options)
{
	return xasprintf("%s-%s%s%s.%s", options->name, options->version,
			 options->release != NULL ? "-" : "",
			 options->release != NULL ? options->release : "", options->arch);
}

char *alternate_stem(const struct layout *layout, const struct split_options *options)
{
	char *seed = alternate_seed(options);
	char *stem = xasprintf("%s/.dwz/%s", layout->debug_root, seed);
	free(seed);
	return stem;
}

char *alternate_name(const struct layout *layout, const struct split_options *options,
		     const struct strings *outputs, struct note_error *err)
{
	char *stem = alternate_stem(layout, options);
	char *path = NULL;
	for (unsigned number = 0;; number++) {
		struct stat st;
		path = number == 0 ? xstrdup(stem) : xasprintf("%s.%u", stem, number);
		struct search search = {options->root, path, outputs, false};
		int code = root_stat(options->root, path, &st, NULL);
		if (code == NOTE_OK)
			code = root_walk(options->root, layout->debug_root, false, look, NULL,
					 &search, err);
		if (code == NOTE_ABSENT || (code == NOTE_OK && !search.found))
			break;
		free(path);
		path = NULL;
		if (code != NOTE_OK)
			break;
	}
	free(stem);
	return path;
}
