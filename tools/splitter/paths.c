/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Source paths as text: see paths.h. Nothing here asks the file system but path_map_add,
 * path_map_learn and path_map_leads_in, for real names, path_map_has_source and
 * path_map_is_misplaced: what the compiler wrote down is long gone from some machines.
 */
#include "tools/splitter/paths.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/base/file.h"
#include "tools/splitter/seen.h"

/* What stands for a directory of the build in names. */
struct prefix {
	char *name; /* normalised, no '/' at the end */
	size_t length;
	char *installed;
	char *place; /* where the directory is, if not at NAME */
};

struct path_map {
	struct prefix *prefixes; /* the first is the build directory as it was given */
	size_t count;
	char *installed; /* no '/' at the end */
	struct seen_paths *known;
	struct seen_paths *links; /* what was asked of path_map_leads_in */
	bool is_copy;             /* KNOWN and LINKS are another's */
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
		size_t length = 0; /* components are short: no call for each */
		while (in[length] != '\0' && in[length] != '/')
			length++;
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
			if (out != in)
				memmove(out, in, length);
			out += length;
		}
		in += length;
	}
	*out = '\0';
	text->size = (size_t)(out - base);
}

/* Takes INSTALLED and PLACE. */
static void add_prefix(struct path_map *map, const char *name, char *installed, char *place)
{
	struct text text = {0};
	text_puts(&text, name);
	if (text.size > 0)
		normalise(&text);
	bool known = text.size == 0;
	for (size_t i = 0; i < map->count && !known; i++)
		known = strcmp(map->prefixes[i].name, text.data) == 0;
	if (known) {
		text_free(&text);
		free(installed);
		free(place);
		return;
	}
	map->prefixes = xrealloc(map->prefixes, (map->count + 1) * sizeof(*map->prefixes));
	map->prefixes[map->count++] = (struct prefix){text.data, text.size, installed, place};
}

void path_map_add(struct path_map *map, const char *build_dir)
{
	add_prefix(map, build_dir, xstrdup(map->installed), NULL);
	char *real = realpath(build_dir, NULL);
	if (real != NULL)
		add_prefix(map, real, xstrdup(map->installed), NULL);
	free(real);
}

struct path_map *path_map_new(const char *build_dir, const char *installed_dir)
{
	struct path_map *map = xcalloc(1, sizeof(*map));
	size_t length = strlen(installed_dir);
	while (length > 1 && installed_dir[length - 1] == '/')
		length--;
	map->installed = xasprintf("%.*s", (int)length, installed_dir);
	map->known = seen_new();
	map->links = seen_new();
	path_map_add(map, build_dir);
	return map;
}

struct path_map *path_map_copy(const struct path_map *map)
{
	struct path_map *copy = xcalloc(1, sizeof(*copy));
	copy->installed = xstrdup(map->installed);
	copy->known = map->known;
	copy->links = map->links;
	copy->is_copy = true;
	for (size_t i = 0; i < map->count; i++) {
		const struct prefix *prefix = &map->prefixes[i];
		add_prefix(copy, prefix->name, xstrdup(prefix->installed),
			   prefix->place != NULL ? xstrdup(prefix->place) : NULL);
	}
	return copy;
}

void path_map_free(struct path_map *map)
{
	if (map == NULL)
		return;
	if (!map->is_copy) {
		seen_free(map->known);
		seen_free(map->links);
	}
	for (size_t i = 0; i < map->count; i++) {
		free(map->prefixes[i].name);
		free(map->prefixes[i].installed);
		free(map->prefixes[i].place);
	}
	free(map->prefixes);
	free(map->installed);
	free(map);
}

/* The longest prefix that PATH is or lies below, and in *REST what follows it, without '/' in
 * front; NULL where there is none. */
