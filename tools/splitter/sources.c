/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tools/splitter/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "libnote/error.h"

struct sources {
	struct root *root;
	pthread_mutex_t lock;
	struct source **slots; /* open addressing by the hash of INSTALLED */
	size_t room;           /* a power of two */
	size_t count;
};

struct sources *sources_new(struct root *root)
{
	struct sources *sources = xcalloc(1, sizeof(*sources));
	sources->root = root;
	pthread_mutex_init(&sources->lock, NULL);
	sources->room = 1024;
	sources->slots = xcalloc(sources->room, sizeof(*sources->slots));
	return sources;
}

void sources_free(struct sources *sources)
{
	if (sources == NULL)
		return;
	for (size_t i = 0; i < sources->room; i++) {
		if (sources->slots[i] == NULL)
			continue;
		free(sources->slots[i]->installed);
		free(sources->slots[i]->original);
		free(sources->slots[i]);
	}
	free(sources->slots);
	pthread_mutex_destroy(&sources->lock);
	free(sources);
}

static struct source **find_slot(struct source **slots, size_t room, const char *installed)
{
	size_t at = (size_t)XXH3_64bits(installed, strlen(installed)) & (room - 1);
	while (slots[at] != NULL && strcmp(slots[at]->installed, installed) != 0)
		at = (at + 1) & (room - 1);
	return &slots[at];
}

static void grow(struct sources *sources)
{
	const size_t room = 2 * sources->room;
	struct source **slots = xcalloc(room, sizeof(*slots));
	for (size_t i = 0; i < sources->room; i++)
		if (sources->slots[i] != NULL)
			*find_slot(slots, room, sources->slots[i]->installed) = sources->slots[i];
	free(sources->slots);
	sources->slots = slots;
	sources->room = room;
}

/* Symbolic links in the build directory are followed: it is the user's own tree. */
static void copy(struct root *root, struct source *source)
{
	struct stat st;
	struct note_error err;
	uint8_t *bytes = NULL;
	size_t size;
	int fd = open(source->original, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG &&
	    errno != ELOOP) {
		error_system(&source->err, "open source %s", source->original);
		return;
	}
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		/* A run that was repeated after the build directory went still has it. */
		source->missing = root_stat(root, source->installed, &st, NULL) != NOTE_OK ||
				  !S_ISREG(st.st_mode);
	} else {
		const char *const paths[] = {source->installed};
		const struct file_attributes attributes = {.mode = 0644, .like = -1};
		int code = file_read(fd, &bytes, &size, &err);
		if (code == NOTE_OK)
			code = root_write(root, paths, 1, bytes, size, &attributes, &err);
		if (code != NOTE_OK)
			source->err = err;
	}
	free(bytes);
	if (fd >= 0)
		close(fd);
}

const struct source *sources_take(struct sources *sources, const char *installed,
				  const char *original)
{
	pthread_mutex_lock(&sources->lock);
	if (4 * (sources->count + 1) > 3 * sources->room)
		grow(sources);
	struct source **slot = find_slot(sources->slots, sources->room, installed);
	struct source *source = *slot;
	const bool first = source == NULL;
	if (first) {
		source = xcalloc(1, sizeof(*source));
		source->installed = xstrdup(installed);
		source->original = xstrdup(original);
		*slot = source;
		sources->count++;
	}
	pthread_mutex_unlock(&sources->lock);
	if (first)
		copy(sources->root, source);
	return source;
}

void sources_count(const struct sources *sources, size_t *there, size_t *missing)
{
	*there = 0;
	*missing = 0;
	for (size_t i = 0; i < sources->room; i++) {
		const struct source *source = sources->slots[i];
		if (source != NULL && source->missing)
			++*missing;
		else if (source != NULL && source->err.code == NOTE_OK)
			++*there;
	}
}
