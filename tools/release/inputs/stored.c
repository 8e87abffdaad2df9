/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inputs that are packed: a core file or a program as it is kept (.zst .lz4 .xz .gz), and archives
 * (tar, zip, cpio and what is made of them: .apk, .pkg.tar.zst, .whl, .jar). Archives are streamed,
 * one member at a time in memory; one in another is looked into, once. Of container images, the
 * files that are to be seen with all layers applied.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/base/container/container.h"
#include "tools/base/contents/contents.h"
#include "tools/base/stored/stored.h"
#include "tools/release/inputs/content.h"
#include "tools/release/inputs/input.h"

#define CHUNK     (64 * 1024)
#define MOST_FILE ((uint64_t)2 << 30)

struct reading {
	struct unit *unit;
	unsigned roles;
	member_visit *visit;
	void *context;
	unsigned depth;
	char *chunk;
	uint64_t held; /* so large a file may be that is packed in it */
};

/* All of the member at hand where it is to be read, else its beginning. */
static int read_bytes(struct reading *reading, struct contents *contents, const char *path,
		      bool whole, struct text *out, struct note_error *err)
{
	size_t got = 1;
	int code = NOTE_OK;
	while (code == NOTE_OK && got != 0) {
		if (!whole && out->size >= CONTENT_HEAD &&
		    !content_is_read(content_of(path, out->data, out->size)))
			break;
		if (out->size > reading->held)
			return stream_too_large(err);
		if (out->size > MOST_FILE)
			return error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
					 "%s: larger than 2 GiB", path);
		code = contents_read(contents, reading->chunk, CHUNK, &got, err);
		if (code == NOTE_OK)
			text_add(out, reading->chunk, got);
	}
	return code;
}

/* A file that cannot be read fails, and the rest of the archive goes on. */
static void hand_over_problem(const struct reading *reading, const char *path,
			      enum artifact_role role, const char *problem)
{
	const struct member member = {
		.input = reading->unit->input, .path = path, .role = role, .problem = problem};
	reading->visit(reading->context, &member);
}

static int hand_over(struct reading *reading, struct contents *contents, const char *path,
		     enum artifact_role role, struct note_error *err)
{
	struct text data = {0};
	struct note_error inner;
	int code = read_bytes(reading, contents, path, role == ROLE_SOURCE, &data, &inner);
	if (code == NOTE_OK) {
		code = member_from_bytes(reading->unit, path, role, &data, reading->visit,
					 reading->context, err);
	} else if (data.size > reading->held) {
		hand_over_problem(reading, path, role, inner.text);
		code = NOTE_OK;
	} else if (err != NULL) {
		*err = inner;
	}
	text_free(&data);
	return code;
}

static int walk(struct reading *reading, struct contents *contents, const char *within,
		struct note_error *err);

static int walk_inner(struct reading *reading, struct contents *contents, const char *path,
		      struct note_error *err)
{
	struct contents *inner;
	int code;
	if (reading->depth > 0) {
		if ((reading->roles & ROLE_SHIPPED) != 0)
			hand_over_problem(reading, path, ROLE_SHIPPED,
					  "an archive in an archive in an archive: not looked "
					  "into; take it out and name it");
		return NOTE_OK;
	}
	code = contents_open_member(&inner, contents, err);
	if (code != NOTE_OK)
		return code;
	reading->depth++;
	code = walk(reading, inner, path, err);
	reading->depth--;
	contents_close(inner);
	return code;
}

static int take_entry(struct reading *reading, struct contents *contents,
		      const struct contents_entry *entry, const char *within,
		      struct note_error *err)
{
	struct unit *unit = reading->unit;
	char *below = xasprintf("/%s", entry->path != NULL ? entry->path : entry->name);
	char *path = within != NULL ? xasprintf("%s: %s", within, below) : xstrdup(below);
	const enum artifact_role role = artifact_role(below);
	int code = NOTE_OK;
	unit->holds |= role;
	if (entry->path == NULL) {
		if ((reading->roles & ROLE_SHIPPED) != 0)
			hand_over_problem(reading, path, ROLE_SHIPPED,
					  "a name that leads out of the archive: not looked at");
	} else if (contents_is_name(below)) {
		code = walk_inner(reading, contents, path, err);
	} else if ((role & reading->roles) != 0) {
		code = hand_over(reading, contents, path, role, err);
	}
	free(path);
	free(below);
	return code;
}

