/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/layout.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "libnote/error.h"

char *layout_below_root(const char *path)
{
	struct text out = {0};
	text_puts(&out, "");
	while (*path != '\0') {
		const size_t length = strcspn(path, "/");
		if (length == 2 && strncmp(path, "..", 2) == 0) {
			text_free(&out);
			return NULL;
		}
		if (length != 0 && (length != 1 || path[0] != '.')) {
			if (out.size != 0)
				text_puts(&out, "/");
			text_add(&out, path, length);
		}
		path += length + (path[length] == '/' ? 1 : 0);
	}
	if (out.size == 0)
		text_free(&out);
	return out.data;
}

static bool fits_name(const char *part)
{
	return part[0] != '\0' && strchr(part, '/') == NULL && strcmp(part, ".") != 0 &&
	       strcmp(part, "..") != 0;
}

int layout_init(struct layout *layout, enum layout_kind kind, const char *debug_root,
		const char *name, const char *version, const char *release, const char *arch,
		struct note_error *err)
{
	const char *const parts[] = {name, version, release != NULL ? release : "0", arch};
	static const char *const what[] = {"name", "package-version", "release", "arch"};
	*layout = (struct layout){.kind = kind};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!fits_name(parts[i]))
			return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
					 "--%s '%s' cannot be part of a file name", what[i],
					 parts[i]);
	if (debug_root[0] == '/')
		layout->debug_root = layout_below_root(debug_root);
	if (layout->debug_root == NULL)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "--debug-root wants an absolute path without '..', not '%s'",
				 debug_root);
	layout->suffix = xasprintf("-%s%s%s.%s", version, release != NULL ? "-" : "",
				   release != NULL ? release : "", arch);
	layout->sources = xasprintf("usr/src/debug/%s%s", name, layout->suffix);
	return NOTE_OK;
}

int layout_rename(struct layout *layout, const char *suffix, const char *source_base,
		  struct note_error *err)
{
	if (suffix != NULL && strchr(suffix, '/') != NULL)
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "suffix '%s' cannot be part of a file name", suffix);
	if (source_base != NULL && source_base[0] != '\0' && !fits_name(source_base))
		return error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				 "source base '%s' cannot be a file name", source_base);
	if (suffix != NULL) {
		free(layout->suffix);
		layout->suffix = xstrdup(suffix);
	}
	if (source_base != NULL) {
		free(layout->sources);
		layout->sources = xasprintf("usr/src/debug%s%s", source_base[0] != '\0' ? "/" : "",
					    source_base);
	}
	return NOTE_OK;
}

void layout_free(struct layout *layout)
{
	free(layout->debug_root);
	free(layout->suffix);
	free(layout->sources);
	*layout = (struct layout){0};
}

char *layout_debug_file(const char *debug_root, const char *path, const char *suffix)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	const size_t length = strlen(name), more = strlen(suffix) + strlen(".debug");
	if (length + more <= NAME_MAX)
		return xasprintf("%s/%s%s.debug", debug_root, path, suffix);
	/* Other names that begin so have another number; no letter of UTF-8 is cut in two. */
	size_t keep = more + 9 < NAME_MAX ? NAME_MAX - more - 9 : 0;
	while (keep > 0 && ((unsigned char)name[keep] & 0xc0) == 0x80)
		keep--;
	return xasprintf("%s/%.*s%.*s~%08x%s.debug", debug_root, (int)(name - path), path,
			 (int)keep, name, (unsigned)XXH3_64bits(name, length), suffix);
}

char *layout_debug_path(const struct layout *layout, const char *path, const char *build_id)
{
	if (layout->kind == LAYOUT_RPM)
		return layout_debug_file(layout->debug_root, path, layout->suffix);
	if (build_id == NULL || strlen(build_id) < 4)
		return NULL;
	return xasprintf("%s/.build-id/%.2s/%s.debug", layout->debug_root, build_id, build_id + 2);
}

const char *layout_debuglink(const char *debug_path)
{
	const char *slash = strrchr(debug_path, '/');
	return slash != NULL ? slash + 1 : debug_path;
}

char *layout_relative(const char *from, const char *to)
{
	struct text out = {0};
	size_t common = 0; /* the length of the directories that both share */
	for (size_t i = 0; from[i] != '\0' && from[i] == to[i]; i++)
		if (from[i] == '/')
			common = i + 1;
	for (const char *p = from + common; (p = strchr(p, '/')) != NULL; p++)
		text_puts(&out, "../");
	text_puts(&out, to + common);
	return out.data;
}

/* True where the link at PATH leads to something that is there: another file's link. */
static bool leads_somewhere(struct root *root, const char *path, const char *target)
{
	struct stat st;
	struct text full = {0};
	const char *slash = strrchr(path, '/');
	text_add(&full, path, slash != NULL ? (size_t)(slash - path) : 0);
	while (strncmp(target, "../", 3) == 0) {
		char *cut = full.size != 0 ? strrchr(full.data, '/') : NULL;
		full.size = cut != NULL ? (size_t)(cut - full.data) : 0;
		full.data[full.size] = '\0';
		target += 3;
	}
	if (full.size != 0)
		text_puts(&full, "/");
	text_puts(&full, target);
	const bool there = root_stat(root, full.data, &st, NULL) == NOTE_OK;
	text_free(&full);
	return there;
}

/* One link "STEM[.N]SUFFIX" -> TO. */
static int make_link(struct root *root, const char *stem, const char *suffix, const char *to,
		     unsigned number, struct note_error *err)
{
	for (;; number++) {
		char *old = NULL;
		char *path = number == 0 ? xasprintf("%s%s", stem, suffix)
					 : xasprintf("%s.%u%s", stem, number, suffix);
		char *target = layout_relative(path, to);
		int code = root_symlink_new(root, target, path, err);
		if (code != NOTE_USAGE) {
			free(target);
			free(path);
			return code;
		}
		code = root_read_link(root, path, &old, err);
		const bool taken = code == NOTE_OK && strcmp(old, target) != 0 &&
				   leads_somewhere(root, path, old);
		if (!taken && (code == NOTE_OK || code == NOTE_ABSENT))
			code = root_symlink(root, target, path, err);
		free(old);
		free(target);
		free(path);
		if (!taken)
			return code;
	}
}

int layout_links(const struct layout *layout, struct root *root, const char *path,
		 const char *debug_path, const char *build_id, unsigned number,
		 struct note_error *err)
{
	if (layout->kind != LAYOUT_RPM || strlen(build_id) < 4)
		return NOTE_OK;
	char *debug = xasprintf("%s/.build-id/%.2s/%s", layout->debug_root, build_id, build_id + 2);
	char *shipped = xasprintf("usr/lib/.build-id/%.2s/%s", build_id, build_id + 2);
	int code = make_link(root, debug, ".debug", debug_path, number, err);
	if (code == NOTE_OK)
		code = make_link(root, shipped, "", path, number, err);
	free(debug);
	free(shipped);
	return code;
}

int layout_alternate_link(const struct layout *layout, struct root *root, const char *path,
			  const char *build_id, struct note_error *err)
{
	if (layout->kind != LAYOUT_RPM || strlen(build_id) < 4)
		return NOTE_OK;
	char *link = xasprintf("%s/.build-id/%.2s/%s", layout->debug_root, build_id, build_id + 2);
	int code = make_link(root, link, ".debug", path, 0, err);
	free(link);
	return code;
}