static const struct prefix *find_prefix(const struct path_map *map, const char *path,
					const char **rest)
{
	const struct prefix *found = NULL;
	for (size_t i = 0; i < map->count; i++) {
		const struct prefix *prefix = &map->prefixes[i];
		if (strncmp(path, prefix->name, prefix->length) != 0 ||
		    (found != NULL && found->length >= prefix->length))
			continue;
		/* "/build/foo" is no prefix of "/build/foobar"; "/" is one of everything. */
		if (path[prefix->length] == '\0' || path[prefix->length] == '/' ||
		    prefix->length == 1)
			found = prefix;
	}
	if (found != NULL) {
		*rest = path + found->length;
		while (**rest == '/')
			++*rest;
	}
	return found;
}

static char *join(const char *directory, const char *rest)
{
	const size_t first = strlen(directory), second = strlen(rest);
	if (second == 0)
		return xstrdup(directory);
	char *path = xmalloc(first + second + 2);
	memcpy(path, directory, first);
	path[first] = '/';
	memcpy(path + first + 1, rest, second + 1);
	return path;
}

/* The new name of a PATH that is normalised. */
static char *apply(const struct path_map *map, const char *path)
{
	const char *rest;
	const struct prefix *prefix = find_prefix(map, path, &rest);
	return prefix != NULL ? join(prefix->installed, rest) : NULL;
}

char *path_map_apply(const struct path_map *map, const char *path)
{
	if (path[0] != '/')
		return NULL;
	char *result = apply(map, path);
	/* The build directory may be there in another spelling: "/build/./foo", "/build/x/../foo".
	 */
	if (result != NULL || (strstr(path, "//") == NULL && strstr(path, "/.") == NULL))
		return result;
	struct text text = {0};
	path_absolute_into(map, NULL, path, &text);
	result = apply(map, text.data);
	text_free(&text);
	return result;
}

char *path_map_apply_comp_dir(const struct path_map *map, const char *directory)
{
	if (directory[0] == '/')
		return path_map_apply(map, directory);
	struct text text = {0};
	path_absolute_into(map, directory, "", &text);
	char *result = apply(map, text.data);
	text_free(&text);
	return result;
}

char *path_map_place(const struct path_map *map, const char *path)
{
	const char *rest;
	const struct prefix *prefix = find_prefix(map, path, &rest);
	return prefix != NULL && prefix->place != NULL ? join(prefix->place, rest) : NULL;
}

size_t path_map_rank(const struct path_map *map, const char *path)
{
	const char *rest;
	const struct prefix *prefix = find_prefix(map, path, &rest);
	char *real = prefix == NULL ? realpath(path, NULL) : NULL;
	if (real != NULL)
		prefix = find_prefix(map, real, &rest);
	free(real);
	return prefix != NULL ? (size_t)(prefix - map->prefixes) : SIZE_MAX;
}

bool path_map_name(struct path_map *map, const char *name, const char *place)
{
	char *installed = path_map_apply(map, place);
	if (installed == NULL || name[0] != '/') {
		free(installed);
		return false;
	}
	add_prefix(map, name, installed, path_absolute(map, NULL, place));
	return true;
}

bool path_map_learn(struct path_map *map, const char *directory)
{
	const char *rest;
	if (directory[0] != '/' || strncmp(directory, "/proc/", 6) == 0)
		return false;
	char *real = realpath(directory, NULL);
	char *name = path_absolute(map, NULL, directory);
	const struct prefix *prefix = real != NULL ? find_prefix(map, real, &rest) : NULL;
	if (prefix != NULL) {
		/* What both end in is no part of the other name. */
		for (;;) {
			char *slash = strrchr(name, '/'), *other = strrchr(real, '/');
			if (slash == name || strcmp(slash, other) != 0 ||
			    (size_t)(other - real) < prefix->length)
				break;
			*slash = *other = '\0';
		}
		char *installed = apply(map, real);
		if (installed != NULL)
			add_prefix(map, name, installed, NULL);
	}
	free(name);
	free(real);
	return prefix != NULL;
}

char *path_map_split_name(const struct path_map *map, const char *path)
{
	const char *release = strrchr(map->installed, '/');
	char *installed = path_map_apply(map, path);
	char *name = NULL;
	if (installed != NULL && release != NULL)
		name = xasprintf(".dwo/%s%s", release + 1, installed + strlen(map->installed));
	free(installed);
	return name;
}

