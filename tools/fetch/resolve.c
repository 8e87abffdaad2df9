/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/fetch/resolve.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/splitter/dwarf/dwarf.h"

/* NAME without "./" in front. */
static const char *without_dots(const char *name)
{
	while (name[0] == '.' && name[1] == '/')
		for (name += 2; name[0] == '/';)
			name++;
	return name;
}

/* PATH ends with NAME, at a slash. */
static bool is_called(const char *path, const char *name)
{
	const size_t length = strlen(path), end = strlen(name);
	return length > end && path[length - end - 1] == '/' && ends_with(path, name);
}

static char *choose(const struct dwarf_sources *sources, const char *name, struct note_error *err)
{
	const char *found = NULL;
	for (size_t i = 0; i < sources->count; i++) {
		const char *path = sources->items[i].original;
		if (!is_called(path, name))
			continue;
		if (found != NULL) {
			error_set(err, NOTE_USAGE, NOTE_NO_OFFSET,
				  "'%s' may be %s or %s: name more of it", name, found, path);
			return NULL;
		}
		found = path;
	}
	if (found == NULL)
		error_set(err, NOTE_ABSENT, NOTE_NO_OFFSET,
			  "no source '%s' in its debug information", name);
	return found != NULL ? xstrdup(found) : NULL;
}

/* *READ: the file at PATH has debug information, so what it says counts. */
static char *resolve_in(const char *path, const char *name, bool *read, struct note_error *err)
{
	struct image *image = NULL;
	struct dwarf_sources sources = {0};
	struct dwarf_summary summary;
	char *found = NULL;
	*read = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		error_system(err, "open %s", path);
		return NULL;
	}
	if (image_open_fd(&image, fd, err) == NOTE_OK && image_read_elf(image, err) == NOTE_OK &&
	    dwarf_rewrite(image, NULL, NULL, &sources, &summary, err) == NOTE_OK &&
	    summary.has_dwarf) {
		*read = true;
		found = choose(&sources, name, err);
	}
	dwarf_sources_free(&sources);
	image_close(image);
	close(fd);
	return found;
}

char *resolve_source(struct client *client, const struct subject *subject, const char *name,
		     struct note_error *err)
{
	struct client_answer answer;
	bool read = false;
	char *found = NULL;
	name = without_dots(name);
	if (subject->path != NULL)
		found = resolve_in(subject->path, name, &read, err);
	if (read)
		return found;
	client_fetch(client, ARTIFACT_DEBUGINFO, subject->hex, NULL, &answer);
	if (answer.outcome == OUTCOME_FOUND) {
		found = resolve_in(answer.path, name, &read, err);
		if (found == NULL && !read)
			error_set(err, NOTE_UNSUPPORTED, NOTE_NO_OFFSET,
				  "its debug information names no sources");
	} else {
		error_set(err, answer.outcome == OUTCOME_ABSENT ? NOTE_ABSENT : NOTE_SYSTEM,
			  NOTE_NO_OFFSET, "its debug information: %s: %s",
			  outcome_word(answer.outcome), answer.reason);
	}
	client_answer_free(&answer);
	return found;
}
