/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libnote/error.h"
#include "tools/splitter/sources/internal.h"

struct sources *sources_new(struct root *root, const char *directory, const struct path_map *map,
			    const struct strings *build_dirs)
{
	struct sources *sources = xcalloc(1, sizeof(*sources));
	sources->root = root;
	sources->directory = directory;
	sources->map = map;
	sources->build_dirs = build_dirs;
	pthread_mutex_init(&sources->lock, NULL);
	pthread_cond_init(&sources->idle, NULL);
	aside_begin(sources);
	return sources;
}

void sources_free(struct sources *sources)
{
	if (sources == NULL)
		return;
	for (size_t i = 0; i < sources->count; i++) {
		free(sources->items[i]->installed);
		free(sources->items[i]->original);
		strings_free(&sources->items[i]->places);
		free(sources->items[i]);
	}
	free(sources->items);
	free(sources->aside);
	strings_free(&sources->directories);
	hash_map_free(&sources->by_installed);
	pthread_cond_destroy(&sources->idle);
	pthread_mutex_destroy(&sources->lock);
	free(sources);
}

/* Into a directory that was there before: the file is replaced whole. */
static int replace(struct sources *sources, const char *installed, int fd, struct note_error *err)
{
	const struct file_attributes attributes = {.mode = 0644, .like = -1};
	uint8_t *bytes;
	size_t size;
	int code = file_read(fd, &bytes, &size, err);
	if (code == NOTE_OK)
		code = root_write(sources->root, &installed, 1, bytes, size, &attributes, err);
	free(bytes);
	return code;
}

/* Whether an earlier run brought what is to lie at INSTALLED. */
static bool is_installed(struct sources *sources, const char *installed)
{
	struct stat st;
	if (sources->aside != NULL && !sources->taken_up)
		return false; /* this is the first */
	char *place = sources_place(sources, installed);
	const bool there =
		root_stat(sources->root, place, &st, NULL) == NOTE_OK && S_ISREG(st.st_mode);
	free(place);
	return there;
}

/* The reason stands first: a path may be longer than an error's text. */
static void name_source(struct source *source)
{
	const struct note_error why = source->err;
	error_set(&source->err, why.code, why.offset, "%s: source %s", why.text, source->original);
	source->err.system = why.system;
}

/* Symbolic links in the build directory are followed: it is the user's own tree. */
static void copy(struct sources *sources, struct source *source)
{
	struct stat st;
	int code = NOTE_OK;
	int fd = open(source->original, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG &&
	    errno != ELOOP) {
		error_system(&source->err, "open source %s", source->original);
		return;
	}
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		/* A run that was repeated after the build directory went still has it. */
		source->missing = !is_installed(sources, source->installed);
	} else if (sources->aside != NULL) {
		char *place = sources_place(sources, source->installed);
		code = aside_copy(sources, place, fd, &st, &source->err);
		free(place);
	} else {
		code = replace(sources, source->installed, fd, &source->err);
	}
	if (code == NOTE_OK)
		source->err = (struct note_error){0};
	else
		name_source(source);
	if (fd >= 0)
		close(fd);
}

/* --- of several build directories --- */