const char *path_map_build_dir(const struct path_map *map)
{
	return map->prefixes[0].name;
}

bool path_map_may_reach(const struct path_map *map, const char *directory)
{
	for (size_t i = 0; i < map->count; i++) {
		const char *name = map->prefixes[i].name;
		const size_t length = strcspn(name + 1, "/") + 1;
		if (strncmp(name, directory, length) == 0 &&
		    (directory[length] == '\0' || directory[length] == '/'))
			return true;
	}
	return false;
}

void path_absolute_into(const struct path_map *map, const char *directory, const char *path,
			struct text *out)
{
	out->size = 0;
	if (path[0] != '/') {
		if ((directory == NULL || directory[0] != '/') && map != NULL && map->count > 0) {
			text_puts(out, map->prefixes[0].name);
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

/* --- what is there --- */

static void look_at(const char *path, struct seen_path *seen, bool read)
{
	struct stat st;
	uint8_t *bytes = NULL;
	size_t size;
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	seen->there = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	seen->was_read = read;
	seen->good = read && seen->there && file_read(fd, &bytes, &size, NULL) == NOTE_OK;
	if (seen->good)
		md5(bytes, size, seen->digest);
	free(bytes);
	if (fd >= 0)
		close(fd);
}

bool path_map_has_source(const struct path_map *map, const char *path, uint8_t digest[MD5_SIZE])
{
	struct seen_path seen;
	const bool asked = seen_find(map->known, path, &seen);
	if (!asked || (digest != NULL && seen.there && !seen.was_read)) {
		seen = (struct seen_path){0};
		look_at(path, &seen, digest != NULL);
		seen_remember(map->known, path, &seen);
	}
	if (digest != NULL && seen.good)
		memcpy(digest, seen.digest, MD5_SIZE);
	return seen.there && (digest == NULL || seen.good);
}

/* Longer names are looked at by no link: each may be asked for once for each of its tails. */
#define LONGEST_LINK 1024

/* How much of the first LENGTH bytes of PATH leads there, the longest part first. What is there is
 * looked for from above: of what is not, one look tells. */
static size_t look_at_links(const struct path_map *map, const char *path, size_t length)
{
	struct stat st;
	const char *rest;
	char name[LONGEST_LINK + 1];
	size_t there = 0, found = 0;
	for (size_t end = 1; end <= length; end++) {
		if (end < length && path[end] != '/')
			continue;
		memcpy(name, path, end);
		name[end] = '\0';
		if (stat(name, &st) != 0 || !S_ISDIR(st.st_mode))
			break;
		there = end;
	}
	while (there > 1 && found == 0) {
		name[there] = '\0';
		char *real = realpath(name, NULL);
		if (real != NULL && find_prefix(map, real, &rest) != NULL)
			found = there;
		free(real);
		while (there > 1 && name[--there] != '/')
			;
	}
	return found;
}

/* The same for the first LENGTH bytes as a whole, kept. */
static size_t look_once(const struct path_map *map, const char *path, size_t length)
{
	struct seen_path seen;
	char name[LONGEST_LINK + 1];
	memcpy(name, path, length);
	name[length] = '\0';
	if (!seen_find(map->links, name, &seen)) {
		seen = (struct seen_path){.leads_in = look_at_links(map, name, length)};
		seen_remember(map->links, name, &seen);
	}
	return seen.leads_in;
}

/* Files share their directory; PATH itself counts where it is one, or a link, which may lead to
 * one. */
size_t path_map_leads_in(const struct path_map *map, const char *path)
{
	struct stat st;
	const char *slash = strrchr(path, '/');
	const size_t length = strlen(path);
	if (slash == NULL || length > LONGEST_LINK)
		return 0;
	const size_t found = slash > path ? look_once(map, path, (size_t)(slash - path)) : 0;
	if (found == 0 && lstat(path, &st) == 0 && (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode)))
		return look_once(map, path, length);
	return found;
}
