/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Source paths as text: see paths.h. Nothing here asks the file system but path_map_new, for the
 * build directory's real name, and path_map_is_misplaced: what the compiler wrote down is long gone
 * from some machines.
 */
#include "tools/splitter/paths.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A build directory as it was given, and its real path. */
#define MAX_PREFIXES 2

struct path_map {
	char *prefixes[MAX_PREFIXES]; /* normalised, no '/' at the end */
	size_t lengths[MAX_PREFIXES];
	size_t prefix_count;
	char *installed; /* no '/' at the end */
};

/* Normalises TEXT in place: no "//", "." or "..", no '/' at the end but of "/" itself. A ".."
 * above the root is dropped; at the head of a relative path it stays. */
static void normalise(struct text *text)
{
	char *base = text->data;
	bool absolute = base[0] == '/';
	char *out = base + absolute;
	char *floor = out; /* ".." does not climb above it */
	const char *in = base;
	while (*in != '\0') {
		while (*in == '/')
			in++;
		size_t length = strcspn(in, "/");
		if (length == 2 && in[0] == '.' && in[1] == '.') {
			if (out > floor) {
				while (out > floor && out[-1] != '/')
					out--;
				if (out > floor)
					out--;
			} else if (!absolute) {
				if (out > base)
					*out++ = '/';
				memmove(out, "..", 2);
				out += 2;
				floor = out;
			}
		} else if (length > 0 && !(length == 1 && in[0] == '.')) {
			if (out > base + absolute)
				*out++ = '/';
			memmove(out, in, length);
			out += length;
		}
		in += length;
	}
	*out = '\0';
	text->size = (size_t)(out - base);
}

static void add_prefix(struct path_map *map, const char *directory)
{
	struct text text = {0};
	text_puts(&text, directory);
	if (text.size == 0)
		return;
	normalise(&text);
	for (size_t i = 0; i < map->prefix_count; i++)
		if (strcmp(map->prefixes[i], text.data) == 0) {
			text_free(&text);
			return;
		}
	map->lengths[map->prefix_count] = text.size;
	map->prefixes[map->prefix_count++] = text.data;
}

struct path_map *path_map_new(const char *build_dir, const char *installed_dir)
{
	struct path_map *map = xcalloc(1, sizeof(*map));
	add_prefix(map, build_dir);
	char *real = realpath(build_dir, NULL);
	if (real != NULL)
		add_prefix(map, real);
	free(real);
	size_t length = strlen(installed_dir);
	while (length > 1 && installed_dir[length - 1] == '/')
		length--;
	map->installed = xasprintf("%.*s", (int)length, installed_dir);
	return map;
}

void path_map_free(struct path_map *map)
{
	if (map == NULL)
		return;
	for (size_t i = 0; i < map->prefix_count; i++)
		free(map->prefixes[i]);
	free(map->installed);
	free(map);
}

/* What follows the build directory in PATH, without '/' in front; NULL where PATH is not it or
 * below it. */
static const char *below(const struct path_map *map, const char *path)
{
	for (size_t i = 0; i < map->prefix_count; i++) {
		size_t length = map->lengths[i];
		if (strncmp(path, map->prefixes[i], length) != 0)
			continue;
		/* "/build/foo" is no prefix of "/build/foobar"; "/" is one of everything. */
		if (path[length] != '\0' && path[length] != '/' && length > 1)
			continue;
		path += length;
		while (*path == '/')
			path++;
		return path;
	}
	return NULL;
}

static char *installed_name(const struct path_map *map, const char *rest)
{
	return rest[0] == '\0' ? xstrdup(map->installed) : xasprintf("%s/%s", map->installed, rest);
}

char *path_map_apply(const struct path_map *map, const char *path)
{
	if (path[0] != '/')
		return NULL;
	const char *rest = below(map, path);
	if (rest != NULL)
		return installed_name(map, rest);
	/* The build directory may be there in another spelling: "/build/./foo", "/build/x/../foo".
	 */
	if (strstr(path, "//") == NULL && strstr(path, "/.") == NULL)
		return NULL;
	struct text text = {0};
	path_absolute_into(map, NULL, path, &text);
	rest = below(map, text.data);
	char *result = rest != NULL ? installed_name(map, rest) : NULL;
	text_free(&text);
	return result;
}

char *path_map_apply_comp_dir(const struct path_map *map, const char *directory)
{
	if (directory[0] == '/')
		return path_map_apply(map, directory);
	struct text text = {0};
	path_absolute_into(map, directory, "", &text);
	const char *rest = below(map, text.data);
	char *result = rest != NULL ? installed_name(map, rest) : NULL;
	text_free(&text);
	return result;
}

void path_absolute_into(const struct path_map *map, const char *directory, const char *path,
			struct text *out)
{
	out->size = 0;
	if (path[0] != '/') {
		if ((directory == NULL || directory[0] != '/') && map != NULL &&
		    map->prefix_count > 0) {
			text_puts(out, map->prefixes[0]);
			text_puts(out, "/");
		}
		if (directory != NULL && directory[0] != '\0') {
			text_puts(out, directory);
			text_puts(out, "/");
		}
	}
	text_puts(out, path);
	if (out->data == NULL)
		text_add(out, "", 0);
	if (out->size > 0)
		normalise(out);
}

char *path_absolute(const struct path_map *map, const char *directory, const char *path)
{
	struct text text = {0};
	path_absolute_into(map, directory, path, &text);
	return text.data != NULL ? text.data : xstrdup("");
}

static bool is_there(const struct path_map *map, const char *directory, const char *path)
{
	char *name = path_absolute(map, directory, path);
	bool there = access(name, F_OK) == 0;
	free(name);
	return there;
}

bool path_map_is_misplaced(const struct path_map *map, const char *directory, const char *path)
{
	if (directory == NULL || directory[0] == '/' || strncmp(path, "./", 2) != 0 ||
	    strspn(directory, "./") == strlen(directory))
		return false;
	return is_there(map, NULL, path) && !is_there(map, directory, path);
}

bool path_is_source(const char *path)
{
	/* "-" is what gcc calls its standard input in some versions. A name in angle brackets may
	 * have a directory in front: "/build/<artificial>", "./<built-in>"; Go's "<missing>_86"
	 * goes on. */
	const char *name = strrchr(path, '/');
	name = name != NULL ? name + 1 : path;
	if (name[0] == '\0' || strcmp(path, "-") == 0)
		return false;
	return !(name[0] == '<' && strchr(name, '>') != NULL);
}