static bool is_there(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Whether contents come from A rather than from B: a total order of what is named, whoever names it
 * when. */
static bool precedes(const struct sources *sources, const char *a, const char *b)
{
	const bool a_there = is_there(a), b_there = is_there(b);
	if (a_there != b_there)
		return a_there;
	const size_t a_rank = sources->map != NULL ? path_map_rank(sources->map, a) : 0;
	const size_t b_rank = sources->map != NULL ? path_map_rank(sources->map, b) : 0;
	return a_rank != b_rank ? a_rank < b_rank : strcmp(a, b) < 0;
}

/* One more place for a source that is busy with us. */
static void consider(struct sources *sources, struct source *source, const char *original)
{
	if (source->original != NULL && !precedes(sources, original, source->original))
		return;
	free(source->original);
	source->original = xstrdup(original);
	source->missing = false;
	source->err = (struct note_error){0};
	copy(sources, source);
}

/* Whether the file at PATH has the SIZE BYTES. */
static bool has_contents(const char *path, const uint8_t *bytes, size_t size)
{
	struct stat st;
	uint8_t *other = NULL;
	size_t other_size;
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	const bool same = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
			  (uint64_t)st.st_size == size &&
			  file_read(fd, &other, &other_size, NULL) == NOTE_OK &&
			  other_size == size && memcmp(other, bytes, size) == 0;
	free(other);
	if (fd >= 0)
		close(fd);
	return same;
}

/* The name of what is to lie at INSTALLED below the build directories. */
static const char *rest_of(const struct sources *sources, const char *installed)
{
	return installed + strlen(sources->directory) + 1;
}

/* Where in the build directories that lies which an earlier run put at INSTALLED, or NULL. A run
 * that goes on where another was killed thus knows what the other knew. */
static char *find_earlier(const struct sources *sources, const char *installed)
{
	const char *rest = rest_of(sources, installed);
	const struct strings *dirs = sources->build_dirs;
	uint8_t *bytes;
	size_t size;
	char *found = NULL;
	int fd;
	int code = NOTE_ABSENT;
	if (dirs == NULL || dirs->count < 2 || (sources->aside != NULL && !sources->taken_up))
		return NULL;
	char *place = sources_place(sources, installed);
	code = root_open_file(sources->root, place, &fd, NULL);
	free(place);
	if (code != NOTE_OK)
		return NULL;
	code = file_read(fd, &bytes, &size, NULL);
	close(fd);
	if (code != NOTE_OK)
		return NULL;
	for (size_t i = 0; i < dirs->count && found == NULL; i++) {
		char *path = xasprintf("%s/%s", dirs->items[i], rest);
		if (has_contents(path, bytes, size))
			found = path;
		else
			free(path);
	}
	free(bytes);
	return found;
}

static struct source *enter(struct sources *sources, const char *installed)
{
	const uint64_t hash = hash_bytes(installed, strlen(installed), 0);
	size_t step = 0;
	for (uint32_t i; (i = hash_map_next(&sources->by_installed, hash, &step)) != HASH_NONE;)
		if (strcmp(sources->items[i]->installed, installed) == 0)
			return sources->items[i];
	if (sources->count == sources->room) {
		sources->room = sources->room != 0 ? 2 * sources->room : 1024;
		sources->items = xrealloc(sources->items, sources->room * sizeof(*sources->items));
	}
	struct source *source = xcalloc(1, sizeof(*source));
	source->installed = xstrdup(installed);
	hash_map_add(&sources->by_installed, hash, (uint32_t)sources->count);
	sources->items[sources->count++] = source;
	return source;
}

const struct source *sources_take(struct sources *sources, const char *installed,
				  const char *original)
{
	pthread_mutex_lock(&sources->lock);
	struct source *source = enter(sources, installed);
	while (source->busy && !strings_has(&source->places, original))
		pthread_cond_wait(&sources->idle, &sources->lock);
	const bool known = strings_has(&source->places, original);
	const bool first = source->places.count == 0;
	if (!known) {
		strings_add(&source->places, original);
		source->busy = true;
	}
	pthread_mutex_unlock(&sources->lock);
	if (known)
		return source;
	char *earlier = first ? find_earlier(sources, installed) : NULL;
	consider(sources, source, original);
	if (earlier != NULL && strcmp(earlier, original) != 0)
		consider(sources, source, earlier);
	pthread_mutex_lock(&sources->lock);
	if (earlier != NULL && !strings_has(&source->places, earlier))
		strings_add(&source->places, earlier);
	source->busy = false;
	pthread_cond_broadcast(&sources->idle);
	pthread_mutex_unlock(&sources->lock);
	free(earlier);
	return source;
}

const struct source *sources_take_again(struct sources *sources, const char *installed)
{
	const char *rest = rest_of(sources, installed);
	const struct strings *dirs = sources->build_dirs;
	const size_t count = dirs != NULL ? dirs->count : 0;
	char *place = find_earlier(sources, installed);
	for (size_t i = 0; place == NULL && i < count; i++) {
		place = xasprintf("%s/%s", dirs->items[i], rest);
		if (i + 1 < count && !is_there(place)) {
			free(place);
			place = NULL;
		}
	}
	if (place == NULL)
		place = xasprintf("/%s", rest);
	const struct source *source = sources_take(sources, installed, place);
	free(place);
	return source;
}

static int by_installed(const void *a, const void *b)
{
	return strcmp((*(struct source *const *)a)->installed,
		      (*(struct source *const *)b)->installed);
}

static void tell_lost(struct source *source, sources_lost *lost, void *context)
{
	uint8_t *bytes = NULL;
	size_t size;
	const int fd = open(source->original, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && file_read(fd, &bytes, &size, NULL) == NOTE_OK) {
		strings_sort(&source->places);
		for (size_t i = 0; i < source->places.count; i++) {
			const char *place = source->places.items[i];
			if (strcmp(place, source->original) != 0 && is_there(place) &&
			    !has_contents(place, bytes, size))
				lost(context, source, place);
		}
	}
	free(bytes);
	if (fd >= 0)
		close(fd);
}

void sources_tell_lost(const struct sources *sources, sources_lost *lost, void *context)
{
	struct source **several = xcalloc(sources->count, sizeof(struct source *));
	size_t count = 0;
	for (size_t i = 0; i < sources->count; i++)
		if (sources->items[i]->places.count > 1)
			several[count++] = sources->items[i];
	qsort(several, count, sizeof(*several), by_installed);
	for (size_t i = 0; i < count; i++)
		tell_lost(several[i], lost, context);
	free(several);
}

void sources_count(const struct sources *sources, size_t *there, size_t *missing)
{
	*there = 0;
	*missing = 0;
	for (size_t i = 0; i < sources->count; i++) {
		const struct source *source = sources->items[i];
		if (source->missing)
			++*missing;
		else if (source->err.code == NOTE_OK)
			++*there;
	}
}

void sources_compiled_in(struct sources *sources, const char *directory)
{
	pthread_mutex_lock(&sources->lock);
	strings_add(&sources->directories, directory);
	pthread_mutex_unlock(&sources->lock);
}

int sources_make_directories(struct sources *sources, struct strings *out, struct note_error *err)
{
	size_t there, missing;
	int code = NOTE_OK;
	sources_count(sources, &there, &missing);
	strings_sort(&sources->directories);
	for (size_t i = 0; there != 0 && i < sources->directories.count; i++) {
		const char *directory = sources->directories.items[i];
		if (i != 0 && strcmp(directory, sources->directories.items[i - 1]) == 0)
			continue;
		char *place = sources_place(sources, directory);
		if (code == NOTE_OK)
			code = root_make_dirs(sources->root, place, err);
		free(place);
		strings_take(out, xasprintf("/%s", directory));
	}
	return code;
}