static int walk(struct reading *reading, struct contents *contents, const char *within,
		struct note_error *err)
{
	struct contents_entry entry;
	int code;
	while ((code = contents_next(contents, &entry, err)) == NOTE_OK) {
		if (!entry.is_file)
			continue;
		code = take_entry(reading, contents, &entry, within, err);
		if (code != NOTE_OK)
			return code;
	}
	return code == NOTE_ABSENT ? NOTE_OK : code;
}

/* --- container images --- */

static int take_layer_member(void *context, struct contents *contents, const char *name,
			     const char *layer, struct stream_budget *budget,
			     struct note_error *err)
{
	struct reading *reading = context;
	struct contents_entry entry = {.path = name, .name = name, .is_file = true};
	(void)layer;
	reading->held = budget->held;
	return take_entry(reading, contents, &entry, NULL, err);
}

/* The image as a whole is not what was released then: red, with the layer's name. */
static void fail_image(void *context, const char *what, const struct note_error *error)
{
	struct reading *reading = context;
	if ((reading->roles & ROLE_SHIPPED) != 0)
		hand_over_problem(reading, what != NULL ? what : reading->unit->input, ROLE_SHIPPED,
				  error->text);
}

/* What is told there (attestations among the layers) has no files. */
static void say_nothing(void *context, const char *what)
{
	(void)context;
	(void)what;
}

static int read_layout(struct unit *unit, unsigned roles, member_visit *visit, void *context,
		       struct note_error *err)
{
	struct reading reading = {unit, roles, visit, context, 0, xmalloc(CHUNK), 0};
	const struct container_view hooks = {&reading, take_layer_member, fail_image, say_nothing};
	(void)err;
	container_read_layout(&hooks, unit->root);
	free(reading.chunk);
	return NOTE_OK;
}

const struct input_kind layout_input = {"image layout", read_layout};

/* --- archives --- */

static int read_archive_fd(struct unit *unit, int fd, unsigned roles, member_visit *visit,
			   void *context, struct note_error *err)
{
	struct stream_budget budget = stream_budget_of(fd);
	struct reading reading = {unit, roles, visit, context, 0, NULL, budget.held};
	const struct container_view hooks = {&reading, take_layer_member, fail_image, say_nothing};
	struct contents *contents = NULL;
	int code = NOTE_OK;
	reading.chunk = xmalloc(CHUNK);
	if (!container_read(&hooks, fd, &budget)) {
		code = contents_open_fd(&contents, fd, &budget, err);
		if (code == NOTE_OK)
			code = walk(&reading, contents, NULL, err);
		contents_close(contents);
	}
	free(reading.chunk);
	return code;
}

static int read_archive(struct unit *unit, unsigned roles, member_visit *visit, void *context,
			struct note_error *err)
{
	int fd;
	int code = unit_open(unit, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = read_archive_fd(unit, fd, roles, visit, context, err);
	close(fd);
	return code;
}

const struct input_kind archive_input = {"archive", read_archive};

/* --- a compressed file --- */

/* What is broken or cut tells what it still has, and is an error all the same. */
static int read_unpacked(struct unit *unit, int fd, unsigned roles, member_visit *visit,
			 void *context, struct note_error *err)
{
	char head[CORE_HEAD];
	const ssize_t got = pread(fd, head, sizeof(head), 0);
	if (got < 0)
		return error_system(err, "read");
	if (core_is_head(head, (size_t)got))
		return (roles & ROLE_SHIPPED) != 0 ? core_from_fd(unit, fd, visit, context, err)
						   : NOTE_OK;
	return member_from_fd(unit, unit->input, unit->role, fd, roles, visit, context, err);
}

static int read_stored(struct unit *unit, unsigned roles, member_visit *visit, void *context,
		       struct note_error *err)
{
	struct note_error inner;
	int fd, unpacked;
	int code = unit_open(unit, &fd, err);
	if (code != NOTE_OK)
		return code;
	code = stored_unpack(fd, false, &unpacked, err);
	if (code == NOTE_ABSENT)
		code = read_archive_fd(unit, fd, roles, visit, context, err);
	if (unpacked >= 0) {
		const int read = read_unpacked(unit, unpacked, roles, visit, context, &inner);
		if (code == NOTE_OK && read != NOTE_OK) {
			code = read;
			if (err != NULL)
				*err = inner;
		}
		close(unpacked);
	}
	close(fd);
	return code;
}

const struct input_kind stored_input = {"compressed file", read_stored};
